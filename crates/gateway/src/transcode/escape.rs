//! Text as a JSON string.

use super::lexer::special;

/// Appends the text in quotes, with the escapes JSON demands and no others.
#[inline]
pub(crate) fn put_string(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut start = 0;
    loop {
        let at = special(bytes, start);
        out.extend_from_slice(&bytes[start..at]);
        let Some(&c) = bytes.get(at) else { break };
        put_escape(c, out);
        start = at + 1;
    }
    out.push(b'"');
}

fn put_escape(c: u8, out: &mut Vec<u8>) {
    let short = match c {
        b'"' | b'\\' => c,
        8 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        12 => b'f',
        b'\r' => b'r',
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(c >> 4)]);
            out.push(HEX[usize::from(c & 15)]);
            return;
        }
    };
    out.push(b'\\');
    out.push(short);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn serde_json_writes_the_same(text in any::<String>(), odd in "[\u{0}-\u{24}\\\\é😀]{0,20}") {
            for text in [text, odd] {
                let mut out = Vec::new();
                put_string(&text, &mut out);
                prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
            }
        }
    }
}
