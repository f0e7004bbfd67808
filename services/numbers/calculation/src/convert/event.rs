//! What the service tells others. It is of all rows of the tenant, so that it is for those only who are cleared for confidential things.

use crate::model::publication::{Publication, Published};
use auth::clearance::Level;
use bus::Event;
use proto_numbers::tessera::calculation::v1;

/// Where values that are published are told.
const CALCULATED: &str = "tessera.calculation.v1.MetricCalculated";
/// Where it is told that a publication was taken back.
const DELETED: &str = "tessera.calculation.v1.PublicationDeleted";

/// An event for each row, in their order.
pub(crate) fn published(published: &Published) -> Vec<Event> {
    let publication = &published.publication;
    let told = (1_i64..).zip(&published.entries).map(|(version, entry)| {
        let dimensions = entry.dimensions.iter();
        let message = v1::MetricCalculated {
            metric: publication.metric.clone(),
            value: entry.figure.text.clone().unwrap_or_default(),
            dimensions: dimensions
                .filter_map(|(code, value)| Some((code.clone(), value.clone()?)))
                .collect(),
            as_of_time: Some(proto::time::to_proto(publication.as_of)),
            publication_id: publication.id.to_string(),
            start: entry.start.clone(),
            end: entry.end.clone(),
            unit: publication.unit.clone(),
        };
        Event::new(CALCULATED, publication.id, version, &message).secured(Level::Confidential)
    });
    told.collect()
}

/// The publication was taken back.
pub(crate) fn deleted(publication: &Publication, actor: &str) -> Event {
    let message = v1::PublicationDeleted {
        id: publication.id.to_string(),
        metric: publication.metric.clone(),
        actor: actor.to_owned(),
    };
    let version = i64::from(publication.rows) + 1;
    Event::new(DELETED, publication.id, version, &message).secured(Level::Confidential)
}
