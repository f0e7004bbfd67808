//! Delivery by hand and by chance.

use super::*;
use proptest::prelude::*;

const TERMS: Terms = Terms {
    ack_wait: Duration::from_secs(30),
    max_attempts: 3,
    max_in_flight: 100,
};

fn at(second: i64) -> Time {
    Time::from_micros(second * 1_000_000)
}

fn again(second: i64) -> Refusal {
    Refusal {
        until: at(second),
        fatal: false,
        untried: false,
    }
}

fn positions(given: &[(u64, u32)]) -> Vec<u64> {
    given.iter().map(|(position, _)| *position).collect()
}

fn with(lanes: &[Option<u64>]) -> Delivery {
    let mut delivery = Delivery::default();
    for (position, lane) in (1..).zip(lanes) {
        delivery.take_in(position, *lane, at(0));
    }
    delivery.cursor = lanes.len() as u64 + 1;
    delivery
}

#[test]
fn what_has_no_key_waits_for_nothing() {
    let mut delivery = with(&[None, None, None]);
    assert_eq!(delivery.hand_out(at(0), 2, &TERMS), [(1, 1), (2, 1)]);
    assert_eq!(delivery.refused(1, 1, again(5), &TERMS), Some(Fate::Again));
    assert_eq!(positions(&delivery.hand_out(at(1), 5, &TERMS)), [3]);
    assert!(delivery.pass(at(5), &TERMS).is_empty());
    assert_eq!(delivery.hand_out(at(5), 5, &TERMS), [(1, 2)]);
    assert!(delivery.done(2, 1) && delivery.done(3, 1));
    assert!(!delivery.done(1, 1), "an old delivery counts no more");
    assert_eq!(delivery.floor(), 1);
    assert!(delivery.done(1, 2));
    assert_eq!((delivery.floor(), delivery.pending()), (4, 0));
}

#[test]
fn a_key_is_at_one_place_at_a_time() {
    let (a, b) = (Some(7), Some(8));
    let mut delivery = with(&[a, a, b, a]);
    assert_eq!(positions(&delivery.hand_out(at(0), 2, &TERMS)), [1, 2]);
    assert_eq!(positions(&delivery.hand_out(at(0), 9, &TERMS)), [3]);
    // The second is done and the first is not: the fourth waits on.
    assert!(delivery.done(2, 1));
    assert!(delivery.hand_out(at(0), 9, &TERMS).is_empty());
    assert_eq!(delivery.refused(1, 1, again(2), &TERMS), Some(Fate::Again));
    assert!(delivery.hand_out(at(1), 9, &TERMS).is_empty());
    delivery.pass(at(2), &TERMS);
    assert_eq!(delivery.hand_out(at(2), 9, &TERMS), [(1, 2), (4, 1)]);
}

#[test]
fn who_does_not_acknowledge_loses_the_delivery() {
    let mut delivery = with(&[None]);
    for attempt in 1..=3 {
        let now = at(i64::from(attempt) * 100);
        assert_eq!(delivery.hand_out(now, 1, &TERMS), [(1, attempt)]);
        assert!(delivery.extend(1, attempt, now + Duration::from_secs(20), &TERMS));
        assert!(
            delivery
                .pass(now + Duration::from_secs(49), &TERMS)
                .is_empty()
        );
        let dead = delivery.pass(now + Duration::from_secs(50), &TERMS);
        assert_eq!(dead, if attempt == 3 { vec![1] } else { vec![] });
    }
}

#[test]
fn what_is_fatal_is_dead_at_once_and_what_was_not_tried_does_not_count() {
    let mut delivery = with(&[None, None]);
    delivery.hand_out(at(0), 2, &TERMS);
    let fatal = Refusal {
        until: at(9),
        fatal: true,
        untried: false,
    };
    assert_eq!(delivery.refused(1, 1, fatal, &TERMS), Some(Fate::Dead));
    let untried = Refusal {
        until: at(0),
        fatal: false,
        untried: true,
    };
    assert_eq!(delivery.refused(2, 1, untried, &TERMS), Some(Fate::Again));
    // The dead letter could not be written: it is dead again when its time comes.
    assert_eq!(delivery.pass(at(9), &TERMS), [1]);
    delivery.remove(1);
    assert_eq!(delivery.hand_out(at(9), 5, &TERMS), [(2, 1)]);
}

