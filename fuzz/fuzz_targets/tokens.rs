//! Credentials from outside: bearer tokens, signed or not, and process headers. Only good ones are accepted.
#![no_main]

use std::str::from_utf8;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tessera_fuzz::access::{ACCESS, API_TOKEN, Access, ENDED, KEY_ID, PROCESS, TENANT, USER};

const HEAD: &[u8] = br#"{"typ":"JWT","alg":"EdDSA","kid":"key-1"}"#;

/// Any bearer: only the two good ones are accepted, in any spelling of the hexadecimal digits of an id.
fn bearer(text: &str) {
    if ACCESS.authority.authenticate(text).is_ok() {
        assert!(
            text == ACCESS.token || text.eq_ignore_ascii_case(API_TOKEN),
            "accepted: {text:?}"
        );
    }
}

/// Any claims under a good signature: accepted only with the issuer, audience, principal and times that they must have.
fn claims(json: &[u8]) {
    if ACCESS
        .authority
        .authenticate(&Access::signed(HEAD, json))
        .is_err()
    {
        return;
    }
    let said: Value = serde_json::from_slice(json).expect("accepted claims are JSON");
    let is = |name: &str, text: &str| {
        said[name]
            .as_str()
            .is_some_and(|it| it.eq_ignore_ascii_case(text))
    };
    let now = ACCESS.now.micros() / 1_000_000;
    let leeway = 2;
    let good = said["iss"] == "tessera"
        && said["aud"] == "tessera"
        && is("sub", USER)
        && is("tid", TENANT)
        && !is("sid", ENDED)
        && said["exp"]
            .as_i64()
            .is_some_and(|end| end.saturating_add(leeway) > now)
        && said["nbf"]
            .as_i64()
            .is_some_and(|start| start.saturating_sub(leeway) <= now);
    assert!(good, "accepted: {said}");
}

/// Any head over good claims, with a good signature: accepted only with our algorithm and the key's name.
fn head(json: &[u8]) {
    let claims = ACCESS.token.split('.').nth(1).expect("three parts");
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims);
    let token = Access::signed(json, &claims.expect("of our own making"));
    if ACCESS.authority.authenticate(&token).is_ok() {
        let said: Value = serde_json::from_slice(json).expect("an accepted head is JSON");
        assert!(
            said["alg"] == "EdDSA" && said["kid"] == KEY_ID,
            "accepted: {said}"
        );
    }
}

/// Any process header: only the good one is accepted, in any spelling of its hexadecimal digits.
fn process(header: &str) {
    let claim = |header: &str| header.rsplit_once(':').map(|(claim, _)| claim.to_owned());
    if let Ok(name) = ACCESS.mesh.verify(header, ACCESS.now) {
        assert_eq!(name, PROCESS);
        assert_eq!(claim(header), claim(&ACCESS.header));
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    match (first % 4, from_utf8(rest)) {
        (0, Ok(text)) => bearer(text),
        (1, Ok(text)) => process(text),
        (2, _) => claims(rest),
        (3, _) => head(rest),
        _ => {}
    }
});
