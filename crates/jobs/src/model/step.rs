//! Steps: their sorts, states, scores, and what can become of undoing them.

db::text_enum! {
    /// Of which sort a step is.
    pub enum StepKind { Local = "local", Call = "call", Timer = "timer", Signal = "signal", Child = "child" }
}

db::text_enum! {
    /// Where a step is.
    pub enum StepState { Running = "running", Done = "done", Failed = "failed", Undone = "undone" }
}

db::text_enum! {
    /// How a step's effect is undone, and what became of that.
    pub enum UndoState {
        /// It has no effect.
        Needless = "needless",
        /// It has an effect, and nothing undoes it.
        Missing = "none",
        Ready = "ready",
        Done = "done",
        Failed = "failed",
    }
}

/// How good a result is, and how sure.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    /// How good, 0 to 1.
    pub quality: Option<f64>,
    /// How sure, 0 to 1.
    pub confidence: Option<f64>,
}

impl Score {
    /// A score of both, each cut to 0 to 1.
    pub fn new(quality: f64, confidence: f64) -> Self {
        let cut = |score: f64| score.is_finite().then(|| score.clamp(0.0, 1.0));
        Self {
            quality: cut(quality),
            confidence: cut(confidence),
        }
    }
}
