//! A service's handle on its jobs: submit, look, steer. Everything that changes a job rings the bell.

use crate::{
    config::Config,
    job::{Job, Kinds},
    model::record::Origin,
    store::{Classes, Record, Store},
    submission::{By, Submission, origin},
};
use auth::Scope;
use db::{Conn, Db, Failure};
use error::Error;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use value::{Id, Json};

/// The jobs of one service's database. Cheap to clone.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    store: Store,
    config: Config,
    /// Rung when there may be something to take.
    bell: watch::Sender<()>,
    /// Rung when a job got on.
    news: watch::Sender<()>,
    /// The jobs that workers of this process have, and how each is nudged.
    held: Mutex<HashMap<Id, Arc<Notify>>>,
    /// Says when the process stops: who follows a job then has to begin anew elsewhere.
    stop: OnceLock<CancellationToken>,
}

impl Jobs {
    /// The jobs in a database; without kinds until they are offered.
    pub fn new(db: Db, config: Config) -> Self {
        Self(Arc::new(Inner {
            store: Store::new(db),
            config,
            bell: watch::Sender::new(()),
            news: watch::Sender::new(()),
            held: Mutex::default(),
            stop: OnceLock::new(),
        }))
    }

    /// Offers kinds, once, before workers start.
    pub fn offer(&self, kinds: Kinds) {
        self.0.store.offer(kinds);
    }

    /// The kinds that are offered.
    pub fn kinds(&self) -> Kinds {
        self.0.store.kinds()
    }

