//! The mesh's own contract: says what this process serves, and takes offers of others.

use super::{Directory, LEASE};
use proto::tessera::mesh::v1::{
    AnnounceRequest, AnnounceResponse, DescribeRequest, DescribeResponse, Place,
    mesh_service_server::{MeshService, MeshServiceServer},
};
use tonic::{Request, Response, Status, service::Routes};

/// Answers `tessera.mesh.v1.MeshService` from a directory.
pub struct MeshContract(Directory);

impl Directory {
    /// The mesh's own routes; the guards let only processes of the installation in.
    pub fn routes(&self) -> Routes {
        Routes::new(MeshServiceServer::new(MeshContract(self.clone())))
    }
}

#[tonic::async_trait]
impl MeshService for MeshContract {
    async fn describe(
        &self,
        _: Request<DescribeRequest>,
    ) -> Result<Response<DescribeResponse>, Status> {
        let place = |(service, addresses)| Place { service, addresses };
        Ok(Response::new(DescribeResponse {
            services: self.0.served(),
            places: self.0.known().into_iter().map(place).collect(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            start_time: Some(proto::time::to_proto(self.0.0.started)),
        }))
    }

    async fn announce(
        &self,
        request: Request<AnnounceRequest>,
    ) -> Result<Response<AnnounceResponse>, Status> {
        let AnnounceRequest { services, address } = request.into_inner();
        let accepted = services
            .into_iter()
            .filter(|service| self.0.offer(service, &address))
            .collect();
        let lease = prost_types::Duration {
            seconds: LEASE.as_secs() as i64,
            nanos: 0,
        };
        Ok(Response::new(AnnounceResponse {
            accepted,
            lease: Some(lease),
        }))
    }
}
