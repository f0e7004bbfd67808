//! Text forms of `Timestamp` and `Duration`, to the nanosecond.

/// Days since 1970-01-01 of a civil date (Hinnant's algorithm).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The civil date of a day since 1970-01-01.
fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day - era * 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (
        year + era * 400 + i64::from(month <= 2),
        month,
        of_year - (153 * shifted + 2) / 5 + 1,
    )
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0i64, |value, &c| {
        c.is_ascii_digit().then(|| value * 10 + i64::from(c - b'0'))
    })
}

/// One to nine digits of a fraction, as nanoseconds.
fn fraction(bytes: &[u8]) -> Option<i32> {
    if bytes.is_empty() || bytes.len() > 9 {
        return None;
    }
    Some(digits(bytes)? as i32 * 10i32.pow(9 - bytes.len() as u32))
}

/// Reads RFC 3339 as seconds and nanoseconds.
pub(crate) fn parse_timestamp(text: &[u8]) -> Option<(i64, i32)> {
    if text.len() < 20
        || text[4] != b'-'
        || text[7] != b'-'
        || text[10] != b'T'
        || text[13] != b':'
        || text[16] != b':'
    {
        return None;
    }
    let (year, month, day) = (
        digits(&text[..4])?,
        digits(&text[5..7])?,
        digits(&text[8..10])?,
    );
    let (hour, minute, second) = (
        digits(&text[11..13])?,
        digits(&text[14..16])?,
        digits(&text[17..19])?,
    );
    if year == 0 || !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [
        31,
        28 + i64::from(leap),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    if day < 1 || day > lengths[month as usize - 1] {
        return None;
    }
    let (mut at, mut nanos) = (19, 0);
    if text[at] == b'.' {
        let end = at + 1 + text[at + 1..].iter().position(|c| !c.is_ascii_digit())?;
        nanos = fraction(&text[at + 1..end])?;
        at = end;
    }
    let offset = match *text.get(at)? {
        b'Z' if at + 1 == text.len() => 0,
        sign @ (b'+' | b'-') if text.len() == at + 6 && text[at + 3] == b':' => {
            let (hours, minutes) = (digits(&text[at + 1..at + 3])?, digits(&text[at + 4..])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * 3600 + minutes * 60;
            if sign == b'+' { offset } else { -offset }
        }
        _ => return None,
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    in_range(seconds).then_some((seconds, nanos))
}

/// From year 1 to year 9999.
fn in_range(seconds: i64) -> bool {
    (-62_135_596_800..=253_402_300_799).contains(&seconds)
}

fn put_two(out: &mut Vec<u8>, value: i64) {
    out.push(b'0' + (value / 10) as u8);
    out.push(b'0' + (value % 10) as u8);
}

/// A fraction in three, six or nine digits, or nothing.
fn put_fraction(out: &mut Vec<u8>, nanos: u32) {
    if nanos == 0 {
        return;
    }
    let (mut value, width) = if nanos.is_multiple_of(1_000_000) {
        (nanos / 1_000_000, 3)
    } else if nanos.is_multiple_of(1000) {
        (nanos / 1000, 6)
    } else {
        (nanos, 9)
    };
    out.push(b'.');
    let at = out.len();
    out.resize(at + width, b'0');
    for digit in out[at..].iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Writes RFC 3339 in UTC; `false` when out of range.
pub(crate) fn put_timestamp(out: &mut Vec<u8>, seconds: i64, nanos: i32) -> bool {
    if !in_range(seconds) || !(0..1_000_000_000).contains(&nanos) {
        return false;
    }
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let time = seconds.rem_euclid(86_400);
    put_two(out, year / 100);
    put_two(out, year % 100);
    out.push(b'-');
    put_two(out, month);
    out.push(b'-');
    put_two(out, day);
    out.push(b'T');
    put_two(out, time / 3600);
    out.push(b':');
    put_two(out, time / 60 % 60);
    out.push(b':');
    put_two(out, time % 60);
    put_fraction(out, nanos as u32);
    out.push(b'Z');
    true
}

const LONGEST: i64 = 315_576_000_000;

/// Reads `-1.5s` as seconds and nanoseconds of one sign.
pub(crate) fn parse_duration(text: &[u8]) -> Option<(i64, i32)> {
    let text = text.strip_suffix(b"s")?;
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let dot = text.iter().position(|&c| c == b'.').unwrap_or(text.len());
    if dot == 0 || dot > 12 {
        return None;
    }
    let seconds = digits(&text[..dot])?;
    let nanos = if dot < text.len() {
        fraction(&text[dot + 1..])?
    } else {
        0
    };
    if seconds > LONGEST || (seconds == LONGEST && nanos > 0) {
        return None;
    }
    Some(if negative {
        (-seconds, -nanos)
    } else {
        (seconds, nanos)
    })
}

/// Writes seconds with an `s`; `false` when out of range or of two signs.
pub(crate) fn put_duration(out: &mut Vec<u8>, seconds: i64, nanos: i32) -> bool {
    let two_signs = (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0);
    if two_signs
        || !(-LONGEST..=LONGEST).contains(&seconds)
        || nanos.unsigned_abs() >= 1_000_000_000
    {
        return false;
    }
    if seconds < 0 || nanos < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(
        itoa::Buffer::new()
            .format(seconds.unsigned_abs())
            .as_bytes(),
    );
    put_fraction(out, nanos.unsigned_abs());
    out.push(b's');
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn odd_timestamps() {
        assert_eq!(parse_timestamp(b"1970-01-01T00:00:00Z"), Some((0, 0)));
        assert_eq!(
            parse_timestamp(b"1970-01-01T01:00:00.5+01:00"),
            Some((0, 500_000_000))
        );
        for bad in [
            "1970-02-29T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01 00:00:00Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00",
            "1970-01-01T00:00:00+25:00",
            "0001-01-01T00:00:00+01:00",
            "1970-01-01T00:00:00.1234567890Z",
        ] {
            assert_eq!(parse_timestamp(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn timestamps_survive(seconds in -62_135_596_800i64..=253_402_300_799, nanos in 0i32..1_000_000_000) {
            let mut out = Vec::new();
            prop_assert!(put_timestamp(&mut out, seconds, nanos));
            prop_assert_eq!(parse_timestamp(&out), Some((seconds, nanos)));
        }

        #[test]
        fn durations_survive(seconds in 0i64..315_576_000_000, nanos in 0i32..1_000_000_000, negative: bool) {
            let (seconds, nanos) = if negative { (-seconds, -nanos) } else { (seconds, nanos) };
            let mut out = Vec::new();
            prop_assert!(put_duration(&mut out, seconds, nanos));
            prop_assert_eq!(parse_duration(&out), Some((seconds, nanos)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+0-9TZ:.s]{0,40}") {
            let _ = (parse_timestamp(text.as_bytes()), parse_duration(text.as_bytes()));
        }
    }
}
