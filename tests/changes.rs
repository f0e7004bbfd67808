//! Definitions that change while rows are written and counted, and tables that somebody changed by hand.

use crate::{
    business::{calculate, calculation, get, import, list, post, query, text, value, whole, write},
    database,
    platform::{Platform, stories},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};

const READINGS: &str = r#"
ontology: tessera/v1
entities:
  - code: reading
    name: Reading
    kind: event
    attributes:
      - { code: reading_id, name: Number, type: string, primary_key: true }
      - { code: taken_at, name: Taken, type: timestamp, time_attribute: true }
      - { code: level, name: Level, type: integer }
      - { code: note, name: Note, type: string, nullable: true }
"#;

const PER_BATCH: i64 = 5;

async fn entity(platform: &Platform) -> Value {
    get(platform, "/api/v1/metadata/entities/by-code/reading").await
}

/// Changes the attributes of the entity.
async fn change(platform: &Platform, edit: impl Fn(&mut Vec<Value>)) {
    let mut entity = entity(platform).await;
    let mut attributes = list(&entity["attributes"]).to_vec();
    edit(&mut attributes);
    entity["attributes"] = attributes.into();
    let id = text(&entity["id"]);
    let body = json!({ "attributes": entity["attributes"], "etag": entity["etag"] });
    let path = format!("/api/v1/metadata/entities/{id}?update_mask=attributes");
    let (status, answer) = platform.json(Method::PATCH, &path, Some(body)).await;
    assert_eq!(status, 200, "{answer}");
}

fn extra() -> Value {
    json!({ "code": "extra", "name": "Extra", "type": "DATA_TYPE_INTEGER", "nullable": true })
}

/// What writers have done and what is going on.
#[derive(Default)]
struct Load {
    ended: AtomicBool,
    /// Rows that were sent, and rows that were acknowledged.
    sent: AtomicI64,
    stored: AtomicI64,
    /// Rows that were acknowledged with a value of the attribute that comes and goes.
    with_extra: AtomicI64,
    answers: AtomicI64,
}

impl Load {
    /// Writes batches of rows whose levels are all 7, with the extra attribute where it is defined.
    async fn write(&self, platform: &Platform, name: &str) {
        let mut batch = 0;
        while !self.ended.load(SeqCst) {
            let row = |number: i64, extra: bool| {
                let mut row = json!({
                    "reading_id": format!("{name}-{batch}-{number}"),
                    "taken_at": "2025-01-01T00:00:00Z", "level": 7, "note": "as usual",
                });
                if extra {
                    row["extra"] = json!(1);
                }
                row
            };
            self.sent.fetch_add(PER_BATCH, SeqCst);
            for extra in [true, false] {
                let records: Vec<_> = (0..PER_BATCH).map(|number| row(number, extra)).collect();
                let body = json!({ "records": records, "atomic": true, "request_id": format!("{name}-{batch}-{extra}") });
                let path = "/api/v1/warehouse/tables/reading/records:write";
                let (status, answer) = platform.json(Method::POST, path, Some(body)).await;
                if status == 200 && whole(&answer["inserted"]) == PER_BATCH {
                    self.stored.fetch_add(PER_BATCH, SeqCst);
                    self.with_extra
                        .fetch_add(if extra { PER_BATCH } else { 0 }, SeqCst);
                    break;
                }
                // Only an attribute that is not defined at the moment may be refused.
                let about = answer.to_string();
                assert!(extra && about.contains("extra"), "{status} {answer}");
            }
            batch += 1;
        }
    }

    /// Calculates, and holds each answer against what was stored before it and what was sent after it.
    async fn calculate(&self, platform: &Platform) {
        let draft = |formula: &str| json!({ "draft": { "formula": formula, "entity": "reading" } });
        while !self.ended.load(SeqCst) {
            let least = self.stored.load(SeqCst);
            let count = calculate(platform, draft("count(*)")).await;
            let count = whole(&json!(value(&count)));
            let most = self.sent.load(SeqCst);
            assert!(
                (least..=most).contains(&count),
                "{count} is not in {least}..={most}"
            );
            assert_eq!(count % PER_BATCH, 0, "a batch is there whole or not at all");
            let both = calculate(platform, draft("sum(level) - 7 * count(*)")).await;
            assert!(
                ["0", "-"].contains(&value(&both).as_str()),
                "both parts are of one moment: {both}"
            );
            let body = draft("sum(extra)");
            let (status, answer) = calculation(platform, &platform.token, body).await;
            let about = answer.to_string();
            assert!(
                status == 200 || status == 400 && about.contains("extra"),
                "{status} {answer}"
            );
            self.answers.fetch_add(1, SeqCst);
        }
    }

