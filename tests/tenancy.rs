//! Two tenants: the administrator of one learns nothing of the other, not even that something is there.

use crate::platform::{Platform, stories};
use reqwest::Method;
use serde_json::{Value, json};
use value::Id;

const SAMPLE: &str = include_str!("../services/meaning/metadata/samples/retail_insurance.yaml");
const PASSWORD: &str = "correct horse battery staple";
/// The definitions of metadata, as they stand in paths, with the field that lists them.
const KINDS: [(&str, &str); 9] = [
    ("entities", "entities"),
    ("relationships", "relationships"),
    ("metrics", "metrics"),
    ("value-chains", "valueChains"),
    ("value-chain-patterns", "valueChainPatterns"),
    ("actors", "actors"),
    ("analytics-strategies", "analyticsStrategies"),
    ("analytics-use-cases", "analyticsUseCases"),
    ("data-sources", "dataSources"),
];

async fn post(platform: &Platform, path: &str, body: Value) -> Value {
    let (status, answer) = platform.json(Method::POST, path, Some(body)).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

fn id(resource: &Value) -> String {
    resource["id"].as_str().expect("an id").to_owned()
}

/// A second tenant, and the access token of its administrator.
pub(crate) async fn second_tenant(platform: &Platform) -> String {
    another_tenant(platform, "rival").await
}

/// A tenant of this name, and the access token of its administrator.
pub(crate) async fn another_tenant(platform: &Platform, slug: &str) -> String {
    let email = format!("eve@{slug}.example.com");
    let body = json!({
        "tenant": { "slug": slug, "display_name": slug },
        "administrator_email": email,
        "administrator_password": PASSWORD,
    });
    post(platform, "/api/v1/identity/tenants", body).await;
    let body = json!({
        "tenant": slug, "email": email,
        "password": PASSWORD, "new_password": "another horse another staple",
    });
    let path = "/api/v1/identity/sessions:signIn";
    let (status, pair) = platform.json_as(None, Method::POST, path, Some(body)).await;
    assert_eq!(status, 200, "{pair}");
    let token = pair["accessToken"]
        .as_str()
        .expect("an access token")
        .to_owned();
    for path in ["/api/v1/identity/users", "/api/v1/metadata/entities"] {
        testkit::eventually("the token to be known", async || {
            let (status, _) = platform
                .json_as(Some(&token), Method::GET, path, None)
                .await;
            (status == 200).then_some(())
        })
        .await;
    }
    token
}

/// A call with `{id}` where the id of somebody else's resource goes.
type Attempt = (Method, String, Option<Value>);

/// Everything that can be tried with the id of a definition.
fn attempts_on_definition(kind: &str) -> Vec<Attempt> {
    let one = format!("/api/v1/metadata/{kind}/{{id}}");
    let any = "/api/v1/metadata/definitions/{id}".to_owned();
    vec![
        (Method::GET, one.clone(), None),
        (
            Method::PATCH,
            one.clone(),
            Some(json!({ "description": "mine now", "etag": "v1" })),
        ),
        (Method::DELETE, one.clone(), None),
        (Method::DELETE, format!("{one}?etag=v1"), None),
        (Method::POST, format!("{one}:undelete"), Some(json!({}))),
        (
            Method::GET,
            format!("/api/v1/metadata/{kind}:batchGet?ids={{id}}"),
            None,
        ),
        (Method::GET, format!("{any}/versions"), None),
        (Method::GET, format!("{any}/versions/1"), None),
        (
            Method::GET,
            format!("{any}:diff?from_version=0&to_version=1"),
            None,
        ),
        (
            Method::POST,
            format!("{any}/versions/1:restore"),
            Some(json!({ "etag": "v1" })),
        ),
        (Method::GET, format!("{any}/dependents"), None),
        (Method::GET, format!("{any}/references"), None),
    ]
}

/// Everything that can be tried with the id of something of identity.
fn attempts_on(resource: &str) -> Vec<Attempt> {
    let one = format!("/api/v1/identity/{resource}/{{id}}");
    let change = |field: &str| Some(json!({ field: "Mine now", "etag": "v1" }));
    let verb = |verb: &str, body: Value| (Method::POST, format!("{one}{verb}"), Some(body));
    let get = |path: &str| (Method::GET, path.to_owned(), None);
    let mut attempts = vec![
        (Method::GET, one.clone(), None),
        get(&format!("/api/v1/identity/{resource}:batchGet?ids={{id}}")),
    ];
    let subject =
        |kind: &str| json!({ "subject": { "kind": kind, "id": "{id}" }, "role": "viewer" });
    let roles = |kind: &str| {
        ["assign", "unassign"].map(|verb| {
            let path = format!("/api/v1/identity/roleAssignments:{verb}");
            (Method::POST, path, Some(subject(kind)))
        })
    };
    let assignments = get("/api/v1/identity/roleAssignments?subject_id={id}");
    match resource {
        "users" => {
            attempts.extend(roles("SUBJECT_KIND_USER"));
            attempts.extend([
                (
                    Method::PATCH,
                    format!("{one}?update_mask=display_name"),
                    change("display_name"),
                ),
                (Method::DELETE, one.clone(), None),
                verb(":disable", json!({})),
                verb(":enable", json!({})),
                verb(":resetPassword", json!({ "new_password": PASSWORD })),
                get("/api/v1/identity/principals/{id}/access"),
                get("/api/v1/identity/sessions?user_id={id}"),
                assignments,
            ]);
        }
        "groups" => {
            attempts.extend(roles("SUBJECT_KIND_GROUP"));
            let members = json!({ "user_ids": [Id::new()] });
            attempts.extend([
                (
                    Method::PATCH,
                    format!("{one}?update_mask=description"),
                    change("description"),
                ),
                (Method::DELETE, one.clone(), None),
                verb("/members:add", members.clone()),
                verb("/members:remove", members),
                get(&format!("{one}/members")),
                assignments,
            ]);
        }
        "servicePrincipals" => {
            attempts.extend(roles("SUBJECT_KIND_SERVICE_PRINCIPAL"));
            let token = json!({ "service_principal_id": "{id}", "name": "mine" });
            attempts.extend([
                (
                    Method::PATCH,
                    format!("{one}?update_mask=description"),
                    change("description"),
                ),
                (Method::DELETE, one.clone(), None),
                verb(":disable", json!({})),
                verb(":enable", json!({})),
                get("/api/v1/identity/principals/{id}/access"),
                get("/api/v1/identity/tokens?principal_id={id}"),
                (Method::POST, "/api/v1/identity/tokens".into(), Some(token)),
            ]);
        }
        "tokens" => attempts = vec![(Method::GET, one.clone(), None), verb(":revoke", json!({}))],
        "sessions" => attempts = vec![verb(":revoke", json!({}))],
        "tenants" => attempts.extend([
            (
                Method::PATCH,
                format!("{one}?update_mask=display_name"),
                change("display_name"),
            ),
            verb(":disable", json!({})),
            verb(":enable", json!({})),
        ]),
        other => panic!("nothing is known of {other}"),
    }
    attempts
}

/// What a token gets for an attempt on an id: status and body, the id and the name of the call taken
/// out, and fields in one order.
async fn attempt(platform: &Platform, token: &str, attempt: &Attempt, id: &str) -> (u16, String) {
    let (method, path, body) = attempt;
    let url = platform.url(&path.replace("{id}", id));
    let mut request = reqwest::Client::new()
        .request(method.clone(), url)
        .bearer_auth(token);
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string().replace("{id}", id));
    }
    let answer = request.send().await.expect("the edge answers");
    let status = answer.status().as_u16();
    let call = answer.headers()["x-request-id"]
        .to_str()
        .expect("text")
        .to_owned();
    let body: Value = answer.json().await.expect("JSON");
    let text = body.to_string().replace(id, "{id}");
    (status, text.replace(&call, "{call}"))
}

