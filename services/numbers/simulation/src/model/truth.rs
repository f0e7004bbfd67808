//! What is true of a metric in a generated world, from the generator's own books: exact, and without a look at the rows.

use formula::Exact;

/// What is true of one metric, in one period, of one group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Truth {
    /// Code of the metric.
    pub(crate) metric: &'static str,
    /// First day; of sets the day of the first snapshot.
    pub(crate) start: i32,
    /// Day after the last; of sets the day of the second snapshot.
    pub(crate) end: i32,
    /// Values of dimensions by attribute; none is over all.
    pub(crate) dimensions: Vec<(&'static str, &'static str)>,
    /// The value; none where something would be divided by zero.
    pub(crate) value: Option<Exact>,
    /// The figures it is made of.
    pub(crate) figures: Vec<(&'static str, Exact)>,
}

impl Truth {
    /// What truths are ordered by: metric, period, group.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        (self.metric, self.start, self.end, self.dimensions.clone())
    }
}

/// A value as text: a decimal where it has an end, else a fraction such as `19/21`.
pub(crate) fn text(value: Exact) -> String {
    match value.decimal(18) {
        Ok((text, true)) => text,
        _ => format!("{}/{}", value.numerator(), value.denominator()),
    }
}

/// A count.
pub(crate) fn whole(count: u64) -> Exact {
    Exact::whole(count.into())
}

/// An amount in hundredths.
pub(crate) fn hundredths(amount: i64) -> Exact {
    Exact::scaled(amount.into(), 2).expect("64 bits fit 128")
}

/// `above` divided by `below`; none where that is zero.
pub(crate) fn ratio(above: Exact, below: Exact) -> Option<Exact> {
    above
        .divide(below)
        .expect("products of 64-bit numbers fit 128")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_kept_exact() {
        assert_eq!(text(ratio(whole(900), whole(1000)).unwrap()), "0.9");
        assert_eq!(text(ratio(whole(38), whole(42)).unwrap()), "19/21");
        assert_eq!(text(hundredths(-1250)), "-12.5");
        assert_eq!(ratio(whole(1), whole(0)), None);
    }
}