    /// Waits until so many more rows are stored and answers given.
    async fn go_on(&self) {
        let (stored, answers) = (self.stored.load(SeqCst), self.answers.load(SeqCst));
        testkit::eventually("the load to go on", || async {
            let further = self.stored.load(SeqCst) >= stored + 3 * PER_BATCH
                && self.answers.load(SeqCst) >= answers + 3;
            further.then_some(())
        })
        .await;
    }
}

stories! {
    /// Attributes are added, widened, dropped and brought back while rows are written and counted: every
    /// answer is right for a moment between its question and its end, and values that were dropped are back.
    async fn answers_stay_right_while_definitions_change(platform: &Platform) {
        import(platform, READINGS).await;
        let load = Load::default();
        let alter = async {
            load.go_on().await;
            change(platform, |attributes| attributes.push(extra())).await;
            load.go_on().await;
            change(platform, |attributes| {
                attributes[2]["type"] = "DATA_TYPE_DECIMAL".into();
                attributes[2]["precision"] = 18.into();
                attributes[2]["scale"] = 2.into();
            })
            .await;
            load.go_on().await;
            change(platform, |attributes| attributes.retain(|one| one["code"] != "extra")).await;
            load.go_on().await;
            change(platform, |attributes| attributes.push(extra())).await;
            load.go_on().await;
            load.ended.store(true, SeqCst);
        };
        tokio::join!(
            alter, load.write(platform, "a"), load.write(platform, "b"),
            load.calculate(platform), load.calculate(platform),
        );
        let draft = |formula: &str| json!({ "draft": { "formula": formula, "entity": "reading" } });
        let stored = load.stored.load(SeqCst);
        assert_eq!(value(&calculate(platform, draft("sum(level)")).await), (7 * stored).to_string());
        let extra = load.with_extra.load(SeqCst);
        assert!(extra > 0 && extra < stored, "it came and went: {extra} of {stored}");
        assert_eq!(value(&calculate(platform, draft("sum(extra)")).await), extra.to_string());
        // What is wide enough now could not be written before.
        write(platform, "reading", vec![json!({ "reading_id": "half", "taken_at": "2025-01-01T00:00:00Z", "level": "0.50" })]).await;
        assert_eq!(value(&calculate(platform, draft("sum(level)")).await), format!("{}.5", 7 * stored));
    }

    /// A change that would lose values is not made: rows stay readable, the table says why.
    async fn a_narrower_type_is_refused_and_loses_nothing(platform: &Platform) {
        import(platform, READINGS).await;
        write(platform, "reading", vec![json!({ "reading_id": "1", "taken_at": "2025-01-01T00:00:00Z", "level": 7, "note": "x" })]).await;
        change(platform, |attributes| attributes[3]["type"] = "DATA_TYPE_INTEGER".into()).await;
        let plan = get(platform, "/api/v1/warehouse/tables/reading:plan").await;
        assert!(plan["compatible"].as_bool() != Some(true), "{plan}");
        let body = json!({ "records": [{ "reading_id": "2", "taken_at": "2025-01-01T00:00:00Z", "level": 7 }] });
        let (status, refusal) = platform.json(Method::POST, "/api/v1/warehouse/tables/reading/records:write", Some(body)).await;
        assert!((400..500).contains(&status), "{status} {refusal}");
        change(platform, |attributes| attributes[3]["type"] = "DATA_TYPE_STRING".into()).await;
        let rows = query(platform, &platform.token, json!({ "entity": "reading", "attributes": ["note"] })).await;
        assert_eq!(rows, [[json!("x")]]);
    }

    /// A column and an index dropped by hand are found, put right and told; what was lost with them is said.
    /// Proves: DB-51, DB-50
    async fn drift_by_hand_is_found_and_repaired(platform: &Platform) {
        import(platform, READINGS).await;
        let row = |id: &str| json!({ "reading_id": id, "taken_at": "2025-01-01T00:00:00Z", "level": 7, "note": "x" });
        write(platform, "reading", vec![row("1"), row("2")]).await;
        let check = "/api/v1/warehouse/tables:check";
        let calm = post(platform, check, json!({})).await;
        assert!(list(&calm["drifts"]).is_empty() && whole(&calm["checked"]) == 1, "{calm}");

        damage(platform).await;
        let found = post(platform, check, json!({})).await;
        let kinds: Vec<_> = list(&found["drifts"]).iter().map(|drift| text(&drift["kind"])).collect();
        assert!(kinds.contains(&"DRIFT_KIND_MISSING_COLUMN".to_owned()), "{found}");
        assert!(kinds.contains(&"DRIFT_KIND_MISSING_INDEX".to_owned()), "{found}");
        let repaired = post(platform, check, json!({ "repair": true })).await;
        for drift in list(&repaired["drifts"]) {
            assert_eq!(drift["state"], "DRIFT_STATE_REPAIRED", "{drift}");
            assert!(!list(&drift["sql"]).is_empty(), "{drift}");
        }
        let lost = list(&repaired["drifts"]).iter().find(|drift| drift["kind"] == "DRIFT_KIND_MISSING_COLUMN").expect("it was repaired");
        assert!(lost["loss"].as_str().is_some_and(|text| !text.is_empty()), "{lost}");
        healthy(platform, 2).await;
        let listed = get(platform, "/api/v1/warehouse/drifts?entity=reading&state=DRIFT_STATE_REPAIRED").await;
        assert!(list(&listed["drifts"]).len() >= 2, "{listed}");
    }

}

