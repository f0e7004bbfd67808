//! The schedules of the owner that is played.

use super::{
    commands::{Answer, answer},
    owner::{Owner, missing},
};
use proto::tessera::jobs::v1::*;
use tonic::Request;
use value::Id;

impl Owner {
    pub(super) fn on_list_schedules(
        &self,
        request: &Request<ListSchedulesRequest>,
    ) -> Answer<ListSchedulesResponse> {
        let ask = request.get_ref().clone();
        let all = self.state().schedules.clone();
        let mine = all
            .into_values()
            .filter(|one| one.tenant_id == ask.tenant_id);
        let rest = mine.filter(|one| one.id > ask.page_token);
        let size = usize::try_from(ask.page_size).unwrap();
        let mut schedules: Vec<_> = rest.take(size + 1).collect();
        let more = schedules.len() > size;
        schedules.truncate(size);
        answer(ListSchedulesResponse {
            next_page_token: match schedules.last() {
                Some(last) if more => last.id.clone(),
                _ => String::new(),
            },
            schedules,
        })
    }

    pub(super) fn on_get_schedule(
        &self,
        request: &Request<GetScheduleRequest>,
    ) -> Answer<Schedule> {
        let ask = request.get_ref().clone();
        let state = self.state();
        let found = state.schedules.get(&ask.schedule_id);
        let found = found.filter(|one| one.tenant_id == ask.tenant_id).cloned();
        answer(found.ok_or_else(|| missing(&ask.schedule_id))?)
    }

    pub(super) fn on_create_schedule(
        &self,
        request: &Request<CreateScheduleRequest>,
    ) -> Answer<Schedule> {
        self.hear("create schedule", request);
        let ask = request.get_ref().clone();
        let made = Schedule {
            id: Id::new().to_string(),
            service: ask.service,
            tenant_id: ask.tenant_id,
            etag: "v1".to_owned(),
            ..ask.schedule.unwrap()
        };
        let mut state = self.state();
        state.schedules.insert(made.id.clone(), made.clone());
        answer(made)
    }

    pub(super) fn on_update_schedule(
        &self,
        request: &Request<UpdateScheduleRequest>,
    ) -> Answer<Schedule> {
        self.hear("update schedule", request);
        let ask = request.get_ref().clone();
        let mut state = self.state();
        let found = state.schedules.get_mut(&ask.schedule_id);
        let found = found.ok_or_else(|| missing(&ask.schedule_id))?;
        if ask.etag != found.etag {
            return Err(db::etag::mismatch().into());
        }
        let new = ask.schedule.unwrap();
        for path in ask.update_mask.unwrap().paths {
            match path.as_str() {
                "cron" => found.cron.clone_from(&new.cron),
                "paused" => found.paused = new.paused,
                other => panic!("{other} is not played"),
            }
        }
        found.etag = "v2".to_owned();
        answer(found.clone())
    }

    pub(super) fn on_delete_schedule(
        &self,
        request: &Request<DeleteScheduleRequest>,
    ) -> Answer<DeleteScheduleResponse> {
        self.hear("delete schedule", request);
        let ask = request.get_ref().clone();
        self.state().schedules.remove(&ask.schedule_id);
        answer(DeleteScheduleResponse {})
    }
}
