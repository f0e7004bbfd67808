//! What the service tells others.

use super::{long, run};
use crate::model::run::Run;
use prost::Message;
use proto_numbers::tessera::simulation::v1;

/// Where changes of runs are told.
pub(crate) const TOPIC: &str = "tessera.simulation.v1.RunChanged";

/// The event of a run that came into another state, encoded.
pub(crate) fn changed(run: &Run, actor: &str) -> Vec<u8> {
    v1::RunChanged {
        id: run.id.to_string(),
        scenario: run.task.scenario.clone(),
        state: run::state(run.state) as i32,
        rows_written: long(run.rows_written),
        actor: actor.to_owned(),
    }
    .encode_to_vec()
}
