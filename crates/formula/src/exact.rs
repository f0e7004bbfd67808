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

    /// The nearest float.
    pub fn to_f64(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "that is what a float is")]
        let (numerator, denominator) = (self.numerator as f64, self.denominator as f64);
        numerator / denominator
    }
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

    proptest! {
        #[test]
        fn order_is_that_of_cross_products(a in any::<i64>(), b in 1..i64::MAX, c in any::<i64>(), d in 1..i64::MAX) {
            let (x, y) = (Exact::fraction(a.into(), b.into()).unwrap(), Exact::fraction(c.into(), d.into()).unwrap());
            let expected = (i128::from(a) * i128::from(d)).cmp(&(i128::from(c) * i128::from(b)));
            prop_assert_eq!(x.cmp(&y), expected);
        }
    }
}
