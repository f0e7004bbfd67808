//! Values that several messages are made of, filters and orders.

use crate::{
    model::{self, AttributeRef, Kind, ModuleRef, Span, State},
    store::{Filter, Order},
};
use error::{Error, Violations};
use proto_meaning::tessera::metadata::v1;
use value::{Decimal, Id};

/// An enum of the model beside its number on the wire; nothing is the number 0.
pub(super) trait Wire: Sized {
    fn of_wire(number: i32) -> Self;
    fn wire(self) -> i32;
}

/// The same variants on both sides; the compiler sees to it that none is missing.
macro_rules! wire {
    ($($wire:ident = $model:ty { $($variant:ident),+ })+) => {$(
        impl Wire for Option<$model> {
            fn of_wire(number: i32) -> Self {
                match v1::$wire::try_from(number) {
                    $(Ok(v1::$wire::$variant) => Some(<$model>::$variant),)+
                    Ok(v1::$wire::Unspecified) | Err(_) => None,
                }
            }

            fn wire(self) -> i32 {
                let wire = match self {
                    $(Some(<$model>::$variant) => v1::$wire::$variant,)+
                    None => v1::$wire::Unspecified,
                };
                wire as i32
            }
        }
    )+};
}

wire! {
    DefinitionKind = Kind {
        ValueChainPattern, ValueChain, Entity, Relationship, DataSource, Metric, Actor, AnalyticsStrategy,
        AnalyticsUseCase
    }
    State = State { Draft, Active, Deprecated }
    ChangeAction = model::Action { Created, Updated, Deleted, Undeleted, Restored, Imported }
    EntityKind = model::entity::EntityKind { Event, Snapshot, Dimension }
    Cardinality = model::relationship::Cardinality { OneToOne, OneToMany, ManyToOne, ManyToMany }
    MetricType = model::metric::MetricType { Simple, Ratio, Derived, Cumulative, Conversion, SetBased }
    Additivity = model::metric::Additivity { Additive, SemiAdditive, NonAdditive }
    Grain = model::metric::Grain { Hour, Day, Week, Month, Quarter, Year }
    Direction = model::metric::Direction { HigherIsBetter, LowerIsBetter, TargetIsBetter }
    ThresholdLevel = model::metric::ThresholdLevel { Good, Warning, Critical }
    Comparison = model::metric::Comparison { Less, LessOrEqual, Greater, GreaterOrEqual }
    ActorKind = model::actor::ActorKind { Role, Organisation, System }
    Priority = model::analytics_use_case::Priority { Low, Medium, High, Critical }
    DataSourceKind = model::data_source::DataSourceKind {
        RelationalDatabase, DocumentDatabase, DataLake, RestApi, GraphqlApi, File, Spreadsheet, MessageStream,
        Application, Simulation
    }
}

/// The number of a kind.
pub(super) fn kind(kind: Kind) -> i32 {
    Some(kind).wire()
}

/// The kinds of these numbers.
pub(crate) fn kinds(numbers: &[i32]) -> Vec<Kind> {
    numbers
        .iter()
        .filter_map(|number| Wire::of_wire(*number))
        .collect()
}

impl From<v1::ModuleRef> for ModuleRef {
    fn from(wire: v1::ModuleRef) -> Self {
        Self {
            value_chain: wire.value_chain,
            module: wire.module,
        }
    }
}

impl From<ModuleRef> for v1::ModuleRef {
    fn from(module: ModuleRef) -> Self {
        Self {
            value_chain: module.value_chain,
            module: module.module,
        }
    }
}

impl From<v1::AttributeRef> for AttributeRef {
    fn from(wire: v1::AttributeRef) -> Self {
        Self {
            entity: wire.entity,
            attribute: wire.attribute,
        }
    }
}

impl From<AttributeRef> for v1::AttributeRef {
    fn from(attribute: AttributeRef) -> Self {
        Self {
            entity: attribute.entity,
            attribute: attribute.attribute,
        }
    }
}

/// A span of whole seconds.
pub(super) fn span(
    field: &str,
    wire: Option<prost_types::Duration>,
    found: &mut Violations,
) -> Option<Span> {
    let wire = wire?;
    let seconds = u64::try_from(wire.seconds).ok().filter(|_| wire.nanos == 0);
    found.check(
        seconds.is_some(),
        field,
        "WHOLE_SECONDS",
        "it is a whole number of seconds",
    );
    seconds.map(Span)
}

/// A span on the wire.
pub(super) fn duration(span: Option<Span>) -> Option<prost_types::Duration> {
    let seconds = i64::try_from(span?.0).unwrap_or(i64::MAX);
    Some(prost_types::Duration { seconds, nanos: 0 })
}

/// An exact decimal; empty is none.
pub(super) fn decimal(field: &str, text: &str, found: &mut Violations) -> Option<Decimal> {
    if text.is_empty() {
        return None;
    }
    let number = text.parse().ok();
    found.check(
        number.is_some(),
        field,
        "INVALID_DECIMAL",
        format!("`{text}` is no decimal number"),
    );
    number
}

/// A decimal on the wire.
pub(super) fn decimal_text(number: Option<Decimal>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

/// An identifier that the contract has found well formed.
pub(crate) fn id(field: &str, text: &str) -> Result<Id, Error> {
    text.parse()
        .map_err(|_| Error::invalid_field(field, "UUID", "it is a UUID"))
}

/// The filter of a list of these kinds.
pub(crate) fn filter(
    kinds: Vec<Kind>,
    wire: Option<v1::DefinitionFilter>,
) -> Result<Filter, Error> {
    let wire = wire.unwrap_or_default();
    let mut found = Violations::new();
    let placed = wire.module.is_empty() || !wire.value_chain.is_empty();
    found.check(
        placed,
        "filter.value_chain",
        "REQUIRED",
        "a module is one of a value chain",
    );
    let references = wire.references.and_then(|target| {
        let kind = Option::<Kind>::of_wire(target.kind);
        found.check(
            kind.is_some(),
            "filter.references.kind",
            "REQUIRED",
            "a reference is to a kind",
        );
        found.check(
            !target.code.is_empty(),
            "filter.references.code",
            "REQUIRED",
            "a reference is to a code",
        );
        Some((kind?, target.code))
    });
    let hidden = wire.text.chars().any(char::is_control);
    found.check(
        !hidden,
        "filter.text",
        "CONTROL_CHARACTER",
        "text has no control characters",
    );
    found.finish()?;
    Ok(Filter {
        kinds,
        text: wire.text,
        states: wire
            .states
            .iter()
            .filter_map(|number| Wire::of_wire(*number))
            .collect(),
        value_chain: wire.value_chain,
        module: wire.module,
        tags: wire.tags,
        references,
        show_deleted: wire.show_deleted,
    })
}

/// The order of a list, and whether it is descending.
pub(crate) fn order(text: &str) -> (Order, bool) {
    let (column, descending) = match text.strip_suffix(" desc") {
        Some(column) => (column, true),
        None => (text, false),
    };
    let order = match column {
        "name" => Order::Name,
        "create_time" => Order::Created,
        "update_time" => Order::Updated,
        _ => Order::Code,
    };
    (order, descending)
}
