//! Wire bytes as a service could answer, by both ways of the edge: none panics, the JSON is sound, and they agree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tessera_fuzz::edge::{Pair, same, text};

fuzz_target!(|data: &[u8]| {
    let Some((pair, wire)) = Pair::pick(data) else {
        return;
    };
    let (fast, slow) = (pair.write(pair.fast, wire), pair.write(pair.slow, wire));
    match (&fast, &slow) {
        (Some(left), Some(right)) => {
            // what is not there and what is zero are one: compare what they mean
            let meaning = |json: &[u8]| pair.read(pair.slow, json);
            if let (Some(one), Some(other)) = (meaning(left), meaning(right)) {
                assert!(same(&one, &other), "{} {}", text(left), text(right));
            }
        }
        (None, None) => {}
        _ => assert!(
            !cfg!(feature = "strict"),
            "only {} accepts: {wire:02x?}",
            if fast.is_some() { "fast" } else { "slow" }
        ),
    }
    let _ = pair.write(pair.full, wire);
    // what was written and can be read is written the same again
    if let Some(message) = fast.as_deref().and_then(|json| pair.read(pair.fast, json)) {
        pair.round_trip(&message, wire);
    }
    let fields = pair.fast.tables().message(pair.id).fields.len();
    let _ = pair
        .fast
        .encode(pair.id, Some(wire.len() % fields), wire, &mut Vec::new());
});
