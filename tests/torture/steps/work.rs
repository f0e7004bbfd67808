//! Messages, generated worlds and checks of tables, and accidents that they outlive.

use crate::{
    business::text,
    torture::{run::Run, tenant::call, work::OPERATIONS},
};
use rand::Rng;
use reqwest::Method;
use rpc::{Fault, FaultKind};
use serde_json::json;
use std::time::Duration;

impl Run {
    pub(super) async fn publish(&mut self) {
        let work = &mut self.work;
        work.events
            .publish(&self.platform, &work.token, &mut self.random)
            .await;
    }

    pub(super) async fn hear(&mut self) {
        let work = &mut self.work;
        work.events
            .hear(&self.platform, &work.token, &mut self.random, false)
            .await;
    }

    pub(super) async fn world(&mut self) {
        let work = &mut self.work;
        work.worlds
            .step(&self.platform, &work.token, &mut self.random)
            .await;
    }

    /// Somebody has the tables looked at.
    pub(super) async fn check_tables(&mut self) {
        let operation = json!({ "service": "warehouse", "kind": "warehouse.check-tables", "title": "Looks at all" });
        let body = json!({ "operation": operation, "request_id": self.request_id() });
        let token = self.work.token.clone();
        let (status, answer) =
            call(&self.platform, &token, Method::POST, OPERATIONS, Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        self.work.checks.push(text(&answer["id"]));
    }

    /// For a moment nothing that a process says reaches the others, while somebody writes.
    pub(super) async fn cut(&mut self) {
        let (whose, entity, candidates, body) = self.some_rows("WRITE_MODE_UPSERT", 0);
        let at = self.random.random_range(0..self.platform.processes());
        let faults = self.platform.faults().nth(at).expect("it runs").clone();
        faults.add(Fault {
            path: String::new(),
            kind: FaultKind::Unavailable,
            per_mille: 1000,
            times: None,
        });
        let mended = Duration::from_millis(self.random.random_range(1..150));
        let mending = tokio::spawn(async move {
            tokio::time::sleep(mended).await;
            faults.clear();
        });
        let token = self.tenants[whose].admin.token.clone();
        let path = format!("/api/v1/warehouse/tables/{entity}/records:write");
        let sent = Some(body.clone());
        let (status, answer) = call(&self.platform, &token, Method::POST, &path, sent).await;
        mending.await.expect("no panic");
        self.wrote(whose, &entity, &candidates, &body, status, &answer);
    }

    /// Of two processes that do the same work one dies and stays away, then the other: each time the one that is left goes on with
    /// what was begun.
    pub(super) async fn take_over(&mut self) {
        let twins = self.platform.processes_of("simulation");
        if twins.len() < 2 {
            return;
        }
        // So that it is not done before somebody dies.
        for faults in self.platform.faults() {
            faults.add(Fault {
                path: "LoadRecords".to_owned(),
                kind: FaultKind::Delay(Duration::from_millis(150)),
                per_mille: 1000,
                times: None,
            });
        }
        let work = &mut self.work;
        let token = work.token.as_str();
        work.worlds
            .under_way(&self.platform, token, &mut self.random)
            .await;
        for dies in twins {
            let written = work.worlds.written(&self.platform, token).await;
            self.platform.cut_off(dies);
            work.worlds
                .until_beyond(&self.platform, token, written)
                .await;
            self.platform.resume(dies).await;
        }
        for faults in self.platform.faults() {
            faults.clear();
        }
        work.worlds.count_taken_over(&self.platform, token).await;
    }
}
