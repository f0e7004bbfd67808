//! Whether a JSON number survives as a double: the shortest text of the double must mean the same number, and of a
//! whole number written out in digits its exact value too, since some readers take the one and some the other.

/// Significant digits that every double keeps.
const SURE: usize = 15;
/// Up to here every whole number is a double: 2 to the 53rd.
const SURE_WHOLE: f64 = 9_007_199_254_740_992.0;

/// The double of a JSON number, unless it would be another number.
pub(crate) fn double(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let said = Decimal::of(text)?;
    let written_out = said.exponent >= 0 && !text.contains(['e', 'E']);
    let long = written_out && value.abs() > SURE_WHOLE;
    if !long && said.digits.len() <= SURE && (-290..=290).contains(&said.exponent) {
        return Some(value);
    }
    let shortest = said == Decimal::of(zmij::Buffer::new().format_finite(value))?;
    let exact = !long || said == Decimal::of(&format!("{value:.0}"))?;
    (shortest && exact).then_some(value)
}

/// A number as its digits, without zeros at either end, and the power of ten behind them.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    fn of(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, power(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let mut digits: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .skip_while(|&digit| digit == b'0')
            .collect();
        while digits.pop_if(|digit| *digit == b'0').is_some() {
            exponent = exponent.checked_add(1)?;
        }
        if digits.is_empty() {
            exponent = 0;
        }
        Some(Self {
            negative,
            digits,
            exponent,
        })
    }
}

/// The power behind an `e`; one of very many digits is bound by its sign alone.
fn power(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.trim_start_matches('0');
    let size: i64 = match digits {
        "" => 0,
        digits if digits.len() > 12 => i64::from(i32::MAX),
        digits => digits.parse().ok()?,
    };
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_double_holds_passes() {
        for (text, value) in [
            ("0", 0.0),
            ("0.0e5", 0.0),
            ("0e99999999999999999999", 0.0),
            ("1.50", 1.5),
            ("0.1", 0.1),
            ("100", 100.0),
            ("1E2", 100.0),
            ("-12.5e-1", -1.25),
            ("9007199254740992", 9_007_199_254_740_992.0),
            ("9007199254740994", 9_007_199_254_740_994.0),
            ("123456789012345", 123_456_789_012_345.0),
            ("0.30000000000000004", 0.300_000_000_000_000_04),
            ("1e23", 1e23),
            ("100000000000000000000", 1e20),
            ("1.7976931348623157e308", f64::MAX),
            ("5e-324", 5e-324),
            ("5.926176432875371e+16", 59_261_764_328_753_712.0),
        ] {
            assert_eq!(double(text), Some(value), "{text}");
        }
        assert!(double("-0").is_some_and(f64::is_sign_negative));
    }

    #[test]
    fn what_would_become_another_number_does_not() {
        for text in [
            "9007199254740993",
            "9223372036854775807",
            "59261764328753710",
            "40872791406271100",
            "100000000000000000000000",
            "59261764328753712",
            "18446744073709551615",
            "-9007199254740993",
            "9007199254740993.0",
            "0.1234567890123456789",
            "1234567890.12345678901",
            "3.141592653589793238462643",
            "1e400",
            "-1e400",
            "1e-400",
            "4e-324",
            "1e99999999999999999999",
            "1e-99999999999999999999",
        ] {
            assert_eq!(double(text), None, "{text}");
        }
    }

    proptest! {
        /// Every double passes in its own shortest text, and in that with zeros added.
        #[test]
        fn doubles_are_read_as_they_are_written(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(double(&text).map(f64::to_bits), Some(bits));
            if let (Some((whole, fraction)), false) = (text.split_once('.'), text.contains('e')) {
                let longer = format!("{whole}.{fraction}000");
                prop_assert_eq!(double(&longer).map(f64::to_bits), Some(bits));
            }
        }

        /// Whole numbers pass if, and only if, the double of them is them.
        #[test]
        fn whole_numbers_are_exact_or_refused(shift in 0u32..64, bits in any::<u64>()) {
            let number = bits >> shift;
            let passed = double(&number.to_string());
            match passed {
                Some(value) => {
                    prop_assert_eq!(value as u64, number);
                    let shortest = Decimal::of(zmij::Buffer::new().format_finite(value));
                    prop_assert_eq!(Decimal::of(&number.to_string()), shortest);
                }
                None => prop_assert!(number > 1 << 53),
            }
        }

        /// Up to fifteen digits, every decimal passes.
        #[test]
        fn fifteen_digits_are_always_kept(digits in 0u64..1_000_000_000_000_000, power in -280i32..280) {
            let text = format!("{digits}e{power}");
            let value = double(&text);
            prop_assert!(value.is_some());
            prop_assert_eq!(Decimal::of(&text), Decimal::of(zmij::Buffer::new().format_finite(value.unwrap())));
        }
    }
}
