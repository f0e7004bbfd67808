//! The failures that are identity's own.

error::reasons! {
    pub SIGN_IN_FAILED = Unauthenticated, "tenant, e-mail address and password do not belong together, or the account may not sign in", "check all three; after repeated failures the account is locked for a while";
    pub SIGN_IN_LOCKED = ResourceExhausted, "too many sign-ins for this e-mail address failed in a row", "wait as long as the retry information says";
    pub PASSWORD_CHANGE_REQUIRED = FailedPrecondition, "the password is right but must be replaced", "sign in again and send a new password with it";
    pub REFRESH_TOKEN_INVALID = Unauthenticated, "the refresh token is unknown, expired, or its session has ended", "sign in again";
    pub REFRESH_TOKEN_REUSED = Unauthenticated, "the refresh token was used before, so someone may have copied it; its session was ended", "sign in again";
    pub ESCALATION_REFUSED = PermissionDenied, "the change would give or touch permissions that the caller does not hold", "ask someone who holds the permissions named in the metadata";
    pub SELF_LOCKOUT_REFUSED = FailedPrecondition, "nobody can disable, delete or demote themselves, or narrow which rows they see", "ask another administrator";
    pub ROLE_UNKNOWN = FailedPrecondition, "there is no role of this name", "list the roles and choose one of them";
    pub DEFAULT_TENANT_PROTECTED = FailedPrecondition, "the default tenant runs the platform and cannot be disabled", "disable single principals instead";
}
