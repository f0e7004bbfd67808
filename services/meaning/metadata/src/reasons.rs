//! The errors that are metadata's own; `docs/errors.md` lists them with all others.

error::reasons! {
    pub DEFINITION_EXISTS = AlreadyExists,
        "there is a live definition of this kind with this code",
        "choose another code, or update the definition that there is";
    pub DEFINITION_CYCLE = FailedPrecondition,
        "the definition would be built on itself, directly or through others",
        "break the circle that the message names";
    pub DEFINITION_IN_USE = FailedPrecondition,
        "other definitions refer to what would be removed",
        "change the definitions that the message names first; ListDependents lists all of them";
    pub DEFINITION_DELETED = FailedPrecondition,
        "the definition is deleted and cannot be changed",
        "undelete it first";
    pub DEFINITION_NOT_DELETED = FailedPrecondition,
        "the definition is not deleted, so there is nothing to bring back",
        "read it again";
    pub ONTOLOGY_REFUSED = InvalidArgument,
        "something in the text of an ontology is wrong, so nothing of it was stored",
        "mend what the violations name; a dry run lists a result for each definition";
}
