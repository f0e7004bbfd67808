//! Exact fractions of 128-bit integers: results are exact until they are shown. Overflow is a refusal.

use std::{cmp::Ordering, fmt};

/// An exact fraction in lowest terms; the denominator is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exact {
    numerator: i128,
    denominator: i128,
}

/// A result that does not fit 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// Greatest common divisor (Euclid), at least 1.
fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a).unwrap_or(1).max(1)
}

impl Exact {
    /// Zero.
    pub const ZERO: Self = Self::whole(0);

    /// A whole number.
    pub const fn whole(value: i128) -> Self {
        Self {
            numerator: value,
            denominator: 1,
        }
    }

    /// `numerator / denominator`.
    ///
    /// # Errors
    /// Where it does not fit. The caller has seen that the denominator is not zero.
    pub fn fraction(numerator: i128, denominator: i128) -> Result<Self, Overflow> {
        let divisor = gcd(numerator, denominator);
        let (numerator, denominator) = (numerator / divisor, denominator / divisor);
        if denominator > 0 {
            return Ok(Self {
                numerator,
                denominator,
            });
        }
        Ok(Self {
            numerator: numerator.checked_neg().ok_or(Overflow)?,
            denominator: denominator
                .checked_neg()
                .filter(|d| *d != 0)
                .ok_or(Overflow)?,
        })
    }

    /// `digits` × 10^-`scale`.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn scaled(digits: i128, scale: u8) -> Result<Self, Overflow> {
        Self::fraction(digits, power_of_ten(scale)?)
    }

    /// The numerator, in lowest terms.
    pub const fn numerator(self) -> i128 {
        self.numerator
    }

    /// The denominator, positive.
    pub const fn denominator(self) -> i128 {
        self.denominator
    }

    /// Whether it is zero.
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// The sum.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        let shared = gcd(self.denominator, other.denominator);
        let left = self.numerator.checked_mul(other.denominator / shared);
        let right = other.numerator.checked_mul(self.denominator / shared);
        let numerator = left
            .zip(right)
            .and_then(|(l, r)| l.checked_add(r))
            .ok_or(Overflow)?;
        let denominator = (self.denominator / shared).checked_mul(other.denominator);
        Self::fraction(numerator, denominator.ok_or(Overflow)?)
    }

    /// The number with the other sign.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn negate(self) -> Result<Self, Overflow> {
        let numerator = self.numerator.checked_neg().ok_or(Overflow)?;
        Ok(Self { numerator, ..self })
    }

    /// The difference.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn subtract(self, other: Self) -> Result<Self, Overflow> {
        self.plus(other.negate()?)
    }

    /// The product.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn multiply(self, other: Self) -> Result<Self, Overflow> {
        let (a, b) = (
            gcd(self.numerator, other.denominator),
            gcd(other.numerator, self.denominator),
        );
        let numerator = (self.numerator / a).checked_mul(other.numerator / b);
        let denominator = (self.denominator / b).checked_mul(other.denominator / a);
        Self::fraction(numerator.ok_or(Overflow)?, denominator.ok_or(Overflow)?)
    }

    /// The quotient; none where `other` is zero.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn divide(self, other: Self) -> Result<Option<Self>, Overflow> {
        if other.is_zero() {
            return Ok(None);
        }
        let inverse = Self::fraction(other.denominator, other.numerator)?;
        self.multiply(inverse).map(Some)
    }

    /// The nearest number with `places` digits after the point, halves away from zero.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn digits(self, places: u8) -> Result<i128, Overflow> {
        let wide = self.multiply(Self::whole(power_of_ten(places)?))?;
        let (whole, rest) = (
            wide.numerator / wide.denominator,
            wide.numerator % wide.denominator,
        );
        let up = rest.unsigned_abs() >= wide.denominator.unsigned_abs().div_ceil(2) && rest != 0;
        Ok(whole + if up { rest.signum() } else { 0 })
    }

    /// The largest whole number not above it.
    pub fn floor(self) -> Self {
        Self::whole(self.numerator.div_euclid(self.denominator))
    }

    /// In plain decimal notation with at most `places` digits after the point, and whether nothing was rounded away.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn decimal(self, places: u8) -> Result<(String, bool), Overflow> {
        let mut rest = self.denominator;
        let mut scale = 0_u8;
        let (mut twos, mut fives) = (0_u8, 0_u8);
        while rest % 2 == 0 {
            (rest, twos) = (rest / 2, twos + 1);
        }
        while rest % 5 == 0 {
            (rest, fives) = (rest / 5, fives + 1);
        }
        let exact = rest == 1 && twos.max(fives) <= places;
        scale = scale.max(if exact { twos.max(fives) } else { places });
        Ok((crate::number::scaled(self.digits(scale)?, scale), exact))
    }

    /// In plain decimal notation with at most `most` digits from the first that is not zero, halves rounded away from zero, and whether
    /// nothing was rounded away. All digits before the point are shown.
    pub fn significant(self, most: usize) -> (String, bool) {
        let (numerator, denominator) = (
            self.numerator.unsigned_abs(),
            self.denominator.unsigned_abs(),
        );
        let whole = numerator / denominator;
        let mut rest = numerator % denominator;
        let mut digits = whole.to_string().into_bytes();
        let point = digits.len();
        let mut counted = if whole == 0 { 0 } else { point };
        while rest != 0 && counted < most {
            let digit;
            (digit, rest) = next_digit(rest, denominator);
            digits.push(b'0' + digit);
            counted += usize::from(counted > 0 || digit > 0);
        }
        let exact = rest == 0;
        let mut carry = rest >= denominator.div_ceil(2) && !exact;
        for digit in digits.iter_mut().rev() {
            if !carry {
                break;
            }
            carry = *digit == b'9';
            *digit = if carry { b'0' } else { *digit + 1 };
        }
        let mut text: String = digits.into_iter().map(char::from).collect();
        let mut point = point;
        if carry {
            text.insert(0, '1');
            point += 1;
        }
        if point < text.len() {
            text.insert(point, '.');
            text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
        }
        let zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        if self.numerator < 0 && !zero {
            text.insert(0, '-');
        }
        (text, exact)
    }

    /// The nearest float.
    pub fn to_f64(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "that is what a float is")]
        let (numerator, denominator) = (self.numerator as f64, self.denominator as f64);
        numerator / denominator
    }
}

