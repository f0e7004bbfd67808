//! The ontology as YAML: one list per kind, the same text for the same definitions.

use super::{Definition, Kind};
use error::Error;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap, ser::SerializeSeq};
use serde_json::Value;
use serde_saphyr::Spanned;

/// What the first line of an ontology says: the format and its version.
const FORMAT: &str = "tessera/v1";

/// Fields that a reader wants first, in this order; others follow by name.
const FIRST: [&str; 10] = [
    "ontology",
    "code",
    "name",
    "description",
    "kind",
    "type",
    "state",
    "owner",
    "tags",
    "module",
];

/// One definition of a text, and the line it starts on.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) code: String,
    pub(crate) line: u32,
    /// The definition, or what is wrong with its fields.
    pub(crate) definition: Result<Definition, Error>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    ontology: String,
    #[serde(default)]
    value_chain_patterns: Vec<Spanned<Value>>,
    #[serde(default)]
    value_chains: Vec<Spanned<Value>>,
    #[serde(default)]
    entities: Vec<Spanned<Value>>,
    #[serde(default)]
    relationships: Vec<Spanned<Value>>,
    #[serde(default)]
    data_sources: Vec<Spanned<Value>>,
    #[serde(default)]
    metrics: Vec<Spanned<Value>>,
    #[serde(default)]
    actors: Vec<Spanned<Value>>,
    #[serde(default)]
    analytics_strategies: Vec<Spanned<Value>>,
    #[serde(default)]
    analytics_use_cases: Vec<Spanned<Value>>,
}

/// Reads a text. Fails where it is no YAML of this format; what is wrong with one definition stands in its item.
pub(crate) fn parse(yaml: &str) -> Result<Vec<Item>, Error> {
    let file: File = serde_saphyr::from_str_with_options(yaml, options()).map_err(|error| {
        let line = error.location().map_or(0, |location| location.line());
        let words = format!("line {line}: {}", first_line(&error.to_string()));
        Error::invalid_field("yaml", "INVALID_YAML", words).with_metadata("line", line.to_string())
    })?;
    if file.ontology != FORMAT {
        let words = format!(
            "`ontology: {FORMAT}` names the format, not `{}`",
            file.ontology
        );
        return Err(Error::invalid_field("yaml", "UNKNOWN_FORMAT", words));
    }
    let lists = [
        (Kind::ValueChainPattern, file.value_chain_patterns),
        (Kind::ValueChain, file.value_chains),
        (Kind::Entity, file.entities),
        (Kind::Relationship, file.relationships),
        (Kind::DataSource, file.data_sources),
        (Kind::Metric, file.metrics),
        (Kind::Actor, file.actors),
        (Kind::AnalyticsStrategy, file.analytics_strategies),
        (Kind::AnalyticsUseCase, file.analytics_use_cases),
    ];
    let items = lists
        .into_iter()
        .flat_map(|(kind, list)| list.into_iter().map(move |item| read(kind, item)));
    Ok(items.collect())
}

fn read(kind: Kind, item: Spanned<Value>) -> Item {
    let line = u32::try_from(item.defined.line()).unwrap_or(0);
    let code = item
        .value
        .get("code")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let definition = Definition::of_document(kind, item.value).map(Definition::completed);
    Item {
        kind,
        code,
        line,
        definition,
    }
}

/// No anchors, no aliases, little depth: what an ontology needs, and nothing that grows.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 16,
            max_anchors: 0,
            max_aliases: 0,
            max_documents: 1,
            max_nodes: 1_000_000,
            max_total_scalar_bytes: 16 * 1024 * 1024,
        },
        strict_booleans: true,
        with_snippet: false,
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Writes definitions, by kind and code.
pub(crate) fn write(mut definitions: Vec<Definition>) -> String {
    definitions.sort_by(|a, b| (a.kind(), a.code()).cmp(&(b.kind(), b.code())));
    let mut file = vec![("ontology".to_owned(), Value::from(FORMAT))];
    for kind in Kind::ALL {
        let list = definitions
            .iter()
            .filter(|definition| definition.kind() == kind);
        let list: Vec<_> = list.map(Definition::document).collect();
        if !list.is_empty() {
            file.push((kind.plural().to_owned(), Value::Array(list)));
        }
    }
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let mut text = String::new();
    serde_saphyr::to_fmt_writer_with_options(&mut text, &Sections(file), options)
        .expect("strings, lists and mappings can be written as YAML");
    text
}

struct Sections(Vec<(String, Value)>);

impl Serialize for Sections {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, Ordered(value))))
    }
}

/// A value whose mappings begin with what a reader wants first.
struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                let rank = |name: &str| {
                    FIRST
                        .iter()
                        .position(|first| *first == name)
                        .unwrap_or(FIRST.len())
                };
                members.sort_by_key(|(name, _)| (rank(name), (*name).clone()));
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, &Ordered(value))?;
                }
                map.end()
            }
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Ordered(item))?;
                }
                list.end()
            }
            plain => plain.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests;
