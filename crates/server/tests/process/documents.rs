//! Documents that the binary prints about itself.

use crate::installation::run;
use serde_json::Value;

/// `docs/errors.md` says what this binary says; `cargo xtask errors` writes it anew.
#[tokio::test]
async fn the_errors_in_the_docs_are_the_errors_of_the_binary() {
    let printed = run(&["errors"], &[], None).await.success();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
    let kept = std::fs::read_to_string(path).expect("docs/errors.md");
    assert!(
        printed == kept,
        "docs/errors.md is out of date: run `cargo xtask errors`"
    );
    for reason in ["UNAUTHENTICATED", "ETAG_MISMATCH", "REQUEST_ID_REUSED"] {
        assert!(printed.contains(reason), "{reason}");
    }
}

#[tokio::test]
async fn openapi_is_one_json_document() {
    let printed = run(&["openapi"], &[], None).await.success();
    let document: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().expect("paths");
    assert!(
        paths.contains_key("/api/v1/metadata/entities"),
        "{}",
        paths.len()
    );
}

#[tokio::test]
async fn wrong_words_are_refused_with_usage() {
    for words in [&["sevre"][..], &["serve", "--grcp", "x"], &[]] {
        let output = run(words, &[], None).await;
        assert_eq!(output.code, 2, "{output:?}");
        assert!(output.err.contains("Usage"), "{output:?}");
    }
    assert!(
        run(&["--version"], &[], None)
            .await
            .success()
            .starts_with("tessera ")
    );
}
