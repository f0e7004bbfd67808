//! Literal numbers: exact decimals as written.

use std::fmt;

/// At most so many digits in a literal, as in a decimal attribute.
pub const MAX_DIGITS: usize = 38;

/// The number `digits` × 10^-`scale`, never negative: a sign is an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    /// All its digits as one whole number.
    pub digits: i128,
    /// How many of them stand after the point.
    pub scale: u8,
}

impl Number {
    /// The whole number `digits`.
    pub const fn whole(digits: i128) -> Self {
        Self { digits, scale: 0 }
    }

    /// Reads `12`, `12.50` or `.5`; none where there are more than [`MAX_DIGITS`] digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        if !plain || digits.is_empty() || digits.trim_start_matches('0').len() > MAX_DIGITS {
            return None;
        }
        let scale = u8::try_from(fraction.len()).ok()?;
        (usize::from(scale) <= MAX_DIGITS).then_some(())?;
        Some(Self {
            digits: digits.parse().ok()?,
            scale,
        })
    }

    /// The same value with as few digits after the point as it needs.
    #[must_use]
    pub fn reduced(mut self) -> Self {
        while self.scale > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.scale -= 1;
        }
        self
    }

    /// How many digits it has, at least 1.
    pub fn precision(self) -> u8 {
        let digits = self.digits.checked_ilog10().unwrap_or(0) + 1;
        u8::try_from(digits).unwrap_or(u8::MAX).max(self.scale)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&scaled(self.digits, self.scale))
    }
}

/// `digits` × 10^-`scale` in plain decimal notation, all places shown.
pub(crate) fn scaled(digits: i128, scale: u8) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    let text = format!("{:0>width$}", digits.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = text.split_at(text.len() - scale);
    if fraction.is_empty() {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_survive_as_written() {
        for text in ["0", "12", "12.50", "0.000001"] {
            assert_eq!(Number::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Number::parse(".5").unwrap().to_string(), "0.5");
        assert_eq!(Number::parse("1.500").unwrap().reduced().to_string(), "1.5");
        assert!(Number::parse(&"9".repeat(38)).is_some());
        assert!(Number::parse(&"9".repeat(39)).is_none());
        assert!(Number::parse(&format!("0.{}", "1".repeat(39))).is_none());
        assert_eq!(scaled(-5, 2), "-0.05");
        assert_eq!(scaled(i128::MIN, 0), i128::MIN.to_string());
    }
}
