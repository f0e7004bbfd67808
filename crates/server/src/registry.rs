//! The services of the platform: one line each, by wing.

use crate::service::services;

services! {
    platform: identity::Identity,
    meaning: metadata::Metadata,
    data: warehouse::Warehouse,
    numbers: calculation::Calculation,
    numbers: simulation::Simulation,
}
