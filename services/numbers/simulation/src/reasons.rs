//! The errors that are `simulation`'s own; `docs/errors.md` lists them with all others.

error::reasons! {
    pub SCENARIO_UNDEFINED = FailedPrecondition, "entities or metrics that the scenario needs are not defined", "set `define`, or import the ontology of the scenario";
    pub SCENARIO_CONFLICT = FailedPrecondition, "definitions of the scenario's codes exist and calculate something else, as the violations say; nothing was changed", "bring the definitions in line with the scenario's ontology, or ask for the metrics alone that fit";
    pub SCENARIO_ALREADY_LOADED = AlreadyExists, "another run writes the same entity in the same days, so that both would be counted together", "revert that run, choose other days, or set `allow_overlap`";
    pub RUN_ACTIVE = FailedPrecondition, "the run still writes", "cancel it, or wait until it has ended";
    pub RUN_ENDED = FailedPrecondition, "the run has ended, so that there is nothing to cancel", "revert it to take its rows away";
    pub ROWS_HIDDEN = PermissionDenied, "the caller sees only some of the rows that this is about", "ask someone whose row filters leave the entity alone";
}
