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

    /// Takes back what could not be written; newer uses stay.
    pub(crate) fn put_back(&self, unwritten: Vec<(Id, Time)>) {
        let mut noted = self.lock();
        for (id, at) in unwritten {
            let newest = noted.entry(id).or_insert(at);
            *newest = at.max(*newest);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Id, Time>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_written_is_noted_again() {
        let (a, b) = (Id::new(), Id::new());
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000);
        let uses = Uses::default();
        uses.lock().extend([(a, at(60)), (b, at(61))]);
        let minute = Duration::from_secs(60);
        let unwritten = uses.take(minute);
        uses.lock().insert(b, at(180));
        uses.put_back(unwritten);
        let mut again = uses.take(minute);
        again.sort();
        let mut expected = [(a, at(60)), (b, at(180))];
        expected.sort();
        assert_eq!(again, expected);
        assert!(uses.take(minute).is_empty());
    }
}
