//! Lists: filters, order, pages.

use super::*;

fn at(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp {
        seconds: 1_790_000_000 + seconds,
        nanos: 0,
    })
}

fn ask() -> pb::ListOperationsRequest {
    pb::ListOperationsRequest::default()
}

async fn titles(client: &mut Client, mut ask: pb::ListOperationsRequest) -> Vec<String> {
    ask.page_size = 2;
    let mut titles = Vec::new();
    loop {
        let page = client
            .list_operations(ask.clone())
            .await
            .unwrap()
            .into_inner();
        assert!(page.operations.len() <= 2);
        titles.extend(page.operations.into_iter().map(|one| one.title));
        ask.page_token = page.next_page_token;
        if ask.page_token.is_empty() {
            return titles;
        }
    }
}

both! {
    async fn the_newest_come_first_whatever_is_filtered(house: House) {
        let mut admin = house.admin();
        let (someone, parent, schedule) = (Id::new().to_string(), Id::new().to_string(), Id::new().to_string());
        let told = async |title: &str, seconds: i64, change: &dyn Fn(&mut jobs::Job)| {
            house.told(|job| {
                job.title = title.to_owned();
                job.create_time = at(seconds);
                change(job);
            }).await;
        };
        told("a", 1, &|_| {}).await;
        told("b", 2, &|job| { job.set_state(jobs::JobState::Failed); job.principal_id.clone_from(&someone); }).await;
        told("c", 3, &|job| { job.kind = "simulation.other".into(); job.parent_id.clone_from(&parent); }).await;
        told("d", 4, &|job| { job.set_state(jobs::JobState::Queued); job.set_security_level(jobs::SecurityLevel::Restricted); job.schedule_id.clone_from(&schedule); }).await;
        told("e", 5, &|job| { job.service = "warehouse".into(); job.compliance_tags = vec!["gdpr".into(), "gdpr".into()]; job.correlation_id = "k".into(); }).await;
        told("f", 5, &|job| { job.set_state(jobs::JobState::Failed); job.compliance_tags = vec!["gdpr".into()]; }).await;
        let running = vec![pb::OperationState::Running.into()];
        let ended = vec![pb::OperationState::Failed.into(), pb::OperationState::Succeeded.into()];
        for (ask, expected) in [
            (ask(), "fedcba"),
            (pb::ListOperationsRequest { states: running.clone(), ..ask() }, "eca"),
            (pb::ListOperationsRequest { states: ended.clone(), ..ask() }, "fb"),
            (pb::ListOperationsRequest { service: "simulation".into(), ..ask() }, "fdcba"),
            (pb::ListOperationsRequest { service: "simulation".into(), states: running.clone(), ..ask() }, "ca"),
            (pb::ListOperationsRequest { kind: "simulation.other".into(), ..ask() }, "c"),
            (pb::ListOperationsRequest { principal_id: someone.clone(), ..ask() }, "b"),
            (pb::ListOperationsRequest { parent_id: parent.clone(), ..ask() }, "c"),
            (pb::ListOperationsRequest { schedule_id: schedule.clone(), ..ask() }, "d"),
            (pb::ListOperationsRequest { correlation_id: "k".into(), ..ask() }, "e"),
            (pb::ListOperationsRequest { compliance_tag: "gdpr".into(), ..ask() }, "fe"),
            (pb::ListOperationsRequest { compliance_tag: "gdpr".into(), states: ended, ..ask() }, "f"),
            (pb::ListOperationsRequest { compliance_tag: "gdpr".into(), service: "warehouse".into(), ..ask() }, "e"),
            (pb::ListOperationsRequest { create_time_from: at(2), create_time_to: at(5), ..ask() }, "dcb"),
            (pb::ListOperationsRequest { compliance_tag: "gdpr".into(), create_time_to: at(5), ..ask() }, ""),
        ] {
            let mut found = titles(&mut admin, ask.clone()).await;
            // Two were asked for at the same moment: their ids decide.
            if found.first().is_some_and(|first| first == "e") && found.get(1).is_some_and(|next| next == "f") {
                found.swap(0, 1);
            }
            assert_eq!(found.concat(), expected, "{ask:?}");
        }
    }

    async fn a_token_belongs_to_its_list(house: House) {
        let mut admin = house.admin();
        for _ in 0..3 {
            house.told(|_| {}).await;
        }
        let first = pb::ListOperationsRequest { page_size: 2, ..ask() };
        let page = admin.list_operations(first.clone()).await.unwrap().into_inner();
        let other = pb::ListOperationsRequest { page_token: page.next_page_token.clone(), kind: "x".into(), ..first.clone() };
        assert_eq!(reason(&admin.list_operations(other).await.unwrap_err()), "INVALID_PAGE_TOKEN");
        let rest = pb::ListOperationsRequest { page_token: page.next_page_token, ..first };
        assert_eq!(admin.list_operations(rest).await.unwrap().into_inner().operations.len(), 1);
        let wrong = pb::ListOperationsRequest { states: vec![0], ..ask() };
        assert_eq!(admin.list_operations(wrong).await.unwrap_err().code(), Code::InvalidArgument);
    }
}
