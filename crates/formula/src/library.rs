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
    /// What it does.
    pub meaning: &'static str,
}

const fn function(
    name: &'static str,
    level: Level,
    least: usize,
    most: usize,
    meaning: &'static str,
) -> Function {
    Function {
        name,
        level,
        arguments: (least, most),
        meaning,
    }
}

/// Every function, `if` and `case` apart, which are syntax.
pub const LIBRARY: &[Function] = &[
    function(
        "sum",
        Level::Aggregate,
        1,
        1,
        "sum of the values that are not null; null without any",
    ),
    function(
        "count",
        Level::Aggregate,
        0,
        1,
        "how many rows: of an entity, of `*`, or those where an expression is not null",
    ),
    function(
        "count_distinct",
        Level::Aggregate,
        1,
        1,
        "how many different values, exactly",
    ),
    function(
        "avg",
        Level::Aggregate,
        1,
        1,
        "sum divided by count, exactly",
    ),
    function(
        "min",
        Level::Aggregate,
        1,
        1,
        "smallest value; text by its code points",
    ),
    function(
        "max",
        Level::Aggregate,
        1,
        1,
        "largest value; text by its code points",
    ),
    function(
        "first",
        Level::Aggregate,
        1,
        1,
        "value, not null, of the earliest row; ties by row id",
    ),
    function(
        "last",
        Level::Aggregate,
        1,
        1,
        "value, not null, of the latest row; ties by row id",
    ),
    function("median", Level::Aggregate, 1, 1, "percentile 0.5"),
    function(
        "percentile",
        Level::Aggregate,
        2,
        2,
        "value at a share from 0 to 1 of the ordered values, between neighbours in proportion, exactly",
    ),
    function(
        "approx_count_distinct",
        Level::Aggregate,
        1,
        1,
        "how many different values, by HyperLogLog",
    ),
    function(
        "approx_percentile",
        Level::Aggregate,
        2,
        2,
        "percentile by log-bucket counts (DDSketch)",
    ),
    function(
        "variance",
        Level::Aggregate,
        1,
        1,
        "sample variance, exactly; null for fewer than two values",
    ),
    function(
        "variance_pop",
        Level::Aggregate,
        1,
        1,
        "population variance, exactly",
    ),
    function(
        "stddev",
        Level::Aggregate,
        1,
        1,
        "square root of the sample variance, a float",
    ),
    function(
        "stddev_pop",
        Level::Aggregate,
        1,
        1,
        "square root of the population variance, a float",
    ),
    function(
        "start",
        Level::Set,
        1,
        1,
        "members in the snapshot at the start of the period: |S|",
    ),
    function(
        "end",
        Level::Set,
        1,
        1,
        "members in the snapshot at the end of the period: |E|",
    ),
    function(
        "new",
        Level::Set,
        1,
        1,
        "members at the end that were none at the start: |E \\ S|",
    ),
    function(
        "retained",
        Level::Set,
        1,
        1,
        "members at both ends: |S ∩ E|",
    ),
    function(
        "dropped",
        Level::Set,
        1,
        1,
        "members at the start that are none at the end: |S \\ E|",
    ),
    function("abs", Level::Scalar, 1, 1, "number without its sign"),
    function(
        "round",
        Level::Scalar,
        1,
        2,
        "number with so many digits after the point, halves away from zero",
    ),
    function(
        "floor",
        Level::Scalar,
        1,
        1,
        "largest whole number not above",
    ),
    function(
        "ceil",
        Level::Scalar,
        1,
        1,
        "smallest whole number not below",
    ),
    function(
        "coalesce",
        Level::Scalar,
        1,
        20,
        "first value that is not null",
    ),
    function(
        "nullif",
        Level::Scalar,
        2,
        2,
        "null where both are equal, else the first",
    ),
    function(
        "double",
        Level::Scalar,
        1,
        1,
        "number as a float; what follows is not exact",
    ),
    function("lower", Level::Scalar, 1, 1, "text with A to Z made small"),
    function(
        "upper",
        Level::Scalar,
        1,
        1,
        "text with a to z made capital",
    ),
    function("length", Level::Scalar, 1, 1, "how many characters"),
    function(
        "starts_with",
        Level::Scalar,
        2,
        2,
        "whether a text begins with another",
    ),
    function(
        "contains",
        Level::Scalar,
        2,
        2,
        "whether a text contains another",
    ),
    function("year", Level::Scalar, 1, 1, "year of a date"),
    function("month", Level::Scalar, 1, 1, "month of a date, 1 to 12"),
    function("day", Level::Scalar, 1, 1, "day of a date in its month"),
    function(
        "days_between",
        Level::Scalar,
        2,
        2,
        "days from the first date to the second; unit `day`",
    ),
    function(
        "seconds_between",
        Level::Scalar,
        2,
        2,
        "seconds from the first instant to the second, to the microsecond; unit `s`",
    ),
    function("date", Level::Scalar, 1, 1, "day, in UTC, of an instant"),
];

/// The function of this name.
pub fn function_named(name: &str) -> Option<&'static Function> {
    LIBRARY.iter().find(|function| function.name == name)
}
