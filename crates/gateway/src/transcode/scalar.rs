//! Scalars given as text: JSON numbers, quoted numbers, map keys, path variables, query parameters.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::tables::{Kind, Tables, WellKnown};
use super::time;
use super::wire::{put_bytes, put_delimited, put_varint, zigzag32, zigzag64};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Appends the bytes of base64 text in either alphabet, padded or not.
pub(crate) fn put_base64(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let url_safe = text.bytes().any(|c| matches!(c, b'-' | b'_'));
    let engine = if url_safe { URL_SAFE } else { STANDARD };
    engine.decode_vec(text, out).ok()
}

/// Appends one value as wire bytes, without its key; `None` when the text is no such value.
pub(crate) fn put_scalar(tables: &Tables, kind: Kind, text: &str, out: &mut Vec<u8>) -> Option<()> {
    match kind {
        Kind::Int32 => put_varint(out, i64::from(integer::<i32>(text)?) as u64),
        Kind::Int64 => put_varint(out, integer::<i64>(text)? as u64),
        Kind::Uint32 => put_varint(out, u64::from(integer::<u32>(text)?)),
        Kind::Uint64 => put_varint(out, integer(text)?),
        Kind::Sint32 => put_varint(out, u64::from(zigzag32(integer(text)?))),
        Kind::Sint64 => put_varint(out, zigzag64(integer(text)?)),
        Kind::Fixed32 => out.extend_from_slice(&integer::<u32>(text)?.to_le_bytes()),
        Kind::Fixed64 => out.extend_from_slice(&integer::<u64>(text)?.to_le_bytes()),
        Kind::Sfixed32 => out.extend_from_slice(&integer::<i32>(text)?.to_le_bytes()),
        Kind::Sfixed64 => out.extend_from_slice(&integer::<i64>(text)?.to_le_bytes()),
        Kind::Double => out.extend_from_slice(&float(text)?.to_le_bytes()),
        Kind::Float => {
            let wide = float(text)?;
            let narrow = wide as f32;
            if narrow.is_infinite() && wide.is_finite() {
                return None;
            }
            out.extend_from_slice(&narrow.to_le_bytes());
        }
        Kind::Bool => out.push(match text {
            "true" => 1,
            "false" => 0,
            _ => return None,
        }),
        Kind::String => put_bytes(out, text.as_bytes()),
        Kind::Bytes => return put_delimited(out, |out| put_base64(text, out).ok_or(())).ok(),
        Kind::Enum(id) => {
            let number = match tables.enumeration(id).number(text) {
                Some(number) => number,
                None => integer(text)?,
            };
            put_varint(out, i64::from(number) as u64);
        }
        Kind::Message(id) => {
            let message = tables.message(id);
            let well_known = message.well_known;
            return put_delimited(out, |out| {
                if well_known == WellKnown::Wrapper {
                    put_varint(out, u64::from(message.fields[0].tag));
                    return put_scalar(tables, message.fields[0].kind, text, out).ok_or(());
                }
                put_text_form(well_known, text, out).ok_or(())
            })
            .ok();
        }
    }
    Some(())
}

/// Appends the fields of a well-known message whose JSON form is a string.
pub(crate) fn put_text_form(form: WellKnown, text: &str, out: &mut Vec<u8>) -> Option<()> {
    let (seconds, nanos) = match form {
        WellKnown::Timestamp => time::parse_timestamp(text.as_bytes())?,
        WellKnown::Duration => time::parse_duration(text.as_bytes())?,
        WellKnown::FieldMask => return put_field_mask(text, out),
        _ => return None,
    };
    if seconds != 0 {
        out.push(1 << 3);
        put_varint(out, seconds as u64);
    }
    if nanos != 0 {
        out.push(2 << 3);
        put_varint(out, i64::from(nanos) as u64);
    }
    Some(())
}

