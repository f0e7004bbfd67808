//! What the process knows of a service before it runs, made from its [`rpc::Service`] implementation.

use config::{Table, Value};
use futures::future::BoxFuture;
use rpc::{BoxError, Context, Running, Service};

/// One service of the registry.
pub struct Entry {
    /// The one name.
    pub name: &'static str,
    /// The wing it belongs to.
    pub wing: &'static str,
    /// The services it calls.
    pub calls: &'static [&'static str],
    /// Its tables.
    pub migrations: &'static db::Migrations,
    /// The errors that are its own.
    pub reasons: &'static [&'static error::Reason],
    /// Reads and validates its section; the answer is the effective settings.
    pub check: fn(&Table) -> Result<Value, config::Error>,
    /// Starts it.
    pub(crate) start: fn(Context<Table>) -> BoxFuture<'static, Result<Running, BoxError>>,
}

/// The entry of a service type.
pub(crate) fn entry<S: Service>(wing: &'static str) -> Entry {
    Entry {
        name: S::NAME,
        wing,
        calls: S::CALLS,
        migrations: S::MIGRATIONS,
        reasons: S::REASONS,
        check: |table| {
            let settings = section::<S>(table)?;
            Value::try_from(&settings)
                .map_err(|cause| config::Error::new(key::<S>(), cause.to_string()))
        },
        start: |context| {
            Box::pin(async move {
                let settings = section::<S>(&context.config)?;
                S::start(Context {
                    config: settings,
                    db: context.db,
                    clients: context.clients,
                    owners: context.owners,
                    bus: context.bus,
                    jobs: context.jobs,
                    caches: context.caches,
                    descriptors: context.descriptors,
                    authority: context.authority,
                    clock: context.clock,
                    shutdown: context.shutdown,
                    data_dir: context.data_dir,
                })
                .await
            })
        },
    }
}

fn key<S: Service>() -> String {
    format!("services.{}", S::NAME)
}

fn section<S: Service>(table: &Table) -> Result<S::Config, config::Error> {
    config::section(table, &key::<S>())
}

/// `wing: path::Type,` per service makes `services()`.
macro_rules! services {
    ($($wing:ident: $service:path,)*) => {
        /// All services, in the order of the registry.
        pub fn services() -> Vec<$crate::service::Entry> {
            vec![$($crate::service::entry::<$service>(stringify!($wing)),)*]
        }
    };
}
pub(crate) use services;
