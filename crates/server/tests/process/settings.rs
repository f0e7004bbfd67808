//! What a process is told, what it tells of that, and what it keeps to itself.

use crate::{
    installation::{self, Installation},
    on_both,
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

fn mode(path: &Path) -> u32 {
    fs::metadata(path)
        .expect("it is there")
        .permissions()
        .mode()
        & 0o777
}

fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("tessera.toml");
    fs::write(&path, text).expect("the file can be written");
    let path = path.to_str().expect("a plain name").to_owned();
    (folder, path)
}

/// A wrong key, a wrong value, a wrong section: each is named in full, and the exit code says so.
#[tokio::test]
async fn check_names_what_is_wrong() {
    for (text, expected) in [
        ("[server]\ngprc = \"127.0.0.1:1\"", "server.gprc"),
        ("[serve]\ngrpc = \"127.0.0.1:1\"", "serve: is not known"),
        ("[server]\ngrpc = \"nowhere\"", "server.grpc"),
        ("[storage]\nurl = \"mysql://x\"", "storage.url"),
        ("[storage]\nbudget = 0", "storage.budget"),
        (
            "[services.metadata]\npage_sizes = 5",
            "services.metadata.page_sizes",
        ),
        ("[services.metadat]\npage_size = 5", "services.metadat"),
        ("[gateway]\nmax_body = \"lots\"", "gateway.max_body"),
        ("[mesh]\npeers = [\"no address\"]", "mesh.peers"),
        ("[server", "line 1"),
    ] {
        let (_folder, path) = file(text);
        for command in [["config", "check"], ["config", "print"]] {
            let arguments = [&command[..], &["--config", &path]].concat();
            let refusal = installation::run(&arguments, &[], None).await.failure();
            assert!(refusal.contains(expected), "{text}: {refusal}");
        }
    }
    let (_folder, path) = file("[services.metadata]\npage_size = 20");
    installation::run(&["config", "check", "--config", &path], &[], None)
        .await
        .success();
    let missing =
        installation::run(&["config", "check", "--config", "/no/such.toml"], &[], None).await;
    assert!(missing.failure().contains("/no/such.toml"));
}

/// Defaults, the file over them, the environment over the file; secrets stay secret.
#[tokio::test]
async fn print_shows_what_holds_and_no_secret() {
    let (_folder, path) = file(
        "[storage]\nurl = \"postgres://tessera:hunter2@db:5432/tessera\"\n\
         migrate_url = \"postgres://owner:hunter3@db:5432/tessera\"\n\
         [mesh]\nkey = \"hunter4 hunter4 hunter4 hunter4 hunter4\"\n\
         [services.metadata]\npage_size = 20\n",
    );
    let command = ["config", "print", "--config", &path];
    let printed = installation::run(&command, &[], None).await.success();
    let table: toml::Table = printed.parse().expect("a config file");
    assert_eq!(
        table["services"]["metadata"]["page_size"].as_integer(),
        Some(20)
    );
    assert_eq!(table["server"]["grpc"].as_str(), Some("127.0.0.1:7700"));
    assert!(!printed.contains("hunter"), "{printed}");
    assert!(printed.contains("tessera:***@db"), "{printed}");

    let variables = [
        ("TESSERA__SERVICES__METADATA__PAGE_SIZE", "30"),
        ("TESSERA__SERVER__GRPC", "127.0.0.1:7000"),
        ("TESSERA__SERVER__TARGET", "[\"metadata\"]"),
        (
            "TESSERA__MESH__KEY",
            "hunter5 hunter5 hunter5 hunter5 hunter5",
        ),
    ];
    let printed = installation::run(&command, &variables, None)
        .await
        .success();
    let table: toml::Table = printed.parse().expect("a config file");
    assert_eq!(
        table["services"]["metadata"]["page_size"].as_integer(),
        Some(30)
    );
    assert_eq!(table["server"]["grpc"].as_str(), Some("127.0.0.1:7000"));
    assert_eq!(table["server"]["target"][0].as_str(), Some("metadata"));
    assert!(!printed.contains("hunter"), "{printed}");

    let wrong = [("TESSERA__SERVER__GPRC", "127.0.0.1:7000")];
    let refusal = installation::run(&command, &wrong, None).await.failure();
    assert!(refusal.contains("server.gprc"), "{refusal}");
}

/// A process that is told nonsense does not start, and says why.
#[tokio::test]
async fn serve_refuses_what_check_refuses() {
    let (_folder, path) = file("[server]\ngprc = \"x\"");
    let refusal = installation::run(&["serve", "--config", &path], &[], None)
        .await
        .failure();
    assert!(refusal.contains("server.gprc"), "{refusal}");
    let refusal = installation::run(&["serve", "--target", "metdata"], &[], None)
        .await
        .failure();
    assert!(refusal.contains("metdata"), "{refusal}");
}

on_both! {
    /// Before the first start there is no token; after it, one that works, for its owner's eyes only.
    async fn the_first_start_leaves_a_private_token(installation: &Installation) {
        let data = installation.path("data");
        let command = ["token", "--data", data.to_str().expect("a plain name")];
        let refusal = installation.run(&command).await.failure();
        assert!(refusal.contains("admin.token") && refusal.contains("tessera serve"), "{refusal}");

        let server = installation.serve("data", &[]).await;
        let token = installation.run(&command).await.success();
        assert_eq!(token.lines().count(), 1);
        let path = "/api/v1/identity/self";
        let (status, answer) = server.json(token.trim(), reqwest::Method::GET, path, None).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(mode(&data), 0o700);
        let mut secrets = vec![data.join("identity/admin.token")];
        secrets.extend(fs::read_dir(data.join("identity")).expect("a folder").map(|entry| entry.expect("a file").path()));
        for secret in secrets {
            assert!([0o600, 0o700].contains(&mode(&secret)), "{}: {:o}", secret.display(), mode(&secret));
        }
        assert!(!server.log().contains(token.trim()), "a token is not logged");
        server.terminate().await;
        assert!(server.exit().await.success());

        let server = installation.serve("data", &[]).await;
        assert_eq!(installation.run(&command).await.success(), token, "a second start keeps it");
        server.kill().await;
    }
}

/// Without a configured key, processes that share the data folder share the key in it.
#[tokio::test]
async fn the_key_between_processes_is_private_too() {
    let installation = Installation::new(testkit::Backend::sqlite());
    let text = fs::read_to_string(installation.path("tessera.toml")).expect("the config file");
    let without = text
        .lines()
        .filter(|line| !line.starts_with("key = "))
        .collect::<Vec<_>>();
    fs::write(installation.path("tessera.toml"), without.join("\n")).expect("it can be written");
    let server = installation.serve("data", &[]).await;
    assert_eq!(mode(&installation.path("data/mesh.key")), 0o600);
    server.kill().await;
}
