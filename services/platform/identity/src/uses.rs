//! About when API tokens were last used: noted in memory, written now and then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use auth::{Caller, Credential};
use value::{Id, Time};

/// Uses since the last writing. Only calls to identity are seen here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uses(Arc<Mutex<HashMap<Id, Time>>>);

impl Uses {
    /// Notes that a caller's API token was used.
    pub(crate) fn note(&self, caller: &Caller, now: Time) {
        if let Credential::ApiToken(id) = caller.credential {
            self.lock().insert(id, now);
        }
    }

    /// Takes what was noted, cut to `precision`.
    pub(crate) fn take(&self, precision: Duration) -> Vec<(Id, Time)> {
        let step = i64::try_from(precision.as_micros())
            .unwrap_or(i64::MAX)
            .max(1);
        let noted = std::mem::take(&mut *self.lock());
        noted
            .into_iter()
            .map(|(id, at)| {
                (
                    id,
                    Time::from_micros(at.micros() - at.micros().rem_euclid(step)),
                )
            })
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Id, Time>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
