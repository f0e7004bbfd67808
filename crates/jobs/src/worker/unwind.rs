//! Rolling back: a worker undoes step after step, the latest first, and waits without a worker for jobs that are undone with it.

use crate::{
    job::Kind,
    jobs::Jobs,
    model::{record::Fault, retry::Retry},
    run::{Core, Stop, Undo, Why},
    store::{Outlook, StepRow, Undone, outlook},
};

/// Steps to be undone that are looked at together.
const PAGE: i64 = 100;

impl Jobs {
    /// Undoes the latest step that still counts, and so on, down to the checkpoint.
    pub(super) async fn unwind(&self, kind: &dyn Kind, core: Core) -> Result<(), Stop> {
        let (store, lease) = (self.store(), core.lease);
        loop {
            let (steps, to_seq) = core.insist(|| store.to_undo(lease, PAGE)).await?;
            if steps.is_empty() {
                return Ok(core.insist(|| store.rolled_back(lease)).await?);
            }
            let mut clear: Vec<(i64, String, Undone)> = Vec::new();
            for step in steps {
                if core.signs.shutdown.is_cancelled() {
                    self.note(&core, &mut clear).await?;
                    return Err(Stop(Why::Shutdown));
                }
                match outlook(&step) {
                    Outlook::Known(outcome) => clear.push((step.seq, step.name, outcome)),
                    Outlook::Compensate => {
                        self.note(&core, &mut clear).await?;
                        self.undo(kind, &core, (step, to_seq)).await?;
                    }
                    Outlook::RollBack(child) => {
                        self.note(&core, &mut clear).await?;
                        let undone = core.insist(|| store.undo_child(lease, child)).await?;
                        let Some(outcome) = undone else {
                            self.nudge(child);
                            return Err(Stop(Why::Parked));
                        };
                        clear.push((step.seq, step.name, outcome));
                    }
                }
            }
            self.note(&core, &mut clear).await?;
        }
    }

    async fn note(&self, core: &Core, clear: &mut Vec<(i64, String, Undone)>) -> Result<(), Stop> {
        if clear.is_empty() {
            return Ok(());
        }
        let (store, steps) = (self.store(), std::mem::take(clear));
        core.insist(|| store.undone(core.lease, steps.clone(), None))
            .await?;
        self.ring();
        Ok(())
    }

    /// Runs one compensation until it succeeds or is given up.
    async fn undo(
        &self,
        kind: &dyn Kind,
        core: &Core,
        (step, to_seq): (StepRow, i64),
    ) -> Result<(), Stop> {
        let retry = Retry::times(5);
        let mut tries = step.undo_attempts;
        loop {
            tries += 1;
            let mut undo = Undo {
                core: Core {
                    jobs: self.clone(),
                    lease: core.lease,
                    signs: core.signs.clone(),
                },
                step: step.clone(),
                to_seq,
                recorded: false,
            };
            let outcome = match kind.undo(&mut undo).await {
                Ok(()) if undo.recorded => return Ok(()),
                Ok(()) => Undone::Done,
                Err(Stop(Why::Failed(error))) => match retry.pause(tries, retry.attempts, &error) {
                    Some(pause) => {
                        tracing::debug!(job = %core.lease.job, step = step.seq, tries, %error, "a compensation failed");
                        let pause = tokio::time::sleep(pause);
                        match core.signs.shutdown.run_until_cancelled(pause).await {
                            Some(()) => continue,
                            None => return Err(Stop(Why::Shutdown)),
                        }
                    }
                    None => Undone::Failed(Fault::from(&error), tries),
                },
                Err(stop) => return Err(stop),
            };
            return self
                .note(core, &mut vec![(step.seq, step.name.clone(), outcome)])
                .await;
        }
    }
}
