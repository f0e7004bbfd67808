//! Asks the configured peers what they serve, and tells them what we do, every few seconds.

use super::Directory;
use crate::{BoxError, Channel, Shutdown, channel::Behalf};
use proto::tessera::mesh::v1::{
    AnnounceRequest, DescribeRequest, mesh_service_client::MeshServiceClient,
};
use std::time::Duration;

/// How often ended leases are noticed; every third time peers are asked, well within a lease.
const LOOK: Duration = Duration::from_secs(1);

impl Directory {
    /// Keeps the directory fresh until shutdown: looks every second, asks at every third look.
    pub async fn run(self, shutdown: Shutdown) {
        for look in 0_u64.. {
            if look.is_multiple_of(3) {
                self.poll().await;
            } else {
                self.refresh();
            }
            if !shutdown.sleep(LOOK).await {
                return;
            }
        }
    }

    /// Talks to all peers once.
    pub async fn poll(&self) {
        for peer in &self.0.config.peers {
            if let Err(error) = self.talk_to(peer).await {
                tracing::debug!(peer, %error, "a peer does not answer");
            }
        }
        self.refresh();
    }

    async fn talk_to(&self, peer: &str) -> Result<(), BoxError> {
        let channel = Channel::new("mesh", self.0.outbound.clone(), Behalf::Service);
        channel.point_to(crate::Target::Remote(self.0.pool.endpoints([peer])?));
        let mut client = MeshServiceClient::new(channel);
        let described = client.describe(DescribeRequest {}).await?.into_inner();
        for service in described.services {
            self.discover(&service, peer);
        }
        for place in described.places {
            for address in place.addresses {
                self.hear(&place.service, &address);
            }
        }
        let services = self.served();
        if let (Some(address), false) = (self.0.own.get(), services.is_empty()) {
            client
                .announce(AnnounceRequest {
                    services,
                    address: address.clone(),
                })
                .await?;
        }
        Ok(())
    }
}
