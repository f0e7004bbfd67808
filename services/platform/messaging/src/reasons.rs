//! The errors that are `messaging`'s own; `docs/errors.md` lists them with all others.

error::reasons! {
    pub BROKER_UNAVAILABLE = Unavailable,
        "the store of messages cannot be reached or cannot take messages now",
        "retry after a pause with the same message ids: repetitions are recognised; if it stays, look at the broker's status";
    pub TOPIC_RESERVED = PermissionDenied,
        "topics that begin with `tessera.` are for the platform's own events, and `commands.` for commands",
        "publish under another topic, or send a command by SendCommand";
    pub NO_COMMAND_HANDLER = FailedPrecondition,
        "nobody handles commands of this type",
        "create a subscription with the pattern `commands.` and the type first";
    pub COMMAND_HANDLED = AlreadyExists,
        "there is a handler for commands of this type already, and a command goes to one only",
        "let the handlers share that subscription, or delete it";
    pub SUBSCRIPTION_EXISTS = AlreadyExists,
        "there is a subscription with this name",
        "choose another name, or use the subscription that there is";
    pub SUBSCRIPTION_GONE = NotFound,
        "the subscription was deleted while messages were waited for",
        "create it again, or stop fetching";
    pub NOT_REPLYABLE = FailedPrecondition,
        "only commands are replied to",
        "acknowledge events without a reply";
    pub MESSAGE_LOST = OutOfRange,
        "the message is not in the log any more, or its record is damaged",
        "ask for a later position; the broker's status tells where the log begins";
    pub MESSAGE_UNREADABLE = FailedPrecondition,
        "what is stored is no message of this version",
        "read it with the version that wrote it";
}
