//! The services of the platform: one line each, by wing.

use crate::service::services;

services! {
    platform: identity::Identity,
    platform: messaging::Messaging,
    meaning: metadata::Metadata,
    data: warehouse::Warehouse,
    numbers: calculation::Calculation,
    numbers: simulation::Simulation,
    work: operations::Operations,
}
