//! Faults for calls within the process, set by tests while it runs: what a network does, on demand
//! and repeatable from a seed.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The call arrives late.
    Delay(Duration),
    /// The call does not arrive: UNAVAILABLE, nothing was done.
    Unavailable,
    /// The caller goes away after this time, and the handler is cut.
    Cancel(Duration),
    /// The work is done and the answer is lost: UNAVAILABLE, everything was done.
    DropAfterCommit,
}

/// A fault and where it strikes.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Strikes calls whose path contains this text; empty strikes all.
    pub path: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// In how many of a thousand calls.
    pub per_mille: u32,
    /// How often at most; `None` is without end.
    pub times: Option<u32>,
}

/// The faults of a process; clones share them.
#[derive(Clone, Default)]
pub struct Faults(Arc<Shared>);

#[derive(Default)]
struct Shared {
    are_set: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seed: u64,
    faults: Vec<Fault>,
}

impl Faults {
    /// Faults whose order of strikes follows from a seed.
    pub fn seeded(seed: u64) -> Self {
        let faults = Self::default();
        faults.0.state.lock().expect("no panic while held").seed = seed;
        faults
    }

    /// Adds a fault.
    pub fn add(&self, fault: Fault) {
        self.0
            .state
            .lock()
            .expect("no panic while held")
            .faults
            .push(fault);
        self.0.are_set.store(true, Ordering::Release);
    }

    /// Adds a fault that strikes every call of a path, a number of times.
    pub fn strike(&self, path: impl Into<String>, kind: FaultKind, times: u32) {
        self.add(Fault {
            path: path.into(),
            kind,
            per_mille: 1000,
            times: Some(times),
        });
    }

    /// Takes all faults away.
    pub fn clear(&self) {
        self.0
            .state
            .lock()
            .expect("no panic while held")
            .faults
            .clear();
        self.0.are_set.store(false, Ordering::Release);
    }

    pub(super) fn are_set(&self) -> bool {
        self.0.are_set.load(Ordering::Relaxed)
    }

    /// The fault that strikes this call, if one does.
    pub(super) fn draw(&self, path: &str) -> Option<FaultKind> {
        let mut guard = self.0.state.lock().expect("no panic while held");
        let State { seed, faults } = &mut *guard;
        let fault = faults.iter_mut().find(|fault| {
            path.contains(&fault.path)
                && fault.times != Some(0)
                && next(seed) % 1000 < u64::from(fault.per_mille)
        })?;
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        Some(fault.kind)
    }
}

/// SplitMix64: small, and the same on every machine.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strikes_repeat_from_a_seed_and_run_out() {
        let draws = |seed| {
            let faults = Faults::seeded(seed);
            faults.add(Fault {
                path: "Get".into(),
                kind: FaultKind::Unavailable,
                per_mille: 300,
                times: None,
            });
            (0..64)
                .map(|_| faults.draw("/x/Get").is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        let faults = Faults::default();
        assert!(!faults.are_set());
        faults.strike("/x/Get", FaultKind::DropAfterCommit, 1);
        assert_eq!(faults.draw("/x/List"), None);
        assert_eq!(faults.draw("/x/Get"), Some(FaultKind::DropAfterCommit));
        assert_eq!(faults.draw("/x/Get"), None);
    }
}
