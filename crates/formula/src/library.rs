//! The fixed library of functions: what a formula may call, with a sentence for each.

/// Where a function may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Over the rows of an entity: `sum(claim.amount where …)`.
    Aggregate,
    /// Over the members of a snapshot entity at the ends of a period: `start(policy where …)`.
    Set,
    /// Over the values of one row, or over totals.
    Scalar,
}

/// A function of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// Name, lower case; formulas may write it in any case.
    pub name: &'static str,
    /// Where it may stand.
    pub level: Level,
    /// Fewest and most arguments.
    pub arguments: (usize, usize),
    /// How it is written; a `where` may be left out.
    pub signature: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

const fn function(
    name: &'static str,
    level: Level,
    least: usize,
    most: usize,
    signature: &'static str,
    meaning: &'static str,
) -> Function {
    Function {
        name,
        level,
        arguments: (least, most),
        signature,
        meaning,
    }
}

impl Function {
    /// Whether it is calculated; the approximate ones are known by name and refused.
    pub fn is_calculated(&self) -> bool {
        !self.name.starts_with("approx_")
    }
}

/// Every function, `if` and `case` apart, which are syntax.
pub const LIBRARY: &[Function] = &[
    function(
        "sum",
        Level::Aggregate,
        1,
        1,
        "sum(entity.attribute where condition)",
        "sum of the values that are not null; null without any",
    ),
    function(
        "count",
        Level::Aggregate,
        0,
        1,
        "count(entity where condition)",
        "how many rows: of an entity, of `*`, or those where an expression is not null",
    ),
    function(
        "count_distinct",
        Level::Aggregate,
        1,
        1,
        "count_distinct(entity.attribute where condition)",
        "how many different values, exactly",
    ),
    function(
        "avg",
        Level::Aggregate,
        1,
        1,
        "avg(entity.attribute where condition)",
        "sum divided by count, exactly",
    ),
    function(
        "min",
        Level::Aggregate,
        1,
        1,
        "min(entity.attribute where condition)",
        "smallest value; text by its code points",
    ),
    function(
        "max",
        Level::Aggregate,
        1,
        1,
        "max(entity.attribute where condition)",
        "largest value; text by its code points",
    ),
    function(
        "first",
        Level::Aggregate,
        1,
        1,
        "first(entity.attribute where condition)",
        "value, not null, of the earliest row; ties by row id",
    ),
    function(
        "last",
        Level::Aggregate,
        1,
        1,
        "last(entity.attribute where condition)",
        "value, not null, of the latest row; ties by row id",
    ),
    function(
        "median",
        Level::Aggregate,
        1,
        1,
        "median(entity.attribute where condition)",
        "percentile 0.5",
    ),
    function(
        "percentile",
        Level::Aggregate,
        2,
        2,
        "percentile(entity.attribute, share where condition)",
        "value at a share from 0 to 1 of the ordered values, between neighbours in proportion, exactly",
    ),
    function(
        "approx_count_distinct",
        Level::Aggregate,
        1,
        1,
        "approx_count_distinct(entity.attribute where condition)",
        "how many different values, by HyperLogLog",
    ),
    function(
        "approx_percentile",
        Level::Aggregate,
        2,
        2,
        "approx_percentile(entity.attribute, share where condition)",
        "percentile by log-bucket counts (DDSketch)",
    ),
    function(
        "variance",
        Level::Aggregate,
        1,
        1,
        "variance(entity.attribute where condition)",
        "sample variance, exactly; null for fewer than two values",
    ),
    function(
        "variance_pop",
        Level::Aggregate,
        1,
        1,
        "variance_pop(entity.attribute where condition)",
        "population variance, exactly",
    ),
    function(
        "stddev",
        Level::Aggregate,
        1,
        1,
        "stddev(entity.attribute where condition)",
        "square root of the sample variance, a float",
    ),
    function(
        "stddev_pop",
        Level::Aggregate,
        1,
        1,
        "stddev_pop(entity.attribute where condition)",
        "square root of the population variance, a float",
    ),
    function(
        "start",
        Level::Set,
        1,
        1,
        "start(entity.member where condition)",
        "members in the snapshot at the start of the period: |S|",
    ),
    function(
        "end",
        Level::Set,
        1,
        1,
        "end(entity.member where condition)",
        "members in the snapshot at the end of the period: |E|",
    ),
    function(
        "new",
        Level::Set,
        1,
        1,
        "new(entity.member where condition)",
        "members at the end that were none at the start: |E \\ S|",
    ),
    function(
        "retained",
        Level::Set,
        1,
        1,
        "retained(entity.member where condition)",
        "members at both ends: |S ∩ E|",
    ),
    function(
        "dropped",
        Level::Set,
        1,
        1,
        "dropped(entity.member where condition)",
        "members at the start that are none at the end: |S \\ E|",
    ),
    function(
        "abs",
        Level::Scalar,
        1,
        1,
        "abs(number)",
        "number without its sign",
    ),
    function(
        "round",
        Level::Scalar,
        1,
        2,
        "round(number, digits)",
        "number with so many digits after the point, halves away from zero",
    ),
    function(
        "floor",
        Level::Scalar,
        1,
        1,
        "floor(number)",
        "largest whole number not above",
    ),
    function(
        "ceil",
        Level::Scalar,
        1,
        1,
        "ceil(number)",
        "smallest whole number not below",
    ),
    function(
        "coalesce",
        Level::Scalar,
        1,
        20,
        "coalesce(value, other, …)",
        "first value that is not null",
    ),
    function(
        "nullif",
        Level::Scalar,
        2,
        2,
        "nullif(value, other)",
        "null where both are equal, else the first",
    ),
    function(
        "double",
        Level::Scalar,
        1,
        1,
        "double(number)",
        "number as a float; what follows is not exact",
    ),
    function(
        "lower",
        Level::Scalar,
        1,
        1,
        "lower(text)",
        "text with A to Z made small",
    ),
    function(
        "upper",
        Level::Scalar,
        1,
        1,
        "upper(text)",
        "text with a to z made capital",
    ),
    function(
        "length",
        Level::Scalar,
        1,
        1,
        "length(text)",
        "how many characters",
    ),
    function(
        "starts_with",
        Level::Scalar,
        2,
        2,
        "starts_with(text, beginning)",
        "whether a text begins with another",
    ),
    function(
        "contains",
        Level::Scalar,
        2,
        2,
        "contains(text, part)",
        "whether a text contains another",
    ),
    function("year", Level::Scalar, 1, 1, "year(date)", "year of a date"),
    function(
        "month",
        Level::Scalar,
        1,
        1,
        "month(date)",
        "month of a date, 1 to 12",
    ),
    function(
        "day",
        Level::Scalar,
        1,
        1,
        "day(date)",
        "day of a date in its month",
    ),
    function(
        "days_between",
        Level::Scalar,
        2,
        2,
        "days_between(from, to)",
        "days from the first date to the second; unit `day`",
    ),
    function(
        "seconds_between",
        Level::Scalar,
        2,
        2,
        "seconds_between(from, to)",
        "seconds from the first instant to the second, to the microsecond; unit `s`",
    ),
    function(
        "date",
        Level::Scalar,
        1,
        1,
        "date(timestamp)",
        "day, in UTC, of an instant",
    ),
];

/// The function of this name.
pub fn function_named(name: &str) -> Option<&'static Function> {
    LIBRARY.iter().find(|function| function.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_begins_with_the_name() {
        for function in LIBRARY {
            let (name, _) = function.signature.split_once('(').expect("a call");
            assert_eq!(name, function.name);
            let filtered = function.signature.contains(" where ");
            assert_eq!(filtered, function.level != Level::Scalar, "{name}");
        }
    }
}
