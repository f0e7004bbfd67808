//! Ontologies as large as an import takes: the work grows with the text, not with its square.

use super::{cases::Case, *};
use crate::Config;
use std::fmt::Write;

/// A chain of metrics, each built on the next; the last one on `last`, or on nothing. They are drafts: formulas of others
/// are built on each other no deeper than can be calculated.
fn chain(length: usize, last: &str) -> String {
    let mut yaml = "ontology: tessera/v1\nmetrics:\n".to_owned();
    for number in 0..length {
        let next = match number + 1 {
            next if next == length => last.to_owned(),
            next => format!("m{next}"),
        };
        writeln!(
            yaml,
            "  - {{ code: m{number}, name: M{number}, type: derived, formula: \"1 + {next}\", state: draft, tags: [long], metrics: [{next}] }}"
        )
        .unwrap();
    }
    if last == "base" {
        yaml += "  - { code: base, name: Base, type: simple, formula: count(thing.id), entities: [thing] }\n";
        yaml += "entities:\n  - { code: thing, name: Thing, kind: dimension, attributes: [{ code: id, type: uuid }] }\n";
    }
    yaml
}

async fn dry_run(client: &mut Client, yaml: String) -> v1::ImportOntologyResponse {
    let ask = v1::ImportOntologyRequest {
        yaml,
        dry_run: true,
        ..Default::default()
    };
    client.import_ontology(ask).await.unwrap().into_inner()
}

testkit::both! {
    async fn a_long_chain_is_imported_and_checked(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        let most = Config::default().import_definitions;
        let yaml = chain(most - 2, "base");
        let done = import(&mut client, &yaml).await.unwrap();
        assert_eq!((done.results.len(), done.applied), (most, true));
        let sound = client.check_consistency(v1::CheckConsistencyRequest {}).await.unwrap().into_inner();
        assert!(sound.findings.is_empty(), "{} findings", sound.findings.len());
        assert_eq!(usize::try_from(sound.checked), Ok(most));
        let done = import(&mut client, &yaml.replace("[long]", "[short]")).await.unwrap();
        let updated = done.results.iter().filter(|result| result.outcome() == v1::ImportOutcome::Updated);
        assert_eq!(updated.count(), most - 2);
        assert_eq!(metric(&mut client, "m4000").await.tags, ["short"]);
        let mut filter = v1::DefinitionFilter { tags: vec!["long".to_owned()], ..Default::default() };
        assert!(v1::Metric::list(&mut client, filter.clone()).await.unwrap().is_empty());
        filter.tags = vec!["short".to_owned()];
        assert_eq!(v1::Metric::list(&mut client, filter).await.unwrap().len(), 1000, "a whole page");
    }

    async fn a_long_circle_is_named_shortly(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        let error = refused(import(&mut client, &chain(5_000, "m0")).await);
        assert_eq!(violations(&error), [("metrics[m0].metrics[0]", "DEFINITION_CYCLE")]);
        let words = &error.violations()[0].description;
        assert!(words.starts_with("line 3: metric m0 → m1 → m2 → "), "{words}");
        assert!(words.ends_with(" → m4999 → m0 is built on itself") && words.len() < 500, "{words}");
        let told = dry_run(&mut client, chain(300, "m0")).await;
        let refused_ones: Vec<_> = told.results.iter().filter(|result| !result.findings.is_empty()).collect();
        assert_eq!((refused_ones.len(), refused_ones[0].code.as_str()), (1, "m0"));

        // The rest of the circle is not in the text.
        import(&mut client, &chain(30, "base")).await.unwrap();
        let yaml = "ontology: tessera/v1\nmetrics:\n  - { code: base, name: Base, type: derived, state: draft, formula: m0, metrics: [m0] }\n";
        let error = refused(import(&mut client, yaml).await);
        assert_eq!(violations(&error), [("metrics[base].metrics[0]", "DEFINITION_CYCLE")]);
        assert!(error.violations()[0].description.contains("base → m0 → m1 → "), "{error:?}");
        assert_eq!(metric(&mut client, "base").await.etag, "v1", "nothing is stored");
    }

    async fn more_than_an_import_takes_is_refused(bench: Bench<Metadata>) {
        let mut client = Client::new(bench.admin());
        let most = Config::default().import_definitions;
        let error = refused(import(&mut client, &chain(most + 1, "m0")).await);
        assert_eq!(violations(&error), [("yaml", "TOO_MANY")]);
    }
}