/// What each attempt on somebody else's id gets is, field by field, what it gets on an id of nothing.
async fn leaks_nothing(
    platform: &Platform,
    token: &str,
    attempts: Vec<Attempt>,
    id: &str,
) -> usize {
    let mut denied = 0;
    for one in &attempts {
        let (method, path, _) = one;
        let nothing = attempt(platform, token, one, &Id::new().to_string()).await;
        let theirs = attempt(platform, token, one, id).await;
        assert_eq!(theirs, nothing, "{method} {path}");
        let (status, text) = theirs;
        assert!(
            [200, 403, 404].contains(&status),
            "{method} {path}: {status} {text}"
        );
        assert!(
            status != 404 || text.contains("NOT_FOUND"),
            "{method} {path}: {text}"
        );
        denied += usize::from(status != 200);
    }
    denied
}

stories! {
    async fn definitions_of_others_are_not_there(platform: &Platform) {
        post(platform, "/api/v1/metadata/ontology:import", json!({ "yaml": SAMPLE })).await;
        let token = second_tenant(platform).await;
        let export = "/api/v1/metadata/ontology:export";
        let before = platform.json(Method::GET, export, None).await;
        assert_eq!(before.0, 200);
        for (kind, list) in KINDS {
            let path = format!("/api/v1/metadata/{kind}");
            let (_, answer) = platform.json(Method::GET, &path, None).await;
            let definition = answer[list].get(0).unwrap_or_else(|| panic!("the sample has {list}: {answer}"));
            let attempts = attempts_on_definition(kind);
            let most = attempts.len() - 1;
            let denied = leaks_nothing(platform, &token, attempts, &id(definition)).await;
            assert_eq!(denied, most, "{kind}: only the batch answers, with what is missing");

            let code = definition["code"].as_str().expect("a code");
            let by_code = (Method::GET, format!("{path}/by-code/{{id}}"), None);
            let theirs = attempt(platform, &token, &by_code, code).await;
            assert_eq!(theirs, attempt(platform, &token, &by_code, "no_such_code").await);
            assert_eq!(theirs.0, 404);
            let (status, answer) = platform.json_as(Some(&token), Method::GET, &path, None).await;
            assert!(status == 200 && answer[list].as_array().is_none_or(Vec::is_empty), "{answer}");
        }
        assert_eq!(platform.json(Method::GET, export, None).await, before, "nothing has changed");
    }

    async fn people_of_others_are_not_there(platform: &Platform) {
        let user = json!({ "user": { "email": "ada@example.com", "display_name": "Ada" }, "password": PASSWORD });
        let user = post(platform, "/api/v1/identity/users", user).await;
        let group = json!({ "group": { "name": "underwriters" } });
        let group = post(platform, "/api/v1/identity/groups", group).await;
        let program = json!({ "service_principal": { "name": "nightly" } });
        let program = post(platform, "/api/v1/identity/servicePrincipals", program).await;
        let made = json!({ "service_principal_id": program["id"], "name": "nightly" });
        let made = post(platform, "/api/v1/identity/tokens", made).await;
        let body = json!({ "tenant": "default", "email": "ada@example.com", "password": PASSWORD });
        let session = post(platform, "/api/v1/identity/sessions:signIn", body).await;
        let session = session["sessionId"].as_str().expect("a session").to_owned();
        let (_, own) = platform.json(Method::GET, "/api/v1/identity/self", None).await;
        let tenant = own["tenantId"].as_str().expect("a tenant").to_owned();
        let token = second_tenant(platform).await;

        for (resource, id) in [
            ("users", id(&user)),
            ("groups", id(&group)),
            ("servicePrincipals", id(&program)),
            ("tokens", id(&made["token"])),
            ("sessions", session),
            ("tenants", tenant),
        ] {
            let denied = leaks_nothing(platform, &token, attempts_on(resource), &id).await;
            assert!(denied > 0, "{resource}");
        }
        for (resource, before) in [("users", &user), ("groups", &group), ("servicePrincipals", &program)] {
            let path = format!("/api/v1/identity/{resource}/{}", id(before));
            let (_, after) = platform.json(Method::GET, &path, None).await;
            assert_eq!(after["etag"], before["etag"], "{resource}: nothing has changed");
        }

        // A person of another tenant cannot be drawn into a group of one's own.
        let own = json!({ "group": { "name": "mine" } });
        let path = "/api/v1/identity/groups";
        let (status, own) = platform.json_as(Some(&token), Method::POST, path, Some(own)).await;
        assert_eq!(status, 200, "{own}");
        let path = format!("/api/v1/identity/groups/{}/members:add", own["id"].as_str().expect("an id"));
        let add = vec![(Method::POST, path, Some(json!({ "user_ids": ["{id}"] })))];
        assert_eq!(leaks_nothing(platform, &token, add, &id(&user)).await, 1);
    }
}
