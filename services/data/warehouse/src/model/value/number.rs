//! Numbers as given: exactly what was meant, or a refusal that says to send it as text.

use super::{Cell, SAFE_INTEGER, Wrong, wrong};
use serde_json::Value as Json;

/// So many digits every decimal number keeps on its way through a double; with more, what was written is not known.
const SURE_DIGITS: usize = 15;

/// A whole number from a double.
pub(super) fn integer_of_double(number: f64) -> Result<Cell, Wrong> {
    if !number.is_finite() {
        return wrong("OUT_OF_RANGE", "must be a finite number");
    }
    if number.fract() != 0.0 {
        return wrong("TOO_PRECISE", "must be a whole number");
    }
    if number.abs() > SAFE_INTEGER {
        return wrong(
            "INEXACT",
            "a number beyond 2^53 may not be the one that was meant: send it as text",
        );
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole, and within 2^53")]
    Ok(Cell::Integer(number as i64))
}

/// The digits of a decimal from a double: the shortest decimal number that is this double, where only one can have been meant.
pub(super) fn decimal_of_double(number: f64, precision: u8, scale: u8) -> Result<i128, Wrong> {
    if !number.is_finite() {
        return wrong("OUT_OF_RANGE", "must be a finite number");
    }
    let text = format!("{number}");
    if !sure(number) {
        return wrong(
            "INEXACT",
            "a number of more than 15 digits may not be the one that was meant: send it as text",
        );
    }
    match decimal_of_text(&text, precision, scale) {
        Some(read) => read,
        // More than 38 places with their zeros.
        None if number.abs() < 1.0 => too_precise(scale),
        None => out_of_range(precision, scale),
    }
}

/// Whether what was meant by a double is known: its shortest decimal text is short enough to be the only one.
pub(crate) fn sure(number: f64) -> bool {
    let text = format!("{number}");
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len() <= SURE_DIGITS
}

/// The digits of a decimal from its text, at the scale; none where it is no number.
pub(crate) fn decimal_of_text(text: &str, precision: u8, scale: u8) -> Option<Result<i128, Wrong>> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if !is_plain(unsigned) {
        return None;
    }
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let fraction = fraction.trim_end_matches('0');
    let whole = whole.trim_start_matches('0');
    if fraction.len() > usize::from(scale) {
        return Some(too_precise(scale));
    }
    if whole.len() > usize::from(precision - scale.min(precision)) {
        return Some(out_of_range(precision, scale));
    }
    // At most 38 digits, which fit.
    let digits = format!("0{whole}{fraction:0<width$}", width = usize::from(scale));
    let digits: i128 = digits.parse().ok()?;
    Some(Ok(if unsigned.len() < text.len() {
        -digits
    } else {
        digits
    }))
}

/// A whole number from its text; none where it is no number.
pub(super) fn integer_of_text(text: &str) -> Option<Result<i64, Wrong>> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if !is_plain(unsigned) {
        return None;
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.bytes().any(|digit| digit != b'0') {
        return Some(wrong("TOO_PRECISE", "must be a whole number"));
    }
    Some(
        whole
            .parse()
            .or_else(|_| wrong("OUT_OF_RANGE", "must fit 64 bits")),
    )
}

/// Digits, perhaps with a point among them.
fn is_plain(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction)
}

/// A decimal number, perhaps with an exponent: neither `inf` nor `nan`, which Rust reads too.
pub(super) fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    is_plain(mantissa.strip_prefix('-').unwrap_or(mantissa))
        && !exponent.is_empty()
        && exponent.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number of a JSON value: whole where it is whole, so that `1` is not answered as `1.0`.
pub(super) fn json_number(number: f64) -> Result<Json, Wrong> {
    if let Ok(Cell::Integer(whole)) = integer_of_double(number) {
        return Ok(whole.into());
    }
    match serde_json::Number::from_f64(number) {
        Some(number) => Ok(Json::Number(number)),
        None => wrong("OUT_OF_RANGE", "must be a finite number"),
    }
}

fn too_precise<T>(scale: u8) -> Result<T, Wrong> {
    let description = match scale {
        0 => "must be a whole number".to_owned(),
        1 => "has at most 1 digit after the point: round it".to_owned(),
        scale => format!("has at most {scale} digits after the point: round it"),
    };
    wrong("TOO_PRECISE", description)
}

fn out_of_range<T>(precision: u8, scale: u8) -> Result<T, Wrong> {
    wrong(
        "OUT_OF_RANGE",
        format!(
            "has at most {} digits before the point",
            precision - scale.min(precision)
        ),
    )
}

/// A decimal's digits as a number with all places of its scale.
pub(crate) fn decimal_text(digits: i128, scale: u8) -> String {
    formula::Number { digits, scale }.to_string()
}