/// Appends `displayName,size.width` as paths in contract names.
pub(crate) fn put_field_mask(text: &str, out: &mut Vec<u8>) -> Option<()> {
    for path in text.split(',').filter(|p| !p.is_empty()) {
        if !path
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.'))
        {
            return None;
        }
        // A name begins with a letter, and an underscore stands between two parts of it: anything else
        // could not be written back as it was read.
        let part_of_name = |bytes: &[u8]| {
            bytes.first().is_some_and(u8::is_ascii_alphabetic)
                && bytes
                    .windows(2)
                    .all(|two| two[0] != b'_' || two[1].is_ascii_lowercase())
                && bytes.last() != Some(&b'_')
        };
        if !path.split('.').all(|part| part_of_name(part.as_bytes())) {
            return None;
        }
        out.push(1 << 3 | 2);
        let snake: Vec<u8> = path
            .bytes()
            .flat_map(|c| {
                let upper = c.is_ascii_uppercase();
                upper
                    .then_some(b'_')
                    .into_iter()
                    .chain([c.to_ascii_lowercase()])
            })
            .collect();
        put_bytes(out, &snake);
    }
    Some(())
}

/// A whole number, also where it is written `1e3` or `2.0`: read exactly, in decimal.
fn integer<T: std::str::FromStr + TryFrom<i128>>(text: &str) -> Option<T> {
    if let Ok(value) = text.parse() {
        return (!text.starts_with('+')).then_some(value);
    }
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(i) => (&unsigned[..i], unsigned[i + 1..].parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let sound = !whole.is_empty()
        && !mantissa.ends_with('.')
        && whole
            .bytes()
            .chain(fraction.bytes())
            .all(|c| c.is_ascii_digit());
    if !sound || exponent.abs() > 400 || fraction.len() > 400 {
        return None;
    }
    let mut digits = format!("{whole}{fraction}");
    let mut exponent = exponent - fraction.len() as i32;
    while exponent < 0 && digits.len() > 1 && digits.ends_with('0') {
        digits.pop();
        exponent += 1;
    }
    let digits = digits.trim_start_matches('0');
    let value = if digits.is_empty() {
        0
    } else {
        let power = 10i128.checked_pow(u32::try_from(exponent).ok()?)?;
        digits.parse::<i128>().ok()?.checked_mul(power)?
    };
    T::try_from(if negative { -value } else { value }).ok()
}

fn float(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => {
            let sound = text
                .bytes()
                .all(|c| c.is_ascii_digit() || matches!(c, b'-' | b'+' | b'.' | b'e' | b'E'));
            text.parse().ok().filter(|f: &f64| sound && f.is_finite())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_in_any_notation_are_exact() {
        assert_eq!(integer::<i64>("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(integer::<u64>("18446744073709551615"), Some(u64::MAX));
        assert_eq!(integer::<i32>("1.5e1"), Some(15));
        assert_eq!(
            integer::<i64>("9007199254740993.0"),
            Some(9_007_199_254_740_993)
        );
        assert_eq!(integer::<i32>("0e500"), None);
        for bad in [
            "",
            "+7",
            "1.5",
            "2.e5",
            "1e",
            "0x1",
            "2147483648",
            " 1",
            "1e399",
        ] {
            assert_eq!(integer::<i32>(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn floats_are_json_numbers_or_the_three_names() {
        assert_eq!(float("-1.5e3"), Some(-1500.0));
        assert!(float("NaN").is_some_and(f64::is_nan));
        for bad in ["inf", "nan", "1e999", "", "1_0"] {
            assert_eq!(float(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn masks_take_contract_names_and_nothing_that_needs_escaping() {
        let mut out = Vec::new();
        put_field_mask("displayName,size.maxWidth", &mut out).unwrap();
        assert_eq!(out, b"\x0a\x0cdisplay_name\x0a\x0esize.max_width");
        assert_eq!(put_field_mask("a\"b", &mut out), None);
    }

    #[test]
    fn base64_in_both_alphabets() {
        for text in ["+/8=", "-_8=", "-_8", "+/8"] {
            let mut out = Vec::new();
            put_base64(text, &mut out).unwrap();
            assert_eq!(out, [0xfb, 0xff], "{text}");
        }
        assert_eq!(put_base64("+-", &mut Vec::new()), None);
    }
}
