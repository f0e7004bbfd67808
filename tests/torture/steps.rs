//! The steps of a run: what users, operators, networks and power supplies do.

mod reads;
mod work;
mod writes;

use super::{
    run::Run,
    tenant::call,
    world::{self, Change},
};
use crate::edge::reason;
use rand::Rng;
use reqwest::Method;
use rpc::{Fault, FaultKind};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// What may happen; the first number is how often among all.
pub(crate) const STEPS: [(u32, &str); 21] = [
    (10, "insert"),
    (7, "upsert"),
    (6, "bad rows"),
    (6, "update"),
    (4, "delete"),
    (4, "command"),
    (6, "change"),
    (20, "calculate"),
    (7, "at once"),
    (3, "members"),
    (7, "list"),
    (4, "stranger"),
    (4, "faults"),
    (1, "restart"),
    (2, "kill"),
    (4, "publish"),
    (4, "hear"),
    (4, "world"),
    (1, "check tables"),
    (1, "cut"),
    (1, "take over"),
];

impl Run {
    /// One step of its kind.
    pub(crate) async fn step(&mut self, name: &str) {
        match name {
            "insert" => self.write("WRITE_MODE_INSERT", 0).await,
            "upsert" => self.write("WRITE_MODE_UPSERT", 0).await,
            "bad rows" => {
                let modes = ["WRITE_MODE_INSERT", "WRITE_MODE_UPSERT", "WRITE_MODE_SKIP"];
                let mode = modes[self.random.random_range(0..3)];
                self.write(mode, 3).await;
            }
            "update" => self.update().await,
            "delete" => self.delete().await,
            "command" => self.command().await,
            "change" => self.change().await,
            "calculate" => self.calculate(1).await,
            "at once" => self.calculate(4).await,
            "members" => self.members().await,
            "list" => self.list().await,
            "stranger" => self.stranger().await,
            "faults" => self.faults(),
            "restart" => {
                let at = self.random.random_range(0..self.platform.processes());
                self.platform.restart(at).await;
            }
            "kill" => self.kill().await,
            "publish" => self.publish().await,
            "hear" => self.hear().await,
            "world" => self.world().await,
            "check tables" => self.check_tables().await,
            "cut" => self.cut().await,
            "take over" => self.take_over().await,
            other => panic!("no step {other}"),
        }
    }

    /// Which tenant the step is about: mostly the first.
    fn whose(&mut self) -> usize {
        usize::from(self.random.random_ratio(1, 6))
    }

    fn entity(&mut self, whose: usize) -> String {
        let shapes = &self.tenants[whose].shapes;
        shapes[self.random.random_range(0..shapes.len())]
            .code
            .clone()
    }

    fn request_id(&mut self) -> String {
        self.requests += 1;
        format!("torture-{}", self.requests)
    }

    /// The definition changes; what it loses it may get back.
    async fn change(&mut self) {
        let entity = self.entity(0);
        let shape = self.tenants[0].shape(&entity).clone();
        let Some(change) = shape.any_change(&mut self.random) else {
            return;
        };
        if let Change::Drop(code) = &change {
            // Row filters that name it would hide everything; that is for the stories.
            let named = format!("{entity}.{code}");
            let filters = self.tenants[0]
                .viewers
                .iter()
                .filter_map(|viewer| viewer.filters.get(&entity));
            if filters.flatten().any(|filter| filter.contains(&named)) {
                return;
            }
        }
        let mut next = shape;
        next.apply(&change);
        let token = self.tenants[0].admin.token.clone();
        let path = format!("/api/v1/metadata/entities/by-code/{entity}");
        let (_, old) = call(&self.platform, &token, Method::GET, &path, None).await;
        let id = old["id"].as_str().expect("it is defined").to_owned();
        let body = json!({ "attributes": next.attributes(), "etag": old["etag"] });
        let path = format!("/api/v1/metadata/entities/{id}?update_mask=attributes");
        let (status, answer) = call(&self.platform, &token, Method::PATCH, &path, Some(body)).await;
        if status == 400 {
            // Only what would break a metric is refused.
            assert!(self.breaks(&entity, &change), "{change:?}: {answer}");
            return;
        }
        // An answer that was lost on its way is seen on the next try as somebody else's change.
        let done = status == 200 || status == 409 && self.tenants[0].faulty;
        assert!(done, "{change:?}: {status} {answer}");
        self.tenants[0].changed(&entity, &change);
    }

    /// Whether a stored metric that was right is not any more after a change.
    fn breaks(&self, entity: &str, change: &Change) -> bool {
        let tenant = &self.tenants[0];
        let mut shapes = tenant.shapes.clone();
        let shape = shapes.iter_mut().find(|shape| shape.code == entity);
        shape.expect("it is defined").apply(change);
        let ontology = world::ontology(&shapes);
        let mut metrics = tenant.metrics.iter();
        metrics.any(|(code, definition)| {
            formula::plan_metric(&ontology, &tenant.metrics, code, definition).is_err()
        })
    }

    /// For a while, calls between services come late, not at all, or lose their answers.
    fn faults(&mut self) {
        let paths = [
            "warehouse",
            "metadata",
            "calculation",
            "WriteRecords",
            "ExecuteFragments",
            "",
        ];
        for faults in self.platform.faults() {
            let path = paths[self.random.random_range(0..paths.len())];
            let kind = match self.random.random_range(0..3) {
                0 => FaultKind::Delay(Duration::from_millis(self.random.random_range(1..20))),
                1 => FaultKind::Unavailable,
                _ => FaultKind::DropAfterCommit,
            };
            faults.add(Fault {
                path: path.to_owned(),
                kind,
                per_mille: self.random.random_range(50..300),
                times: Some(self.random.random_range(1..6)),
            });
        }
        self.tenants[0].faulty = true;
    }

    /// A process dies while a write is on its way; the writer sends it again and it happened once.
    async fn kill(&mut self) {
        let (whose, entity, candidates, body) = self.some_rows("WRITE_MODE_UPSERT", 0);
        let token = self.tenants[whose].admin.token.clone();
        let path = format!("/api/v1/warehouse/tables/{entity}/records:write");
        let writing = self
            .platform
            .request(Some(&token), Method::POST, &path, Some(body.clone()));
        let writing =
            tokio::spawn(async move { writing.send().await.map(|answer| answer.status()) });
        let wait = Duration::from_micros(self.random.random_range(0..15_000));
        tokio::time::sleep(wait).await;
        let at = self.random.random_range(0..self.platform.processes());
        self.platform.kill(at).await;
        writing.abort();
        let (status, answer) = call(
            &self.platform,
            &token,
            Method::POST,
            &path,
            Some(body.clone()),
        )
        .await;
        self.wrote(whose, &entity, &candidates, &body, status, &answer);
    }
}

/// A condition whose numbers leave 64 bits is refused; nothing was done then.
fn too_large(status: u16, answer: &Json) -> bool {
    status == 400 && ["NUMBER_OVERFLOW", "FORMULA_OVERFLOW"].contains(&reason(answer))
}

pub(crate) fn hyphened(hex: &str) -> String {
    let part = |from: usize, to: usize| &hex[from..to];
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}
