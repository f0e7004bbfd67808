//! What a definition is: the shape that all kinds share, and what they refer to. Pure.
//!
//! A definition is a [`Header`] that is the same for every kind and a [`Body`] of its kind. Its document, the JSON
//! that is stored, exported and compared, is both in one object, without fields that have no value.

pub(crate) mod actor;
pub(crate) mod analytics_strategy;
pub(crate) mod analytics_use_case;
pub(crate) mod data_source;
pub(crate) mod diff;
pub(crate) mod document;
pub(crate) mod entity;
pub(crate) mod integrity;
pub(crate) mod mask;
pub(crate) mod metric;
pub(crate) mod ontology;
pub(crate) mod parts;
pub(crate) mod reference;
pub(crate) mod relationship;
pub(crate) mod typing;
pub(crate) mod uml;
pub(crate) mod uses;
pub(crate) mod value_chain;
pub(crate) mod value_chain_pattern;

pub(crate) use parts::{AttributeRef, ModuleRef, Span};
pub(crate) use reference::{Reference, References};

use actor::Actor;
use analytics_strategy::AnalyticsStrategy;
use analytics_use_case::AnalyticsUseCase;
use data_source::DataSource;
use entity::Entity;
use error::Violations;
use metric::Metric;
use relationship::Relationship;
use serde::{Deserialize, Serialize};
use value::{Id, Time};
use value_chain::ValueChain;
use value_chain_pattern::ValueChainPattern;

/// The kinds of definitions, in the order that an ontology lists them: what others build on comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    ValueChainPattern,
    ValueChain,
    Entity,
    Relationship,
    DataSource,
    Metric,
    Actor,
    AnalyticsStrategy,
    AnalyticsUseCase,
}

impl Kind {
    pub(crate) const ALL: [Kind; 9] = [
        Kind::ValueChainPattern,
        Kind::ValueChain,
        Kind::Entity,
        Kind::Relationship,
        Kind::DataSource,
        Kind::Metric,
        Kind::Actor,
        Kind::AnalyticsStrategy,
        Kind::AnalyticsUseCase,
    ];

    /// One of them: also the name of the field that carries it in requests.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::ValueChainPattern => "value_chain_pattern",
            Kind::ValueChain => "value_chain",
            Kind::Entity => "entity",
            Kind::Relationship => "relationship",
            Kind::DataSource => "data_source",
            Kind::Metric => "metric",
            Kind::Actor => "actor",
            Kind::AnalyticsStrategy => "analytics_strategy",
            Kind::AnalyticsUseCase => "analytics_use_case",
        }
    }

    /// Many of them: also the key of their list in an ontology.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Kind::ValueChainPattern => "value_chain_patterns",
            Kind::ValueChain => "value_chains",
            Kind::Entity => "entities",
            Kind::Relationship => "relationships",
            Kind::DataSource => "data_sources",
            Kind::Metric => "metrics",
            Kind::Actor => "actors",
            Kind::AnalyticsStrategy => "analytics_strategies",
            Kind::AnalyticsUseCase => "analytics_use_cases",
        }
    }

    /// What a caller must hold to see definitions of this kind, as the contract says of the kind's own methods.
    pub(crate) fn read_permission(self) -> String {
        format!("metadata.{}.read", self.plural())
    }

    /// What a caller must hold to change definitions of this kind, as the contract says of the kind's own methods.
    pub(crate) fn write_permission(self) -> String {
        format!("metadata.{}.write", self.plural())
    }

    /// Whether numbers are calculated with it, so that a change of it makes a new version of the ontology.
    pub(crate) const fn is_of_ontology(self) -> bool {
        matches!(self, Kind::Entity | Kind::Metric | Kind::Relationship)
    }

    /// The kind of this name.
    pub(crate) fn of_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Where a definition is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Draft,
    #[default]
    Active,
    Deprecated,
}

impl State {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::Active => "active",
            State::Deprecated => "deprecated",
        }
    }
}

/// What made a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Created,
    Updated,
    Deleted,
    Undeleted,
    Restored,
    Imported,
}

impl Action {
    const ALL: [Action; 6] = [
        Action::Created,
        Action::Updated,
        Action::Deleted,
        Action::Undeleted,
        Action::Restored,
        Action::Imported,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Action::Created => "created",
            Action::Updated => "updated",
            Action::Deleted => "deleted",
            Action::Undeleted => "undeleted",
            Action::Restored => "restored",
            Action::Imported => "imported",
        }
    }

    /// The action of this name.
    pub(crate) fn of_name(name: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// What every definition says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
    pub(crate) owner: String,
    pub(crate) state: Option<State>,
    pub(crate) module: Option<ModuleRef>,
}

impl Header {
    pub(crate) const FIELDS: [&'static str; 7] = [
        "code",
        "name",
        "description",
        "tags",
        "owner",
        "state",
        "module",
    ];
}