stories! {
    with "[services.warehouse]\ncheck_interval = \"300ms\"\n";

    /// The same without anybody asking: the background work finds it.
    /// Proves: DB-51
    async fn drift_by_hand_is_repaired_in_the_background(platform: &Platform) {
        import(platform, READINGS).await;
        let row = |id: &str| json!({ "reading_id": id, "taken_at": "2025-01-01T00:00:00Z", "level": 7, "note": "x" });
        write(platform, "reading", vec![row("1"), row("2")]).await;
        damage(platform).await;
        testkit::eventually("the background work", || async {
            let listed = get(platform, "/api/v1/warehouse/drifts?entity=reading&state=DRIFT_STATE_REPAIRED").await;
            (list(&listed["drifts"]).len() >= 2).then_some(())
        })
        .await;
        healthy(platform, 2).await;
    }
}

/// The table works again: counted, written, and as the definition says.
async fn healthy(platform: &Platform, rows: i64) {
    let check = post(platform, "/api/v1/warehouse/tables:check", json!({})).await;
    assert!(list(&check["drifts"]).is_empty(), "{check}");
    let found = query(
        platform,
        &platform.token,
        json!({ "entity": "reading", "measures": ["count(*)", "count(note)"] }),
    )
    .await;
    assert_eq!(
        (whole(&found[0][0]), whole(&found[0][1])),
        (rows, 0),
        "values of the column are gone with it"
    );
    let row = json!({ "reading_id": "after", "taken_at": "2025-01-01T00:00:00Z", "level": 7, "note": "back" });
    write(platform, "reading", vec![row]).await;
}

/// Drops a column and an index of the table by hand.
async fn damage(platform: &Platform) {
    let table = get(platform, "/api/v1/warehouse/tables/reading").await;
    let name = text(&table["name"]);
    let bare = name
        .rsplit('.')
        .next()
        .expect("a name")
        .trim_matches('"')
        .to_owned();
    let column = list(&table["columns"])
        .iter()
        .find(|column| column["attribute"] == "note")
        .map(|column| text(&column["name"]));
    let column = column.expect("the attribute has a column");
    let (place, indexes) = if database::is_postgres(platform) {
        let schema = format!(
            "SELECT schemaname::text FROM pg_tables WHERE tablename = '{bare}' AND schemaname LIKE '{}%'",
            platform.storage().schema_prefix
        );
        let schema = database::rows(platform, &schema)
            .await
            .remove(0)
            .remove(0)
            .expect("it has a schema");
        assert!(schema.contains("analytics_data"), "{schema}");
        let indexes = format!(
            "SELECT i.indexname::text FROM pg_indexes i WHERE i.schemaname = '{schema}' AND i.tablename = '{bare}' \
             AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)"
        );
        (format!("\"{schema}\"."), indexes)
    } else {
        (
            String::new(),
            format!(
                "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = '{bare}' AND sql IS NOT NULL"
            ),
        )
    };
    let indexes = database::rows(platform, &indexes).await;
    let index = indexes
        .first()
        .and_then(|row| row[0].clone())
        .expect("it has an index");
    database::execute(
        platform,
        &format!(
            "DROP INDEX {place}\"{index}\"; ALTER TABLE {place}\"{bare}\" DROP COLUMN \"{column}\";"
        ),
    )
    .await;
}
