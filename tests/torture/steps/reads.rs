//! Asking for numbers and rows, alone and at once, and by those who may not.

use super::{hyphened, too_large};
use crate::{
    business::{list, whole},
    edge::reason,
    torture::{
        formulas, question, reference,
        run::Run,
        tenant::call,
        values::{self, NULL},
    },
};
use formula::{DataType, Value};
use rand::Rng;
use reqwest::Method;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

impl Run {
    /// Questions of one or of several people at the same time, each right for whoever asks.
    pub(super) async fn calculate(&mut self, at_once: usize) {
        let whose = self.whose();
        let mut asked = Vec::new();
        let first = question::any(&mut self.random, &self.tenants[whose]);
        asked.push((
            self.random
                .random_range(0..=self.tenants[whose].viewers.len()),
            first,
        ));
        for n in 1..at_once {
            // The same question by others, or another one.
            let again = self.random.random_ratio(2, 3);
            let next = match again {
                true => question::same(&asked[0].1),
                false => question::any(&mut self.random, &self.tenants[whose]),
            };
            asked.push((n % (self.tenants[whose].viewers.len() + 1), next));
        }
        let (platform, tenant) = (&self.platform, &self.tenants[whose]);
        let checks = asked.iter().map(|(viewer, asked)| {
            question::check(platform, tenant, tenant.viewer(*viewer), asked)
        });
        for told in futures::future::join_all(checks).await {
            self.tally.count(told);
        }
    }

    /// Who is behind a metric of sets: at the start, at the end, new, at both, gone.
    pub(super) async fn members(&mut self) {
        let whose = self.whose();
        let (random, tenant) = (&mut self.random, &self.tenants[whose]);
        if !tenant.metrics.contains_key("kept") {
            return;
        }
        let viewer = tenant.viewer(random.random_range(0..=tenant.viewers.len()));
        let mut asked = question::any(random, tenant);
        asked.about("kept", tenant);
        let Some((period, start, end)) = asked.one_period(random) else {
            return;
        };
        let expected = reference::expect(
            &tenant.shapes,
            &tenant.rows,
            &tenant.metrics,
            &viewer.filters,
            &asked.question,
        );
        let sets = expected.ok().and_then(|expected| expected.members(&period));
        let Some((before, after)) = sets else { return };
        let (name, members): (_, BTreeSet<String>) = match random.random_range(0..5) {
            0 => ("START", before),
            1 => ("END", after),
            2 => ("NEW", after.difference(&before).cloned().collect()),
            3 => ("RETAINED", after.intersection(&before).cloned().collect()),
            _ => ("DROPPED", before.difference(&after).cloned().collect()),
        };
        let mut body = json!({
            "set": format!("MEMBER_SET_{name}"), "start": start, "end": end, "page_size": random.random_range(1..5),
        });
        for field in ["time_zone", "snapshot_selection", "filters", "where"] {
            if !asked.body[field].is_null() {
                body[field] = asked.body[field].clone();
            }
        }
        let mut found = Vec::new();
        loop {
            let path = "/api/v1/calculation/metrics/kept/members";
            let (status, answer) = call(
                &self.platform,
                &viewer.token,
                Method::POST,
                path,
                Some(body.clone()),
            )
            .await;
            if too_large(status, &answer) {
                return;
            }
            assert_eq!(status, 200, "{body} by {:?}: {answer}", viewer.filters);
            let total = usize::try_from(whole(&answer["totalSize"])).expect("a count");
            assert_eq!(
                total,
                members.len(),
                "{body} by {:?}: {answer}",
                viewer.filters
            );
            found.extend(
                list(&answer["members"])
                    .iter()
                    .map(|member| member.as_str().unwrap_or_default().to_owned()),
            );
            body["page_token"] = answer["nextPageToken"].clone();
            if body["page_token"].as_str().is_none_or(str::is_empty) {
                break;
            }
        }
        let all: BTreeSet<String> = found.iter().cloned().collect();
        assert_eq!(
            (found.len(), all),
            (members.len(), members),
            "{body} by {:?}",
            viewer.filters
        );
    }

    /// The rows as people read them: in pages, ordered, filtered by themselves and by others.
    pub(super) async fn list(&mut self) {
        let whose = self.whose();
        let entity = self.entity(whose);
        let viewer = self
            .random
            .random_range(0..=self.tenants[whose].viewers.len());
        self.list_of(whose, &entity, viewer).await;
    }

