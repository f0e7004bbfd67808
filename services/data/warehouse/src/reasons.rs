//! The errors that are `warehouse`'s own; `docs/errors.md` lists them with all others.

error::reasons! {
    pub TABLE_INCOMPATIBLE = FailedPrecondition,
        "the entity's definition changed in a way that the rows of its table cannot follow, so nothing is written; rows can be read",
        "take the change back, or bring it in as a new attribute; PlanTable says what stands against it";
    pub TABLE_ORPHANED = FailedPrecondition,
        "the entity was deleted; its rows are kept and cannot be reached",
        "undelete the entity";
    pub TABLE_CHANGED = Aborted,
        "the table was changed while the call ran",
        "send the call again";
    pub TABLE_DAMAGED = FailedPrecondition,
        "the table in the database is not as it should be, and could not be put right by itself: what is missing had rows",
        "restore what is missing and call CheckTables with `repair`; with `accept_loss` it is made again without its rows; ListDrifts says what is wrong";
    pub TABLE_BEHIND = Unavailable,
        "the database could not bring the table in line with its definition yet, so nothing is written; rows are read as before",
        "send the call again later: it is tried in the background; ApplyTable tries at once and says what stands against it";
    pub LOCKS_EXHAUSTED = ResourceExhausted,
        "the database has no room for the locks of all the partitions that the call needs",
        "ask for a shorter period or try again; cut tables into longer spans, or raise `max_locks_per_transaction` of the database";
    pub CHUNK_LIMIT = FailedPrecondition,
        "the rows lie in more spans of time than a table is cut into",
        "check the times of the rows; otherwise choose a longer `chunk_interval`, or raise `max_chunks`, for new tables";
    pub ROW_FILTER = PermissionDenied,
        "a row would be one that the row filters of the caller hide",
        "write only rows that you may see; whoever gives out row filters knows which";
    pub ROW_FILTER_INVALID = FailedPrecondition,
        "a row filter does not fit the entity any more, so that none of its rows is shown",
        "correct the row filter, or bring the attribute back that it names";
    pub ONTOLOGY_CHANGED = FailedPrecondition,
        "the entity's definition is another one than the measures were typed against",
        "read the definitions again, plan again, and send the new plan";
    pub TOO_MANY_GROUPS = ResourceExhausted,
        "the answer would have more groups than the setting `most_groups` allows",
        "group by less, or ask for a shorter period";
    pub TOO_MANY_VALUES = ResourceExhausted,
        "a percentile would hold more different values than the setting `most_values` allows",
        "group by less or ask for a shorter period, so that each group has fewer values";
    pub NUMBER_OVERFLOW = OutOfRange,
        "a calculation with the values of the rows leaves the digits that are calculated with",
        "calculate with fewer digits: round factors, or sum before multiplying";
    pub STATEMENT_TIMEOUT = DeadlineExceeded,
        "the database was not done in the time that the call or the setting `statement_timeout` allows",
        "ask for less: a shorter period, fewer groups, a condition that an index serves; or allow more time";
}