#[test]
fn no_more_are_out_than_allowed() {
    let terms = Terms {
        max_in_flight: 2,
        ..TERMS
    };
    let mut delivery = with(&[Some(1), Some(1), Some(1), None]);
    assert_eq!(positions(&delivery.hand_out(at(0), 9, &terms)), [1, 2]);
    assert!(delivery.hand_out(at(0), 9, &terms).is_empty());
    assert!(delivery.done(1, 1));
    assert_eq!(positions(&delivery.hand_out(at(0), 9, &terms)), [4]);
    assert!(delivery.done(2, 1));
    assert_eq!(positions(&delivery.hand_out(at(0), 9, &terms)), [3]);
}

proptest! {
    /// Whatever consumers do and however often all is forgotten but the snapshot: messages of a lane are first tried
    /// in order, no lane is out twice, everything is done or dead at the end, and the floor never passes what is not.
    #[test]
    fn nothing_is_lost_and_lanes_keep_their_order(
        lanes in prop::collection::vec(prop::option::of(0_u64..4), 1..40),
        moves in prop::collection::vec((0_u8..7, any::<prop::sample::Index>()), 0..200),
    ) {
        let mut delivery = with(&lanes);
        let mut now = 0;
        let mut finished: BTreeSet<u64> = BTreeSet::new();
        let mut open: Vec<(u64, u32)> = Vec::new();
        let check = |delivery: &Delivery, finished: &BTreeSet<u64>| {
            for position in 1..delivery.floor() {
                assert!(finished.contains(&position), "{position} is before the floor");
            }
        };
        let finish = |delivery: &mut Delivery, dead: Vec<u64>, finished: &mut BTreeSet<u64>| {
            for position in dead {
                delivery.remove(position);
                finished.insert(position);
            }
        };
        for (action, pick) in moves {
            now += 1;
            let chosen = (!open.is_empty()).then(|| open.remove(pick.index(open.len())));
            match (action, chosen) {
                (0 | 1, chosen) => {
                    open.extend(chosen);
                    for (position, attempt) in delivery.hand_out(at(now), 1 + pick.index(8), &TERMS) {
                        let lane = lanes[usize::try_from(position).unwrap() - 1];
                        if lane.is_some() {
                            let earlier = (1..position).filter(|before| lanes[usize::try_from(*before).unwrap() - 1] == lane);
                            for before in earlier {
                                let together = open.iter().any(|(open, _)| *open == before);
                                assert!(finished.contains(&before) || together, "{before} is not done and {position} goes out");
                            }
                        }
                        open.push((position, attempt));
                    }
                }
                (2, Some((position, attempt))) => {
                    if delivery.done(position, attempt) {
                        finished.insert(position);
                    }
                }
                (3, Some((position, attempt))) => {
                    if delivery.refused(position, attempt, again(now + 3), &TERMS) == Some(Fate::Dead) {
                        finish(&mut delivery, vec![position], &mut finished);
                    }
                }
                (4, Some((position, attempt))) => {
                    let untried = Refusal { until: at(now), fatal: false, untried: true };
                    delivery.refused(position, attempt, untried, &TERMS);
                }
                (5, chosen) => {
                    open.extend(chosen);
                    delivery = Delivery::restore(delivery.snapshot());
                    open.clear();
                }
                _ => now += 31,
            }
            let dead = delivery.pass(at(now), &TERMS);
            finish(&mut delivery, dead, &mut finished);
            check(&delivery, &finished);
        }
        for _ in 0..1000 {
            now += 40;
            let dead = delivery.pass(at(now), &TERMS);
            finish(&mut delivery, dead, &mut finished);
            for (position, attempt) in delivery.hand_out(at(now), 100, &TERMS) {
                assert!(delivery.done(position, attempt));
                finished.insert(position);
            }
            if delivery.pending() == 0 {
                break;
            }
        }
        prop_assert_eq!(finished.len(), lanes.len());
        prop_assert_eq!((delivery.out(), delivery.ready()), (0, 0));
    }
}
