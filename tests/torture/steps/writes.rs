//! Writing, changing and deleting rows, one by one, in batches, all or none.

use super::{hyphened, too_large};
use crate::{
    business::whole,
    torture::{
        formulas, reference,
        run::Run,
        tenant::{Candidate, Outcome, call},
        values,
    },
};
use formula::{Value, naive::Row};
use rand::Rng;
use reqwest::Method;
use serde_json::{Map, Value as Json, json};

impl Run {
    /// A write of some rows, of which so many in ten are bad.
    pub(super) fn some_rows(
        &mut self,
        mode: &str,
        bad: u32,
    ) -> (usize, String, Vec<Candidate>, Json) {
        let whose = self.whose();
        let entity = self.entity(whose);
        let tenant = &self.tenants[whose];
        let shape = tenant.shape(&entity).clone();
        let mode = if shape.keyed() {
            mode
        } else {
            "WRITE_MODE_INSERT"
        };
        let count = self.random.random_range(1..12);
        let mut candidates = Vec::new();
        for _ in 0..count {
            let random = &mut self.random;
            candidates.push(match random.random_ratio(bad, 10) {
                true => tenant.bad(random, &shape),
                false => tenant.candidate(random, &shape),
            });
        }
        let records: Vec<Json> = candidates
            .iter()
            .map(|candidate| candidate.json.clone())
            .collect();
        let atomic = self.random.random_ratio(1, 4);
        let body = json!({ "records": records, "mode": mode, "atomic": atomic, "request_id": self.request_id() });
        (whose, entity, candidates, body)
    }

    pub(super) async fn write(&mut self, mode: &str, bad: u32) {
        let (whose, entity, candidates, body) = self.some_rows(mode, bad);
        let token = self.tenants[whose].admin.token.clone();
        let path = format!("/api/v1/warehouse/tables/{entity}/records:write");
        let (status, answer) = call(
            &self.platform,
            &token,
            Method::POST,
            &path,
            Some(body.clone()),
        )
        .await;
        self.wrote(whose, &entity, &candidates, &body, status, &answer);
        if self.random.random_ratio(1, 5) {
            // The same once more changes nothing and says the same.
            let (code, again) = call(&self.platform, &token, Method::POST, &path, Some(body)).await;
            assert_eq!(code, status, "{again}");
            assert!(status != 200 || again == answer, "{again} after {answer}");
        }
    }

    pub(super) fn wrote(
        &mut self,
        whose: usize,
        entity: &str,
        candidates: &[Candidate],
        body: &Json,
        status: u16,
        answer: &Json,
    ) {
        let tenant = &mut self.tenants[whose];
        let mode = body["mode"].as_str().unwrap_or_default();
        let foreseen = tenant.foresee(entity, mode, candidates);
        let fails = foreseen.contains(&Outcome::Failed);
        if fails && body["atomic"] == true {
            assert!(
                (400..500).contains(&status),
                "one bad row refuses all: {body} {status} {answer}"
            );
            return;
        }
        assert_eq!(status, 200, "{entity} {body}: {answer}");
        tenant.written(entity, candidates, &foreseen, answer);
    }

    /// New values for some attributes, as a request holds them and as they are remembered.
    pub(super) fn new_values(
        &mut self,
        whose: usize,
        entity: &str,
    ) -> (Json, Vec<(String, Value)>) {
        let shape = self.tenants[whose].shape(entity).clone();
        let (mut json, mut values) = (Map::new(), Vec::new());
        for _ in 0..2 {
            let random = &mut self.random;
            let Some(column) = shape.pick(random, |column| !column.key && !column.time) else {
                continue;
            };
            if json.contains_key(&column.code) {
                continue;
            }
            let value = values::any(random, column);
            json.insert(
                column.code.clone(),
                values::json(random, &value, column.data_type),
            );
            values.push((column.code.clone(), value));
        }
        (json.into(), values)
    }

    /// Which rows are meant: a condition or some ids, and their places among all.
    pub(super) fn chosen(
        &mut self,
        whose: usize,
        entity: &str,
        viewer: usize,
    ) -> (Json, Vec<usize>) {
        let tenant = &self.tenants[whose];
        let shape = tenant.shape(entity).clone();
        let viewer = tenant.viewer(viewer);
        let filters = viewer.filters.get(entity).cloned().unwrap_or_default();
        let seen = reference::seen(&tenant.shapes, &tenant.rows, entity, &filters);
        let place = |row: &Row| {
            tenant
                .rows_of(entity)
                .iter()
                .position(|other| other.id == row.id)
        };
        if self.random.random() && !seen.is_empty() {
            let few: Vec<&Row> = seen.iter().take(self.random.random_range(1..4)).collect();
            let ids: Vec<String> = few.iter().map(|row| row.id.clone()).collect();
            let ids: Vec<Json> = ids.iter().map(|id| json!(hyphened(id))).collect();
            return (
                json!({ "ids": ids }),
                few.iter().filter_map(|row| place(row)).collect(),
            );
        }
        let condition = formulas::condition(&mut self.random, &shape, 1);
        let tenant = &self.tenants[whose];
        let held = seen
            .iter()
            .filter(|row| reference::holds(&tenant.shapes, entity, &condition, row));
        let places = held.filter_map(place).collect();
        (json!({ "where": condition }), places)
    }

