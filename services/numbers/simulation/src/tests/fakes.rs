//! The neighbours, played: definitions that are what was imported, and rows that are what was loaded.

use auth::Caller;
use proto_data::tessera::warehouse::v1::{
    self as warehouse, warehouse_service_server::WarehouseService,
};
use proto_meaning::tessera::metadata::v1::{
    self as metadata, metadata_service_server::MetadataService,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque, btree_map::Entry},
    sync::{Arc, Mutex},
};
use testkit::tokio::sync::Notify;
use tonic::{Request, Response, Status};

type Answer<T> = Result<Response<T>, Status>;

/// Definitions by tenant, section and code.
#[derive(Clone, Default)]
pub(super) struct FakeMetadata(Arc<Mutex<BTreeMap<String, Definitions>>>);

type Definitions = BTreeMap<(String, String), Value>;

const SECTIONS: [&str; 3] = ["entities", "relationships", "metrics"];

impl FakeMetadata {
    /// Puts definitions of a text in, as somebody else would.
    pub(super) fn put(&self, tenant: value::Id, yaml: &str) {
        for (section, item) in items(yaml) {
            self.change(tenant, |all| {
                drop(all.insert((section.to_owned(), code(&item)), item))
            });
        }
    }

    /// Changes what is defined.
    pub(super) fn change(&self, tenant: value::Id, change: impl FnOnce(&mut Definitions)) {
        change(
            self.0
                .lock()
                .unwrap()
                .entry(tenant.to_string())
                .or_default(),
        );
    }

    /// What is defined, as `section.code`.
    pub(super) fn defined(&self, tenant: value::Id) -> Vec<String> {
        let all = self.0.lock().unwrap();
        let of_tenant = all.get(&tenant.to_string()).into_iter().flatten();
        of_tenant
            .map(|((section, code), _)| format!("{section}.{code}"))
            .collect()
    }
}

/// The definitions of a text that are of the three sections; others of a larger ontology are of no account here.
fn items(yaml: &str) -> Vec<(&'static str, Value)> {
    let file: Value = serde_saphyr::from_str(yaml).unwrap();
    assert_eq!(file["ontology"], "tessera/v1");
    let list = |section: &'static str| {
        let items = file[section].as_array().cloned().unwrap_or_default();
        items.into_iter().map(move |item| (section, item))
    };
    SECTIONS.into_iter().flat_map(list).collect()
}

