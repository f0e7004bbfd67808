//! Value chain patterns and their stages.

use super::{message, resource};
use crate::model::{
    Record,
    value_chain_pattern::{Stage, ValueChainPattern},
};
use error::Violations;
use proto_meaning::tessera::metadata::v1;

resource!(ValueChainPattern, ValueChainPattern, parse, render);

fn parse(wire: v1::ValueChainPattern, _: &mut Violations) -> ValueChainPattern {
    let stage = |wire: v1::Stage| Stage {
        code: wire.code,
        name: wire.name,
        description: wire.description,
        typical_metrics: wire.typical_metrics,
        typical_entities: wire.typical_entities,
    };
    ValueChainPattern {
        industry: wire.industry,
        stages: wire.stages.into_iter().map(stage).collect(),
        parent: wire.parent,
    }
}

fn render(record: Record, pattern: ValueChainPattern) -> v1::ValueChainPattern {
    let stage = |stage: Stage| v1::Stage {
        code: stage.code,
        name: stage.name,
        description: stage.description,
        typical_metrics: stage.typical_metrics,
        typical_entities: stage.typical_entities,
    };
    message!(
        ValueChainPattern,
        record {
            industry: pattern.industry,
            stages: pattern.stages.into_iter().map(stage).collect(),
            parent: pattern.parent,
        }
    )
}
