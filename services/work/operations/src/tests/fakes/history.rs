//! The histories of the jobs of the owner that is played: transitions, steps, checkpoints.

use super::{
    commands::{Answer, answer},
    owner::{Owner, missing},
};
use proto::tessera::jobs::v1::*;
use tonic::Request;
use value::{Id, Time};

impl Owner {
    pub(super) fn on_list_states(
        &self,
        request: &Request<ListStatesRequest>,
    ) -> Answer<ListStatesResponse> {
        let ask = request.get_ref().clone();
        self.of(&ask.job_id, &ask.tenant_id)?;
        let states = self.state().states.clone();
        answer(ListStatesResponse {
            states,
            next_page_token: String::new(),
        })
    }

    pub(super) fn on_list_steps(
        &self,
        request: &Request<ListStepsRequest>,
    ) -> Answer<ListStepsResponse> {
        let ask = request.get_ref().clone();
        self.of(&ask.job_id, &ask.tenant_id)?;
        let all = self.state().steps;
        let first = ask.page_token.parse::<i64>().unwrap_or(1);
        let last = all.min(first + i64::from(ask.page_size) - 1);
        let steps = (first..=last).map(|seq| Step {
            job_id: ask.job_id.clone(),
            seq,
            name: format!("write {seq}"),
            kind: StepKind::Call.into(),
            state: StepState::Done.into(),
            rolled_back: false,
            input: format!("{{\"batch\":{seq}}}"),
            output: "{\"rows\":5}".to_owned(),
            attempts: 2,
            max_attempts: 5,
            error: Some(Failure {
                reason: "UNAVAILABLE".to_owned(),
                message: "was away".to_owned(),
            }),
            quality: Some(0.75),
            confidence: Some(0.5),
            compensation: Some(Compensation {
                name: "unload".to_owned(),
                state: CompensationState::Ready.into(),
                ..Default::default()
            }),
            start_time: Some(proto::time::to_proto(Time::from_micros(seq * 1_000_000))),
            end_time: Some(proto::time::to_proto(Time::from_micros(
                seq * 1_000_000 + 5,
            ))),
        });
        answer(ListStepsResponse {
            steps: steps.collect(),
            next_page_token: match last < all {
                true => (last + 1).to_string(),
                false => String::new(),
            },
        })
    }

    pub(super) fn on_list_checkpoints(
        &self,
        request: &Request<ListCheckpointsRequest>,
    ) -> Answer<ListCheckpointsResponse> {
        let ask = request.get_ref().clone();
        self.of(&ask.job_id, &ask.tenant_id)?;
        let all = self.state().checkpoints.clone();
        let all = all.into_iter().map(|(_, one)| one);
        answer(ListCheckpointsResponse {
            checkpoints: all.filter(|one| one.job_id == ask.job_id).collect(),
            next_page_token: String::new(),
        })
    }

    pub(super) fn on_get_checkpoint(
        &self,
        request: &Request<GetCheckpointRequest>,
    ) -> Answer<Checkpoint> {
        let ask = request.get_ref().clone();
        self.of(&ask.job_id, &ask.tenant_id)?;
        let all = self.state().checkpoints.clone();
        let found = all.into_iter().find(|(_, one)| one.id == ask.checkpoint_id);
        let (_, mut found) = found.ok_or_else(|| missing(&ask.checkpoint_id))?;
        found.state = "{\"at\":1}".to_owned();
        answer(found)
    }

    pub(super) fn on_create_checkpoint(
        &self,
        request: &Request<CreateCheckpointRequest>,
    ) -> Answer<Checkpoint> {
        self.hear("checkpoint", request);
        let ask = request.get_ref().clone();
        self.of(&ask.job_id, &ask.tenant_id)?;
        let before = self.state().checkpoints.clone();
        let mut before = before.into_iter().filter(|_| !ask.request_id.is_empty());
        if let Some((_, before)) = before.find(|(request, _)| *request == ask.request_id) {
            return answer(before);
        }
        let made = Checkpoint {
            id: Id::new().to_string(),
            job_id: ask.job_id,
            r#type: match ask.r#type {
                0 => CheckpointType::Manual.into(),
                named => named,
            },
            name: ask.name,
            ..Default::default()
        };
        let kept = (ask.request_id, made.clone());
        self.state().checkpoints.push(kept);
        answer(made)
    }
}
