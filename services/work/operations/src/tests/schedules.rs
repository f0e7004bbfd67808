//! Schedules: they are where their work is.

use super::*;

fn new(change: impl FnOnce(&mut pb::Schedule)) -> pb::CreateScheduleRequest {
    let mut schedule = pb::Schedule {
        service: "simulation".into(),
        name: "nightly".into(),
        kind: "simulation.run".into(),
        cron: "0 3 * * *".into(),
        ..Default::default()
    };
    change(&mut schedule);
    pb::CreateScheduleRequest {
        schedule: Some(schedule),
        request_id: String::new(),
    }
}

both! {
    async fn a_schedule_is_made_changed_and_deleted(house: House) {
        let mut admin = house.admin();
        let made = admin.create_schedule(new(|_| {})).await.unwrap().into_inner();
        let one = pb::GetScheduleRequest { service: made.service.clone(), id: made.id.clone() };
        assert_eq!(admin.get_schedule(one.clone()).await.unwrap().into_inner(), made);
        let change = |etag: &str| pb::UpdateScheduleRequest {
            schedule: Some(pb::Schedule { paused: true, etag: etag.to_owned(), ..made.clone() }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["paused".into()] }),
        };
        let changed = admin.update_schedule(change("v1")).await.unwrap().into_inner();
        assert!(changed.paused && changed.cron == made.cron);
        assert_eq!(reason(&admin.update_schedule(change("v1")).await.unwrap_err()), "ETAG_MISMATCH");
        let refused = error::Error::from(admin.update_schedule(change("")).await.unwrap_err());
        assert_eq!(refused.violations()[0].field, "schedule.etag");
        let mut stranger = client(house.bench.stranger());
        assert_eq!(stranger.get_schedule(one.clone()).await.unwrap_err().code(), Code::NotFound);
        let trail = pb::ListAuditEntriesRequest { schedule_id: made.id.clone(), ..Default::default() };
        let delete = pb::DeleteScheduleRequest { service: made.service.clone(), id: made.id.clone(), etag: String::new() };
        admin.delete_schedule(delete).await.unwrap();
        assert_eq!(admin.get_schedule(one).await.unwrap_err().code(), Code::NotFound);
        let trail = admin.list_audit_entries(trail).await.unwrap().into_inner().entries;
        let told: Vec<_> = trail.iter().rev().map(|one| (one.action(), one.outcome())).collect();
        assert_eq!(told, [
            (pb::AuditAction::CreateSchedule, pb::AuditOutcome::Done),
            (pb::AuditAction::UpdateSchedule, pb::AuditOutcome::Done),
            (pb::AuditAction::UpdateSchedule, pb::AuditOutcome::Refused),
            (pb::AuditAction::DeleteSchedule, pb::AuditOutcome::Done),
        ]);
    }

    async fn schedules_of_all_services_come_a_page_at_a_time(house: House) {
        house.is_away("warehouse");
        let mut admin = house.admin();
        for name in ["a", "b", "c"] {
            admin.create_schedule(new(|one| one.name = name.into())).await.unwrap();
        }
        let secret = new(|one| one.set_security_level(pb::SecurityLevel::Confidential));
        admin.create_schedule(secret.clone()).await.unwrap();
        let mut editor = house.with_permissions(&["*.read", "*.write"]);
        assert_eq!(reason(&editor.create_schedule(secret).await.unwrap_err()), "CLEARANCE_TOO_LOW");
        for (someone, seen) in [(&mut admin, 4), (&mut editor, 3)] {
            let mut ask = pb::ListSchedulesRequest { page_size: 2, ..Default::default() };
            let (mut found, mut unreachable) = (0, Vec::new());
            loop {
                let page = someone.list_schedules(ask.clone()).await.unwrap().into_inner();
                found += page.schedules.len();
                unreachable.extend(page.unreachable);
                ask.page_token = page.next_page_token;
                if ask.page_token.is_empty() {
                    break;
                }
            }
            assert_eq!((found, unreachable), (seen, vec!["warehouse".to_owned()]));
        }
        let refused = error::Error::from(admin.create_schedule(new(|one| {
            one.cron.clear();
            one.input = "x".into();
        })).await.unwrap_err());
        let fields: Vec<_> = refused.violations().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["schedule.cron", "schedule.input"]);
    }

    async fn the_work_of_a_schedule_is_begun_now_as_the_caller(house: House) {
        let mut admin = house.admin();
        let made = admin.create_schedule(new(|one| {
            one.input = "{}".into();
            one.compliance_tags = vec!["gdpr".into()];
        })).await.unwrap().into_inner();
        let run = pb::RunScheduleRequest { service: made.service.clone(), id: made.id.clone(), request_id: String::new() };
        let mut reader = house.with_permissions(&["*.read"]);
        assert_eq!(reader.run_schedule(run.clone()).await.unwrap_err().code(), Code::PermissionDenied);
        let mut stranger = client(house.bench.stranger());
        assert_eq!(stranger.run_schedule(run.clone()).await.unwrap_err().code(), Code::NotFound);
        let begun = admin.run_schedule(run).await.unwrap().into_inner();
        assert_eq!((begun.title.as_str(), begun.kind.as_str(), begun.input.as_str()), ("nightly", "simulation.run", "{}"));
        assert_eq!(begun.compliance_tags, ["gdpr"]);
        // It is listed under its schedule at once.
        let listed = pb::ListOperationsRequest { schedule_id: made.id.clone(), ..Default::default() };
        let listed = admin.list_operations(listed).await.unwrap().into_inner().operations;
        assert_eq!(listed.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [begun.id.as_str()]);
        assert_eq!(listed[0].schedule_id, made.id);
        let me = house.bench.admin_principal().id.to_string();
        assert!(house.owner.heard().contains(&("submit".to_owned(), me)));
        let trail = pb::ListAuditEntriesRequest { schedule_id: made.id, ..Default::default() };
        let trail = admin.list_audit_entries(trail).await.unwrap().into_inner().entries;
        assert_eq!((trail[0].action(), trail[0].outcome()), (pb::AuditAction::RunSchedule, pb::AuditOutcome::Done));
    }

    async fn the_times_of_a_cron_expression_are_told_beforehand(house: House) {
        let mut admin = house.admin();
        let ask = pb::PreviewScheduleRequest {
            cron: "0 3 * * *".into(),
            time_zone: "Europe/Berlin".into(),
            count: 2,
            after: Some(prost_types::Timestamp { seconds: 1_774_612_800, nanos: 0 }),
        };
        let told = admin.preview_schedule(ask.clone()).await.unwrap().into_inner();
        // The second night is shorter: the clocks go forward.
        let seconds: Vec<_> = told.times.iter().map(|time| time.seconds).collect();
        assert_eq!(seconds, [1_774_663_200, 1_774_746_000]);
        let usual = pb::PreviewScheduleRequest { count: 0, after: None, ..ask.clone() };
        assert_eq!(admin.preview_schedule(usual).await.unwrap().into_inner().times.len(), 5);
        for (field, wrong) in [
            ("cron", pb::PreviewScheduleRequest { cron: "61 * * * *".into(), ..ask.clone() }),
            ("time_zone", pb::PreviewScheduleRequest { time_zone: "Mars/Base".into(), ..ask.clone() }),
        ] {
            let refused = error::Error::from(admin.preview_schedule(wrong).await.unwrap_err());
            assert_eq!((refused.reason(), refused.violations()[0].field.as_str()), ("SCHEDULE_INVALID", field));
        }
        let mut other = house.with_permissions(&["operations.operations.read"]);
        assert_eq!(other.preview_schedule(ask).await.unwrap_err().code(), Code::PermissionDenied);
    }
}