    pub(super) async fn update(&mut self) {
        let whose = self.whose();
        let entity = self.entity(whose);
        // Filtered people delete what they see; that what they change stays in their sight is for the services' tests.
        let (mut body, places) = self.chosen(whose, &entity, 0);
        let (json, values) = self.new_values(whose, &entity);
        if values.is_empty() {
            return;
        }
        body["values"] = json;
        body["request_id"] = json!(self.request_id());
        let path = format!("/api/v1/warehouse/tables/{entity}/records:update");
        let token = self.tenants[whose].admin.token.clone();
        let (status, answer) = call(
            &self.platform,
            &token,
            Method::POST,
            &path,
            Some(body.clone()),
        )
        .await;
        if too_large(status, &answer) {
            return;
        }
        assert_eq!(status, 200, "{entity} {body}: {answer}");
        let told = usize::try_from(whole(&answer["updated"])).expect("a count");
        assert_eq!(told, places.len(), "{entity} {body}: {answer}");
        self.set(whose, &entity, &places, &values);
    }

    pub(super) fn set(
        &mut self,
        whose: usize,
        entity: &str,
        places: &[usize],
        values: &[(String, Value)],
    ) {
        let rows = self.tenants[whose]
            .rows
            .entry(entity.to_owned())
            .or_default();
        for place in places {
            rows[*place].values.extend(values.iter().cloned());
        }
    }

    pub(super) async fn delete(&mut self) {
        let whose = self.whose();
        let entity = self.entity(whose);
        let viewer = self
            .random
            .random_range(0..=self.tenants[whose].viewers.len());
        let (mut body, mut places) = self.chosen(whose, &entity, viewer);
        body["request_id"] = json!(self.request_id());
        let path = format!("/api/v1/warehouse/tables/{entity}/records:delete");
        let token = self.tenants[whose].viewer(viewer).token.clone();
        let (status, answer) = call(
            &self.platform,
            &token,
            Method::POST,
            &path,
            Some(body.clone()),
        )
        .await;
        if too_large(status, &answer) {
            return;
        }
        assert_eq!(status, 200, "{entity} {body}: {answer}");
        let told = usize::try_from(whole(&answer["deleted"])).expect("a count");
        assert_eq!(told, places.len(), "{entity} {body}: {answer}");
        self.take(whose, &entity, &mut places);
    }

    pub(super) fn take(&mut self, whose: usize, entity: &str, places: &mut [usize]) {
        let rows = self.tenants[whose]
            .rows
            .entry(entity.to_owned())
            .or_default();
        places.sort_unstable();
        for place in places.iter().rev() {
            rows.remove(*place);
        }
    }

    /// A write, a change and a deletion, all or none.
    pub(super) async fn command(&mut self) {
        let (whose, entity, candidates, body) = self.some_rows("WRITE_MODE_INSERT", 0);
        let foreseen = self.tenants[whose].foresee(&entity, "WRITE_MODE_INSERT", &candidates);
        let fails = foreseen.contains(&Outcome::Failed);
        let other = self.entity(whose);
        let spoiled = self.random.random_ratio(1, 3);
        let (mut delete, mut places) = match other == entity {
            // What is written first would be among the rows that are meant.
            true => (json!({ "where": "false" }), Vec::new()),
            false => self.chosen(whose, &other, 0),
        };
        delete["entity"] = json!(other);
        let mut commands = vec![
            json!({ "write": { "entity": entity, "records": body["records"], "mode": "WRITE_MODE_INSERT" } }),
            json!({ "delete": delete }),
        ];
        if spoiled {
            commands.push(json!({ "update": { "entity": other, "where": "true", "values": { "nobody_defined_this": 1 } } }));
        }
        let body = json!({ "commands": commands, "request_id": self.request_id() });
        let token = self.tenants[whose].admin.token.clone();
        let (status, answer) = call(
            &self.platform,
            &token,
            Method::POST,
            "/api/v1/warehouse/command",
            Some(body.clone()),
        )
        .await;
        if spoiled || fails {
            assert!(
                (400..500).contains(&status),
                "all or none: {body} {status} {answer}"
            );
            return;
        }
        if too_large(status, &answer) {
            return;
        }
        assert_eq!(status, 200, "{body}: {answer}");
        self.tenants[whose].written(
            &entity,
            &candidates,
            &foreseen,
            &answer["results"][0]["write"],
        );
        let told =
            usize::try_from(whole(&answer["results"][1]["delete"]["deleted"])).expect("a count");
        assert_eq!(told, places.len(), "{body}: {answer}");
        self.take(whose, &other, &mut places);
    }
}
