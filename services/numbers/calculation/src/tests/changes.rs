//! Definitions that change: plans follow, and a question under which they change is asked once more.

use super::{insurer::metric, *};
use error::Kind;
use proto_meaning::tessera::metadata::v1 as metadata;

testkit::both! {
    /// What is known is not sent again, and a plan is made once for each version.
    async fn plans_are_kept_until_definitions_change(rig: Rig) {
        let ask = v1::CalculateRequest { explain: true, ..ever("loss_ratio") };
        let cached = async || rig.ask(ask.clone()).await.unwrap().explanation.unwrap().plan_cached;
        assert!(!cached().await);
        assert!(cached().await);
        assert_eq!(rig.insurer.state().known, [0, 1]);
        rig.insurer.put(metric("claims_paid", metadata::MetricType::Simple, "2 * sum(claim.amount)"));
        assert!(!cached().await);
        // Another metric changes: the definitions are read again, and the plan still holds.
        rig.insurer.put(metric("new_metric", metadata::MetricType::Simple, "count(policy)"));
        assert!(cached().await);
        let answer = rig.ask(ask.clone()).await.unwrap();
        let used = answer.explanation.unwrap().definitions;
        let versions: Vec<_> = used.iter().map(|d| (d.code.as_str(), d.version)).collect();
        assert_eq!(versions, [("loss_ratio", 2), ("claims_paid", 3), ("premium", 2), ("claim", 3), ("policy", 3)]);
    }

    /// Where an entity changes between plan and run, the question is planned again, a few times.
    async fn a_change_under_a_question_is_followed(rig: Rig) {
        rig.insurer.state().changes = 1;
        assert_eq!(rig.value(ever("claim_count")).await.text.as_deref(), Some("5"));
        let runs = rig.insurer.runs();
        let versions: Vec<_> = runs.iter().map(|run| run.fragments[0].entity_version).collect();
        assert_eq!(versions, [3, 4]);
        rig.insurer.state().changes = 6;
        let error = refused(rig.ask(ever("claim_count")).await);
        assert_eq!((error.kind(), error.reason()), (Kind::Aborted, "CONFLICT"));
        assert_eq!(rig.insurer.calls(), 6);
        assert_eq!(rig.value(ever("claim_count")).await.text.as_deref(), Some("5"));
    }

    /// A table that is just brought in line with a definition is waited for, but not for ever.
    async fn a_table_that_follows_is_waited_for(rig: Rig) {
        rig.insurer.state().behind = 4;
        assert_eq!(rig.value(ever("claim_count")).await.text.as_deref(), Some("5"));
        assert_eq!(rig.insurer.state().behind, 0);
        rig.insurer.state().behind = 100;
        let error = refused(rig.ask(ever("claim_count")).await);
        assert_eq!((error.kind(), error.reason()), (Kind::Unavailable, "TABLE_BEHIND"));
    }

    /// A metric that is not there is asked for again, and found once it is.
    async fn what_was_missing_is_found_later(rig: Rig) {
        assert_eq!(refused(rig.ask(ever("later")).await).kind(), Kind::NotFound);
        rig.insurer.put(metric("later", metadata::MetricType::Simple, "count(policy)"));
        assert_eq!(rig.value(ever("later")).await.text.as_deref(), Some("2050"));
    }
}
