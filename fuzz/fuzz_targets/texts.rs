//! Short texts from outside: trace contexts, API tokens and values. What is accepted reads back.
#![no_main]

use std::str::from_utf8;

use auth::ApiToken;
use libfuzzer_sys::fuzz_target;
use telemetry::TraceContext;
use value::{Decimal, Id, Time};

fn trace(text: &str) {
    if let Ok(context) = text.parse::<TraceContext>() {
        assert_eq!(context.to_string().parse(), Ok(context));
        if text.starts_with("00") {
            assert_eq!(context.to_string(), text);
        }
        assert_eq!(context.child().trace_id(), context.trace_id());
    }
}

fn api_token(text: &str) {
    if let Some(token) = ApiToken::parse(text) {
        let exposed = token.expose();
        assert!(
            exposed.eq_ignore_ascii_case(text),
            "another spelling: {text}"
        );
        assert!(exposed.rsplit_once('_').is_some() && ApiToken::parse(&exposed) == Some(token));
    }
}

fn values(text: &str) {
    if let Ok(id) = text.parse::<Id>() {
        assert!(id.to_string().eq_ignore_ascii_case(text));
    }
    if let Ok(time) = text.parse::<Time>() {
        assert_eq!(time.to_string().parse(), Ok(time));
    }
    if let Ok(number) = text.parse::<Decimal>() {
        assert_eq!(number.to_string().parse(), Ok(number.clone()));
        let _ = number.to_f64();
    }
    if let Ok(span) = text.parse::<config::Span>() {
        assert_eq!(span.to_string().parse(), Ok(span));
    }
    let _ = text.parse::<config::ByteSize>();
}

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = from_utf8(data) {
        trace(text);
        api_token(text);
        values(text);
    }
});
