//! The YAML that is written is read back as it was, and what is wrong is named by its line.

use super::*;
use proptest::prelude::*;
use serde_json::json;

const SAMPLE: &str = include_str!("../../../samples/retail_insurance.yaml");

fn definitions(yaml: &str) -> Vec<Definition> {
    parse(yaml)
        .unwrap()
        .into_iter()
        .map(|item| item.definition.unwrap())
        .collect()
}

/// Proves: META-01, META-02, META-05
#[test]
fn the_sample_is_read_and_written_unchanged() {
    let first = write(definitions(SAMPLE));
    assert_eq!(write(definitions(&first)), first);
    assert_eq!(definitions(&first).len(), definitions(SAMPLE).len());
    let kinds: std::collections::BTreeSet<_> =
        definitions(SAMPLE).iter().map(Definition::kind).collect();
    assert_eq!(kinds.len(), Kind::ALL.len());
}

#[test]
fn lines_are_those_of_the_text() {
    let yaml = "ontology: tessera/v1\nactors:\n  - code: a\n    name: A\n    kind: role\n\n  - code: b\n    name: 7\n";
    let items = parse(yaml).unwrap();
    assert_eq!(
        items.iter().map(|item| item.line).collect::<Vec<_>>(),
        [3, 7]
    );
    assert!(items[0].definition.is_ok());
    assert_eq!(
        items[1].definition.as_ref().unwrap_err().violations()[0].field,
        "name"
    );
}

#[test]
fn what_is_no_ontology_is_refused_with_its_line() {
    let bomb = format!(
        "ontology: tessera/v1\na: &a [x]\nb: [{}]\n",
        vec!["*a"; 1000].join(",")
    );
    let deep = format!(
        "ontology: tessera/v1\nactors: {}{}\n",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    let long = format!(
        "ontology: tessera/v1\nactors:\n  - description: {}\n    code: &x a\n",
        "x".repeat(100)
    );
    for (yaml, line) in [
        ("ontology: tessera/v1\nactors:\n\t- code: a\n", "line 3"),
        ("ontology: tessera/v1\nunicorns: []\n", "line 2"),
        ("ontology: tessera/v1\nactors: []\nactors: []\n", "line 3"),
        (&bomb, "line 2"),
        (&deep, "line 2"),
        (&long, "line 4"),
        ("", "line"),
        ("ontology: tessera/v9\n", "tessera/v9"),
    ] {
        let error = parse(yaml).unwrap_err();
        let words = &error.violations()[0].description;
        assert!(
            words.contains(line),
            "{}: {words}",
            yaml.chars().take(60).collect::<String>()
        );
    }
}

/// Text with everything that YAML could take for something else.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\n\t]{1,30}",
        "\\PC{1,20}",
        prop::sample::select(vec![
            "yes",
            "no",
            "null",
            "~",
            "true",
            "0x1f",
            "1e3",
            ".inf",
            "2026-01-01",
            "- a",
            "a: b",
            "# no",
            "'",
            "\"",
            " lead",
            "trail ",
            "a\n",
            "\n\na",
            "a\n  b\n",
            "|",
            ">",
            "&x",
            "*x",
            "!t",
            "%d",
            "@",
            "`",
            "{",
            "[",
            "---",
            "...",
            "a\tb",
            "1_000",
            "012",
            "0o7",
            "=",
            "<<",
            "\u{85}",
            "\u{2028}",
            "\u{feff}x",
            "x: |\n  y",
            "'; DROP TABLE definitions; --",
        ])
        .prop_map(str::to_owned),
    ]
}

fn definition() -> impl Strategy<Value = Definition> {
    let code = "[a-z][a-z0-9_]{0,8}";
    let header = (
        code,
        text(),
        text(),
        proptest::collection::vec("[a-z0-9-]{1,4}", 0..3),
    );
    let attributes = proptest::collection::vec(
        (code, text(), proptest::collection::vec(text(), 0..3)),
        0..4,
    );
    (header, attributes, text(), 0usize..3).prop_map(|((code, name, description, tags), attributes, formula, kind)| {
        let attributes: Vec<_> = attributes
            .into_iter()
            .map(|(code, name, values)| json!({"code": code, "name": name, "type": "string", "allowed_values": values}))
            .collect();
        let (kind, body) = match kind {
            0 => (Kind::Entity, json!({"kind": "dimension", "attributes": attributes})),
            1 => {
                let threshold = json!({"level": "good", "comparison": "less", "value": "0.850"});
                (Kind::Metric, json!({"type": "simple", "formula": formula, "thresholds": [threshold], "result_ttl": "1day"}))
            }
            _ => (Kind::Actor, json!({"kind": "role", "responsibilities": [formula, name]})),
        };
        let mut document = json!({"code": code, "name": name, "description": description, "tags": tags, "state": "draft"});
        let (Value::Object(all), Value::Object(mut body)) = (&mut document, body) else { unreachable!() };
        all.append(&mut body);
        Definition::of_document(kind, document).unwrap()
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(definitions in proptest::collection::vec(definition(), 0..6)) {
        let yaml = write(definitions.clone());
        let read: Vec<_> = parse(&yaml).unwrap().into_iter().map(|item| item.definition.unwrap()).collect();
        prop_assert_eq!(write(read.clone()), yaml);
        let mut sorted = definitions;
        sorted.sort_by(|a, b| (a.kind(), a.code()).cmp(&(b.kind(), b.code())));
        prop_assert_eq!(read, sorted);
    }

    #[test]
    fn no_text_panics(yaml in "(?s).{0,200}") {
        let _ = parse(&yaml);
    }
}
