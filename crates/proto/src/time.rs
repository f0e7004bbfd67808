//! Points in time and spans between our types and the wire's.

use value::Time;

/// A time as a `google.protobuf.Timestamp`, in microseconds.
pub fn to_proto(time: Time) -> prost_types::Timestamp {
    let micros = time.micros();
    prost_types::Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos: (micros.rem_euclid(1_000_000) * 1_000) as i32,
    }
}

/// A `google.protobuf.Timestamp` as a time, cut to microseconds; `None` outside years 1 to 9999.
pub fn from_proto(timestamp: &prost_types::Timestamp) -> Option<Time> {
    const FIRST: i64 = -62_135_596_800;
    const LAST: i64 = 253_402_300_799;
    if !(FIRST..=LAST).contains(&timestamp.seconds)
        || !(0..1_000_000_000).contains(&timestamp.nanos)
    {
        return None;
    }
    Some(Time::from_micros(
        timestamp.seconds * 1_000_000 + i64::from(timestamp.nanos / 1_000),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_wire() {
        for micros in [0, -1, 1_700_000_000_123_456, -62_135_596_800_000_000] {
            let time = Time::from_micros(micros);
            assert_eq!(from_proto(&to_proto(time)), Some(time));
        }
    }

    #[test]
    fn times_out_of_range_are_refused() {
        for (seconds, nanos) in [(i64::MAX, 0), (0, -1), (0, 1_000_000_000)] {
            assert_eq!(from_proto(&prost_types::Timestamp { seconds, nanos }), None);
        }
    }
}
