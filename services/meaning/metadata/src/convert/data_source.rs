//! Data sources.

use super::{
    message, resource,
    shared::{Wire, duration, span},
};
use crate::model::{
    Record,
    data_source::{ConnectionRef, DataSource},
};
use error::Violations;
use proto::tessera::r#type::v1::Ref;
use proto_meaning::tessera::metadata::v1;

resource!(DataSource, DataSource, parse, render);

fn parse(wire: v1::DataSource, found: &mut Violations) -> DataSource {
    let connection = wire.connection.and_then(|connection| {
        let id = connection.id.parse().ok();
        found.check(
            id.is_some(),
            "connection.id",
            "UUID",
            "a connection is named by its id",
        );
        Some(ConnectionRef {
            id: id?,
            kind: connection.kind,
            label: connection.label,
        })
    });
    DataSource {
        kind: Wire::of_wire(wire.kind),
        connection,
        entities: wire.entities,
        location: wire.location,
        refresh_interval: span("refresh_interval", wire.refresh_interval, found),
    }
}

fn render(record: Record, source: DataSource) -> v1::DataSource {
    let connection = |connection: ConnectionRef| Ref {
        id: connection.id.to_string(),
        kind: connection.kind,
        label: connection.label,
    };
    message!(
        DataSource,
        record {
            kind: source.kind.wire(),
            connection: source.connection.map(connection),
            entities: source.entities,
            location: source.location,
            refresh_interval: duration(source.refresh_interval),
        }
    )
}
