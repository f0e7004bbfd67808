//! Import and export, all or nothing, and the check of the whole.

use super::{cases::Case, *};
use crate::schema::definition_references;
use db::diesel::prelude::*;

fn outcomes(response: &v1::ImportOntologyResponse, outcome: v1::ImportOutcome) -> usize {
    response
        .results
        .iter()
        .filter(|result| result.outcome() == outcome)
        .count()
}

const WRONG: &str = "\
ontology: tessera/v1
actors:
  - code: fine
    name: Fine
    kind: role
  - code: not so
    name: Wrong code
    kind: role
  - code: no_kind
    name: No kind
metrics:
  - code: lost
    name: Lost
    type: simple
    formula: count(nobody.id)
    entities: [nobody]
";

testkit::both! {
    async fn what_is_exported_is_imported_unchanged(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        let first = import(&mut client, SAMPLE).await.unwrap();
        assert!(first.applied);
        assert_eq!(outcomes(&first, v1::ImportOutcome::Created), first.results.len());
        assert!(first.results.iter().all(|result| result.line > 1));
        let yaml = export(&mut client).await;
        let again = import(&mut client, &yaml).await.unwrap();
        assert_eq!(outcomes(&again, v1::ImportOutcome::Unchanged), first.results.len());
        assert_eq!(export(&mut client).await, yaml);
        let mut stranger = Client::new(bench.stranger());
        assert_eq!(export(&mut stranger).await, "ontology: tessera/v1\n");
        import(&mut stranger, &yaml).await.unwrap();
        assert_eq!(export(&mut stranger).await, yaml, "another tenant has the same, on its own");
        let one = metric(&mut client, "retention_rate").await;
        assert_ne!(one.id, metric(&mut stranger, "retention_rate").await.id);
        assert_eq!(one.etag, "v1", "what is unchanged has no new version");
    }

    async fn what_is_imported_may_be_in_any_order(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let yaml = "ontology: tessera/v1\nmetrics:\n  - { code: x, name: X, type: derived, formula: y, metrics: [y] }\n  \
                    - { code: y, name: Y, type: derived, formula: margin, metrics: [margin] }\n";
        let done = import(&mut client, yaml).await.unwrap();
        assert_eq!(outcomes(&done, v1::ImportOutcome::Created), 2);
        let changed = yaml.replace("formula: margin", "formula: margin * 2");
        let done = import(&mut client, &changed).await.unwrap();
        let counts = (outcomes(&done, v1::ImportOutcome::Updated), outcomes(&done, v1::ImportOutcome::Unchanged));
        assert_eq!(counts, (1, 1));
        assert_eq!(metric(&mut client, "y").await.formula, "margin * 2");
        let circle = changed.replace("metrics: [margin]", "metrics: [x]");
        let error = refused(import(&mut client, &circle).await);
        assert!(error.violations().iter().any(|violation| violation.reason == "DEFINITION_CYCLE"), "{error:?}");
    }

    async fn one_wrong_definition_stops_all(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        let error = refused(import(&mut client, WRONG).await);
        assert_eq!(error.reason(), "ONTOLOGY_REFUSED");
        assert_eq!(violations(&error), [("actors[not so].code", "PATTERN"), ("actors[no_kind].kind", "REQUIRED")]);
        assert!(error.violations()[1].description.starts_with("line 9: "), "{error:?}");
        assert_eq!(export(&mut client).await, "ontology: tessera/v1\n", "nothing is stored");

        let mended = WRONG.replace("not so", "so").replace("No kind", "No kind\n    kind: role");
        let error = refused(import(&mut client, &mended).await);
        assert_eq!(violations(&error), [
            ("metrics[lost].entities[0]", "UNKNOWN_REFERENCE"),
            ("metrics[lost].formula", "FORMULA_UNKNOWN_ENTITY"),
        ]);
        assert_eq!(error.violations()[1].description, "line 13: line 1, column 7: there is no entity `nobody`");
        assert_eq!(error.violations()[0].description, "line 13: there is no entity `nobody`");
        assert_eq!(export(&mut client).await, "ontology: tessera/v1\n", "nothing is stored");
    }

    async fn a_dry_run_tells_all_and_stores_nothing(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        let ask = v1::ImportOntologyRequest { yaml: WRONG.to_owned(), dry_run: true, ..Default::default() };
        let told = client.import_ontology(ask).await.unwrap().into_inner();
        let results: Vec<_> = told.results.iter().map(|r| (r.line, r.code.as_str(), r.outcome(), r.findings.len())).collect();
        assert_eq!(results, [
            (3, "fine", v1::ImportOutcome::Created, 0),
            (6, "not so", v1::ImportOutcome::Refused, 1),
            (9, "no_kind", v1::ImportOutcome::Refused, 1),
            (12, "lost", v1::ImportOutcome::Refused, 2),
        ]);
        assert!(!told.applied);
        assert_eq!(export(&mut client).await, "ontology: tessera/v1\n");
        let ask = v1::ImportOntologyRequest { yaml: SAMPLE.to_owned(), dry_run: true, ..Default::default() };
        let told = client.import_ontology(ask).await.unwrap().into_inner();
        assert_eq!(outcomes(&told, v1::ImportOutcome::Created), told.results.len());
        assert_eq!(export(&mut client).await, "ontology: tessera/v1\n");
    }

    async fn an_import_takes_nothing_that_others_need(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let before = export(&mut client).await;
        let yaml = "ontology: tessera/v1\nentities:\n  - code: region\n    name: Region\n    kind: dimension\n    \
                    attributes:\n      - { code: other, type: string }\n";
        let error = refused(import(&mut client, yaml).await);
        assert_eq!(violations(&error)[0], ("entities[region].attributes", "DEFINITION_IN_USE"));
        assert_eq!(export(&mut client).await, before);
    }

    async fn an_import_is_done_once(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        let ask = |yaml: &str| v1::ImportOntologyRequest { yaml: yaml.to_owned(), request_id: "once".to_owned(), dry_run: false };
        let first = client.import_ontology(ask(SAMPLE)).await.unwrap().into_inner();
        assert_eq!(client.import_ontology(ask(SAMPLE)).await.unwrap().into_inner(), first);
        let other = ask("ontology: tessera/v1\n");
        assert_eq!(refused(client.import_ontology(other).await).reason(), "REQUEST_ID_REUSED");
    }

    async fn what_is_no_yaml_is_refused_with_its_line(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        for yaml in ["ontology: tessera/v1\nactors: [", "a: &a [*a]", "ontology: tessera/v1\n\tx: 1\n", "- 1", "{}"] {
            let error = refused(import(&mut client, yaml).await);
            assert_eq!(violations(&error), [("yaml", "INVALID_YAML")], "{yaml}");
            assert!(error.violations()[0].description.starts_with("line "), "{error:?}");
        }
    }

    async fn the_check_finds_what_was_broken_by_hand(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let ask = v1::CheckConsistencyRequest {};
        let sound = client.check_consistency(ask).await.unwrap().into_inner();
        assert!(sound.findings.is_empty() && sound.checked > 25, "{sound:?}");
        // References are forgotten behind the service's back, so that it lets the entity go.
        bench
            .db()
            .write(&bench.scope(), |c| {
                db::diesel::delete(definition_references::table.filter(definition_references::to_code.eq("claim"))).execute(c)?;
                Ok(())
            })
            .await
            .unwrap();
        let claim = entity(&mut client, "claim").await;
        v1::Entity::delete(&mut client, &claim.id, "").await.unwrap();
        let broken = client.check_consistency(ask).await.unwrap().into_inner();
        let mut found: Vec<_> = broken
            .findings
            .iter()
            .map(|finding| (finding.definition.as_ref().unwrap().code.as_str(), finding.field.as_str(), finding.reason.as_str()))
            .collect();
        found.sort_unstable();
        assert_eq!(found[0], ("claim_by_member", "from", "UNKNOWN_REFERENCE"));
        assert!(found.contains(&("claims_paid", "entities[0]", "UNKNOWN_REFERENCE")), "{found:?}");
        assert!(found.contains(&("claims_paid", "formula", "FORMULA_UNKNOWN_ENTITY")), "{found:?}");
        assert!(found.contains(&("loss_ratio", "ratio", "FORMULA_BAD_METRIC")), "{found:?}");
        assert_eq!(found.len(), 10);
    }

    async fn every_change_is_told(bench: Bench<Metadata>) {
        use prost::Message;
        let mut client = Client::new(bench.admin());
        let made = create_actor(&mut client, actor("a")).await.unwrap();
        let renamed = v1::Actor { name: "B".to_owned(), ..made.clone() };
        v1::Actor::update(&mut client, renamed, mask(&["name"])).await.unwrap();
        refused(create_actor(&mut client, actor("a")).await);
        v1::Actor::delete(&mut client, &made.id, "").await.unwrap();
        let now = value::Clock::now(bench.clock());
        let events = bench
            .db()
            .claim(&bench.scope(), move |c| db::outbox::claim_batch(c, now, std::time::Duration::from_secs(1), 10))
            .await
            .unwrap();
        let told: Vec<_> = events
            .iter()
            .map(|event| v1::DefinitionChanged::decode(event.payload.as_slice()).unwrap())
            .map(|event| (event.version, event.action(), event.changed_paths.join(" ")))
            .collect();
        assert_eq!(told, [
            (1, v1::ChangeAction::Created, "code kind name state".to_owned()),
            (2, v1::ChangeAction::Updated, "name".to_owned()),
            (3, v1::ChangeAction::Deleted, String::new()),
        ]);
    }

    async fn tables_are_what_the_migrations_say(bench: Bench<Metadata>) {
        assert_eq!(bench.drift().await, []);
    }
}
