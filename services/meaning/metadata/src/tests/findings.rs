//! The background check: what it finds is kept and told until it is mended.

use super::{cases::Case, *};
use crate::{Config, store::Store, tasks::Consistency};
use db::diesel::prelude::*;
use proto_meaning::tessera::metadata::v1::FindingState::{All, Open, Resolved};
use std::{sync::Arc, time::Duration};
use value::{Clock, ManualClock};

/// The background check of the service, with a clock that the test moves.
fn check(bench: &Bench<Metadata>) -> (Consistency, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Clock::now(bench.clock())));
    let check = Consistency {
        store: Store::new(bench.db().clone(), clock.clone()),
        clock: clock.clone(),
        config: Config::default(),
    };
    (check, clock)
}

async fn force_delete(client: &mut Client, code: &str) -> Result<v1::Entity, Status> {
    let ask = v1::DeleteEntityRequest {
        id: entity(client, code).await.id,
        force: true,
        ..Default::default()
    };
    Ok(client.delete_entity(ask).await?.into_inner())
}

async fn list(client: &mut Client, ask: v1::ListFindingsRequest) -> Vec<v1::Finding> {
    client
        .list_findings(ask)
        .await
        .unwrap()
        .into_inner()
        .findings
}

async fn findings(client: &mut Client, state: v1::FindingState) -> Vec<v1::Finding> {
    let ask = v1::ListFindingsRequest {
        state: state as i32,
        ..Default::default()
    };
    list(client, ask).await
}

fn named(findings: &[v1::Finding]) -> Vec<(&str, &str, &str)> {
    let mut named: Vec<_> = findings
        .iter()
        .map(|one| {
            let definition = one.definition.as_ref().unwrap();
            (
                definition.code.as_str(),
                one.field.as_str(),
                one.reason.as_str(),
            )
        })
        .collect();
    named.sort_unstable();
    named
}

/// Events of findings, in the order they are told: whether resolved, and whose.
async fn told(bench: &Bench<Metadata>) -> Vec<(bool, String)> {
    use prost::Message;
    let now = Clock::now(bench.clock());
    let events = bench
        .db()
        .claim(&bench.scope(), move |c| {
            db::outbox::claim_batch(c, now, Duration::from_secs(1), 1000)
        })
        .await
        .unwrap();
    let findings = events
        .iter()
        .filter(|event| event.topic == crate::convert::event::FINDINGS);
    let read = |payload: &[u8]| v1::FindingChanged::decode(payload).unwrap();
    let read = findings.map(|event| read(event.payload.as_slice()));
    let mut told: Vec<_> = read
        .map(|one| (one.resolved, one.definition.unwrap().code))
        .collect();
    told.sort();
    told
}

