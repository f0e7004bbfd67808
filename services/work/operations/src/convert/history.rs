//! Transitions, steps and checkpoints of owners as users see them.

use super::job::failure;
use proto::tessera::jobs::v1 as jobs;
use proto_work::tessera::operations::v1 as pb;

/// A transition.
pub(crate) fn state(change: jobs::StateChange) -> pb::StateChange {
    pb::StateChange {
        number: change.number,
        from_state: change.from_state,
        to_state: change.to_state,
        automatic: change.automatic,
        actor: change.actor,
        reason: change.reason,
        time_in_previous: change.time_in_previous,
        change_time: change.change_time,
    }
}

/// A step.
pub(crate) fn step(step: jobs::Step) -> pb::StepResult {
    pb::StepResult {
        seq: step.seq,
        name: step.name,
        kind: step.kind,
        state: step.state,
        input: step.input,
        output: step.output,
        attempts: step.attempts,
        max_attempts: step.max_attempts,
        error: step.error.map(failure),
        start_time: step.start_time,
        end_time: step.end_time,
        quality: step.quality,
        confidence: step.confidence,
        rolled_back: step.rolled_back,
        compensation: step.compensation.map(|undo| pb::Compensation {
            name: undo.name,
            input: undo.input,
            state: undo.state,
            attempts: undo.attempts,
            error: undo.error.map(failure),
            end_time: undo.end_time,
        }),
    }
}

/// A checkpoint.
pub(crate) fn checkpoint(point: jobs::Checkpoint) -> pb::Checkpoint {
    pb::Checkpoint {
        id: point.id,
        r#type: point.r#type,
        name: point.name,
        seq: point.seq,
        state: point.state,
        size: point.size,
        stored_size: point.stored_size,
        encoding: point.encoding,
        sha256: point.sha256,
        actor: point.actor,
        create_time: point.create_time,
        expire_time: point.expire_time,
        expired: point.expired,
        resumable: point.resumable,
    }
}
