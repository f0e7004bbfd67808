//! Between messages and the model. A parse reports everything that is wrong at once, each at its field.
//!
//! The contract's own rules were checked while the request was decoded; here is only what a contract cannot say.

mod actor;
mod analytics_strategy;
mod analytics_use_case;
mod data_source;
mod entity;
pub(crate) mod event;
pub(crate) mod finding;
pub(crate) mod history;
mod metric;
pub(crate) mod ontology;
mod relationship;
mod shared;
mod value_chain;
mod value_chain_pattern;

pub(crate) use shared::{filter, id, order};

use crate::model::{Body, Definition, Kind, Record};
use error::{Error, Violations};
use proto::check::{Check, Path};
use proto_meaning::tessera::metadata::v1;

/// The message of one kind of definitions.
pub(crate) trait Resource: prost::Message + Default + Check + 'static {
    /// Its kind.
    const KIND: Kind;
    /// The identifier it carries.
    fn id(&self) -> &str;
    /// The version it was read at.
    fn etag(&self) -> &str;
    /// What it says.
    fn parse(self, found: &mut Violations) -> Definition;
    /// The message of a stored definition.
    fn render(record: Record) -> Self;

    /// The answer that is kept for a request that may come again.
    fn rendered(record: Record) -> Vec<u8> {
        Self::render(record).encode_to_vec()
    }
}

/// A message with the fields that all kinds share, from a record whose body was taken out.
macro_rules! message {
    ($message:ident, $record:ident { $($field:ident: $value:expr),* $(,)? }) => {
        v1::$message {
            id: $record.id.to_string(),
            version: $record.version,
            etag: db::etag::format($record.version),
            create_time: Some(proto::time::to_proto($record.created)),
            update_time: Some(proto::time::to_proto($record.updated)),
            delete_time: $record.deleted.map(proto::time::to_proto),
            state: $crate::convert::shared::Wire::wire($record.definition.header.state),
            code: $record.definition.header.code,
            name: $record.definition.header.name,
            description: $record.definition.header.description,
            tags: $record.definition.header.tags,
            owner: $record.definition.header.owner,
            module: $record.definition.header.module.map(Into::into),
            $($field: $value),*
        }
    };
}

/// What all messages of definitions have in common, and the two directions of one kind.
macro_rules! resource {
    ($message:ident, $kind:ident, $parse:expr, $render:expr) => {
        impl $crate::convert::Resource for v1::$message {
            const KIND: $crate::model::Kind = $crate::model::Kind::$kind;

            fn id(&self) -> &str {
                &self.id
            }

            fn etag(&self) -> &str {
                &self.etag
            }

            fn parse(self, found: &mut error::Violations) -> $crate::model::Definition {
                let header = $crate::model::Header {
                    code: self.code.clone(),
                    name: self.name.clone(),
                    description: self.description.clone(),
                    tags: self.tags.clone(),
                    owner: self.owner.clone(),
                    state: $crate::convert::shared::Wire::of_wire(self.state),
                    module: self.module.clone().map(Into::into),
                };
                let parse: fn(v1::$message, &mut error::Violations) -> _ = $parse;
                $crate::model::Definition {
                    header,
                    body: $crate::model::Body::$kind(parse(self, found).into()),
                }
            }

            fn render(record: $crate::model::Record) -> Self {
                let mut record = record;
                let nothing = $crate::model::Body::Actor(Default::default());
                match std::mem::replace(&mut record.definition.body, nothing) {
                    $crate::model::Body::$kind(body) => $render(record, body),
                    other => unreachable!("a {:?} is rendered as a {:?}", other.kind(), Self::KIND),
                }
            }
        }
    };
}

use {message, resource};

/// Parses a definition to create, with every rule of its own.
pub(crate) fn new_definition<M: Resource>(message: M) -> Result<Definition, Error> {
    let mut found = Violations::new();
    let mut own = Violations::new();
    let definition = message.parse(&mut own).completed();
    definition.check(&mut own);
    let _ = found.take(M::KIND.name(), own.finish());
    found.finish()?;
    Ok(definition)
}

/// Parses the new values of an update; what is not given is checked once it stands beside what there is.
pub(crate) fn changed_definition<M: Resource>(message: M) -> Result<Definition, Error> {
    let mut found = Violations::new();
    let mut own = Violations::new();
    let definition = message.parse(&mut own);
    let _ = found.take(M::KIND.name(), own.finish());
    found.finish()?;
    Ok(definition)
}

/// A definition of any kind as a message.
pub(crate) fn definition(record: Record) -> v1::Definition {
    use v1::definition::Definition as Any;
    let any = match record.definition.kind() {
        Kind::ValueChainPattern => Any::ValueChainPattern(Resource::render(record)),
        Kind::ValueChain => Any::ValueChain(Resource::render(record)),
        Kind::Entity => Any::Entity(Resource::render(record)),
        Kind::Relationship => Any::Relationship(Resource::render(record)),
        Kind::DataSource => Any::DataSource(Resource::render(record)),
        Kind::Metric => Any::Metric(Resource::render(record)),
        Kind::Actor => Any::Actor(Resource::render(record)),
        Kind::AnalyticsStrategy => Any::AnalyticsStrategy(Resource::render(record)),
        Kind::AnalyticsUseCase => Any::AnalyticsUseCase(Resource::render(record)),
    };
    v1::Definition {
        definition: Some(any),
    }
}

/// What the contract has to say of a definition that came some other way than as its message.
pub(crate) fn contract(definition: &Definition) -> Violations {
    fn check<M: Resource>(record: Record) -> Vec<proto::check::Violation> {
        let mut out = Vec::new();
        M::render(record).check(&mut Path::default(), &mut out);
        out
    }
    let record = Record {
        id: value::Id::NIL,
        version: 1,
        created: value::Time::EPOCH,
        updated: value::Time::EPOCH,
        deleted: None,
        definition: definition.clone(),
    };
    let broken = match &definition.body {
        Body::ValueChainPattern(_) => check::<v1::ValueChainPattern>(record),
        Body::ValueChain(_) => check::<v1::ValueChain>(record),
        Body::Entity(_) => check::<v1::Entity>(record),
        Body::Relationship(_) => check::<v1::Relationship>(record),
        Body::DataSource(_) => check::<v1::DataSource>(record),
        Body::Metric(_) => check::<v1::Metric>(record),
        Body::Actor(_) => check::<v1::Actor>(record),
        Body::AnalyticsStrategy(_) => check::<v1::AnalyticsStrategy>(record),
        Body::AnalyticsUseCase(_) => check::<v1::AnalyticsUseCase>(record),
    };
    let mut found = Violations::new();
    for violation in broken {
        found.add(violation.field, violation.rule, violation.description);
    }
    found
}

#[cfg(test)]
mod tests;