fn code(item: &Value) -> String {
    text(&item["code"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn yes(value: &Value) -> bool {
    value.as_bool().unwrap_or(false)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn reference(value: &Value) -> Option<metadata::AttributeRef> {
    let (entity, attribute) = (text(&value["entity"]), text(&value["attribute"]));
    Some(metadata::AttributeRef { entity, attribute })
}

fn entity(item: &Value) -> metadata::Entity {
    let kind = format!("ENTITY_KIND_{}", text(&item["kind"]).to_uppercase());
    let attributes = item["attributes"].as_array().into_iter().flatten();
    metadata::Entity {
        code: code(item),
        kind: metadata::EntityKind::from_str_name(&kind).unwrap() as i32,
        attributes: attributes.map(attribute).collect(),
        ..Default::default()
    }
}

fn attribute(item: &Value) -> metadata::Attribute {
    let written = text(&item["type"]);
    let (name, digits) = written.split_once('(').unwrap_or((&written, ""));
    let digits: Vec<i32> = digits
        .trim_end_matches(')')
        .split(',')
        .filter_map(|n| n.trim().parse().ok())
        .collect();
    let name = format!("DATA_TYPE_{}", name.to_uppercase());
    metadata::Attribute {
        code: code(item),
        r#type: metadata::DataType::from_str_name(&name).unwrap() as i32,
        precision: digits.first().copied().unwrap_or(0),
        scale: digits.get(1).copied().unwrap_or(0),
        unit: text(&item["unit"]),
        nullable: yes(&item["nullable"]),
        primary_key: yes(&item["primary_key"]),
        time_attribute: yes(&item["time_attribute"]),
        allowed_values: texts(&item["allowed_values"]),
        ..Default::default()
    }
}

fn metric(item: &Value) -> metadata::Metric {
    let name = format!("METRIC_TYPE_{}", text(&item["type"]).to_uppercase());
    let (ratio, set) = (&item["ratio"], &item["set"]);
    metadata::Metric {
        code: code(item),
        r#type: metadata::MetricType::from_str_name(&name).unwrap() as i32,
        formula: text(&item["formula"]),
        ratio: ratio.is_object().then(|| metadata::RatioSpec {
            numerator: text(&ratio["numerator"]),
            denominator: text(&ratio["denominator"]),
        }),
        set: set.is_object().then(|| metadata::SetSpec {
            member: reference(&set["member"]),
            filter: text(&set["filter"]),
        }),
        ..Default::default()
    }
}

fn relationship(item: &Value) -> metadata::Relationship {
    metadata::Relationship {
        code: code(item),
        from: reference(&item["from"]),
        to: reference(&item["to"]),
        ..Default::default()
    }
}

#[tonic::async_trait]
impl MetadataService for FakeMetadata {
    async fn resolve_definitions(
        &self,
        request: Request<metadata::ResolveDefinitionsRequest>,
    ) -> Answer<metadata::ResolveDefinitionsResponse> {
        let tenant = Caller::of(&request)?.principal.tenant.to_string();
        let ask = request.into_inner();
        let all = self
            .0
            .lock()
            .unwrap()
            .get(&tenant)
            .cloned()
            .unwrap_or_default();
        let of = |section: &str, codes: &[String]| -> Vec<Value> {
            codes
                .iter()
                .filter_map(|code| all.get(&(section.to_owned(), code.clone())).cloned())
                .collect()
        };
        let between = |one: &&Value| {
            ask.entities.contains(&text(&one["from"]["entity"]))
                && ask.entities.contains(&text(&one["to"]["entity"]))
        };
        let relationships = all
            .iter()
            .filter(|((section, _), _)| section == "relationships")
            .map(|(_, one)| one);
        Ok(Response::new(metadata::ResolveDefinitionsResponse {
            entities: of("entities", &ask.entities).iter().map(entity).collect(),
            metrics: of("metrics", &ask.metrics).iter().map(metric).collect(),
            relationships: relationships.filter(between).map(relationship).collect(),
            ..Default::default()
        }))
    }

    async fn import_ontology(
        &self,
        request: Request<metadata::ImportOntologyRequest>,
    ) -> Answer<metadata::ImportOntologyResponse> {
        let tenant = Caller::of(&request)?.principal.tenant;
        let ask = request.into_inner();
        let mut results = Vec::new();
        for (section, item) in items(&ask.yaml) {
            let key = (section.to_owned(), code(&item));
            let kind = match section {
                "entities" => metadata::DefinitionKind::Entity,
                "relationships" => metadata::DefinitionKind::Relationship,
                _ => metadata::DefinitionKind::Metric,
            };
            let mut outcome = metadata::ImportOutcome::Created;
            let dimensions = item["dimensions"].as_array().cloned().unwrap_or_default();
            self.change(tenant, |all| {
                // As the real one: a metric is grouped by attributes that there are.
                for one in dimensions.into_iter().filter(|_| !ask.dry_run) {
                    let entity = &all[&("entities".to_owned(), text(&one["entity"]))];
                    let mut known = entity["attributes"].as_array().into_iter().flatten();
                    assert!(
                        known.any(|known| known["code"] == one["attribute"]),
                        "{one}"
                    );
                }
                if let Some(there) = all.get(&key) {
                    outcome = match *there == item {
                        true => metadata::ImportOutcome::Unchanged,
                        false => metadata::ImportOutcome::Updated,
                    };
                }
                if !ask.dry_run {
                    all.insert(key.clone(), item);
                }
            });
            results.push(metadata::ImportResult {
                kind: kind as i32,
                code: key.1,
                outcome: outcome as i32,
                ..Default::default()
            });
        }
        Ok(Response::new(metadata::ImportOntologyResponse {
            results,
            applied: !ask.dry_run,
        }))
    }
}

/// What `warehouse` does with the next batch.
#[derive(Clone, Debug)]
pub(super) enum Mood {
    /// Cannot take it now.
    Busy,
    /// Refuses its rows.
    Refuses,
    /// Writes it, and the answer is lost.
    Silent,
}

/// Rows by tenant and entity.
#[derive(Clone, Default)]
pub(super) struct FakeWarehouse(Arc<Mutex<Rows>>, Arc<Gate>);

#[derive(Default)]
struct Rows {
    /// Source of each row, by tenant, entity and key.
    rows: BTreeMap<(String, String, String), String>,
    /// Answers by request.
    answers: BTreeMap<String, warehouse::WriteRecordsResponse>,
    /// Names of all batches, in order.
    calls: Vec<String>,
    /// Attributes that were written, by entity.
    attributes: BTreeMap<String, BTreeSet<String>>,
    moods: VecDeque<Mood>,
}

/// Holds batches back.
#[derive(Default)]
struct Gate {
    /// How many may pass; none is all.
    passes: Mutex<Option<usize>>,
    changed: Notify,
}

impl Gate {
    async fn pass(&self) {
        loop {
            let changed = self.changed.notified();
            {
                let mut passes = self.passes.lock().unwrap();
                match &mut *passes {
                    None => return,
                    Some(0) => {}
                    Some(left) => {
                        *left -= 1;
                        return;
                    }
                }
            }
            changed.await;
        }
    }
}

impl FakeWarehouse {
    /// Lets so many batches pass, then holds them back; none lets all pass.
    pub(super) fn let_pass(&self, count: Option<usize>) {
        *self.1.passes.lock().unwrap() = count;
        self.1.changed.notify_waiters();
    }

    /// What happens to the next batches.
    pub(super) fn moods(&self, moods: impl IntoIterator<Item = Mood>) {
        self.0.lock().unwrap().moods.extend(moods);
    }

    /// Names of all batches that came, without their runs.
    pub(super) fn calls(&self) -> Vec<String> {
        let rows = self.0.lock().unwrap();
        rows.calls
            .iter()
            .map(|name| name.split_once('/').unwrap().1.to_owned())
            .collect()
    }

    /// How many rows an entity has.
    pub(super) fn count(&self, tenant: value::Id, entity: &str) -> usize {
        let rows = self.0.lock().unwrap();
        rows.rows
            .keys()
            .filter(|key| key.0 == tenant.to_string() && key.1 == entity)
            .count()
    }

    /// Keys of all rows of an entity.
    pub(super) fn keys(&self, entity: &str) -> Vec<String> {
        let rows = self.0.lock().unwrap();
        rows.rows
            .keys()
            .filter(|key| key.1 == entity)
            .map(|key| key.2.clone())
            .collect()
    }

    /// Attributes of an entity that were written.
    pub(super) fn attributes(&self, entity: &str) -> Vec<String> {
        let rows = self.0.lock().unwrap();
        rows.attributes
            .get(entity)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// Takes one row away, as somebody else would.
    pub(super) fn lose_one(&self, entity: &str) {
        let mut rows = self.0.lock().unwrap();
        let key = rows
            .rows
            .keys()
            .find(|key| key.1 == entity)
            .cloned()
            .unwrap();
        rows.rows.remove(&key);
    }

    /// Forgets the names of batches, as time does.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap().answers.clear();
    }
}

/// Key of each row: the first attribute, and the day of the snapshot where there is one.
fn keys(batch: &warehouse::LoadRecordsRequest) -> Vec<String> {
    let ids = &batch.columns[0].texts;
    let day = batch
        .columns
        .iter()
        .find(|column| column.attribute == "snapshot_date");
    let key = |index: usize| {
        let day = day.map(|column| column.integers[index]);
        format!("{}@{}", ids[index], day.unwrap_or(0))
    };
    (0..ids.len()).map(key).collect()
}

#[tonic::async_trait]
impl WarehouseService for FakeWarehouse {
    async fn load_records(
        &self,
        request: Request<warehouse::LoadRecordsRequest>,
    ) -> Answer<warehouse::WriteRecordsResponse> {
        assert!(
            Caller::of(&request).is_err(),
            "work in the background has no caller"
        );
        let batch = request.into_inner();
        self.0.lock().unwrap().calls.push(batch.request_id.clone());
        self.1.pass().await;
        let mut all = self.0.lock().unwrap();
        let mood = all.moods.pop_front();
        match mood {
            Some(Mood::Busy) => return Err(Status::unavailable("not now")),
            Some(Mood::Refuses) => {
                let result = warehouse::WriteResult {
                    reason: "NOT_ALLOWED".to_owned(),
                    attribute: "status".to_owned(),
                    description: "must be one of others".to_owned(),
                    ..Default::default()
                };
                return Ok(Response::new(warehouse::WriteRecordsResponse {
                    failed: 1,
                    results: vec![result],
                    ..Default::default()
                }));
            }
            Some(Mood::Silent) | None => {}
        }
        if let Some(known) = all.answers.get(&batch.request_id) {
            return Ok(Response::new(known.clone()));
        }
        let keys = keys(&batch);
        for column in &batch.columns {
            let length = column.texts.len().max(column.integers.len());
            assert_eq!(length, keys.len(), "{}", column.attribute);
        }
        let written = batch.columns.iter().map(|column| column.attribute.clone());
        all.attributes
            .entry(batch.entity.clone())
            .or_default()
            .extend(written);
        let mut done = warehouse::WriteRecordsResponse::default();
        for key in keys {
            let key = (batch.tenant_id.clone(), batch.entity.clone(), key);
            match all.rows.entry(key) {
                Entry::Occupied(_) => done.skipped += 1,
                Entry::Vacant(free) => {
                    free.insert(batch.source.clone());
                    done.inserted += 1;
                }
            }
        }
        all.answers.insert(batch.request_id, done.clone());
        if matches!(mood, Some(Mood::Silent)) {
            return Err(Status::deadline_exceeded("nobody heard it"));
        }
        Ok(Response::new(done))
    }

    async fn unload_records(
        &self,
        request: Request<warehouse::UnloadRecordsRequest>,
    ) -> Answer<warehouse::UnloadRecordsResponse> {
        let ask = request.into_inner();
        let mut all = self.0.lock().unwrap();
        let before = all.rows.len();
        all.rows.retain(|key, source| {
            key.0 != ask.tenant_id || key.1 != ask.entity || *source != ask.source
        });
        let deleted = i64::try_from(before - all.rows.len()).unwrap();
        Ok(Response::new(warehouse::UnloadRecordsResponse { deleted }))
    }
}
