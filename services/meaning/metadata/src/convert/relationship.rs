//! Relationships.

use super::{message, resource, shared::Wire};
use crate::model::{Record, relationship::Relationship};
use error::Violations;
use proto_meaning::tessera::metadata::v1;

resource!(Relationship, Relationship, parse, render);

fn parse(wire: v1::Relationship, _: &mut Violations) -> Relationship {
    Relationship {
        from: wire.from.unwrap_or_default().into(),
        to: wire.to.unwrap_or_default().into(),
        cardinality: Wire::of_wire(wire.cardinality),
        role: wire.role,
        inverse_role: wire.inverse_role,
    }
}

fn render(record: Record, relationship: Relationship) -> v1::Relationship {
    message!(
        Relationship,
        record {
            from: Some(relationship.from.into()),
            to: Some(relationship.to.into()),
            cardinality: relationship.cardinality.wire(),
            role: relationship.role,
            inverse_role: relationship.inverse_role,
        }
    )
}
