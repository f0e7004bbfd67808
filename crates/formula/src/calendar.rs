//! Days and instants as whole numbers: days since 1970-01-01, microseconds since then in UTC.

use chrono::{DateTime, Datelike, NaiveDate};

const MICROS_PER_DAY: i64 = 86_400_000_000;

fn epoch() -> NaiveDate {
    NaiveDate::from_ymd_opt(1970, 1, 1).expect("a day")
}

/// Reads `2025-01-31`, years 1 to 9999.
pub fn parse_date(text: &str) -> Option<i32> {
    // chrono also takes `2025-1-31` and signs; one spelling keeps both databases' text comparable.
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shape {
        return None;
    }
    let date: NaiveDate = text.parse().ok()?;
    (1..=9999).contains(&date.year()).then_some(())?;
    i32::try_from((date - epoch()).num_days()).ok()
}

/// Reads an RFC 3339 instant, years 1 to 9999.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    (1..=9999).contains(&time.year()).then_some(())?;
    Some(time.timestamp_micros())
}

/// As `2025-01-31`.
pub fn date_text(days: i32) -> String {
    epoch()
        .checked_add_signed(chrono::Duration::days(i64::from(days)))
        .unwrap_or(epoch())
        .format("%Y-%m-%d")
        .to_string()
}

/// As `2025-01-31T12:00:00.000001Z`.
pub fn timestamp_text(micros: i64) -> String {
    value::Time::from_micros(micros).to_string()
}

/// Year, month and day.
pub fn parts(days: i32) -> (i32, u32, u32) {
    let date = epoch()
        .checked_add_signed(chrono::Duration::days(i64::from(days)))
        .unwrap_or(epoch());
    (date.year(), date.month(), date.day())
}

/// The day, in UTC, of an instant.
pub fn day_of(micros: i64) -> i32 {
    i32::try_from(micros.div_euclid(MICROS_PER_DAY)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants_round_trip() {
        for text in ["0001-01-01", "1969-12-31", "2024-02-29", "9999-12-31"] {
            assert_eq!(date_text(parse_date(text).unwrap()), text);
        }
        for text in ["2025-1-31", "2025-02-30", "+025-01-01", "0000-01-01", ""] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        let micros = parse_timestamp("1969-12-31T23:59:59.999999Z").unwrap();
        assert_eq!((micros, day_of(micros)), (-1, -1));
        assert_eq!(parse_timestamp(&timestamp_text(micros)), Some(micros));
        assert_eq!(parts(parse_date("2024-02-29").unwrap()), (2024, 2, 29));
    }
}
