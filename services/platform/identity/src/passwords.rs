//! Hashes and verifies passwords with argon2id, off the async threads, a few at a time, with few waiting.
//!
//! Anyone can ask for a password to be verified, so that work queues apart from the work of callers who have
//! shown who they are: strangers can delay each other, not them. Beyond its queue, work is refused at once.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use error::{Error, Result, reason};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::config::HashingConfig;
use crate::model::password::Password;
use crate::model::secret::Hash;

/// Accounts whose attempts may run at the same time without sharing a lock.
const STRIPES: usize = 64;

/// When to come again after a refusal: a full queue is worked off in about this time.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The one place that runs argon2.
#[derive(Clone)]
pub(crate) struct Passwords(Arc<Inner>);

struct Inner {
    argon2: Argon2<'static>,
    params: Params,
    /// For those who have shown nothing yet.
    strangers: Lane,
    /// For callers with a token, and for sign-ins whose password was right.
    known: Lane,
    /// A stranger's guesses for one account run one after the other, so that the lock-out counts each.
    accounts: [Arc<Mutex<()>>; STRIPES],
    /// Verified where there is no hash, so that unknown accounts cost the same time.
    decoy: LazyLock<String, Box<dyn FnOnce() -> String + Send>>,
}

/// Work of one kind. Each run takes tens of MiB: as many at once as the settings allow, some wait.
struct Lane {
    running: Arc<Semaphore>,
    /// Those that run and those that wait.
    places: Arc<Semaphore>,
}

/// Who asks for a password to be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Anyone.
    Stranger,
    /// A caller with a token.
    Known,
}

/// A place in the queue. Dropped, as when the caller goes, another gets it and no work is done.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// The turn of an account: hold it while an attempt is verified and counted.
pub(crate) struct Turn {
    _account: OwnedMutexGuard<()>,
    _place: Place,
}

/// An attempt whose work may begin. From here on it is counted, whether its caller stays or not.
pub(crate) struct Attempt {
    turn: Turn,
    running: OwnedSemaphorePermit,
}

/// What came of comparing a password with a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the password.
    Right,
    /// It is the password, but the hash was made with other parameters than today's.
    RightButOutdated,
    /// It is not, or there was none.
    Wrong,
}

impl Passwords {
    /// A hasher with these parameters.
    pub(crate) fn new(config: &HashingConfig) -> Result<Self> {
        let params = Params::new(
            config.memory_kib,
            config.iterations,
            config.parallelism,
            None,
        )
        .map_err(|error| Error::internal(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let for_decoy = argon2.clone();
        let decoy: Box<dyn FnOnce() -> String + Send> = Box::new(move || {
            hash_now(&for_decoy, "a password nobody has").expect("the parameters were accepted")
        });
        Ok(Self(Arc::new(Inner {
            argon2,
            params,
            strangers: Lane::new(config.concurrency, config.queue),
            known: Lane::new(config.reserved, config.queue),
            accounts: std::array::from_fn(|_| Arc::default()),
            decoy: LazyLock::new(decoy),
        })))
    }

    /// Hashes a new password, as a PHC string, for a caller who has shown who they are.
    pub(crate) async fn hash(&self, password: Password) -> Result<String> {
        let place = self.0.known.enter()?;
        let running = self.0.known.run().await?;
        self.work((place, running), move |inner| {
            hash_now(&inner.argon2, password.reveal())
        })
        .await?
    }

    /// A place in the queue of those who have a password verified.
    ///
    /// # Errors
    /// `OVERLOADED` where the queue is full.
    pub(crate) fn place(&self, asker: Asker) -> Result<Place> {
        self.0.lane(asker).enter()
    }

    /// Waits for the turn of an account.
    pub(crate) async fn turn(&self, place: Place, account: &Hash) -> Turn {
        let account = &self.0.accounts[usize::from(account[0]) % STRIPES];
        Turn {
            _account: Arc::clone(account).lock_owned().await,
            _place: place,
        }
    }

    /// Waits until the work may begin.
    pub(crate) async fn begin(&self, asker: Asker, turn: Turn) -> Result<Attempt> {
        let running = self.0.lane(asker).run().await?;
        Ok(Attempt { turn, running })
    }

    /// Compares a password with a stored hash; without one it takes the same time and is wrong. Hold the turn
    /// until the attempt is counted.
    pub(crate) async fn verify(
        &self,
        attempt: Attempt,
        password: Password,
        stored: Option<String>,
    ) -> Result<(Verdict, Turn)> {
        let Attempt { turn, running } = attempt;
        let verdict = self
            .work(running, move |inner| {
                verify_now(inner, &password, stored.as_deref())
            })
            .await??;
        Ok((verdict, turn))
    }

    async fn work<T: Send + 'static>(
        &self,
        permit: impl Send + 'static,
        work: impl FnOnce(&Inner) -> T + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            // Given back when the work ends, even if the caller has long gone.
            let _permit = permit;
            work(&inner)
        })
        .await;
        done.map_err(Error::internal)
    }
}

impl Inner {
    fn lane(&self, asker: Asker) -> &Lane {
        match asker {
            Asker::Stranger => &self.strangers,
            Asker::Known => &self.known,
        }
    }
}

