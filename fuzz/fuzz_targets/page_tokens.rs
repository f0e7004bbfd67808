//! What a client hands back to a store: page tokens and etags; and the URL of a database. What is accepted reads back.
#![no_main]

use std::str::from_utf8;

use db::page::Shape;
use libfuzzer_sys::fuzz_target;

type Key = (i64, String);

fn page_token(text: &str) {
    let shape = Shape::of("metadata.entities", &("open", "created_at"));
    if let Ok(Some(key)) = shape.key::<Key>(text) {
        let again = shape.token(&key);
        assert_eq!(shape.key::<Key>(&again).ok().flatten(), Some(key));
        let other = Shape::of("metadata.entities", &("closed", "created_at"));
        assert!(
            other.key::<Key>(text).is_err(),
            "accepted by another list: {text}"
        );
    }
    // the same text as the sort key of a good token
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        let _ = shape.key::<Key>(&shape.token(&json));
    }
}

fn etag(text: &str) {
    if let Ok(version) = db::etag::parse(text) {
        assert_eq!(db::etag::format(version), text);
        assert!(db::etag::check(text, version).is_ok());
        assert!(db::etag::check(text, version.wrapping_add(1)).is_err());
    }
}

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = from_utf8(data) {
        page_token(text);
        etag(text);
        if let Ok(url) = db::Url::parse(text) {
            let _ = (url.backend(), url.masked());
        }
    }
});
