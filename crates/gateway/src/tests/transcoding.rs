//! The JSON mapping of protobuf, case by case.

use prost_reflect::DynamicMessage;

use super::fixture::transcoder;
use crate::transcode::{Fault, FaultKind, Transcoder, Way};

const EVERYTHING: &str = "tessera.things.v1.Everything";

fn decode(t: &Transcoder, json: &str) -> Result<Vec<u8>, Box<Fault>> {
    let mut wire = Vec::new();
    t.decode(
        t.tables().id(EVERYTHING).unwrap(),
        None,
        json.as_bytes(),
        &mut wire,
    )
    .map(|()| wire)
}

fn encode(t: &Transcoder, wire: &[u8]) -> String {
    let mut json = Vec::new();
    t.encode(t.tables().id(EVERYTHING).unwrap(), None, wire, &mut json)
        .unwrap();
    String::from_utf8(json).unwrap()
}

#[test]
fn what_is_read_is_written_in_its_canonical_form() {
    let t = transcoder();
    for (given, canonical) in [
        ("{}", "{}"),
        (r#" { "int32" : 1e2 } "#, r#"{"int32":100}"#),
        (
            r#"{"int64": 9007199254740993, "uint64": "18446744073709551615"}"#,
            r#"{"int64":"9007199254740993","uint64":"18446744073709551615"}"#,
        ),
        (
            r#"{"sint32": -1, "sint64": "-2", "sfixed64": -3, "fixed32": 4}"#,
            r#"{"sint32":-1,"sint64":"-2","sfixed64":"-3","fixed32":4}"#,
        ),
        (
            r#"{"double": "NaN", "float": "-Infinity"}"#,
            r#"{"double":"NaN","float":"-Infinity"}"#,
        ),
        (
            r#"{"double": 10.0, "float": 0.1}"#,
            r#"{"double":10,"float":0.1}"#,
        ),
        (r#"{"double": "1.5"}"#, r#"{"double":1.5}"#),
        (r#"{"bytes": "-_8"}"#, r#"{"bytes":"+/8="}"#),
        (r#"{"state": 1}"#, r#"{"state":"STATE_DRAFT"}"#),
        (r#"{"state": 77}"#, r#"{"state":77}"#),
        (
            r#"{"state": null, "string": null, "inner": null, "numbers": null, "values": null}"#,
            "{}",
        ),
        (r#"{"maybe": 0, "int32": 0}"#, r#"{"maybe":0}"#),
        (r#"{"text": ""}"#, r#"{"text":""}"#),
        (r#"{"nothing": null}"#, r#"{"nothing":null}"#),
        (
            r#"{"snake_case_name": "a", "far": 3}"#,
            r#"{"snakeCaseName":"a","far":3}"#,
        ),
        (
            r#"{"numbers": [1, "2", 3.0], "texts": [], "doubles": [0, 1.5]}"#,
            r#"{"numbers":[1,2,3],"doubles":[0,1.5]}"#,
        ),
        (
            r#"{"labels": {"b": "\"x\"\n", "a": ""}}"#,
            r#"{"labels":{"b":"\"x\"\n","a":""}}"#,
        ),
        (
            r#"{"slots": {"-7": {"sku": "s"}}, "flags": {"true": 1}}"#,
            r#"{"slots":{"-7":{"sku":"s"}},"flags":{"true":1}}"#,
        ),
        (
            r#"{"time": "2026-01-31T13:00:00.5+01:00", "span": "-0.000000001s"}"#,
            r#"{"time":"2026-01-31T12:00:00.500Z","span":"-0.000000001s"}"#,
        ),
        (
            r#"{"mask": "displayName,a.bC"}"#,
            r#"{"mask":"displayName,a.bC"}"#,
        ),
        (
            r#"{"struct": {"a": [1, null, "x", {"b": true}]}, "value": null, "list": [null]}"#,
            r#"{"struct":{"a":[1,null,"x",{"b":true}]},"value":null,"list":[null]}"#,
        ),
        (
            r#"{"stringValue": "", "int64Value": 5, "boolValue": false, "bytesValue": "AA==", "doubleValue": 0}"#,
            r#"{"stringValue":"","int64Value":"5","boolValue":false,"bytesValue":"AA==","doubleValue":0}"#,
        ),
        (
            r#"{"inner": {"inner": {"part": {"sku": "x"}}}}"#,
            r#"{"inner":{"inner":{"part":{"sku":"x"}}}}"#,
        ),
        (
            r#"{"any": {"@type": "type.googleapis.com/tessera.things.v1.Part", "sku": "x"}}"#,
            r#"{"any":{"@type":"type.googleapis.com/tessera.things.v1.Part","sku":"x"}}"#,
        ),
        (
            r#"{"any": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s"}}"#,
            r#"{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}}"#,
        ),
        (
            r#"{"any": {"sku": "x", "quantity": 2, "@type": "x/tessera.things.v1.Part"}}"#,
            r#"{"any":{"@type":"x/tessera.things.v1.Part","sku":"x","quantity":"2"}}"#,
        ),
        (
            r#"{"any": {"@type": "x/google.protobuf.Any", "value": {"@type": "x/google.protobuf.Empty", "value": {}}}}"#,
            r#"{"any":{"@type":"x/google.protobuf.Any","value":{"@type":"x/google.protobuf.Empty","value":{}}}}"#,
        ),
        (r#"{"any": {}}"#, r#"{"any":{}}"#),
        (
            r#"{"struct": {"big": "9223372036854775807", "safe": 9007199254740992, "cents": 12345678901.25, "e": 1e21}}"#,
            r#"{"struct":{"big":"9223372036854775807","safe":9007199254740992,"cents":12345678901.25,"e":1e+21}}"#,
        ),
    ] {
        let wire = decode(&t, given).unwrap_or_else(|f| panic!("{given}: {f:?}"));
        assert_eq!(encode(&t, &wire), canonical, "{given}");
    }
}

#[test]
fn what_is_wrong_is_refused_with_its_place() {
    let t = transcoder();
    for (given, path, needle) in [
        ("", "", "object"),
        ("[]", "", "object"),
        ("{} x", "", "after"),
        ("{\"int32\": }", "int32", "number"),
        (r#"{"int32": 1, "int32": 2}"#, "int32", "twice"),
        (
            r#"{"snakeCaseName": "", "snake_case_name": ""}"#,
            "snake_case_name",
            "twice",
        ),
        (r#"{"text": "", "part": {}}"#, "part", "oneof"),
        (r#"{"labels": {"a": "", "a": ""}}"#, "labels", "key twice"),
        (r#"{"slots": {"x": {}}}"#, r#"slots["x"]"#, "no key"),
        (r#"{"flags": {"yes": 1}}"#, r#"flags["yes"]"#, "no key"),
        (r#"{"int32": 2147483648}"#, "int32", "32 bits"),
        (r#"{"uint32": -1}"#, "uint32", "from 0"),
        (r#"{"int32": 1.5}"#, "int32", "whole"),
        (r#"{"int32": true}"#, "int32", "number"),
        (r#"{"bool": "true"}"#, "bool", "true or false"),
        (r#"{"string": 1}"#, "string", "string"),
        (r#"{"float": 1e39}"#, "float", "number of this size"),
        (r#"{"bytes": "?"}"#, "bytes", "base64"),
        (
            r#"{"state": "STATE_DRAFTT"}"#,
            "state",
            "did you mean STATE_DRAFT?",
        ),
        (r#"{"nothing": 7}"#, "nothing", "enum number"),
        (r#"{"time": "now"}"#, "time", "timestamp"),
        (r#"{"span": "1"}"#, "span", "duration"),
        (r#"{"parts": [{}, {"sku": 1}]}"#, "parts[1].sku", "string"),
        (r#"{"texts": ["a", null]}"#, "texts[1]", "null"),
        (r#"{"labels": {"\u0061": null}}"#, r#"labels["a"]"#, "null"),
        (r#"{"any": {"sku": "x"}}"#, "any", "@type"),
        (
            r#"{"any": {"@type": "type.googleapis.com/.tessera.things.v1.Part"}}"#,
            "any.@type",
            "no known",
        ),
        (
            r#"{"any": {"@type": "tessera.things.v1.Part"}}"#,
            "any.@type",
            "no known",
        ),
        (
            r#"{"any": {"@type": "x/tessera.things.v1.Part", "@type": "x/y"}}"#,
            "any.@type",
            "twice",
        ),
        (
            r#"{"any": {"@type": "x/tessera.things.v1.Part", "skew": "x"}}"#,
            "any",
            "no field",
        ),
        (
            r#"{"any": {"@type": "x/google.protobuf.Duration"}}"#,
            "any",
            "value",
        ),
        (
            r#"{"any": {"@type": "x/google.protobuf.Duration", "value": 1}}"#,
            "any.value",
            "string",
        ),
        (
            r#"{"any": {"@type": "x/google.protobuf.Duration", "seconds": 1}}"#,
            "any",
            "under",
        ),
        (
            r#"{"struct": {"a": {"b\n": [1, 9007199254740993]}}}"#,
            r#"struct["a"]["b\n"][1]"#,
            "send it as text",
        ),
        (r#"{"value": 1e400}"#, "value", "send it as text"),
        (
            r#"{"list": [0.12345678901234567890]}"#,
            "list[0]",
            "send it as text",
        ),
        (r#"{"struct": {"a": 1, "a": 2}}"#, "struct", "key twice"),
    ] {
        let fault = decode(&t, given).expect_err(given);
        assert_eq!(fault.path(), path, "{given}: {fault:?}");
        assert!(fault.message().contains(needle), "{given}: {fault:?}");
        assert!(fault.at.is_some(), "{given}");
    }
    let fault = decode(&t, r#"{"inner": {"strng": ""}}"#).unwrap_err();
    assert_eq!(fault.path(), "inner");
    assert!(
        matches!(&fault.kind, FaultKind::UnknownField { name, suggestions, .. }
        if name == "strng" && suggestions == &["string"])
    );
    let deep = format!("{}{{}}{}", r#"{"inner":"#.repeat(64), "}".repeat(64));
    assert_eq!(decode(&t, &deep).unwrap_err().kind, FaultKind::TooDeep);
    let not_text = t.decode(0, None, b"{\"\xff\"", &mut Vec::new());
    assert_eq!(not_text.unwrap_err().message(), "not UTF-8");
}

/// A level of free-form JSON is up to three of messages, of which prost reads a hundred: the edge stops before.
#[test]
fn free_form_json_is_read_as_deep_as_services_read_it() {
    let (t, slow) = (transcoder(), transcoder().with_way(Way::Dynamic));
    let descriptor = t.pool().get_message_by_name(EVERYTHING).unwrap();
    let nest = |open: &str, close: &str, levels: usize| {
        format!(
            "{{\"value\":{}1{}}}",
            open.repeat(levels),
            close.repeat(levels)
        )
    };
    for (open, close, most) in [("{\"a\":", "}", 29), ("[", "]", 44)] {
        let json = nest(open, close, most);
        let wire = decode(&t, &json).unwrap();
        DynamicMessage::decode(descriptor.clone(), &wire[..]).expect("as a service reads it");
        assert_eq!(encode(&t, &wire), json);
        assert!(decode(&slow, &json).is_ok());
        for levels in [most + 1, 60] {
            let json = nest(open, close, levels);
            let fault = decode(&t, &json).expect_err("too deep");
            assert_eq!(fault.kind, FaultKind::TooDeep, "{levels} {open}");
            decode(&slow, &json).expect_err("as the tables do");
        }
    }
    let any = |levels: usize| {
        let open = r#"{"@type":"x/google.protobuf.Any","value":"#.repeat(levels);
        format!(r#"{{"any":{open}{{}}{}}}"#, "}".repeat(levels))
    };
    assert!(decode(&t, &any(7)).is_ok());
    assert_eq!(decode(&t, &any(8)).unwrap_err().kind, FaultKind::TooDeep);
}

/// What one way refuses because it could not be read back, the other refuses too.
#[test]
fn both_ways_refuse_what_could_not_be_written_back() {
    let (t, slow) = (transcoder(), transcoder().with_way(Way::Dynamic));
    for json in [
        r#"{"any": {"@type": "type.googleapis.com/.tessera.things.v1.Part", "sku": "x"}}"#,
        r#"{"any": {"@type": "/.tessera.things.v1.Part"}}"#,
        r#"{"any": {"@type": "x/google.protobuf.Any", "value": {"@type": "x/.google.protobuf.Empty", "value": {}}}}"#,
        r#"{"mask": "a__b"}"#,
        r#"{"any": {"@type": "x/google.protobuf.FieldMask", "value": "a_B"}}"#,
    ] {
        for way in [&t, &slow] {
            assert!(decode(way, json).is_err(), "{json}");
        }
    }
}

#[test]
fn numbers_that_json_does_not_have_are_not_written_into_free_form_json() {
    let t = transcoder();
    // field 35: value { number_value: infinity }
    let wire = [&[0x9a, 2, 9, 0x11][..], &f64::INFINITY.to_le_bytes()].concat();
    let id = t.tables().id(EVERYTHING).unwrap();
    assert!(t.encode(id, None, &wire, &mut Vec::new()).is_err());
}

#[test]
fn an_unknown_any_keeps_its_bytes() {
    let t = transcoder();
    // field 37: type_url "x/y", value ff
    let wire = [&[0xaa, 0x02, 8][..], b"\x0a\x03x/y\x12\x01\xff"].concat();
    assert_eq!(
        encode(&t, &wire),
        r#"{"any":{"@type":"x/y","value":"/w=="}}"#
    );
}

#[test]
fn fields_out_of_order_and_split_go_the_slow_way() {
    let t = transcoder();
    // int32 twice: the last one wins; inner twice: they merge
    let wire = [
        &[0x18, 1, 0x18, 2][..],
        &[0x8a, 1, 2, 0x18, 3],
        &[0x8a, 1, 2, 0x20, 4],
    ]
    .concat();
    assert_eq!(
        encode(&t, &wire),
        r#"{"int32":2,"inner":{"int32":3,"int64":"4"}}"#
    );
}