    pub(crate) async fn list_of(&mut self, whose: usize, entity: &str, viewer: usize) {
        let tenant = &self.tenants[whose];
        let (shape, viewer) = (tenant.shape(entity).clone(), tenant.viewer(viewer).clone());
        let filters = viewer.filters.get(entity).cloned().unwrap_or_default();
        let mut rows = reference::seen(&tenant.shapes, &tenant.rows, entity, &filters);
        let condition = match self.random.random_ratio(1, 3) {
            true => formulas::condition(&mut self.random, &shape, 1),
            false => String::new(),
        };
        if !condition.is_empty() {
            rows.retain(|row| {
                reference::holds(&self.tenants[whose].shapes, entity, &condition, row)
            });
        }
        let ordered = shape
            .pick(&mut self.random, |column| {
                column.data_type != DataType::Json
            })
            .cloned();
        let descends = self.random.random();
        let order = ordered
            .as_ref()
            .map(|column| format!("{}{}", column.code, if descends { " desc" } else { "" }));
        let attributes: Vec<String> = shape
            .columns
            .iter()
            .map(|column| column.code.clone())
            .collect();
        let size = self.random.random_range(1..15).max(rows.len() / 6);
        let (mut token, mut found) = (String::new(), Vec::new());
        loop {
            let body = json!({
                "entity": entity, "attributes": attributes, "where": condition, "order_by": order.clone().unwrap_or_default(),
                "page_size": size, "page_token": token, "count_total": true,
            });
            let (status, answer) = call(
                &self.platform,
                &viewer.token,
                Method::POST,
                "/api/v1/warehouse/query",
                Some(body.clone()),
            )
            .await;
            if too_large(status, &answer) {
                return;
            }
            assert_eq!(status, 200, "{body}: {answer}");
            let total = usize::try_from(whole(&answer["totalSize"])).expect("a count");
            assert_eq!(total, rows.len(), "{body} by {filters:?}: {answer}");
            found.extend(
                list(&answer["ids"])
                    .iter()
                    .cloned()
                    .zip(list(&answer["rows"]).iter().cloned()),
            );
            token = answer["nextPageToken"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(
            found.len(),
            rows.len(),
            "{entity} where {condition}: all pages together"
        );
        let mut last: Option<Value> = None;
        for (id, told) in found {
            let id = id.as_str().expect("an id").replace('-', "");
            let row = rows.iter().find(|row| row.id == id);
            let row =
                row.unwrap_or_else(|| panic!("{entity} where {condition}: nobody wrote {told}"));
            for (column, told) in shape.columns.iter().zip(list(&told)) {
                let value = row.values.get(&column.code).unwrap_or(&NULL);
                let same = match (column.data_type, value) {
                    (DataType::Json, Value::Text(text)) => {
                        same_json(told, &serde_json::from_str(text).expect("it is JSON"))
                    }
                    _ => values::same(&values::read(told, column.data_type), value),
                };
                assert!(same, "{entity}.{}: {told} must be {value:?}", column.code);
                if ordered
                    .as_ref()
                    .is_some_and(|ordered| ordered.code == column.code)
                    && !matches!(value, Value::Null(_))
                {
                    let wrong = if descends {
                        std::cmp::Ordering::Less
                    } else {
                        std::cmp::Ordering::Greater
                    };
                    let order = last.as_ref().and_then(|last| order_of(last, value));
                    assert_ne!(
                        order,
                        Some(wrong),
                        "{entity} by {order:?}: {last:?} before {value:?}"
                    );
                    last = Some(value.clone());
                }
            }
            rows.retain(|row| row.id != id);
        }
    }

    /// Somebody of another tenant, and somebody without a role, try what they can with ids that they should not know.
    pub(super) async fn stranger(&mut self) {
        let entity = self.entity(0);
        let ids: Vec<String> = self.tenants[0]
            .rows_of(&entity)
            .iter()
            .take(3)
            .map(|row| hyphened(&row.id))
            .collect();
        let stranger = self.tenants[1].admin.token.clone();
        let records = format!("/api/v1/warehouse/tables/{entity}/records");
        for id in &ids {
            let (status, answer) = call(
                &self.platform,
                &stranger,
                Method::GET,
                &format!("{records}/{id}"),
                None,
            )
            .await;
            assert_eq!(status, 404, "{answer}");
        }
        if !ids.is_empty() {
            let path = format!("{records}:batchGet?ids={}", ids.join("&ids="));
            let (status, answer) = call(&self.platform, &stranger, Method::GET, &path, None).await;
            assert!(
                status == 404 || list(&answer["records"]).is_empty(),
                "{answer}"
            );
            for (verb, body) in [
                ("update", json!({ "ids": ids, "values": { "n": 0 } })),
                ("delete", json!({ "ids": ids })),
            ] {
                let (status, answer) = call(
                    &self.platform,
                    &stranger,
                    Method::POST,
                    &format!("{records}:{verb}"),
                    Some(body),
                )
                .await;
                let touched = whole(&answer["updated"]) + whole(&answer["deleted"]);
                assert!(
                    status == 404 || status == 200 && touched == 0,
                    "{verb}: {status} {answer}"
                );
            }
        }
        let nobody = self.nobody.clone();
        for (method, path, body) in [
            (Method::GET, records.clone(), None),
            (
                Method::POST,
                "/api/v1/warehouse/query".into(),
                Some(json!({ "entity": entity })),
            ),
            (
                Method::POST,
                format!("{records}:delete"),
                Some(json!({ "where": "true" })),
            ),
            (
                Method::POST,
                "/api/v1/calculation/calculate".into(),
                Some(json!({ "draft": { "formula": format!("count({entity})") } })),
            ),
        ] {
            let (status, answer) = call(&self.platform, &nobody, method, &path, body).await;
            assert_eq!(
                (status, reason(&answer)),
                (403, "PERMISSION_DENIED"),
                "{path}: {answer}"
            );
        }
        // What the stranger sees is all of the stranger's own, and nothing else.
        self.list_of(1, &entity, 0).await;
        let asked = question::any(&mut self.random, &self.tenants[1]);
        let tenant = &self.tenants[1];
        self.tally
            .count(question::check(&self.platform, tenant, &tenant.admin, &asked).await);
    }
}

/// The order of two values of one type.
fn order_of(one: &Value, other: &Value) -> Option<std::cmp::Ordering> {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
        (Value::Real(a), Value::Real(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) | (Value::Uuid(a), Value::Uuid(b)) => Some(a.cmp(b)),
        (Value::Boolean(a), Value::Boolean(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Whether two JSON values are the same, numbers by their value.
fn same_json(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_json(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same_json(a, b)))
        }
        _ => one == other,
    }
}
