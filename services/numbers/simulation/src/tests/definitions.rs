//! What has to be defined: imported where it is missing, left alone where it is there, refused where it differs.

use super::*;
use serde_json::json;

/// The ontology that `make run` begins with.
const SAMPLE: &str = include_str!("../../../../meaning/metadata/samples/retail_insurance.yaml");

testkit::both! {
    async fn what_is_not_defined_is_named(world: World) {
        let bare = v1::CreateRunRequest { define: false, ..story() };
        let error = refused(create(&mut world.admin(), bare.clone()).await);
        assert_eq!(error.reason(), "SCENARIO_UNDEFINED");
        assert_eq!(error.metadata()["entities"], "member,policy");
        world.written(story()).await;
        let defined = world.metadata.defined(world.bench.tenant());
        assert_eq!(defined.len(), 2 + 1 + 9);
        let mut bare = bare;
        let run = bare.run.as_mut().unwrap();
        (run.start_date, run.end_date) = ("2025-03-01".to_owned(), "2025-04-01".to_owned());
        world.written(bare).await;
    }

    /// Proves: SCN-01
    async fn scenarios_fit_the_sample_ontology(world: World) {
        let tenant = world.bench.tenant();
        world.metadata.put(tenant, SAMPLE);
        let before = world.metadata.defined(tenant).len();
        world.written(story()).await;
        world.written(ask("seasonal_peak", "2025-01-01", "2025-01-31", &[])).await;
        let defined = world.metadata.defined(tenant);
        // What was there is as it was; only what it lacked was added.
        let added = ["retention_rate_simple", "policies_at_start", "policies_at_end", "policies_new", "policies_dropped", "premium_per_policy", "claims_count", "average_claim_cost"];
        assert_eq!(defined.len(), before + added.len());
        for metric in added {
            assert!(defined.contains(&format!("metrics.{metric}")), "{metric}");
        }
        assert_eq!(world.warehouse.attributes("policy").len(), 9);
        // The sample's claims have no region of their own, so none is written, and no truth is told by it.
        assert!(!world.warehouse.attributes("claim").contains(&"region_code".to_owned()));
    }

    async fn what_differs_is_never_overwritten(world: World) {
        let tenant = world.bench.tenant();
        world.metadata.put(tenant, SAMPLE);
        let key = ("metrics".to_owned(), "retention_rate".to_owned());
        world.metadata.change(tenant, |all| all.get_mut(&key).unwrap()["formula"] = json!("end / start"));
        let before = world.metadata.defined(tenant);
        let error = refused(create(&mut world.admin(), story()).await);
        assert_eq!(error.reason(), "SCENARIO_CONFLICT");
        let found = &error.violations()[0];
        assert_eq!((found.field.as_str(), found.reason.as_str()), ("metric.retention_rate", "DIFFERS"));
        assert_eq!(found.description, "is `end / start`, not `(end - new) / start`");
        assert_eq!(world.metadata.defined(tenant), before);
        // The metrics that fit can be had.
        let mut some = story();
        some.run.as_mut().unwrap().metrics = vec!["policies_dropped".to_owned()];
        world.written(some).await;
    }

    async fn a_relationship_of_the_code_that_joins_others_is_seen(world: World) {
        let tenant = world.bench.tenant();
        world.metadata.put(tenant, "ontology: tessera/v1\nrelationships:\n  - { code: policy_held_by_member, from: { entity: a, attribute: b }, to: { entity: c, attribute: d } }\n");
        let error = refused(create(&mut world.admin(), story()).await);
        assert_eq!(error.reason(), "SCENARIO_CONFLICT");
        assert_eq!(error.violations()[0].field, "relationship.policy_held_by_member");
        assert_eq!(world.metadata.defined(tenant).len(), 1);
    }
}
