//! What the audit log says of a call, and what it does not.

use super::rig::{READ, REMOVE, Rig, call, call_as, echo};
use crate::Peer;
use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex},
    time::Duration,
};
use tonic::Status;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};

type Line = BTreeMap<&'static str, String>;

/// The lines of the audit log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Line>>>);

impl Lines {
    /// Gathers what this thread logs, as long as the guard lives.
    fn gather() -> (Self, DefaultGuard) {
        let lines = Self::default();
        let subscriber = tracing_subscriber::registry().with(lines.clone());
        (lines, tracing::subscriber::set_default(subscriber))
    }

    fn take(&self) -> Vec<Line> {
        std::mem::take(&mut *self.0.lock().expect("no panic while held"))
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "audit" {
            assert_eq!(*event.metadata().level(), Level::INFO);
            let mut fields = Fields::default();
            event.record(&mut fields);
            self.0.lock().expect("no panic while held").push(fields.0);
        }
    }
}

#[derive(Default)]
struct Fields(Line);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

#[tokio::test]
async fn audited_calls_are_noted_with_who_what_and_outcome() {
    let rig = Rig::new();
    let (lines, _guard) = Lines::gather();
    let channel = rig.channel(echo(|_| async { Ok("a secret".into()) }), Peer::Edge);
    call_as(&channel, REMOVE, &rig.reader()).await.expect("may");
    let noted = lines.take();
    assert_eq!(noted.len(), 1, "{noted:?}");
    let line = &noted[0];
    let names: Vec<_> = line.keys().copied().collect();
    assert_eq!(
        names,
        [
            "actor",
            "message",
            "method",
            "outcome",
            "request_id",
            "tenant"
        ]
    );
    assert_eq!(line["actor"], format!("user:{}", rig.reader.id));
    assert_eq!(line["tenant"], rig.reader.tenant.to_string());
    assert_eq!(
        (line["method"].as_str(), line["outcome"].as_str()),
        (REMOVE, "OK")
    );
    assert_eq!(line["request_id"].len(), 36);

    call_as(&channel, READ, &rig.reader()).await.expect("may");
    assert_eq!(lines.take(), Vec::<Line>::new(), "reads are not audited");
}

#[tokio::test]
async fn refused_failed_and_abandoned_calls_are_noted_too() {
    let rig = Rig::new();
    let (lines, _guard) = Lines::gather();
    let outcome = || {
        let mut noted = lines.take();
        assert_eq!(noted.len(), 1, "{noted:?}");
        let line = noted.remove(0);
        (line["actor"].clone(), line["outcome"].clone())
    };
    let fails = echo(|_| async { Err(Status::not_found("a secret")) });
    let channel = rig.channel(fails, Peer::Edge);
    call(&channel, REMOVE).await.expect_err("no token");
    assert_eq!(outcome(), ("unknown".into(), "UNAUTHENTICATED".into()));
    call_as(&channel, REMOVE, &rig.nobody())
        .await
        .expect_err("no permission");
    let nobody = format!("user:{}", rig.nobody.id);
    assert_eq!(outcome(), (nobody, "PERMISSION_DENIED".into()));
    let reader = format!("user:{}", rig.reader.id);
    call_as(&channel, REMOVE, &rig.reader())
        .await
        .expect_err("not there");
    assert_eq!(outcome(), (reader.clone(), "NOT_FOUND".into()));

    let hangs = rig.channel(echo(|_| std::future::pending()), Peer::Edge);
    let token = rig.reader();
    let abandoned = call_as(&hangs, REMOVE, &token);
    tokio::time::timeout(Duration::from_millis(5), abandoned)
        .await
        .expect_err("hangs");
    assert_eq!(outcome(), (reader, "CANCELLED".into()));
}
