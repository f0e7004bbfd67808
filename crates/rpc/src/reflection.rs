//! gRPC reflection in both versions that clients ask for.

use crate::BoxError;
use tonic::service::Routes;
use tonic_reflection::server::Builder;

/// The routes of reflection over these descriptor sets.
pub fn reflection(descriptors: &[&'static [u8]]) -> Result<Routes, BoxError> {
    let builder = || {
        let health = tonic_health::pb::FILE_DESCRIPTOR_SET;
        descriptors.iter().fold(
            Builder::configure().register_encoded_file_descriptor_set(health),
            |builder, set| builder.register_encoded_file_descriptor_set(set),
        )
    };
    Ok(Routes::new(builder().build_v1()?).add_service(builder().build_v1alpha()?))
}

/// Several services' routes as one; an unknown path is answered UNIMPLEMENTED.
pub fn merge(routes: impl IntoIterator<Item = Routes>) -> Routes {
    routes.into_iter().fold(Routes::default(), |all, routes| {
        // Each has a fallback of its own, and a router can have only one.
        Routes::from(
            all.into_axum_router()
                .merge(routes.into_axum_router().reset_fallback()),
        )
    })
}
