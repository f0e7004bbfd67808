//! The errors that are `calculation`'s own; `docs/errors.md` lists them with all others.

error::reasons! {
    pub METRIC_BROKEN = FailedPrecondition,
        "the definition of the metric, or of one that it uses, cannot be calculated",
        "correct the formula where the violation points, or what it refers to";
    pub METRIC_UNSUPPORTED = Unimplemented,
        "the metric is of a type, or places rows in time in a way, that is not calculated yet",
        "use a simple, ratio, derived or set-based metric over the time attributes of its entities";
    pub METRIC_NOT_IN_DOMAIN = NotFound,
        "the metric does not belong to the domain that was asked",
        "ask the domain that the message names, or none";
    pub ROWS_NOT_ALLOWED = PermissionDenied,
        "the question would tell single rows apart, and the caller may read metrics only",
        "group by attributes that are neither key nor sensitive, or get the permission `warehouse.records.read`";
    pub ROWS_HIDDEN = PermissionDenied,
        "the caller sees only some of the rows that this is about",
        "ask someone whose row filters leave the entity alone";
    pub NOT_SET_BASED = FailedPrecondition,
        "the metric compares no sets, so there are no members to list",
        "list members of a metric that uses start, end, new, retained or dropped";
    pub SETS_DIFFER = FailedPrecondition,
        "the metric compares several different sets, so it is not clear whose members are meant",
        "list members of a metric over one set";
    pub TOO_MANY_PERIODS = OutOfRange,
        "the span holds more periods than an answer may have",
        "ask for a shorter span or a coarser grain";
    pub TOO_MANY_ROWS = OutOfRange,
        "the answer has more rows than are held",
        "group by fewer attributes, filter, or ask for fewer periods";
    pub RESULT_OVERFLOW = OutOfRange,
        "a number of the answer does not fit 128 bits",
        "ask for less at once, or use `double(…)` in the formula";
    pub RESULT_NOT_MERGEABLE = FailedPrecondition,
        "counts of members of two sources do not merge, as their members are not known",
        "ask for a span that one source covers";
}
