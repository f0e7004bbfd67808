//! One run from one seed: a platform, two tenants, steps, and a last look at everything.

use super::{
    formulas, question,
    steps::STEPS,
    tally::Tally,
    tenant::{Tenant, Viewer, call},
    values::Random,
    work::{self, Work},
    world,
};
use crate::{
    business::{self, list, text, whole},
    platform::{Platform, Topology},
};
use formula::{Definition, SetSpec};
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::{Value as Json, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use testkit::Backend;

/// How many steps a run has.
const LENGTH: usize = 30;
/// When one of two processes that do the same work dies for certain.
const HALFWAY: usize = LENGTH / 2;

/// Tables follow their definitions and are checked while all this goes on; work has many steps, and who works is soon missed.
const SETTINGS: &str = "[services.warehouse]\nfollow_interval = \"150ms\"\ncheck_interval = \"400ms\"\n\
    [services.simulation]\nbatch_rows = 40\n[jobs]\nlease = \"1s\"\npoll = \"100ms\"\n";

/// A run as it goes.
pub(crate) struct Run {
    pub(crate) random: Random,
    pub(crate) platform: Platform,
    /// The one that everything happens to, and the stranger.
    pub(crate) tenants: [Tenant; 2],
    /// Token of somebody without a role.
    pub(crate) nobody: String,
    /// What goes on beside.
    pub(crate) work: Work,
    pub(crate) requests: usize,
    pub(crate) tally: Tally,
}

/// A formula that is right, as a stored one must be: the first of some, or a plain one.
fn planned(
    random: &mut Random,
    shapes: &[world::Shape],
    metrics: &BTreeMap<String, Definition>,
    make: impl Fn(&mut Random) -> String,
) -> String {
    let ontology = world::ontology(shapes);
    let right =
        |formula: &String| formula::plan(&ontology, metrics, &Definition::new(formula)).is_ok();
    let some = (0..30).map(|_| make(random)).find(right);
    let plain = metrics.keys().next().map(|code| format!("2 * {code}"));
    some.or(plain.filter(right))
        .unwrap_or_else(|| format!("count({})", shapes[0].code))
}

/// What a run was doing, for whoever reads of its failure.
pub(crate) type Log = Arc<Mutex<Vec<String>>>;

impl Tenant {
    /// The administrator, or one of the others.
    pub(crate) fn viewer(&self, at: usize) -> &Viewer {
        match at.checked_sub(1) {
            None => &self.admin,
            Some(at) => &self.viewers[at],
        }
    }
}

/// Where the services and the rows are: mostly one process on SQLite; where two share a database, it is a server's.
fn place(seed: u64) -> (Topology, bool) {
    let topology = match seed % 20 {
        5 | 10 => Topology::Split,
        15 => Topology::Twins,
        3 => Topology::Loopback,
        _ => Topology::Local,
    };
    let postgres = seed.is_multiple_of(10) || topology == Topology::Twins;
    (topology, postgres)
}

/// Plays a seed to its end; it panics at the first thing that is not as it should be.
pub(crate) async fn play(seed: u64, log: Log) -> Tally {
    let note = |what: String| log.lock().expect("no panic while held").push(what);
    let (topology, postgres) = place(seed);
    note(format!(
        "{topology:?}, {}",
        if postgres { "PostgreSQL" } else { "SQLite" }
    ));
    let backend = if postgres {
        Backend::postgres()
    } else {
        Backend::sqlite()
    };
    let platform = Platform::start(backend, topology, SETTINGS).await;
    let mut run = begin(seed, platform).await;
    note(format!("{:?}", run.tenants[0].shapes));
    note(format!("{:?}", run.tenants[0].metrics));
    for at in 0..LENGTH {
        let total: u32 = STEPS.iter().map(|step| step.0).sum();
        let mut draw = run.random.random_range(0..total);
        let step = STEPS.iter().find(|step| {
            let hit = draw < step.0;
            draw = draw.saturating_sub(step.0);
            hit
        });
        // The first rows come before the first questions.
        let name = match at {
            0..3 => "insert",
            HALFWAY if topology == Topology::Twins => "take over",
            _ => step.expect("one is drawn").1,
        };
        note(name.to_owned());
        run.step(name).await;
    }
    note("a last look".to_owned());
    run.end().await
}

async fn begin(seed: u64, platform: Platform) -> Run {
    let mut random = Random::seed_from_u64(seed);
    let shapes = world::any(&mut random);
    let mut viewers = Vec::new();
    for name in ["one", "two"] {
        let person = business::person(&platform, name, &["editor"]).await;
        let mut filters = BTreeMap::<_, Vec<_>>::new();
        for _ in 0..random.random_range(0..4) {
            let shape = &shapes[random.random_range(0..shapes.len())];
            let condition = formulas::condition(&mut random, shape, 1);
            let filters = filters.entry(shape.code.clone()).or_default();
            if !filters.contains(&condition) {
                business::narrow(&platform, &person, &shape.code, &condition).await;
                filters.push(condition);
            }
        }
        viewers.push(Viewer {
            token: person.token,
            filters,
        });
    }
    let nobody = business::person(&platform, "nobody", &[]).await.token;
    let stranger = crate::tenancy::second_tenant(&platform).await;
    let tenant = |token: &str, viewers: Vec<Viewer>| Tenant {
        admin: Viewer {
            token: token.to_owned(),
            ..Viewer::default()
        },
        viewers,
        shapes: shapes.clone(),
        rows: BTreeMap::new(),
        metrics: BTreeMap::new(),
        changes: 0,
        faulty: false,
    };
    let tenants = [
        tenant(&platform.token, viewers),
        tenant(&stranger, Vec::new()),
    ];
    let work = Work::begin(&platform).await;
    platform.until_one_policy().await;
    let mut run = Run {
        random,
        work,
        platform,
        tenants,
        nobody,
        requests: 0,
        tally: Tally::default(),
    };
    for whose in 0..2 {
        run.define(whose).await;
    }
    run
}

impl Run {
    /// The entities and some metrics of every kind.
    async fn define(&mut self, whose: usize) {
        let token = self.tenants[whose].admin.token.clone();
        for shape in self.tenants[whose].shapes.clone() {
            let path = "/api/v1/metadata/entities";
            let (status, answer) = call(
                &self.platform,
                &token,
                Method::POST,
                path,
                Some(shape.json()),
            )
            .await;
            assert_eq!(status, 200, "{}: {answer}", shape.json());
        }
        for (code, definition, body) in self.some_metrics(whose) {
            let path = "/api/v1/metadata/metrics";
            let (status, answer) = call(
                &self.platform,
                &token,
                Method::POST,
                path,
                Some(body.clone()),
            )
            .await;
            assert_eq!(status, 200, "{body}: {answer}");
            self.tenants[whose].metrics.insert(code, definition);
        }
    }

    fn some_metrics(&mut self, whose: usize) -> Vec<(String, Definition, Json)> {
        let shapes = self.tenants[whose].shapes.clone();
        let random = &mut self.random;
        let mut made: Vec<(String, Definition, Json)> = Vec::new();
        let entities: Vec<&str> = shapes.iter().map(|shape| shape.code.as_str()).collect();
        for at in 0..random.random_range(1..4) {
            let code = format!("simple{at}");
            let formula = planned(random, &shapes, &BTreeMap::new(), |random| {
                formulas::total(random, &shapes, &[], 0)
            });
            let body = json!({ "code": code, "name": code, "type": "METRIC_TYPE_SIMPLE", "formula": formula, "entities": entities });
            made.push((code, Definition::new(&formula), body));
        }
        let codes: Vec<String> = made.iter().map(|metric| metric.0.clone()).collect();
        let known = made
            .iter()
            .map(|metric| (metric.0.clone(), metric.1.clone()));
        let known: BTreeMap<String, Definition> = known.collect();
        let formula = planned(random, &shapes, &known, |random| {
            let total = formulas::total(random, &shapes, &codes, 1);
            format!("{} + {total}", codes[0])
        });
        let body = json!({
            "code": "derived", "name": "derived", "type": "METRIC_TYPE_DERIVED", "formula": formula,
            "metrics": codes, "entities": entities,
        });
        made.push(("derived".to_owned(), Definition::new(&formula), body));
        let (above, below) = (codes[0].clone(), codes[codes.len() - 1].clone());
        let body = json!({
            "code": "ratio", "name": "ratio", "type": "METRIC_TYPE_RATIO", "metrics": codes,
            "ratio": { "numerator": above, "denominator": below },
        });
        let ratio = Definition::new(&format!("{above} / {below}"));
        if formula::plan(&world::ontology(&shapes), &known, &ratio).is_ok() {
            made.push(("ratio".to_owned(), ratio, body));
        }
        if let Some(set) = world::any_set(random, &shapes) {
            let formula = "(end - new) / start";
            let SetSpec {
                entity,
                member,
                filter,
            } = &set;
            let body = json!({
                "code": "kept", "name": "kept", "type": "METRIC_TYPE_SET_BASED", "formula": formula, "entities": [entity],
                "set": { "member": { "entity": entity, "attribute": member }, "filter": filter },
            });
            let definition = Definition {
                set: Some(set),
                ..Definition::new(formula)
            };
            made.push(("kept".to_owned(), definition, body));
        }
        made
    }

    /// Everything once more, in calm: each metric for everybody, all rows, tables, chunks.
    async fn end(mut self) -> Tally {
        for faults in self.platform.faults() {
            faults.clear();
        }
        for whose in 0..2 {
            for viewer in 0..=self.tenants[whose].viewers.len() {
                let codes: Vec<String> = self.tenants[whose].metrics.keys().cloned().collect();
                for code in codes {
                    let tenant = &self.tenants[whose];
                    let mut asked = question::any(&mut self.random, tenant);
                    asked.about(&code, tenant);
                    let told =
                        question::check(&self.platform, tenant, tenant.viewer(viewer), &asked)
                            .await;
                    self.tally.count(told);
                }
                for shape in self.tenants[whose].shapes.clone() {
                    self.list_of(whose, &shape.code, viewer).await;
                }
            }
            self.tables(whose).await;
            let tenant = &self.tenants[whose];
            let told = tenant.shapes.len() + tenant.metrics.len() + tenant.changes;
            work::all_is_told(&self.platform, &tenant.admin.token, told).await;
        }
        let strangers = [
            self.tenants[0].admin.token.as_str(),
            self.tenants[1].admin.token.as_str(),
        ];
        let (platform, random) = (&self.platform, &mut self.random);
        self.work.end(platform, random, &strangers).await;
        let mut tally = self.tally;
        self.work.count(&mut tally);
        self.platform.stop().await;
        tally
    }

    /// Tables are as they should be, and count what they have.
    async fn tables(&mut self, whose: usize) {
        let tenant = &self.tenants[whose];
        let token = &tenant.admin.token;
        let path = "/api/v1/warehouse/tables:check";
        let (status, answer) =
            call(&self.platform, token, Method::POST, path, Some(json!({}))).await;
        assert!(
            status == 200 && list(&answer["drifts"]).is_empty(),
            "{answer}"
        );
        for shape in &tenant.shapes {
            let rows = i64::try_from(tenant.rows_of(&shape.code).len()).expect("few");
            let path = format!("/api/v1/warehouse/tables/{}", shape.code);
            let (status, table) = call(&self.platform, token, Method::GET, &path, None).await;
            assert_eq!((status, whole(&table["rows"])), (200, rows), "{table}");
            let mut chunked = 0;
            let mut page = String::new();
            loop {
                let path = format!("{path}/chunks?page_size=1000&page_token={page}");
                let (_, chunks) = call(&self.platform, token, Method::GET, &path, None).await;
                chunked += list(&chunks["chunks"])
                    .iter()
                    .map(|chunk| whole(&chunk["rows"]))
                    .sum::<i64>();
                match chunks["nextPageToken"].as_str() {
                    Some(next) if !next.is_empty() => page = text(&json!(next)),
                    _ => break,
                }
            }
            assert_eq!(chunked, rows, "{}: the chunks count all rows", shape.code);
        }
    }
}
