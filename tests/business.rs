//! What stories about numbers share: people and what they may see, definitions, rows, questions.

use crate::platform::Platform;
use reqwest::Method;
use serde_json::{Value, json};

/// Somebody with a token.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// The answer of a POST by the administrator, who must be let in.
pub(crate) async fn post(platform: &Platform, path: &str, body: Value) -> Value {
    let (status, answer) = platform.json(Method::POST, path, Some(body)).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// The answer of a GET by the administrator, who must be let in.
pub(crate) async fn get(platform: &Platform, path: &str) -> Value {
    let (status, answer) = platform.json(Method::GET, path, None).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// A text of an answer.
pub(crate) fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// A whole number of an answer: 64 bits travel as text, and what is zero may be left out.
pub(crate) fn whole(value: &Value) -> i64 {
    match value {
        Value::Null => 0,
        Value::String(text) => text.parse().expect("a whole number"),
        other => other
            .as_i64()
            .unwrap_or_else(|| panic!("no number: {other}")),
    }
}

/// A list of an answer; what is empty may be left out.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A program of the administrator's tenant that holds these roles.
pub(crate) async fn person(platform: &Platform, name: &str, roles: &[&str]) -> Person {
    let made = json!({ "service_principal": { "name": name } });
    let made = post(platform, "/api/v1/identity/servicePrincipals", made).await;
    let id = text(&made["id"]);
    for role in roles {
        let subject = json!({ "kind": "SUBJECT_KIND_SERVICE_PRINCIPAL", "id": id });
        let body = json!({ "subject": subject, "role": role });
        post(platform, "/api/v1/identity/roleAssignments:assign", body).await;
    }
    let token = json!({ "service_principal_id": id, "name": "story" });
    let token = post(platform, "/api/v1/identity/tokens", token).await;
    Person {
        id,
        token: text(&token["secret"]),
    }
}

/// From now on the person sees of an entity only rows for which the condition holds; the filter's id.
pub(crate) async fn narrow(
    platform: &Platform,
    person: &Person,
    entity: &str,
    condition: &str,
) -> String {
    let subject = json!({ "kind": "SUBJECT_KIND_SERVICE_PRINCIPAL", "id": person.id });
    let filter =
        json!({ "name": entity, "subject": subject, "entity": entity, "condition": condition });
    let body = json!({ "row_filter": filter });
    text(&post(platform, "/api/v1/identity/row-filters", body).await["id"])
}

/// Defines entities and metrics written as YAML.
pub(crate) async fn import(platform: &Platform, yaml: &str) {
    let body = json!({ "yaml": yaml });
    let answer = post(platform, "/api/v1/metadata/ontology:import", body).await;
    assert_eq!(answer["applied"], true, "{answer}");
}

/// Writes rows, all of which must be taken.
pub(crate) async fn write(platform: &Platform, entity: &str, records: Vec<Value>) -> Value {
    let count = i64::try_from(records.len()).expect("few");
    let path = format!("/api/v1/warehouse/tables/{entity}/records:write");
    let answer = post(platform, &path, json!({ "records": records })).await;
    assert_eq!(whole(&answer["inserted"]), count, "{answer}");
    answer
}

/// HTTP status and answer of a calculation.
pub(crate) async fn calculation(platform: &Platform, token: &str, body: Value) -> (u16, Value) {
    let path = "/api/v1/calculation/calculate";
    platform
        .json_as(Some(token), Method::POST, path, Some(body))
        .await
}

/// The answer of a calculation by the administrator that must succeed.
pub(crate) async fn calculate(platform: &Platform, body: Value) -> Value {
    let asked = body.to_string();
    let (status, answer) = calculation(platform, &platform.token, body).await;
    assert_eq!(status, 200, "{asked}: {answer}");
    answer
}

/// The text of the first value of an answer, `-` where there is none.
pub(crate) fn value(answer: &Value) -> String {
    let text = &answer["rows"][0]["value"]["text"];
    text.as_str().unwrap_or("-").to_owned()
}

/// The texts of all values of an answer with their dimensions and the begin of their period.
pub(crate) fn table(answer: &Value) -> Vec<(String, String)> {
    let row = |row: &Value| {
        let mut place: Vec<String> = list(&row["dimensions"])
            .iter()
            .map(|dimension| dimension["value"].as_str().unwrap_or("null").to_owned())
            .collect();
        place.extend(row["start"].as_str().map(str::to_owned));
        let value = row["value"]["text"].as_str().unwrap_or("-").to_owned();
        (place.join(" "), value)
    };
    list(&answer["rows"]).iter().map(row).collect()
}

/// What a question about the rows of an entity answers: its rows of values.
pub(crate) async fn query(platform: &Platform, token: &str, body: Value) -> Vec<Vec<Value>> {
    let path = "/api/v1/warehouse/query";
    let (status, answer) = platform
        .json_as(Some(token), Method::POST, path, Some(body))
        .await;
    assert_eq!(status, 200, "{answer}");
    list(&answer["rows"])
        .iter()
        .map(|row| list(row).to_vec())
        .collect()
}

/// The reasons of all violations in a refusal, with their fields.
pub(crate) fn violations(refusal: &Value) -> Vec<(String, String, String)> {
    list(&refusal["details"])
        .iter()
        .flat_map(|detail| list(&detail["fieldViolations"]))
        .map(|violation| {
            let part = |name: &str| violation[name].as_str().unwrap_or_default().to_owned();
            (part("field"), part("reason"), part("description"))
        })
        .collect()
}
