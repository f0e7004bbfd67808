//! What a service's tests stand on: [`Bench`] runs one service alone, on a fresh database of either
//! kind, behind the same guards as in production; its neighbours are fakes.

mod backend;
mod bench;
mod callers;
mod eventually;
mod nowhere;
mod redis;
mod servers;
#[cfg(test)]
mod tests;

pub use backend::Backend;
pub use bench::{Bench, BenchBuilder};
pub use eventually::{eventually, eventually_within};
pub use redis::RedisServer;
pub use servers::{azure_url, redis_url, s3_url};
pub use tokio;
pub use value::ManualClock;

/// Stamps each test for both databases: `name::sqlite` and `name::postgres`. The PostgreSQL one needs
/// the server that `TESSERA_TEST_POSTGRES_URL` names; `make test` starts one.
///
/// ```ignore
/// testkit::both! {
///     /// What is created can be read back.
///     async fn creates_an_entity(bench: Bench<Metadata>) {
///         let mut client = MetadataServiceClient::new(bench.admin());
///     }
/// }
/// ```
#[macro_export]
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($bench:ident: $type:ty) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run($bench: $type) $body

            #[test]
            fn sqlite() {
                $crate::run(async { run(<$type>::on($crate::Backend::sqlite()).await).await });
            }

            #[test]
            fn postgres() {
                $crate::run(async { run(<$type>::on($crate::Backend::postgres()).await).await });
            }
        }
    )+};
}

/// Runs a test on a runtime of its own.
///
/// # Panics
/// If the operating system gives no threads.
pub fn run<F: Future>(test: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts")
        .block_on(test)
}
