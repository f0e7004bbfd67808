//! What is refused here and nowhere else.

error::reasons! {
    pub JOB_STATE = FailedPrecondition, "the job is in a state that does not allow this", "look at the job's state: the message names what is allowed from there";
    pub JOB_KIND_UNKNOWN = InvalidArgument, "the service offers no job of this kind", "list the kinds of the service and choose one of them";
    pub JOB_KIND_CLOSED = PermissionDenied, "jobs of this kind are started by their service only", "use the method of the service that starts them";
    pub JOB_INPUT = InvalidArgument, "the input is not what a job of this kind takes", "send the JSON that the kind describes";
    pub NONDETERMINISTIC = FailedPrecondition, "the job ran again and asked for another step than the recorded one", "run it with the version that recorded the steps, or roll it back to a checkpoint and let it go on from there";
    pub JOB_LOST = Aborted, "another worker has the job now", "nothing: the other worker goes on with it";
    pub JOB_STRUCK = Internal, "the job's worker ended again and again at the same step", "look into the log for what ends the process at this step, then resume the job";
    pub CHECKPOINT_EXPIRED = FailedPrecondition, "the checkpoint is past its time", "choose another checkpoint";
    pub CHECKPOINT_DAMAGED = Internal, "the checkpoint's state does not have the hash it was saved with", "choose another checkpoint, and check the database's disk";
    pub SCHEDULE_INVALID = InvalidArgument, "the cron expression or the time zone cannot be read", "write five fields such as `0 3 * * 1-5`, and a zone such as `Europe/Berlin`";
}
