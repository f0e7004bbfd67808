//! Fragments: states by group and sub-period, of sets too; who may see what is part of every number.

use super::{
    house::{Client, House, attribute, one, refused},
    rows::*,
};
use crate::{Config, reasons};
use futures::TryStreamExt;
use proto_data::tessera::warehouse::v1::{WriteMode::*, measure_state::State, *};
use proto_meaning::tessera::metadata::v1::DataType;
use serde_json::json;
use testkit::{Backend, both};
use tonic::Status;

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn fragment(measures: &[&str], dimensions: &[&str], bounds: &[&str]) -> Fragment {
    Fragment {
        entity: "policy".to_owned(),
        measures: strings(measures),
        dimensions: strings(dimensions),
        bounds: strings(bounds),
        ..Default::default()
    }
}

/// All groups of each fragment, with its summary.
async fn execute(
    client: &mut Client,
    fragments: Vec<Fragment>,
    explain: bool,
) -> Result<Vec<(Vec<Group>, FragmentSummary)>, Status> {
    let count = fragments.len();
    let ask = ExecuteFragmentsRequest {
        fragments,
        explain,
        ..Default::default()
    };
    let parts: Vec<_> = client
        .execute_fragments(ask)
        .await?
        .into_inner()
        .try_collect()
        .await?;
    let mut answers = vec![(Vec::new(), None); count];
    for part in parts {
        let (groups, summary) = &mut answers[usize::try_from(part.fragment).unwrap()];
        assert!(summary.is_none(), "nothing comes after the summary");
        groups.extend(part.groups);
        *summary = part.summary;
    }
    let whole = answers
        .into_iter()
        .map(|(groups, summary)| (groups, summary.unwrap()));
    Ok(whole.collect())
}

/// What a group is about, and a short form of its states.
fn short(group: &Group) -> (Vec<&str>, i32, Vec<String>) {
    let dimensions = group
        .dimensions
        .iter()
        .map(|one| one.value.as_deref().unwrap_or("-"));
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let states = group
        .states
        .iter()
        .map(|one| match one.state.as_ref().unwrap() {
            State::Count(n) | State::Distinct(n) => n.clone(),
            State::Sum(sum) => or(&sum.sum),
            State::RealSum(sum) => format!("{:?}", sum.sum),
            State::Min(one) | State::Max(one) => or(&one.value),
            State::First(row) | State::Last(row) => format!("{}@{:?}", or(&row.value), row.time),
            State::Moments(m) => format!("{}/{}/{}", m.count, m.sum, m.squares),
            State::Values(all) => {
                let one = |one: &ValueCount| format!("{}x{}", one.value, one.count);
                all.values.iter().map(one).collect::<Vec<_>>().join(" ")
            }
            State::Set(set) => format!("{}/{}/{}", set.start, set.end, set.both),
        });
    (dimensions.collect(), group.period, states.collect())
}

fn shorts(groups: &[Group]) -> Vec<(Vec<&str>, i32, Vec<String>)> {
    let mut all: Vec<_> = groups.iter().map(short).collect();
    all.sort();
    all
}

/// Three months of policies in two regions and none: 100 at the first of January, 90 at the first of February of which 10 are new, 80 in March.
async fn snapshots(house: &House) -> Client {
    let mut admin = with_policies(house).await;
    let mut rows = Vec::new();
    for (day, from, to) in [
        ("2026-01-01", 0, 100),
        ("2026-02-01", 20, 110),
        ("2026-03-01", 30, 110),
    ] {
        for n in from..to {
            let mut row = a_policy(
                &format!("p{n:03}"),
                day,
                ["North", "South"][n % 2],
                json!(n),
            );
            if n % 10 == 0 {
                row["status"] = json!("Lapsed");
            }
            rows.push(row);
        }
    }
    written(&mut admin, "policy", Insert, rows).await;
    Client::new(house.bench.process_for_admin())
}