testkit::both! {
    /// Proves: META-13
    async fn the_checker_reports_an_entity_that_was_deleted_under_a_metric(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let (check, clock) = check(&bench);
        check.once().await.unwrap();
        assert_eq!(findings(&mut client, All).await, [], "all is well");
        let claim = entity(&mut client, "claim").await;
        let error = refused(v1::Entity::delete(&mut client, &claim.id, "").await);
        assert_eq!(error.reason(), "DEFINITION_IN_USE", "it takes force");
        force_delete(&mut client, "claim").await.unwrap();

        clock.advance(Duration::from_secs(1));
        check.once().await.unwrap();
        let found = findings(&mut client, Open).await;
        let names = named(&found);
        for expected in [
            ("claims_paid", "entities[0]", "UNKNOWN_REFERENCE"),
            ("claims_paid", "formula", "FORMULA_UNKNOWN_ENTITY"),
            ("loss_ratio", "ratio", "FORMULA_BAD_METRIC"),
            ("claim_by_member", "from", "UNKNOWN_REFERENCE"),
        ] {
            assert!(names.contains(&expected), "{expected:?} {names:?}");
        }
        assert_eq!(names.len(), 10);
        assert!(found.iter().all(|one| one.first_seen_time == one.last_seen_time && one.resolve_time.is_none()));
        let one = found[0].definition.as_ref().unwrap();
        assert!(!one.id.is_empty() && !one.name.is_empty(), "{one:?}");

        // Nothing has changed, so that it is not looked at again before its time.
        clock.advance(Duration::from_secs(60));
        check.once().await.unwrap();
        assert_eq!(findings(&mut client, Open).await, found);
        clock.advance(Duration::from_secs(24 * 60 * 60));
        check.once().await.unwrap();
        let again = findings(&mut client, Open).await;
        assert_eq!(named(&again), names);
        assert!(again.iter().all(|one| one.first_seen_time == found[0].first_seen_time && one.last_seen_time != found[0].last_seen_time));
        assert_eq!(told(&bench).await.len(), 10, "each is told once");

        v1::Entity::undelete(&mut client, &claim.id).await.unwrap();
        clock.advance(Duration::from_secs(1));
        check.once().await.unwrap();
        assert_eq!(findings(&mut client, Open).await, []);
        let mended = findings(&mut client, Resolved).await;
        assert!(mended.len() == 10 && mended.iter().all(|one| one.resolve_time.is_some()));
        assert_eq!(findings(&mut client, All).await, mended);
    }

    async fn findings_are_told_when_they_appear_and_when_they_are_gone(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let (check, _) = check(&bench);
        let region = force_delete(&mut client, "region").await.unwrap();
        check.once().await.unwrap();
        v1::Entity::undelete(&mut client, &region.id).await.unwrap();
        check.once().await.unwrap();
        let told = told(&bench).await;
        let codes = ["agent_in_region", "member_in_region", "policy_administration"];
        let expected = [false, true].into_iter().flat_map(|resolved| codes.map(|code| (resolved, code.to_owned())));
        assert_eq!(told, expected.collect::<Vec<_>>());
        // The same again is another finding.
        force_delete(&mut client, "region").await.unwrap();
        check.once().await.unwrap();
        assert_eq!((findings(&mut client, Open).await.len(), findings(&mut client, All).await.len()), (3, 6));
    }

    async fn findings_are_listed_by_kind_reason_and_page(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let (check, _) = check(&bench);
        force_delete(&mut client, "claim").await.unwrap();
        check.once().await.unwrap();
        let metrics = vec![v1::DefinitionKind::Metric as i32];
        let ask = v1::ListFindingsRequest { kinds: metrics.clone(), ..Default::default() };
        assert_eq!(list(&mut client, ask).await.len(), 5);
        let ask = v1::ListFindingsRequest { kinds: metrics, reason: "FORMULA_BAD_METRIC".to_owned(), ..Default::default() };
        let found = list(&mut client, ask).await;
        let names = named(&found);
        let names: Vec<_> = names.iter().map(|(code, ..)| *code).collect();
        assert_eq!(names, ["claims_paid_year_to_date", "loss_ratio", "margin"]);
        let mut ask = v1::ListFindingsRequest { page_size: 4, ..Default::default() };
        let mut ids = Vec::new();
        loop {
            let page = client.list_findings(ask.clone()).await.unwrap().into_inner();
            ids.extend(page.findings.into_iter().map(|one| one.id));
            ask.page_token = page.next_page_token;
            if ask.page_token.is_empty() {
                break;
            }
        }
        assert!(ids.len() == 10 && ids.is_sorted_by(|a, b| a > b), "{ids:?}");

        let mut stranger = Client::new(bench.stranger());
        assert_eq!(findings(&mut stranger, All).await, []);
        let mut reader = Client::new(bench.with_permissions(&["metadata.ontology.read", "metadata.relationships.read"]));
        assert_eq!(findings(&mut reader, Open).await.len(), 2);
        let ask = v1::ListFindingsRequest { kinds: vec![v1::DefinitionKind::Metric as i32], ..Default::default() };
        let error = refused(reader.list_findings(ask).await);
        assert_eq!(error.reason(), "PERMISSION_DENIED");
    }

    async fn force_is_for_administrators(bench: Bench<Metadata>) {
        with_sample(&bench).await;
        let mut editor = Client::new(bench.with_permissions(&["*.read", "*.write"]));
        let error = refused(force_delete(&mut editor, "claim").await);
        assert_eq!(error.reason(), "PERMISSION_DENIED");
        assert!(error.message().contains("metadata.ontology.admin"), "{error:?}");
        let mut admin = Client::new(bench.with_permissions(&["metadata.entities.*", "metadata.ontology.admin"]));
        force_delete(&mut admin, "claim").await.unwrap();
    }

    /// What was broken by force is mended piece by piece; what is broken already is nobody else's fault.
    async fn a_broken_metric_keeps_no_one_from_other_changes(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        force_delete(&mut client, "claim").await.unwrap();
        let mut policy = entity(&mut client, "policy").await;
        let premium = policy.attributes.iter_mut().find(|one| one.code == "monthly_premium");
        premium.unwrap().precision = 14;
        update_entity(&mut client, policy, &["attributes"]).await.expect("margin was broken before");
        let mut paid = metric(&mut client, "claims_paid").await;
        paid.description = "Still broken".to_owned();
        refused(update_metric(&mut client, paid.clone(), &["description"]).await);
        (paid.formula, paid.entities) = ("sum(policy.monthly_premium)".to_owned(), vec!["policy".to_owned()]);
        update_metric(&mut client, paid, &["formula", "entities"]).await.unwrap();
    }

    async fn references_of_older_versions_are_derived_anew(bench: Bench<Metadata>) {
        use crate::schema::{definition_references as refs, ontologies};
        let mut client = with_sample(&bench).await;
        bench
            .db()
            .write(&bench.scope(), |c| {
                db::diesel::delete(refs::table.filter(refs::path.like("formula[%"))).execute(c)?;
                db::diesel::update(ontologies::table)
                    .set((ontologies::references_format.eq(0), ontologies::checked_changes.eq(-1)))
                    .execute(c)?;
                Ok(())
            })
            .await
            .unwrap();
        let claim = entity(&mut client, "claim").await;
        let ask = v1::ListDependentsRequest { id: claim.id, part: "paid_amount".to_owned(), ..Default::default() };
        assert!(client.list_dependents(ask.clone()).await.unwrap().into_inner().references.is_empty());
        check(&bench).0.once().await.unwrap();
        assert_eq!(client.list_dependents(ask).await.unwrap().into_inner().references.len(), 1);
        assert_eq!(findings(&mut client, All).await, []);
    }
}

/// The service itself checks, without being asked.
///
/// Proves: META-13
#[test]
fn the_check_runs_by_itself() {
    testkit::run(async {
        let config = Config {
            check_interval: config::Span::from_millis(20),
            ..Config::default()
        };
        let bench = Bench::<Metadata>::builder(testkit::Backend::sqlite());
        let bench = bench.config(config).start().await;
        let mut client = with_sample(&bench).await;
        force_delete(&mut client, "claim").await.unwrap();
        testkit::eventually("the findings", || {
            let mut client = client.clone();
            async move { (findings(&mut client, Open).await.len() == 10).then_some(()) }
        })
        .await;
    });
}