    /// The service.
    pub fn service(&self) -> &str {
        self.0.store.service()
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// Submits a job.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` if the database is; `REQUEST_ID_REUSED` if the request id came with another input.
    pub async fn submit<J: Job>(
        &self,
        scope: &Scope,
        submission: Submission<J::Input>,
    ) -> Result<Record, Error> {
        let input = Json::of(&submission.input).map_err(Error::internal)?;
        let submission = submission.map(|_| input);
        self.submit_kind(scope, origin(scope), (J::KIND, J::TITLE), submission)
            .await
    }

    pub(crate) async fn submit_kind(
        &self,
        scope: &Scope,
        origin: Origin,
        (kind, title): (&str, &str),
        mut submission: Submission<Json>,
    ) -> Result<Record, Error> {
        let id = *submission.id.get_or_insert_with(Id::new);
        let (store, tenant) = (self.0.store.clone(), scope.tenant());
        let what = (kind.to_owned(), title.to_owned());
        let record = self.0.store.db().write(scope, move |c| {
            store.submit(c, tenant, &what, (id, &submission, &origin))
        });
        let record = record.await?;
        self.ring();
        Ok(record)
    }

    /// Submits a job in a transaction of the caller's, who rings after the commit; otherwise it begins at the next poll.
    ///
    /// # Errors
    /// See [`Jobs::submit`].
    pub fn submit_in<J: Job>(
        &self,
        conn: &mut Conn,
        scope: &Scope,
        submission: Submission<J::Input>,
    ) -> Result<Record, Failure> {
        let input = Json::of(&submission.input).map_err(Error::internal)?;
        let submission = submission.map(|_| input);
        let id = submission.id.unwrap_or_default();
        let what = (J::KIND.to_owned(), J::TITLE.to_owned());
        self.0.store.submit(
            conn,
            scope.tenant(),
            &what,
            (id, &submission, &origin(scope)),
        )
    }

    /// One job.
    ///
    /// # Errors
    /// `NOT_FOUND` where there is none in the scope's tenant.
    pub async fn get(&self, scope: &Scope, job: Id) -> Result<Record, Error> {
        self.0.store.job(scope, job).await
    }

    /// Stops a job for good, and the jobs it started: at once where no worker has it, after the step in hand otherwise.
    ///
    /// # Errors
    /// `JOB_STATE` where it has ended otherwise, `ETAG_MISMATCH` where it is not the version with a given etag.
    pub async fn cancel(&self, scope: &Scope, key: (Id, String), by: By) -> Result<Record, Error> {
        let record = self.0.store.cancel(scope, key, by).await?;
        self.nudge_all();
        Ok(record)
    }

    /// Stops a job for good in a transaction of the caller's, who nudges after the commit; otherwise its worker hears of it with its
    /// next step or heartbeat.
    ///
    /// # Errors
    /// See [`Jobs::cancel`].
    pub fn cancel_in(
        &self,
        conn: &mut Conn,
        scope: &Scope,
        job: Id,
        by: &By,
    ) -> Result<Record, Failure> {
        self.0.store.cancel_in(conn, (scope.tenant(), job), by)
    }

    /// Halts a job, after the step in hand.
    ///
    /// # Errors
    /// See [`Jobs::cancel`].
    pub async fn pause(&self, scope: &Scope, key: (Id, String), by: By) -> Result<Record, Error> {
        self.nudged(self.0.store.pause(scope, key, by).await)
    }

    /// Lets a paused job go on, a failed one from the step that failed, one that was rolled back from its checkpoint.
    ///
    /// # Errors
    /// See [`Jobs::cancel`].
    pub async fn resume(&self, scope: &Scope, key: (Id, String), by: By) -> Result<Record, Error> {
        self.nudged(self.0.store.resume(scope, key, by).await)
    }

    /// Undoes a job's effects back to a checkpoint or, without one, to the beginning; those of the jobs that it started since, too.
    ///
    /// # Errors
    /// See [`Jobs::cancel`]; `CHECKPOINT_EXPIRED`, `CHECKPOINT_DAMAGED`.
    pub async fn roll_back(
        &self,
        scope: &Scope,
        key: (Id, String),
        checkpoint: Option<Id>,
        by: By,
    ) -> Result<Record, Error> {
        let store = &self.0.store;
        let record = store.roll_back(scope, key, checkpoint, by).await?;
        self.nudge_all();
        Ok(record)
    }

    /// Has the worker of a job that was asked for something look.
    fn nudged(&self, asked: Result<Record, Error>) -> Result<Record, Error> {
        if let Ok(record) = &asked {
            self.nudge(record.id);
        }
        asked
    }

    /// Changes how secret a job is, and its compliance tags; what is none stays.
    ///
    /// # Errors
    /// `ETAG_MISMATCH` where it is not the version with a given etag.
    pub async fn classify(
        &self,
        scope: &Scope,
        key: (Id, String),
        (security_level, compliance_tags): (Option<i32>, Option<Vec<String>>),
        by: By,
    ) -> Result<Record, Error> {
        let classes = Classes {
            security_level,
            compliance_tags,
        };
        let record = self.0.store.classify(scope, key, classes, by).await?;
        self.tell();
        Ok(record)
    }

    /// Deletes a job that has ended, with its history.
    ///
    /// # Errors
    /// `JOB_STATE` where it has not, `ETAG_MISMATCH` where it is not the version with a given etag.
    pub async fn delete(&self, scope: &Scope, key: (Id, String), by: By) -> Result<(), Error> {
        self.0.store.delete(scope, key, by).await?;
        self.tell();
        Ok(())
    }

    /// Sends a job a signal of this name with this payload, once for each request id that is not empty.
    ///
    /// # Errors
    /// `JOB_STATE` where it has ended.
    pub async fn signal(
        &self,
        scope: &Scope,
        job: Id,
        (name, payload, request_id): (String, Json, String),
        by: By,
    ) -> Result<Record, Error> {
        let store = &self.0.store;
        let record = store
            .send_signal(scope, job, (name, payload), (request_id, by))
            .await?;
        self.ring();
        Ok(record)
    }

    /// Waits until a job has ended, and gives it as it is then.
    ///
    /// # Errors
    /// `NOT_FOUND` where there is none, and if the database is away.
    pub async fn wait(&self, scope: &Scope, job: Id) -> Result<Record, Error> {
        let mut ear = self.follow();
        loop {
            ear.mark_unchanged();
            let record = self.get(scope, job).await?;
            if record.state.has_ended() {
                return Ok(record);
            }
            // Another process rings another bell.
            let _ = tokio::time::timeout(self.config().poll.get(), ear.changed()).await;
        }
    }

    /// Wakes workers and followers of this process.
    pub fn ring(&self) {
        self.0.bell.send_replace(());
        self.tell();
    }

    /// Wakes followers of this process.
    pub(crate) fn tell(&self) {
        self.0.news.send_replace(());
    }

    /// Hears whenever a job of this service got on in this process; other processes ring other bells.
    pub fn follow(&self) -> watch::Receiver<()> {
        self.0.news.subscribe()
    }

    /// Notes what says when the process stops.
    pub(crate) fn ends_with(&self, stop: &CancellationToken) {
        // Workers that are started twice, as by a test, end with the first.
        let _ = self.0.stop.set(stop.clone());
    }

    /// Waits until the process stops; for ever where nothing works here.
    pub(crate) async fn stopped(&self) {
        match self.0.stop.get() {
            Some(stop) => stop.cancelled().await,
            None => std::future::pending().await,
        }
    }

    pub(crate) fn listen(&self) -> watch::Receiver<()> {
        self.0.bell.subscribe()
    }

    /// Has the worker of a job look at what it is asked to do, if it is one of this process.
    pub fn nudge(&self, job: Id) {
        let held = self.0.held.lock().expect("no panic while held");
        if let Some(nudge) = held.get(&job) {
            nudge.notify_one();
        }
        drop(held);
        self.ring();
    }

    /// The same for all of them: what stops a job stops its children, and they have workers too.
    fn nudge_all(&self) {
        let held = self.0.held.lock().expect("no panic while held");
        held.values().for_each(|nudge| nudge.notify_one());
        drop(held);
        self.ring();
    }

    pub(crate) fn hold(&self, job: Id) -> Arc<Notify> {
        let nudge = Arc::new(Notify::new());
        let mut held = self.0.held.lock().expect("no panic while held");
        held.insert(job, nudge.clone());
        nudge
    }

    pub(crate) fn let_go(&self, job: Id, nudge: &Arc<Notify>) {
        let mut held = self.0.held.lock().expect("no panic while held");
        if held.get(&job).is_some_and(|mine| Arc::ptr_eq(mine, nudge)) {
            held.remove(&job);
        }
    }
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Jobs({}, {:?})", self.service(), self.kinds())
    }
}
