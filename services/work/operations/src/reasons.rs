//! The errors that are `operations`'s own; `docs/errors.md` lists them with all others.

error::reasons! {
    pub OWNER_UNAVAILABLE = Unavailable,
        "the service that does the work cannot be reached, so nothing was changed",
        "retry after a pause; the metadata key service names it, and what was heard of its work can be read meanwhile";
    pub CLEARANCE_TOO_LOW = PermissionDenied,
        "nobody classifies a thing above what they may see themselves",
        "choose a lower security level, or ask somebody who holds the permission in the metadata";
}