/// What a kind of definitions knows of itself beside its fields.
pub(crate) trait Rules {
    /// Reports what is wrong with it, whatever else there is.
    fn check(&self, found: &mut Violations);
    /// Names what it refers to.
    fn refer(&self, out: &mut References);
    /// Codes of what it consists of, that others may refer to.
    fn parts(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// What a definition says that only its kind does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Body {
    ValueChainPattern(ValueChainPattern),
    ValueChain(ValueChain),
    Entity(Entity),
    Relationship(Relationship),
    DataSource(DataSource),
    Metric(Box<Metric>),
    Actor(Actor),
    AnalyticsStrategy(AnalyticsStrategy),
    AnalyticsUseCase(AnalyticsUseCase),
}

impl Body {
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Body::ValueChainPattern(_) => Kind::ValueChainPattern,
            Body::ValueChain(_) => Kind::ValueChain,
            Body::Entity(_) => Kind::Entity,
            Body::Relationship(_) => Kind::Relationship,
            Body::DataSource(_) => Kind::DataSource,
            Body::Metric(_) => Kind::Metric,
            Body::Actor(_) => Kind::Actor,
            Body::AnalyticsStrategy(_) => Kind::AnalyticsStrategy,
            Body::AnalyticsUseCase(_) => Kind::AnalyticsUseCase,
        }
    }

    pub(crate) fn rules(&self) -> &dyn Rules {
        match self {
            Body::ValueChainPattern(body) => body,
            Body::ValueChain(body) => body,
            Body::Entity(body) => body,
            Body::Relationship(body) => body,
            Body::DataSource(body) => body,
            Body::Metric(body) => body.as_ref(),
            Body::Actor(body) => body,
            Body::AnalyticsStrategy(body) => body,
            Body::AnalyticsUseCase(body) => body,
        }
    }
}

/// One definition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Definition {
    pub(crate) header: Header,
    pub(crate) body: Body,
}

impl Definition {
    pub(crate) const fn kind(&self) -> Kind {
        self.body.kind()
    }

    pub(crate) fn code(&self) -> &str {
        &self.header.code
    }

    pub(crate) fn state(&self) -> State {
        self.header.state.unwrap_or_default()
    }

    /// Says what is meant where nothing is said.
    #[must_use]
    pub(crate) fn completed(mut self) -> Self {
        self.header.state = Some(self.state());
        self
    }

    /// Reports what is wrong with it, whatever else there is.
    pub(crate) fn check(&self, found: &mut Violations) {
        let Header { code, name, .. } = &self.header;
        found.check(
            !code.is_empty(),
            "code",
            "REQUIRED",
            "a definition has a code",
        );
        found.check(
            !name.trim().is_empty(),
            "name",
            "REQUIRED",
            "a definition has a name",
        );
        self.body.rules().check(found);
        document::check_text(&self.document(), "", found);
    }

    /// Everything it refers to: what its fields name, then what its formula reads. Of a draft the formula does not count.
    pub(crate) fn references(&self) -> Vec<Reference> {
        let mut all = self.declared();
        if let Some(metric) = self.relied_on() {
            all.extend(metric.formula_references());
        }
        all
    }

    /// What its fields name, in their order.
    pub(crate) fn declared(&self) -> Vec<Reference> {
        let mut out = References::default();
        if let Some(module) = &self.header.module {
            out.module("module", module);
        }
        self.body.rules().refer(&mut out);
        out.finish()
    }

    /// The metric that it is, unless it is a draft: only what others rely on has to fit the rest of the ontology.
    pub(crate) fn relied_on(&self) -> Option<&Metric> {
        match &self.body {
            Body::Metric(metric) if self.state() != State::Draft => Some(metric),
            _ => None,
        }
    }

    /// Codes of the definitions of its own kind that it refers to.
    pub(crate) fn foundations(&self) -> Vec<String> {
        let own = self
            .references()
            .into_iter()
            .filter(|reference| reference.kind == self.kind());
        own.map(|reference| reference.code).collect()
    }

    /// What it consists of, that others may refer to.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.body.rules().parts()
    }

    /// Where a search for words looks.
    pub(crate) fn search_text(&self) -> String {
        let Header {
            code,
            name,
            description,
            ..
        } = &self.header;
        format!("{code}\n{name}\n{description}").to_lowercase()
    }
}

/// A definition as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) id: Id,
    pub(crate) version: i64,
    pub(crate) created: Time,
    pub(crate) updated: Time,
    pub(crate) deleted: Option<Time>,
    pub(crate) definition: Definition,
}

/// One version of a definition, as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Version {
    pub(crate) id: Id,
    pub(crate) version: i64,
    pub(crate) action: Action,
    pub(crate) actor: String,
    pub(crate) created: Time,
    pub(crate) definition: Definition,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_name(kind.name()), Some(kind));
            let json = serde_json::to_value(kind).unwrap();
            assert_eq!(json, kind.name());
        }
        assert_eq!(Kind::of_name("table"), None);
    }

    #[test]
    fn every_action_is_found_by_its_name() {
        for action in Action::ALL {
            assert_eq!(Action::of_name(action.name()), Some(action));
        }
    }
}
