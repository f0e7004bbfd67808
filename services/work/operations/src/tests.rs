//! The service through its generated client, on SQLite and PostgreSQL; owners of work are played.

mod access;
mod audit;
mod commands;
mod fakes;
mod follow;
mod history;
mod lists;
mod schedules;
mod tidings;

use crate::{Config, Operations};
use fakes::{Owner, Post};
use proto::tessera::jobs::v1 as jobs;
use proto_work::tessera::operations::v1 as pb;
use proto_work::tessera::operations::v1::operations_service_client::OperationsServiceClient;
use rpc::Channel;
use testkit::{Backend, Bench};
use tonic::{Code, Status};
use value::{Id, Time};

type Client = OperationsServiceClient<Channel>;

fn client(channel: Channel) -> Client {
    OperationsServiceClient::new(channel)
}

fn reason(status: &Status) -> String {
    error::Error::from(status.clone()).reason().to_owned()
}

/// A bench with an owner `simulation`, and one called `warehouse` that has nothing.
struct House {
    bench: Bench<Operations>,
    owner: Owner,
    post: Post,
}

impl House {
    async fn on(backend: Backend) -> Self {
        Self::with(backend, Config::default()).await
    }

    async fn with(backend: Backend, config: Config) -> Self {
        let owner = Owner::default();
        let bench = Bench::<Operations>::builder(backend)
            .config(config)
            .owner("simulation", Some(owner.routes()))
            .owner("warehouse", Some(Owner::default().routes()))
            .start()
            .await;
        let post = Post::start(&bench);
        Self { bench, owner, post }
    }

    fn admin(&self) -> Client {
        client(self.bench.admin())
    }

    fn with_permissions(&self, permissions: &[&str]) -> Client {
        client(self.bench.with_permissions(permissions))
    }

    /// A job of the bench's tenant that its owner has and told of.
    async fn told(&self, change: impl FnOnce(&mut jobs::Job)) -> jobs::Job {
        let job = self.job(change);
        self.owner.put(job.clone());
        self.tell(&job).await;
        job
    }

    /// A job as an owner would have it.
    fn job(&self, change: impl FnOnce(&mut jobs::Job)) -> jobs::Job {
        job_of(self.bench.tenant(), change)
    }

    /// Tells of a job as it is, and waits until it was heard.
    async fn tell(&self, job: &jobs::Job) {
        self.post.deliver(self.bench.tenant(), changed(job)).await;
    }

    /// The owner cannot be reached any more.
    fn send_away(&self) {
        self.is_away("simulation");
    }

    /// A service cannot be reached any more.
    fn is_away(&self, service: &str) {
        self.bench.owner(service).point_to(rpc::Target::Absent);
    }
}

fn job_of(tenant: Id, change: impl FnOnce(&mut jobs::Job)) -> jobs::Job {
    let id = Id::new();
    let mut job = jobs::Job {
        id: id.to_string(),
        service: "simulation".to_owned(),
        tenant_id: tenant.to_string(),
        kind: "simulation.run".to_owned(),
        title: "A world".to_owned(),
        state: jobs::JobState::Running.into(),
        progress: Some(jobs::Progress {
            done: 1,
            total: 10,
            message: "writes rows".to_owned(),
        }),
        actor: "user:x".to_owned(),
        input: "{\"seed\":7}".to_owned(),
        etag: "v1".to_owned(),
        version: 1,
        create_time: Some(proto::time::to_proto(Time::from_micros(
            1_790_000_000_000_000,
        ))),
        update_time: Some(proto::time::to_proto(Time::from_micros(
            1_790_000_000_000_000,
        ))),
        ..Default::default()
    };
    change(&mut job);
    job
}

/// The event of a job that the platform brought to where it is.
fn changed(job: &jobs::Job) -> jobs::JobChanged {
    jobs::JobChanged {
        job: Some(job.clone()),
        from_state: jobs::JobState::Queued.into(),
        automatic: true,
        actor: "system:worker".to_owned(),
        change_time: job.update_time,
        ..Default::default()
    }
}

fn get(id: &str) -> pb::GetOperationRequest {
    pb::GetOperationRequest {
        id: id.to_owned(),
        ..Default::default()
    }
}

/// Stamps each test for both databases over a [`House`].
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($house:ident: House) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run($house: House) $body

            #[test]
            fn sqlite() {
                testkit::run(async { run(House::on(Backend::sqlite()).await).await });
            }

            #[test]
            fn postgres() {
                testkit::run(async { run(House::on(Backend::postgres()).await).await });
            }
        }
    )+};
}
pub(crate) use both;
