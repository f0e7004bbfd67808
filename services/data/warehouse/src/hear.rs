//! Rows that come as messages: one published to `records.<entity>` becomes rows of that entity, under the rules of its
//! definition, once. One that does not fit is a dead letter with what is wrong with it, and nothing of it is stored.

use crate::{
    config::Config,
    model::{outcome::Mode, row::GivenRow, value::Given},
    store::{
        Store, Viewer,
        change::{Action, Change, WriteAsk},
    },
};
use auth::{RowFilters, Scope};
use bus::{Consumer, Received};
use db::idempotency::Once;
use error::{Error, Result};
use serde_json::Value as Json;
use std::{sync::Arc, time::Instant};

/// The group's name.
const GROUP: &str = "records";
/// Rows of one message at most.
const MOST: usize = 10_000;

/// The consumer that stores them.
pub(crate) fn consumer(store: Store, config: Arc<Config>) -> Consumer {
    let pattern = format!("{}*", bus::topic::RECORDS);
    Consumer::handle(GROUP, pattern, move |event| {
        let (store, config) = (store.clone(), Arc::clone(&config));
        async move { take(&store, &config, event).await }
    })
}

async fn take(store: &Store, config: &Config, event: Received) -> Result<()> {
    let content = event.content;
    let entity = content.topic.strip_prefix(bus::topic::RECORDS);
    let entity = entity.unwrap_or_default().to_owned();
    let rows = rows(&content.data)?;
    let scope = Scope::system(content.tenant, "store records of a message");
    let viewer = Viewer {
        filters: RowFilters::none(),
        // Whoever published it; messaging looked at what they may do.
        actor: content.source,
        end: Instant::now() + config.statement_timeout.get(),
        scope,
    };
    let once = Once {
        rpc: "records of a message",
        request_id: content.id,
        body_hash: db::idempotency::hash(&content.data),
    };
    let action = Action::Write(WriteAsk {
        rows,
        mode: Mode::Upsert,
        atomic: true,
    });
    let change = Change {
        entity,
        action,
        prefix: String::new(),
    };
    store.change(&viewer, once, vec![change]).await.map(drop)
}

/// The rows in a message: a JSON object, or a list of them.
fn rows(data: &[u8]) -> Result<Vec<GivenRow>> {
    let wrong = |why: &str| Error::invalid_field("message.json", "RECORDS", why);
    let json = serde_json::from_slice(data).map_err(|_| wrong("must be JSON"))?;
    let list = match json {
        Json::Array(list) => list,
        one => vec![one],
    };
    if list.is_empty() || list.len() > MOST {
        return Err(wrong("must have 1 to 10000 records"));
    }
    let row = |one| match one {
        Json::Object(fields) => Ok(fields
            .into_iter()
            .map(|(name, value)| (name, given(value)))
            .collect()),
        _ => Err(wrong("must be an object, or a list of objects")),
    };
    list.into_iter().map(row).collect()
}

fn given(value: Json) -> Option<Given> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(value) => Given::Boolean(value),
        Json::String(text) => Given::Text(text),
        Json::Number(number) => match number.as_f64() {
            Some(real) if number.is_f64() || real.abs() < 9e15 => Given::Number(real),
            // A double does not hold it.
            _ => Given::Text(number.to_string()),
        },
        nested => Given::Nested(nested),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_or_many() {
        let one =
            rows(br#"{"a": 1, "b": "x", "c": null, "d": 9223372036854775807, "e": {"f": [1]}}"#)
                .unwrap();
        assert_eq!(one.len(), 1);
        let got = |name: &str| {
            one[0]
                .iter()
                .find(|(key, _)| *key == name)
                .unwrap()
                .1
                .clone()
        };
        assert_eq!(got("a"), Some(Given::Number(1.0)));
        assert_eq!(got("b"), Some(Given::Text("x".into())));
        assert_eq!(got("c"), None);
        assert_eq!(got("d"), Some(Given::Text("9223372036854775807".into())));
        assert!(matches!(got("e"), Some(Given::Nested(_))));
        assert_eq!(rows(br#"[{"a": 1}, {"a": 2}]"#).unwrap().len(), 2);
        for wrong in ["", "17", "[]", "[1]", "[{}, 1]", "{"] {
            assert_eq!(
                rows(wrong.as_bytes()).unwrap_err().violations()[0].field,
                "message.json",
                "{wrong}"
            );
        }
    }
}
