//! Value chains and their modules.

use super::{message, resource};
use crate::model::{
    Record,
    value_chain::{Module, ValueChain},
};
use error::Violations;
use proto_meaning::tessera::metadata::v1;

resource!(ValueChain, ValueChain, parse, render);

fn parse(wire: v1::ValueChain, _: &mut Violations) -> ValueChain {
    let module = |wire: v1::Module| Module {
        code: wire.code,
        name: wire.name,
        description: wire.description,
        capability: wire.capability,
    };
    ValueChain {
        modules: wire.modules.into_iter().map(module).collect(),
        pattern: wire.pattern,
        parent: wire.parent,
        industry: wire.industry,
    }
}

fn render(record: Record, chain: ValueChain) -> v1::ValueChain {
    let module = |module: Module| v1::Module {
        code: module.code,
        name: module.name,
        description: module.description,
        capability: module.capability,
    };
    message!(
        ValueChain,
        record {
            modules: chain.modules.into_iter().map(module).collect(),
            pattern: chain.pattern,
            parent: chain.parent,
            industry: chain.industry,
        }
    )
}
