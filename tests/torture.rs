//! The torture test: from a seed a business, rows, people, questions, messages, work and accidents; at the end every number is
//! right, every effect was had once, and no stranger saw anything. `make torture SEED=n` replays a seed, `make torture SEEDS=n` plays the first n.

mod calendar;
mod events;
mod formulas;
mod question;
mod reference;
mod run;
mod steps;
mod tally;
mod tenant;
mod values;
mod work;
mod world;
mod worlds;

use run::Log;
use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};
use tally::Tally;

/// How many seeds the normal test run plays.
const USUAL: u64 = 60;
/// How many runs go on at the same time: one for each processor of the smallest machine that we build on.
const AT_ONCE: usize = 2;
/// Seeds that found something, with what it was; they are played in every test run.
const FOUND: [(u64, &str); 2] = [
    (1130, "a month without rows and partition, after rows moved"),
    (1153, "floats that cancel out, added in another order"),
];

/// A number from the environment.
fn asked(name: &str) -> Option<u64> {
    let (_, text) = config::environment().find(|(key, _)| key == name)?;
    let text = text.trim();
    (!text.is_empty()).then(|| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number"))
    })
}

/// Plays one seed; what failed is told with how to see it again.
fn play(seed: u64) -> Result<Tally, String> {
    let log = Log::default();
    let running = log.clone();
    let played = testkit::run(async move { tokio::spawn(run::play(seed, running)).await });
    played.map_err(|failed| {
        let cause = match failed.try_into_panic() {
            Ok(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                    .unwrap_or_default()
            }
            Err(cancelled) => cancelled.to_string(),
        };
        let steps = log
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .join("\n  ");
        format!(
            "seed {seed} failed: {cause}\n  {steps}\nsee it again with: make torture SEED={seed}"
        )
    })
}

/// Plays seeds side by side until one fails, and sees that they saw enough.
fn play_all(seeds: std::ops::Range<u64>) {
    let next = AtomicU64::new(seeds.start);
    let failures = Mutex::new(Vec::new());
    let tallies = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let failed = !failures.lock().expect("no panic while held").is_empty();
                    if seed >= seeds.end || failed {
                        return;
                    }
                    match play(seed) {
                        Ok(tally) => tallies.lock().expect("no panic while held").push(tally),
                        Err(failure) => failures.lock().expect("no panic while held").push(failure),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic while held");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    let tallies = tallies.into_inner().expect("no panic while held");
    let tally: Tally = tallies.into_iter().sum();
    tally.says_enough(seeds.end - seeds.start);
}

/// The first seeds, or those from one that is asked for on: as many as are asked for, or the usual number; or a single one.
#[test]
fn every_number_is_right_whatever_happens() {
    match asked("TORTURE_SEED") {
        Some(seed) => {
            // What the processes have to say helps whoever replays a seed.
            telemetry::init(&telemetry::Config::default()).expect("the usual settings are valid");
            play_all(seed..seed + 1);
        }
        None => {
            let first = asked("TORTURE_FROM").unwrap_or(0);
            play_all(first..first + asked("TORTURE_SEEDS").unwrap_or(USUAL));
        }
    }
}

/// What was found once does not come back.
#[test]
fn what_was_found_once_stays_away() {
    for (seed, what) in FOUND {
        if let Err(failure) = play(seed) {
            panic!("{what}: {failure}");
        }
    }
}
