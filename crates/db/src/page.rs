//! Lists a page at a time, by keyset: a token holds the sort key of the last row and says which list it
//! belongs to, so that a token of another filter or order is refused and not misread.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use error::{Error, Result, reason};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// The layout of tokens; tokens of another are refused.
const FORMAT: u8 = 1;
/// Tokens longer than this are none of ours.
const MAX_LEN: usize = 4096;

/// Which list: a hash of its method, filter and order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape([u8; 8]);

impl Shape {
    /// The shape of a list with this filter and order (anything that serialises).
    pub fn of(list: &str, filter_and_order: &impl Serialize) -> Self {
        let mut hash = Sha256::new();
        hash.update(list.as_bytes());
        hash.update([0]);
        // What does not serialise has no shape to compare; our filters all do.
        hash.update(serde_json::to_vec(filter_and_order).expect("filters serialise"));
        let mut shape = [0; 8];
        shape.copy_from_slice(&hash.finalize()[..8]);
        Self(shape)
    }

    /// The token that goes on after the row with this sort key.
    pub fn token(&self, key: &impl Serialize) -> String {
        let mut bytes = vec![FORMAT];
        bytes.extend_from_slice(&self.0);
        bytes.extend(serde_json::to_vec(key).expect("sort keys serialise"));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The sort key to go on after; `None` for an empty token, the first page.
    pub fn key<K: DeserializeOwned>(&self, token: &str) -> Result<Option<K>> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = Some(token)
            .filter(|token| token.len() <= MAX_LEN)
            .and_then(|token| URL_SAFE_NO_PAD.decode(token).ok())
            .ok_or_else(invalid)?;
        let key = bytes
            .strip_prefix(&[FORMAT])
            .and_then(|rest| rest.strip_prefix(&self.0[..]))
            .ok_or_else(invalid)?;
        serde_json::from_slice(key).map(Some).map_err(|_| invalid())
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The token of the next page; empty after the last.
    pub next: String,
}

impl<T> Page<T> {
    /// Cuts a page of `size` from rows of which one more was asked for.
    pub fn cut<K: Serialize>(
        mut rows: Vec<T>,
        size: usize,
        shape: Shape,
        key: impl FnOnce(&T) -> K,
    ) -> Self {
        let more = rows.len() > size;
        rows.truncate(size);
        let next = match rows.last() {
            Some(last) if more => shape.token(&key(last)),
            _ => String::new(),
        };
        Self { items: rows, next }
    }

    /// The same page with each row turned into something else.
    pub fn map<U>(self, render: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(render).collect(),
            next: self.next,
        }
    }
}

fn invalid() -> Error {
    Error::new(
        &reason::INVALID_PAGE_TOKEN,
        "the page token belongs to no page of this list: start again without one",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Key = (i64, String);

    #[test]
    fn a_token_of_another_list_is_refused() {
        let mine = Shape::of("orders", &("open", "created_at"));
        let token = mine.token(&(7, "x"));
        assert_eq!(mine.key::<Key>(&token).unwrap(), Some((7, "x".to_owned())));
        assert_eq!(mine.key::<Key>("").unwrap(), None);
        for other in [
            Shape::of("orders", &("closed", "created_at")),
            Shape::of("bills", &("open", "created_at")),
        ] {
            let error = other.key::<Key>(&token).unwrap_err();
            assert!(error.is(&reason::INVALID_PAGE_TOKEN));
        }
    }

    #[test]
    fn the_last_page_has_no_next() {
        let shape = Shape::of("numbers", &());
        let page = Page::cut(vec![1, 2, 3], 2, shape, |n| *n);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(shape.key::<i32>(&page.next).unwrap(), Some(2));
        assert_eq!(Page::cut(vec![1, 2], 2, shape, |n| *n).next, "");
    }

    proptest! {
        #[test]
        fn keys_round_trip(number: i64, text: String) {
            let shape = Shape::of("list", &number);
            let key = (number, text);
            prop_assert_eq!(shape.key::<Key>(&shape.token(&key)).unwrap(), Some(key));
        }

        #[test]
        fn garbage_is_refused(token in ".{1,60}") {
            let error = Shape::of("list", &()).key::<Key>(&token).unwrap_err();
            prop_assert!(error.is(&reason::INVALID_PAGE_TOKEN));
        }
    }
}
