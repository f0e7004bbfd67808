//! The bench itself, with a service that calls one neighbour.

use crate::{Backend, Bench, both, eventually};
use proto::tessera::mesh::v1::{
    AnnounceRequest, AnnounceResponse, DescribeRequest, DescribeResponse,
    mesh_service_client::MeshServiceClient,
    mesh_service_server::{MeshService, MeshServiceServer},
};
use proto_platform::tessera::identity::v1::{
    ListUsersRequest,
    identity_service_client::IdentityServiceClient,
    identity_service_server::{IdentityService, IdentityServiceServer},
};
use rpc::{BoxError, Context, Running, Service};
use serde::{Deserialize, Serialize};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tonic::{Code, Request, Response, Status, service::Routes};

struct Notes;

#[derive(Default, Serialize, Deserialize)]
struct Settings {}

impl config::Validate for Settings {
    fn validate(&self, _: &mut config::Problems) {}
}

static MIGRATIONS: db::Migrations = db::migrations!(
    "notes",
    sqlite = "testdata/sqlite",
    postgres = "testdata/postgres"
);

impl Service for Notes {
    const NAME: &'static str = "notes";
    const CALLS: &'static [&'static str] = &["neighbour"];
    const MIGRATIONS: &'static db::Migrations = &MIGRATIONS;
    const REASONS: &'static [&'static error::Reason] = &[];
    type Config = Settings;

    async fn start(ctx: Context<Settings>) -> Result<Running, BoxError> {
        let worked = Arc::new(AtomicBool::new(false));
        let done = worked.clone();
        let routes = Routes::new(MeshServiceServer::new(Own { ctx, worked }))
            .add_service(IdentityServiceServer::new(Empty));
        Ok(Running::new(routes).task("work", async move { done.store(true, Ordering::Relaxed) }))
    }
}

struct Own {
    ctx: Context<Settings>,
    worked: Arc<AtomicBool>,
}

#[tonic::async_trait]
impl MeshService for Own {
    async fn describe(
        &self,
        request: Request<DescribeRequest>,
    ) -> Result<Response<DescribeResponse>, Status> {
        let mut neighbour = MeshServiceClient::new(self.ctx.clients.channel("neighbour"));
        let mut answer = neighbour.describe(request).await?.into_inner();
        if self.worked.load(Ordering::Relaxed) {
            answer.services.push("worked".into());
        }
        Ok(Response::new(answer))
    }

    async fn announce(
        &self,
        _: Request<AnnounceRequest>,
    ) -> Result<Response<AnnounceResponse>, Status> {
        Ok(Response::new(AnnounceResponse::default()))
    }
}

/// A neighbour, played.
struct Fake;

#[tonic::async_trait]
impl MeshService for Fake {
    async fn describe(
        &self,
        _: Request<DescribeRequest>,
    ) -> Result<Response<DescribeResponse>, Status> {
        Ok(Response::new(DescribeResponse {
            version: "fake".into(),
            ..DescribeResponse::default()
        }))
    }
}

/// Every method answers UNIMPLEMENTED: what the guards let through can be told from what they refuse.
struct Empty;

impl IdentityService for Empty {}

both! {
    async fn callers_are_told_apart(bench: Bench<Notes>) {
        let ask = async |channel| {
            let mut client = IdentityServiceClient::new(channel);
            client.list_users(ListUsersRequest::default()).await.expect_err("no method is there").code()
        };
        assert_eq!(ask(bench.admin()).await, Code::Unimplemented);
        assert_eq!(ask(bench.stranger()).await, Code::Unimplemented);
        assert_eq!(ask(bench.anonymous()).await, Code::Unauthenticated);
        assert_eq!(ask(bench.with_permissions(&["metadata.*"])).await, Code::PermissionDenied);
        assert_eq!(ask(bench.with_permissions(&["identity.users.admin"])).await, Code::Unimplemented);
        assert_ne!(bench.tenant(), bench.other_tenant());
        let internal = AnnounceRequest { services: vec!["x".into()], address: "y".into() };
        let refused = MeshServiceClient::new(bench.admin()).announce(internal.clone()).await;
        assert_eq!(refused.expect_err("internal").code(), Code::PermissionDenied);
        MeshServiceClient::new(bench.process()).announce(internal).await.expect("a process");
        assert!(bench.drift().await.is_empty());
        assert!(bench.stop().await);
    }
}

#[tokio::test]
async fn a_neighbour_can_be_played() {
    let bench = Bench::<Notes>::builder(Backend::sqlite())
        .fake("neighbour", Routes::new(MeshServiceServer::new(Fake)))
        .start()
        .await;
    let mut client = MeshServiceClient::new(bench.process());
    let answer = eventually("the background work", async || {
        let answer = client
            .clone()
            .describe(DescribeRequest {})
            .await
            .expect("answers")
            .into_inner();
        (answer.services == ["worked"]).then_some(answer)
    });
    assert_eq!(answer.await.version, "fake");
    drop(bench);
    client
        .describe(DescribeRequest {})
        .await
        .expect("the routes live as long as a channel to them");
}

#[tokio::test]
async fn a_neighbour_that_is_not_played_is_away() {
    let bench = Bench::<Notes>::on(Backend::sqlite()).await;
    let away = MeshServiceClient::new(bench.process())
        .describe(DescribeRequest {})
        .await;
    assert_eq!(away.expect_err("away").code(), Code::Unavailable);
}
