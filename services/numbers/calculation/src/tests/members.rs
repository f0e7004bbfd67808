//! Members of the sets behind a metric.

use super::*;
use error::Kind;
use v1::{FilterOperator, MemberSet};

fn ask(metric: &str, set: MemberSet) -> v1::ListMembersRequest {
    v1::ListMembersRequest {
        metric: metric.to_owned(),
        set: set.into(),
        start: "2025-01-01".to_owned(),
        end: "2025-02-01".to_owned(),
        ..Default::default()
    }
}

async fn list(rig: &Rig, ask: v1::ListMembersRequest) -> Result<v1::ListMembersResponse, Status> {
    Ok(rig.client().list_members(ask).await?.into_inner())
}

testkit::both! {
    /// All members of a set come, page by page, as the metric's own condition and the question's filters say.
    async fn members_are_listed_in_pages(rig: Rig) {
        let south = || vec![filter("region", FilterOperator::Equal, &["south"])];
        let dropped = v1::ListMembersRequest { page_size: 30, filters: south(), ..ask("retention", MemberSet::Dropped) };
        let first = list(&rig, dropped.clone()).await.unwrap();
        assert_eq!((first.members.len(), first.total_size, first.members[1].as_str()), (30, 50, "p0003"));
        let rest = v1::ListMembersRequest { page_token: first.next_page_token, ..dropped };
        let rest = list(&rig, rest).await.unwrap();
        assert_eq!((rest.members.len(), rest.next_page_token.as_str()), (20, ""));
        for (set, total) in [(MemberSet::Start, 500), (MemberSet::End, 475), (MemberSet::New, 25), (MemberSet::Retained, 450)] {
            let found = list(&rig, v1::ListMembersRequest { page_size: 1, r#where: "region = 'south'".into(), ..ask("retention", set) }).await;
            assert_eq!(found.unwrap().total_size, total, "{set:?}");
        }
    }

    /// Whoever may see fewer rows sees fewer members.
    async fn members_are_those_the_caller_may_see(rig: Rig) {
        let north = rig.bench.with_row_filters(&["calculation.members.read"], &[("policy", "region = 'north'")]);
        let found = Client::new(north).list_members(ask("retention", MemberSet::New)).await.unwrap().into_inner();
        assert_eq!((found.total_size, found.members[0].as_str()), (25, "p1000"));
    }

    /// Only a metric over one set has members.
    async fn metrics_without_a_set_have_no_members(rig: Rig) {
        for (formula, reason) in [("start(policy.policy_id) + end(policy.policy_id where status = 'Active')", "SETS_DIFFER"), ("count(policy)", "NOT_SET_BASED")] {
            rig.insurer.put(insurer::metric("other", proto_meaning::tessera::metadata::v1::MetricType::Derived, formula));
            let error = refused(list(&rig, ask("other", MemberSet::New)).await);
            assert_eq!((error.kind(), error.reason(), error.metadata()["metric"].as_str()), (Kind::FailedPrecondition, reason, "other"));
        }
        assert_eq!(refused(list(&rig, ask("nothing", MemberSet::New)).await).kind(), Kind::NotFound);
        let unset = refused(list(&rig, ask("retention", MemberSet::Unspecified)).await);
        assert_eq!(violations(&unset)[0].0, "set");
        let backwards = v1::ListMembersRequest { end: "2024-01-01".into(), ..ask("retention", MemberSet::New) };
        assert_eq!(violations(&refused(list(&rig, backwards).await)), [("end", "NOT_AFTER_START")]);
        let lost = v1::ListMembersRequest { page_token: "damaged".into(), ..ask("retention", MemberSet::New) };
        assert_eq!(refused(list(&rig, lost).await).reason(), "INVALID_PAGE_TOKEN");
        let typo = v1::ListMembersRequest { r#where: "regoin = 'x'".into(), ..ask("retention", MemberSet::New) };
        assert_eq!(violations(&refused(list(&rig, typo).await)), [("where", "FORMULA_UNKNOWN_ATTRIBUTE")]);
    }
}
