//! The model and the contract name the same fields, and nothing is lost between them.

use super::*;
use crate::model::Header;
use prost::Message;
use std::collections::BTreeSet;

/// Fields that the server fills; the model keeps them beside the document.
const FILLED: [&str; 6] = [
    "id",
    "version",
    "etag",
    "create_time",
    "update_time",
    "delete_time",
];

#[test]
fn documents_have_the_fields_of_their_messages() {
    let files =
        prost_types::FileDescriptorSet::decode(proto_meaning::CONTRACTS.descriptors).unwrap();
    let messages: Vec<_> = files
        .file
        .into_iter()
        .flat_map(|file| file.message_type)
        .collect();
    for kind in Kind::ALL {
        let name: String = kind
            .name()
            .split('_')
            .map(|word| word[..1].to_uppercase() + &word[1..])
            .collect();
        let message = messages
            .iter()
            .find(|message| message.name() == name)
            .unwrap();
        let contract: BTreeSet<_> = message.field.iter().map(|field| field.name()).collect();
        let model: BTreeSet<_> = FILLED
            .iter()
            .chain(&Header::FIELDS)
            .chain(kind.fields())
            .copied()
            .collect();
        assert_eq!(contract, model, "{name}");
    }
}

#[test]
fn what_the_contract_forbids_is_seen_in_a_document_too() {
    let document =
        serde_json::json!({"code": "Not a code", "name": "n".repeat(201), "tags": ["UPPER"]});
    let found = contract(&Definition::of_document(Kind::Actor, document).unwrap());
    let fields: Vec<_> = found
        .as_slice()
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(fields, ["code", "name", "tags[0]"]);
}
