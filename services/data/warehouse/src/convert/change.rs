//! Changes of rows between messages and the model.

use super::record::{ids, row};
use crate::{
    model::{
        load::GivenColumn,
        outcome::{Changed, Mode, Outcome, Written},
    },
    store::change::{Action, LoadAsk, Target, WriteAsk},
};
use db::idempotency::Once;
use error::{Error, Result};
use proto_data::tessera::warehouse::v1;

/// A request that may come twice.
pub(crate) fn once(
    rpc: &'static str,
    request_id: &mut String,
    body: impl FnOnce() -> Vec<u8>,
) -> Once {
    let request_id = std::mem::take(request_id);
    Once {
        rpc,
        // Without an id it is not recognised, and its body need not be hashed.
        body_hash: match request_id.is_empty() {
            true => [0; 32],
            false => db::idempotency::hash(&body()),
        },
        request_id,
    }
}

/// A request that may come twice, whose id is `request_id`.
macro_rules! once_of {
    ($rpc:literal, $ask:expr) => {{
        let mut request_id = std::mem::take(&mut $ask.request_id);
        $crate::convert::change::once($rpc, &mut request_id, || {
            ::prost::Message::encode_to_vec(&$ask)
        })
    }};
}
pub(crate) use once_of;

fn mode(mode: v1::WriteMode) -> Mode {
    match mode {
        v1::WriteMode::Unspecified | v1::WriteMode::Insert => Mode::Insert,
        v1::WriteMode::Upsert => Mode::Upsert,
        v1::WriteMode::Skip => Mode::Skip,
    }
}

/// Rows to write.
pub(crate) fn write(ask: v1::WriteRecordsRequest, atomic: bool) -> Action {
    Action::Write(WriteAsk {
        mode: mode(ask.mode()),
        rows: ask.records.into_iter().map(row).collect(),
        atomic,
    })
}

/// Which rows a change is about: those of ids or those of a condition, and never all for want of either.
fn target(prefix: &str, ids_of: &[String], condition: &str, etag: &str) -> Result<Target> {
    let field = |name: &str| format!("{prefix}{name}");
    let written = !condition.trim().is_empty();
    if ids_of.is_empty() != written {
        let words = "must name rows by `ids` or by `where`, one of both; `true` is all rows";
        return Err(Error::invalid_field(field("where"), "ONE_OF", words));
    }
    if !etag.is_empty() && ids_of.len() != 1 {
        let words = "an etag goes with exactly one id";
        return Err(Error::invalid_field(field("etag"), "ONE_ID", words));
    }
    if written {
        return Ok(Target::Condition(condition.to_owned()));
    }
    let version = match etag {
        "" => None,
        etag => Some(db::etag::parse(etag)?),
    };
    Ok(Target::Ids(ids(&field("ids"), ids_of)?, version))
}

/// Rows to change.
pub(crate) fn update(prefix: &str, ask: v1::UpdateRecordsRequest) -> Result<Action> {
    let target = target(prefix, &ask.ids, &ask.r#where, &ask.etag)?;
    Ok(Action::Update(target, row(ask.values.unwrap_or_default())))
}

/// Rows to delete.
pub(crate) fn delete(prefix: &str, ask: &v1::DeleteRecordsRequest) -> Result<Action> {
    target(prefix, &ask.ids, &ask.r#where, &ask.etag).map(Action::Delete)
}

/// Rows in bulk.
pub(crate) fn load(ask: v1::LoadRecordsRequest) -> Result<Action> {
    let mode = mode(ask.mode());
    let columns: Vec<GivenColumn> = ask
        .columns
        .into_iter()
        .map(|column| GivenColumn {
            attribute: column.attribute,
            texts: column.texts,
            integers: column.integers,
            doubles: column.doubles,
            nulls: column.nulls,
        })
        .collect();
    if crate::model::load::rows(&columns) == 0 {
        let words = "must have at least one row";
        return Err(Error::invalid_field("columns[0]", "MIN_ITEMS", words));
    }
    Ok(Action::Load(LoadAsk {
        columns,
        mode,
        source: ask.source,
    }))
}

/// What became of rows.
pub(crate) fn written(written: Written) -> v1::WriteRecordsResponse {
    v1::WriteRecordsResponse {
        results: written.results.into_iter().map(result).collect(),
        inserted: written.inserted,
        updated: written.updated,
        skipped: written.skipped,
        failed: written.failed,
    }
}

fn result((index, outcome): (usize, Outcome)) -> v1::WriteResult {
    let mut result = v1::WriteResult {
        index: i32::try_from(index).unwrap_or(i32::MAX),
        ..Default::default()
    };
    let (outcome, id) = match outcome {
        Outcome::Inserted(id) => (v1::WriteOutcome::Inserted, Some(id)),
        Outcome::Updated(id) => (v1::WriteOutcome::Updated, Some(id)),
        Outcome::Skipped(id) => (v1::WriteOutcome::Skipped, id),
        Outcome::Failed(faults) => {
            // One result has one reason; the description tells of all.
            if let Some(first) = faults.first() {
                result.reason.clone_from(&first.reason);
                result.attribute.clone_from(&first.attribute);
            }
            let words: Vec<String> = faults
                .iter()
                .map(|fault| match fault.attribute.as_str() {
                    "" => fault.description.clone(),
                    attribute => format!("{attribute}: {}", fault.description),
                })
                .collect();
            result.description = words.join("; ");
            (v1::WriteOutcome::Failed, None)
        }
    };
    result.set_outcome(outcome);
    result.id = id.map_or(String::new(), |id| id.to_string());
    result
}

/// How many rows a change was about.
pub(crate) fn count(changed: &Changed) -> i64 {
    match changed {
        Changed::Rows(rows) => *rows,
        Changed::Written(written) => written.inserted + written.updated,
    }
}

/// The only answer of a request with one change.
pub(crate) fn only(mut done: Vec<Changed>) -> Result<Changed> {
    done.pop()
        .ok_or_else(|| Error::internal("an answer for each change"))
}

/// What a write did.
pub(crate) fn write_answer(changed: Changed) -> Result<v1::WriteRecordsResponse> {
    match changed {
        Changed::Written(done) => Ok(written(done)),
        Changed::Rows(_) => Err(Error::internal("a write answers for its rows")),
    }
}
