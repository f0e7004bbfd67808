//! Durable work beside the data: jobs, their steps, checkpoints, signals and schedules live in the database of the service that works,
//! so that an effect and its step commit together and a crash takes nothing away.
//!
//! A service writes a [`Job`], offers it with [`Kinds`], and submits it through [`Jobs`]. Workers hold leases by the database's clock;
//! the function of a job runs again after a crash, and what it recorded answers at once.

mod config;
mod contract;
mod job;
mod jobs;
mod model;
mod reasons;
mod run;
mod schema;
mod store;
mod submission;
mod worker;

pub use config::Config;
pub use contract::Contract;
pub use job::{About, Change, Job, Kinds};
pub use jobs::Jobs;
pub use model::{
    calendar::{Calendar, CatchUp},
    record::{Fault, NotUndone, Origin, Progress, Rollback, Wait, WaitKind, Wish},
    retry::Retry,
    saved::{CheckpointType, Saved},
    state::State,
    step::{Score, StepKind, StepState, UndoState},
};
pub use reasons::ALL as REASONS;
pub use run::{Child, Run, Step, Stop, Undo};
pub use store::{CheckpointRow, Filter, Record, ScheduleRow, StateRow, StepRow};
pub use submission::{By, Submission};
