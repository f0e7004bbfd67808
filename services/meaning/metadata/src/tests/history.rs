//! Versions: what was, what differs, and how it comes back.

use super::{cases::Case, *};

/// A metric with four versions: created, updated, deleted, brought back.
async fn aged(client: &mut Client) -> v1::Metric {
    let made = create_metric(client, derived("aged", &["margin"]))
        .await
        .unwrap();
    let mut changed = made.clone();
    (changed.formula, changed.unit) = ("margin * 2".to_owned(), "EUR".to_owned());
    update_metric(client, changed, &["formula", "unit"])
        .await
        .unwrap();
    v1::Metric::delete(client, &made.id, "").await.unwrap();
    v1::Metric::undelete(client, &made.id).await.unwrap()
}

testkit::both! {
    async fn every_version_is_kept(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let aged = aged(&mut client).await;
        let ask = v1::ListVersionsRequest { id: aged.id.clone(), page_size: 3, ..Default::default() };
        let page = client.list_versions(ask.clone()).await.unwrap().into_inner();
        let actions: Vec<_> = page.versions.iter().map(|version| (version.version, version.action())).collect();
        assert_eq!(actions, [
            (4, v1::ChangeAction::Undeleted),
            (3, v1::ChangeAction::Deleted),
            (2, v1::ChangeAction::Updated),
        ]);
        let who = format!("user:{}", bench.admin_principal().id);
        assert!(page.versions.iter().all(|version| version.actor == who && version.create_time.is_some()));
        let rest = v1::ListVersionsRequest { page_token: page.next_page_token, ..ask };
        let page = client.list_versions(rest).await.unwrap().into_inner();
        assert_eq!((page.versions.len(), page.next_page_token.as_str()), (1, ""));

        let ask = v1::GetVersionRequest { id: aged.id.clone(), version: 1 };
        let first = client.get_version(ask).await.unwrap().into_inner();
        let Some(v1::definition::Definition::Metric(metric)) = first.definition.unwrap().definition else {
            panic!("it is a metric")
        };
        assert_eq!((metric.formula.as_str(), metric.etag.as_str()), ("margin", "v1"));
        let ask = v1::GetVersionRequest { id: aged.id.clone(), version: 9 };
        assert_eq!(refused(client.get_version(ask).await).reason(), "NOT_FOUND");
    }

    async fn differences_are_told_by_field(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let aged = aged(&mut client).await;
        let ask = v1::DiffVersionsRequest { id: aged.id.clone(), from_version: 1, to_version: 0 };
        let diff = client.diff_versions(ask).await.unwrap().into_inner();
        let changes: Vec<_> = diff.changes.iter().map(|c| (c.path.as_str(), c.kind(), c.before.as_str(), c.after.as_str())).collect();
        assert_eq!(changes, [
            ("formula", v1::ChangeKind::Changed, "\"margin\"", "\"margin * 2\""),
            ("unit", v1::ChangeKind::Added, "", "\"EUR\""),
        ]);
        assert_eq!((diff.from_version, diff.to_version), (1, 4));
        let ask = v1::DiffVersionsRequest { id: aged.id, from_version: 0, to_version: 1 };
        let diff = client.diff_versions(ask).await.unwrap().into_inner();
        assert!(diff.changes.iter().all(|change| change.kind() == v1::ChangeKind::Added));
    }

    async fn an_older_version_becomes_the_newest(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let aged = aged(&mut client).await;
        let ask = |version, etag: &str| v1::RestoreVersionRequest { id: aged.id.clone(), version, etag: etag.to_owned() };
        assert_eq!(refused(client.restore_version(ask(1, "v2")).await).reason(), "ETAG_MISMATCH");
        assert_eq!(refused(client.restore_version(ask(7, "v4")).await).reason(), "NOT_FOUND");
        client.restore_version(ask(1, "v4")).await.unwrap();
        let now = metric(&mut client, "aged").await;
        assert_eq!((now.formula.as_str(), now.unit.as_str(), now.etag.as_str()), ("margin", "", "v5"));
    }

    async fn what_is_restored_is_checked(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let base = create_metric(&mut client, derived("base", &["margin"])).await.unwrap();
        let top = create_metric(&mut client, derived("top", &["base"])).await.unwrap();
        let mut free = top.clone();
        (free.metrics, free.formula) = (vec!["margin".to_owned()], "margin".to_owned());
        update_metric(&mut client, free, &["metrics", "formula"]).await.unwrap();
        v1::Metric::delete(&mut client, &base.id, "").await.unwrap();
        let ask = v1::RestoreVersionRequest { id: top.id, version: 1, etag: "v2".to_owned() };
        let error = refused(client.restore_version(ask).await);
        let unknown = [("metric.metrics[0]", "UNKNOWN_REFERENCE"), ("metric.formula", "FORMULA_UNKNOWN_METRIC")];
        assert_eq!(violations(&error), unknown);
    }

    async fn a_stranger_sees_no_history(bench: Bench<Metadata>) {
        let mut client = with_sample(&bench).await;
        let (id, etag) = (aged(&mut client).await.id, "v4".to_owned());
        let mut stranger = Client::new(bench.stranger());
        let ask = v1::ListVersionsRequest { id: id.clone(), ..Default::default() };
        assert_eq!(refused(stranger.list_versions(ask).await).reason(), "NOT_FOUND");
        let ask = v1::GetVersionRequest { id: id.clone(), version: 1 };
        assert_eq!(refused(stranger.get_version(ask).await).reason(), "NOT_FOUND");
        let ask = v1::DiffVersionsRequest { id: id.clone(), ..Default::default() };
        assert_eq!(refused(stranger.diff_versions(ask).await).reason(), "NOT_FOUND");
        let ask = v1::RestoreVersionRequest { id, version: 1, etag };
        assert_eq!(refused(stranger.restore_version(ask).await).reason(), "NOT_FOUND");
    }
}