both! {
    /// Proves: CALC-06. States of each kind, by group and sub-period; only aggregates leave the database, as the counts show.
    async fn states_are_by_group_and_period(house: House) {
        let mut client = snapshots(&house).await;
        let all = [
            "count(*)", "sum(policy.premium where policy.status = 'Active')", "min(premium)", "max(policy_id)",
            "first(premium)", "last(policy_id)", "variance(premium)", "count_distinct(policy_id)", "count(note)",
        ];
        let bounds = ["2026-01-01", "2026-02-01", "2026-03-01"];
        let asks = vec![
            fragment(&all, &["region"], &bounds),
            fragment(&["count(*)", "sum(premium)"], &[], &[]),
            fragment(&["median(premium where policy_id < 'p003')", "count(*)"], &["status"], &["2026-01-01", "2027-01-01"]),
        ];
        let answers = execute(&mut client, asks, true).await.unwrap();
        let (groups, summary) = &answers[0];
        let found = shorts(groups);
        assert_eq!(found.len(), 4);
        let january = found.iter().find(|(of, period, _)| of == &["North"] && *period == 0).unwrap();
        // Even numbers below 100: 50 of them; those with a nought at the end have lapsed.
        // Ties of time are broken by the row's id, which is made in the order of the request.
        let expected = ["50", "200000", "0", "p098", "0@Some(20454)", "p098@Some(20454)", "50/245000/1617000000", "50", "0"];
        assert_eq!(january.2, expected);
        assert_eq!((summary.rows, summary.result_rows), (190, 8), "one statement for each filter, one row for each group");
        assert_eq!(summary.statements.len(), 2);
        assert!(summary.statements.iter().all(|one| one.sql.contains("GROUP BY") && !one.sql.contains("Active")));
        assert!(summary.statements.iter().any(|one| one.parameters.contains(&"Active".to_owned())));
        assert!(summary.source.starts_with("warehouse:") && summary.source.contains("policy_"), "{summary:?}");
        assert_eq!((summary.entity_version, summary.data_version), (1, 1));
        assert!(summary.duration.is_some() && summary.row_filters.is_empty());
        assert_eq!(shorts(&answers[1].0), [(vec![], 0, vec!["270".to_owned(), "1631500".to_owned()])]);
        assert_eq!(shorts(&answers[2].0), [
            (vec!["Active"], 0, vec!["100x1 200x1".to_owned(), "243".to_owned()]),
            (vec!["Lapsed"], 0, vec!["0x1".to_owned(), "27".to_owned()]),
        ]);
    }

    /// Members at the ends of each sub-period: the ones that are there, that came and that went; by the snapshot of the day or the latest one.
    async fn sets_are_compared_by_period(house: House) {
        let mut client = snapshots(&house).await;
        let set = "retained(policy where policy.status = 'Active' or true)";
        let exact = fragment(&[set], &[], &["2026-01-01", "2026-02-01", "2026-03-01"]);
        let off = fragment(&[set, "count(*)"], &[], &["2025-12-31", "2026-01-15", "2026-02-28", "2026-04-01"]);
        let latest = Fragment { snapshot_selection: SnapshotSelection::Latest as i32, ..off.clone() };
        let by_region = Fragment { dimensions: strings(&["region"]), conditions: strings(&["premium < 100"]), ..exact.clone() };
        let answers = execute(&mut client, vec![exact, off, latest, by_region], true).await.unwrap();
        let sets = |at: usize| shorts(&answers[at].0).into_iter().map(|(_, period, states)| (period, states[0].clone())).collect::<Vec<_>>();
        let text = |text: &str| text.to_owned();
        assert_eq!(sets(0), [(0, text("100/90/80")), (1, text("90/80/80"))]);
        assert_eq!(sets(1), [(0, text("0/0/0")), (1, text("0/0/0")), (2, text("0/0/0"))]);
        assert_eq!(sets(2), [(0, text("0/100/0")), (1, text("100/90/80")), (2, text("90/80/80"))]);
        let pairs: Vec<_> = answers[2].1.snapshots.iter().map(|pair| (pair.start.as_str(), pair.end.as_str())).collect();
        assert_eq!(pairs, [("", "2026-01-01"), ("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01")]);
        assert_eq!(answers[0].1.rows, 270);
        assert_eq!(answers[0].1.statements.len(), 2, "a statement for each sub-period");
        assert_eq!(shorts(&answers[3].0)[0], (vec!["North"], 0, vec![text("50/40/40")]));
        for (bounds, reason) in [(vec![], "REQUIRED"), (strings(&["2026-01-01"]), "MIN_ITEMS")] {
            let ask = Fragment { bounds, ..fragment(&[set], &[], &[]) };
            assert_eq!(refused(execute(&mut client, vec![ask], false).await).violations()[0].reason, reason);
        }
    }

    /// Whoever the call is for sees their rows alone, in every number; nobody's call sees all of the tenant that it names.
    async fn row_filters_are_part_of_every_number(house: House) {
        let mut client = snapshots(&house).await;
        let filters = [("policy", "region = 'North'")];
        let mut north = Client::new(house.bench.process_with_row_filters(&["warehouse.records.read"], &filters));
        let ask = vec![
            fragment(&["count(*)"], &["region"], &[]),
            fragment(&["new(policy)"], &[], &["2026-01-01", "2026-02-01"]),
        ];
        let all = execute(&mut client, ask.clone(), false).await.unwrap();
        let some = execute(&mut north, ask.clone(), false).await.unwrap();
        assert_eq!((shorts(&all[0].0).len(), shorts(&all[1].0)[0].2[0].as_str()), (2, "100/90/80"));
        assert_eq!((shorts(&some[0].0).len(), shorts(&some[1].0)[0].2[0].as_str()), (1, "50/45/40"));
        assert_eq!(some[0].1.row_filters, ["region = 'North'"]);
        let members = ListSetMembersRequest { entity: "policy".to_owned(), set: "dropped(policy)".to_owned(), start: "2026-01-01".to_owned(), end: "2026-02-01".to_owned(), ..Default::default() };
        assert_eq!(north.list_set_members(members).await.unwrap().into_inner().total_size, 10);
        let mut nobody = Client::new(house.bench.process());
        let mut ask = ExecuteFragmentsRequest { fragments: ask, ..Default::default() };
        assert_eq!(refused(nobody.execute_fragments(ask.clone()).await).violations()[0].field, "tenant_id");
        ask.tenant_id = house.bench.tenant().to_string();
        let parts: Vec<_> = nobody.execute_fragments(ask.clone()).await.unwrap().into_inner().try_collect().await.unwrap();
        assert_eq!(parts[0].groups.len(), 2);
        ask.tenant_id = house.bench.other_tenant().to_string();
        assert_eq!(refused(north.execute_fragments(ask.clone()).await).violations()[0].reason, "OTHER_TENANT");
        assert!(refused(house.admin().execute_fragments(ask).await).is(&error::reason::INTERNAL_ONLY));
    }

    /// All fragments of a call are of one moment, whatever is written meanwhile.
    async fn fragments_are_of_one_moment(house: House) {
        let mut client = snapshots(&house).await;
        let (mut admin, done) = (house.admin(), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
        let stop = done.clone();
        let update = |id: &str, premium: &str| Command { command: Some(command::Command::Update(UpdateRecordsRequest {
            entity: "policy".to_owned(), r#where: format!("policy_id = '{id}'"), values: Some(values(json!({"premium": premium}))), ..Default::default()
        })) };
        let swaps = [["0", "1000"], ["1000", "0"]].map(|[a, b]| ExecuteCommandRequest { commands: vec![update("p001", a), update("p002", b)], ..Default::default() });
        admin.execute_command(swaps[0].clone()).await.unwrap();
        let writer = tokio::spawn(async move {
            let mut round = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                round += 1;
                admin.execute_command(swaps[round % 2].clone()).await.unwrap();
            }
            round
        });
        for _ in 0..30 {
            let ask = ["p001", "p002"].map(|id| fragment(&[&format!("sum(premium where policy_id = '{id}')")], &[], &[]));
            let answers = execute(&mut client, ask.to_vec(), false).await.unwrap();
            let sums: Vec<i64> = answers.iter().map(|(groups, _)| short(&groups[0]).2[0].parse().unwrap()).collect();
            assert_eq!(sums.iter().sum::<i64>(), 100_000, "{sums:?}");
            assert_eq!(answers[0].1.data_version, answers[1].1.data_version);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(writer.await.unwrap() > 0);
    }

    /// What does not type is refused by its place; another version of the entity than was planned with, too.
    async fn what_does_not_type_is_refused(house: House) {
        let mut client = snapshots(&house).await;
        let mut bad = fragment(&["count(*)", "sum(note)", "sum(premium) + 1"], &["nothing"], &["2026-01-01", "2025-01-01", "soon, maybe"]);
        bad.conditions = strings(&["premium > 1", "region = 1"]);
        let error = refused(execute(&mut client, vec![fragment(&["count(*)"], &[], &[]), bad], false).await);
        let found: Vec<_> = error.violations().iter().map(|v| v.field.as_str()).collect();
        assert_eq!(found, [
            "fragments[1].measures[1]", "fragments[1].measures[2]", "fragments[1].dimensions[0]",
            "fragments[1].conditions[1]", "fragments[1].bounds[1]", "fragments[1].bounds[2]",
        ]);
        let planned = Fragment { entity_version: 1, ..fragment(&["count(*)"], &[], &[]) };
        execute(&mut client, vec![planned.clone()], false).await.unwrap();
        let mut changed = policy();
        changed.attributes.push(attribute("extra", DataType::String));
        house.define(changed);
        let error = refused(execute(&mut client, vec![planned], false).await);
        assert!(error.is(&reasons::ONTOLOGY_CHANGED), "{error:?}");
        assert_eq!(error.metadata()["entity_version"], "2");
    }

    /// Members a page at a time, each once, in order; the second page compares what the first did.
    async fn members_are_listed(house: House) {
        let mut client = snapshots(&house).await;
        let ask = |set: &str| ListSetMembersRequest {
            entity: "policy".to_owned(), set: set.to_owned(), start: "2026-01-31".to_owned(), end: "2026-02-28".to_owned(),
            snapshot_selection: SnapshotSelection::Latest as i32, page_size: 7, ..Default::default()
        };
        for (set, total, first, last) in [
            ("start(policy)", 100, "p000", "p099"), ("end(policy)", 90, "p020", "p109"), ("new(policy)", 10, "p100", "p109"),
            ("retained(policy)", 80, "p020", "p099"), ("dropped(policy where premium >= 10)", 10, "p010", "p019"),
        ] {
            let (mut ask, mut members) = (ask(set), Vec::new());
            loop {
                let page = client.list_set_members(ask.clone()).await.unwrap().into_inner();
                assert_eq!(page.total_size, total, "{set}");
                members.extend(page.members);
                ask.page_token = page.next_page_token;
                if ask.page_token.is_empty() { break }
            }
            assert_eq!((members.len() as i64, members[0].as_str(), members[members.len() - 1].as_str()), (total, first, last), "{set}");
            assert!(members.windows(2).all(|pair| pair[0] < pair[1]));
        }
        let first = client.list_set_members(ask("new(policy)")).await.unwrap().into_inner();
        written(&mut house.admin(), "policy", Insert, vec![a_policy("z", "2026-02-20", "North", json!(1))]).await;
        let next = ListSetMembersRequest { page_token: first.next_page_token, ..ask("new(policy)") };
        assert_eq!(client.list_set_members(next).await.unwrap().into_inner().members, ["p107", "p108", "p109"]);
        for (bad, field) in [
            (ask("count(*)"), "set"), (ask("start(policy) + 1"), "set"), (ask("start(nothing)"), "set"),
            (ListSetMembersRequest { start: "2026-01-31T00:00:00Z".to_owned(), ..ask("new(policy)") }, "start"),
            (ListSetMembersRequest { conditions: strings(&["true", "nothing"]), ..ask("new(policy)") }, "conditions[1]"),
        ] {
            assert_eq!(refused(client.list_set_members(bad).await).violations()[0].field, field);
        }
    }

    /// Of many moments, the latest snapshots are found by looking for snapshots; what one pair of them has is read once.
    async fn many_moments_have_few_snapshots(house: House) {
        let mut client = snapshots(&house).await;
        let days: Vec<String> = (1..=28)
            .flat_map(|day| [1, 2, 3].map(|month| format!("2026-{month:02}-{day:02}")))
            .chain(["2025-12-31".to_owned(), "2026-04-01".to_owned()])
            .collect();
        let mut days: Vec<_> = days.iter().map(String::as_str).collect();
        days.sort_unstable();
        let mut ask = fragment(&["start(policy.policy_id)"], &[], &days);
        ask.snapshot_selection = SnapshotSelection::Latest.into();
        let answers = execute(&mut client, vec![ask.clone()], true).await.unwrap();
        let (groups, summary) = &answers[0];
        let latest = |day: &str| match &day[..7] {
            "2025-12" => String::new(),
            "2026-04" => "2026-03-01".to_owned(),
            month => format!("{month}-01"),
        };
        let pairs = days.windows(2).map(|pair| (latest(pair[0]), latest(pair[1])));
        let found = summary.snapshots.iter().map(|pair| (pair.start.clone(), pair.end.clone()));
        assert!(pairs.eq(found), "{:?}", summary.snapshots);
        assert_eq!(groups.len(), days.len() - 1);
        // None and January, January, January and February, February, February and March, March.
        assert_eq!(summary.statements.len(), 6);
        let at = |bounds: &[&str]| Fragment { bounds: strings(bounds), ..ask.clone() };
        let years: Vec<_> = (2000..2030).map(|year| format!("{year}-06-01")).collect();
        let years: Vec<_> = years.iter().map(String::as_str).collect();
        let answers = execute(&mut client, vec![at(&years)], false).await.unwrap();
        let ends: Vec<_> = answers[0].1.snapshots.iter().map(|pair| pair.end.as_str()).collect();
        assert_eq!(ends[24..27], ["", "2026-03-01", "2026-03-01"]);
        // And where there are more snapshots than moments.
        let day = |n: i32| formula::calendar::date_text(18_000 + n);
        let rows = (0..60).map(|n| a_policy("x", &day(n), "North", json!(1))).collect();
        written(&mut house.admin(), "policy", Insert, rows).await;
        let days: Vec<String> = (0..25).map(|n| day(n * 2 + 1)).collect();
        let days: Vec<_> = days.iter().map(String::as_str).collect();
        let answers = execute(&mut client, vec![at(&days)], false).await.unwrap();
        let ends: Vec<_> = answers[0].1.snapshots.iter().map(|pair| pair.end.as_str()).collect();
        assert_eq!(ends, days[1..]);
    }

    /// Where the table cannot follow its definition, or not yet, the answer says so instead of telling the caller to plan again.
    async fn a_table_that_stays_behind_is_told(house: House) {
        let mut client = snapshots(&house).await;
        let mut wrong = policy();
        one(&mut wrong, "premium").r#type = DataType::Boolean as i32;
        let version = house.define(wrong).version;
        let ask = |entity_version| vec![Fragment { entity_version, ..fragment(&["count(*)"], &[], &[]) }];
        let error = refused(execute(&mut client, ask(version), false).await);
        assert!(error.is(&reasons::TABLE_INCOMPATIBLE), "{error:?}");
        assert_eq!(shorts(&execute(&mut client, ask(0), false).await.unwrap()[0].0), [(vec![], 0, vec!["270".to_owned()])]);
        let error = refused(execute(&mut client, ask(version + 1), false).await);
        assert!(error.is(&reasons::TABLE_BEHIND), "{error:?}");
    }

    /// The version of rows grows with each change, and is 0 where there is no table.
    async fn data_versions_grow(house: House) {
        let mut client = snapshots(&house).await;
        let ask = GetDataVersionsRequest { entities: strings(&["note", "policy", "nothing"]), ..Default::default() };
        let versions = async |client: &mut Client| client.get_data_versions(ask.clone()).await.unwrap().into_inner().data_versions;
        assert_eq!(versions(&mut client).await, [0, 1, 0]);
        written(&mut house.admin(), "policy", Insert, vec![a_policy("z", "2026-02-20", "North", json!(1))]).await;
        assert_eq!(versions(&mut client).await, [0, 2, 0]);
    }
}

async fn answers_are_bounded(backend: Backend) {
    let config = Config {
        most_groups: 50,
        most_values: 60,
        ..Config::default()
    };
    let house = House::with(backend, config).await;
    let mut client = snapshots(&house).await;
    let ask = fragment(&["count(*)"], &["policy_id"], &[]);
    let error = refused(execute(&mut client, vec![ask], false).await);
    assert!(error.is(&reasons::TOO_MANY_GROUPS), "{error:?}");
    let ask = fragment(&["median(premium)"], &[], &[]);
    let error = refused(execute(&mut client, vec![ask], false).await);
    assert!(error.is(&reasons::TOO_MANY_VALUES), "{error:?}");
    // The budget is of all percentiles together.
    let half = "median(premium where policy.premium < 40)";
    let other = "median(premium + 1 where policy.premium < 40)";
    let ask = |measures: &[&str]| vec![fragment(measures, &[], &[])];
    execute(&mut client, ask(&[half]), false).await.unwrap();
    let error = refused(execute(&mut client, ask(&[half, other]), false).await);
    assert!(error.is(&reasons::TOO_MANY_VALUES), "{error:?}");
    // And the groups are of all periods together, of which each has three.
    let days: Vec<_> = (1..=28).map(|day| format!("2026-01-{day:02}")).collect();
    let days: Vec<_> = days.iter().map(String::as_str).collect();
    let mut ask = fragment(
        &["start(policy.policy_id)"],
        &["region", "status"],
        &days[..10],
    );
    ask.snapshot_selection = SnapshotSelection::Latest.into();
    execute(&mut client, vec![ask.clone()], false)
        .await
        .unwrap();
    ask.bounds = strings(&days);
    let error = refused(execute(&mut client, vec![ask], false).await);
    assert!(error.is(&reasons::TOO_MANY_GROUPS), "{error:?}");
    let ask = ExecuteQueryRequest {
        entity: "policy".to_owned(),
        measures: strings(&["count(*)"]),
        group_by: strings(&["policy_id"]),
        ..Default::default()
    };
    let error = refused(house.admin().execute_query(ask).await);
    assert!(error.is(&reasons::TOO_MANY_GROUPS), "{error:?}");
}

#[test]
fn answers_are_bounded_on_sqlite() {
    testkit::run(answers_are_bounded(Backend::sqlite()));
}

#[test]
fn answers_are_bounded_on_postgres() {
    testkit::run(answers_are_bounded(Backend::postgres()));
}
