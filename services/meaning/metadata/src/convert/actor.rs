//! Actors.

use super::{message, resource, shared::Wire};
use crate::model::{Record, actor::Actor};
use error::Violations;
use proto_meaning::tessera::metadata::v1;

resource!(Actor, Actor, parse, render);

fn parse(wire: v1::Actor, _: &mut Violations) -> Actor {
    Actor {
        kind: Wire::of_wire(wire.kind),
        responsibilities: wire.responsibilities,
        entities: wire.entities,
    }
}

fn render(record: Record, actor: Actor) -> v1::Actor {
    message!(
        Actor,
        record {
            kind: actor.kind.wire(),
            responsibilities: actor.responsibilities,
            entities: actor.entities,
        }
    )
}