/// The next decimal digit of `rest / denominator`, and what is left; ten times `rest` need not fit.
fn next_digit(rest: u128, denominator: u128) -> (u8, u128) {
    let (mut digit, mut sum) = (0, 0_u128);
    for _ in 0..10 {
        // Both are below 2¹²⁷.
        sum += rest;
        if sum >= denominator {
            sum -= denominator;
            digit += 1;
        }
    }
    (digit, sum)
}

/// 10^`exponent`.
pub(crate) fn power_of_ten(exponent: u8) -> Result<i128, Overflow> {
    10_i128.checked_pow(exponent.into()).ok_or(Overflow)
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Exact {
    /// By whole parts, then by the inverses of what is left (continued fractions): nothing overflows.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (
            (self.numerator, self.denominator),
            (other.numerator, other.denominator),
        );
        loop {
            let order = a.0.div_euclid(a.1).cmp(&b.0.div_euclid(b.1));
            let rest = (a.0.rem_euclid(a.1), b.0.rem_euclid(b.1));
            match (order, rest) {
                (Ordering::Equal, (0, 0)) => return Ordering::Equal,
                (Ordering::Equal, (0, _)) => return Ordering::Less,
                (Ordering::Equal, (_, 0)) => return Ordering::Greater,
                // 1/x turns the order around, so the sides change places.
                (Ordering::Equal, (l, r)) => (a, b) = ((b.1, r), (a.1, l)),
                (order, _) => return order,
            }
        }
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.decimal(18) {
            Ok((text, _)) => f.write_str(&text),
            Err(Overflow) => write!(f, "{}/{}", self.numerator, self.denominator),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fractions_are_exact_and_halves_round_away_from_zero() {
        let third = Exact::fraction(1, 3).unwrap();
        assert_eq!(third.multiply(Exact::whole(3)).unwrap(), Exact::whole(1));
        assert_eq!(third.decimal(4).unwrap(), ("0.3333".to_owned(), false));
        assert_eq!(Exact::fraction(900, 1000).unwrap().to_string(), "0.9");
        assert_eq!(Exact::scaled(-25, 1).unwrap().digits(0), Ok(-3));
        assert_eq!(Exact::scaled(24, 1).unwrap().digits(0), Ok(2));
        assert_eq!(Exact::whole(i128::MAX).plus(Exact::whole(1)), Err(Overflow));
        assert_eq!(Exact::whole(1).divide(Exact::ZERO), Ok(None));
        assert!(Exact::fraction(1, i128::MIN).is_err());
    }

    #[test]
    fn significant_digits_are_counted_from_the_first() {
        let shown = |n: i128, d: i128, most| Exact::fraction(n, d).unwrap().significant(most);
        for (n, d, most, text, exact) in [
            (900, 1000, 34, "0.9", true),
            (1, 3, 5, "0.33333", false),
            (-2, 3, 4, "-0.6667", false),
            (1, 3000, 3, "0.000333", false),
            (199_999, 100_000, 3, "2", false),
            (99_995, 10, 4, "10000", false),
            (12_345, 1, 2, "12345", true),
            (0, 7, 34, "0", true),
            (-1, 8, 34, "-0.125", true),
            (
                1,
                i128::MAX,
                3,
                "0.00000000000000000000000000000000000000588",
                false,
            ),
            (
                i128::MAX,
                1,
                34,
                "170141183460469231731687303715884105727",
                true,
            ),
            (i128::MAX - 1, i128::MAX, 34, "1", false),
        ] {
            assert_eq!(shown(n, d, most), (text.to_owned(), exact), "{n}/{d}");
        }
        let (third, _) = Exact::fraction(1, 3).unwrap().significant(34);
        assert_eq!(third, format!("0.{}", "3".repeat(34)));
    }

    proptest! {
        #[test]
        fn what_is_exact_reads_back(digits in any::<i64>(), scale in 0..19_u8) {
            let exact = Exact::scaled(digits.into(), scale).unwrap();
            let (text, complete) = exact.significant(34);
            prop_assert!(complete);
            let plain = text.trim_start_matches('-');
            let number = crate::Number::parse(plain).unwrap();
            let read = Exact::scaled(number.digits, number.scale).unwrap();
            prop_assert_eq!(if plain.len() < text.len() { read.negate().unwrap() } else { read }, exact);
        }

        #[test]
        fn order_is_that_of_cross_products(a in any::<i64>(), b in 1..i64::MAX, c in any::<i64>(), d in 1..i64::MAX) {
            let (x, y) = (Exact::fraction(a.into(), b.into()).unwrap(), Exact::fraction(c.into(), d.into()).unwrap());
            let expected = (i128::from(a) * i128::from(d)).cmp(&(i128::from(c) * i128::from(b)));
            prop_assert_eq!(x.cmp(&y), expected);
        }
    }
}
