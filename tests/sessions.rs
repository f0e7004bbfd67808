//! People sign in, and what is taken from them is gone within a second, in every process.

use crate::platform::stories;
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct horse battery staple";

stories! {
    /// A person is made, signs in, reads, is signed out: the token is dead everywhere within a second.
    async fn a_session_ends_within_a_second(platform: &Platform) {
        let user = json!({ "email": "ada@example.com", "display_name": "Ada Lovelace" });
        let body = json!({ "user": user, "password": PASSWORD });
        let (status, created) = platform.json(Method::POST, "/api/v1/identity/users", Some(body)).await;
        assert_eq!(status, 200, "{created}");
        let subject = json!({ "kind": "SUBJECT_KIND_USER", "id": created["id"] });
        let body = json!({ "subject": subject, "role": "viewer" });
        let (status, answer) = platform.json(Method::POST, "/api/v1/identity/roleAssignments:assign", Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        let body = json!({ "tenant": "default", "email": "ada@example.com", "password": PASSWORD });
        let (status, pair) = platform.json_as(None, Method::POST, "/api/v1/identity/sessions:signIn", Some(body)).await;
        assert_eq!(status, 200, "{pair}");
        let token = pair["accessToken"].as_str().expect("an access token").to_owned();

        // A process learns of a new person within half a second.
        platform.until_known(&token, true).await;
        let (status, answer) = platform
            .json_as(Some(&token), Method::POST, "/api/v1/metadata/actors", Some(json!({ "code": "x", "name": "X" })))
            .await;
        assert_eq!(status, 403, "a viewer does not write: {answer}");

        let (status, answer) = platform
            .json_as(Some(&token), Method::POST, "/api/v1/identity/sessions:signOut", Some(json!({})))
            .await;
        assert_eq!(status, 200, "{answer}");
        let signed_out = Instant::now();
        platform.until_known(&token, false).await;
        // The promise is a second; the rest is what a busy machine may add.
        assert!(signed_out.elapsed() < Duration::from_secs(3), "{:?}", signed_out.elapsed());
    }
}
