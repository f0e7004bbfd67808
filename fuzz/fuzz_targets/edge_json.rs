//! JSON from outside, by both ways of the edge: none panics, they agree, and what is read is written back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tessera_fuzz::edge::{Pair, same, text};

fuzz_target!(|data: &[u8]| {
    let Some((pair, json)) = Pair::pick(data) else {
        return;
    };
    let (fast, slow) = (pair.read(pair.fast, json), pair.read(pair.slow, json));
    match (&fast, &slow) {
        (Some(left), Some(right)) => assert!(same(left, right), "{}", text(json)),
        (None, None) => {}
        // each refuses some of what the other takes; both are within the JSON mapping of protobuf
        _ => assert!(
            !cfg!(feature = "strict"),
            "only {} accepts: {}",
            if fast.is_some() { "fast" } else { "slow" },
            text(json)
        ),
    }
    if let Some(message) = &fast {
        pair.round_trip(message, json);
    }
    // the parts of a request that are no whole message: a PATCH's mask, a body bound to one field
    let _ = pair.fast.named_fields(pair.id, json);
    let fields = pair.fast.tables().message(pair.id).fields.len();
    let index = json.len() % fields;
    let mut wire = Vec::new();
    if pair
        .fast
        .decode(pair.id, Some(index), json, &mut wire)
        .is_ok()
    {
        assert!(pair.parse(&wire).is_some(), "field {index}: {}", text(json));
    }
});