impl Lane {
    fn new(running: usize, waiting: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(running)),
            places: Arc::new(Semaphore::new(running + waiting)),
        }
    }

    fn enter(&self) -> Result<Place> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map(|_permit| Place { _permit }).map_err(|_| {
            Error::new(
                &reason::OVERLOADED,
                "too many passwords wait to be looked at",
            )
            .with_retry_after(RETRY_AFTER)
        })
    }

    async fn run(&self) -> Result<OwnedSemaphorePermit> {
        let running = Arc::clone(&self.running);
        running.acquire_owned().await.map_err(Error::internal)
    }
}

fn hash_now(argon2: &Argon2<'_>, password: &str) -> Result<String> {
    let mut salt = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut salt)
        .map_err(|_| Error::internal("no random bytes"))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| Error::internal(error.to_string()))?;
    argon2
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(error.to_string()))
}

fn verify_now(inner: &Inner, password: &Password, stored: Option<&str>) -> Result<Verdict> {
    let text = stored.unwrap_or_else(|| inner.decoy.as_str());
    let hash = PasswordHash::new(text).map_err(|error| Error::internal(error.to_string()))?;
    let holds = inner
        .argon2
        .verify_password(password.reveal().as_bytes(), &hash)
        .is_ok();
    if !holds || stored.is_none() {
        return Ok(Verdict::Wrong);
    }
    let same = Params::try_from(&hash).is_ok_and(|made| {
        (made.m_cost(), made.t_cost(), made.p_cost())
            == (
                inner.params.m_cost(),
                inner.params.t_cost(),
                inner.params.p_cost(),
            )
    });
    Ok(if same {
        Verdict::Right
    } else {
        Verdict::RightButOutdated
    })
}

#[cfg(test)]
mod tests {
    use futures::poll;
    use std::pin::pin;

    use super::*;

    fn hasher(memory_kib: u32) -> Passwords {
        Passwords::new(&HashingConfig {
            memory_kib,
            iterations: 1,
            parallelism: 1,
            concurrency: 1,
            queue: 1,
            reserved: 1,
        })
        .unwrap()
    }

    async fn attempt(passwords: &Passwords, account: u8) -> Result<Attempt> {
        let place = passwords.place(Asker::Stranger)?;
        let turn = passwords.turn(place, &[account; 32]).await;
        passwords.begin(Asker::Stranger, turn).await
    }

    async fn verify(passwords: &Passwords, text: &str, stored: Option<String>) -> Verdict {
        let attempt = attempt(passwords, 1).await.unwrap();
        let verified = passwords.verify(attempt, Password::new(text), stored).await;
        verified.unwrap().0
    }

    #[tokio::test]
    async fn hashes_are_salted_and_verified() {
        let passwords = hasher(64);
        let password = Password::new("violet-anchor-41");
        let first = passwords.hash(password.clone()).await.unwrap();
        let second = passwords.hash(password.clone()).await.unwrap();
        assert_ne!(first, second);
        assert!(first.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        for (text, stored, verdict) in [
            ("violet-anchor-41", Some(first.clone()), Verdict::Right),
            ("violet-anchor-42", Some(first), Verdict::Wrong),
            ("a password nobody has", None, Verdict::Wrong),
        ] {
            assert_eq!(verify(&passwords, text, stored).await, verdict, "{text}");
        }
    }

    #[tokio::test]
    async fn other_parameters_ask_for_a_new_hash() {
        let password = Password::new("violet-anchor-41");
        let old = hasher(64).hash(password.clone()).await.unwrap();
        let verdict = verify(&hasher(128), "violet-anchor-41", Some(old)).await;
        assert_eq!(verdict, Verdict::RightButOutdated);
    }

    #[tokio::test]
    async fn beyond_the_queue_strangers_are_refused_and_nobody_else() {
        let passwords = hasher(64);
        let running = attempt(&passwords, 1).await.unwrap();
        {
            // Another account, so it waits for the work and not for its turn.
            let mut waiting = pin!(attempt(&passwords, 2));
            assert!(poll!(waiting.as_mut()).is_pending());
            let refused = attempt(&passwords, 3).await.err().unwrap();
            assert!(refused.is(&reason::OVERLOADED));
            assert_eq!(refused.retry_after(), Some(RETRY_AFTER));
            // Callers with a token do not stand in that queue.
            passwords.hash(Password::new("violet")).await.unwrap();
            passwords.place(Asker::Known).unwrap();
        }
        // Whoever waited has gone: the place is free and no work was done.
        let mut waiting = pin!(attempt(&passwords, 3));
        assert!(poll!(waiting.as_mut()).is_pending());
        drop(running);
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn who_waits_for_the_turn_of_an_account_keeps_a_place() {
        let passwords = hasher(64);
        let first = attempt(&passwords, 1).await.unwrap();
        let mut second = pin!(attempt(&passwords, 1));
        assert!(poll!(second.as_mut()).is_pending());
        assert!(attempt(&passwords, 1).await.is_err(), "the queue is full");
        let (_, turn) = passwords
            .verify(first, Password::new("violet"), None)
            .await
            .unwrap();
        assert!(
            poll!(second.as_mut()).is_pending(),
            "until the first is counted"
        );
        drop(turn);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn known_callers_have_a_bounded_queue_too() {
        let passwords = hasher(64);
        let places = [Asker::Known; 3].map(|asker| passwords.place(asker));
        assert!(places[0].is_ok() && places[1].is_ok() && places[2].is_err());
        let refused = passwords.hash(Password::new("violet")).await.unwrap_err();
        assert!(refused.is(&reason::OVERLOADED));
    }
}
