//! Migrations by command: applied, listed, written as a script, compared with what is there, reverted.

use crate::{
    installation::{self, Installation},
    on_both,
};
use db::diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};

/// Runs SQL on the database of metadata, past the platform, as somebody with a console would.
fn by_hand(installation: &Installation, sql: &str) {
    if installation.is_postgres() {
        let mut console = PgConnection::establish(&installation.storage().url).expect("the server");
        let schema = installation.schema("metadata");
        console
            .batch_execute(&format!("SET search_path TO \"{schema}\"; {sql}"))
            .expect("the SQL runs");
    } else {
        std::fs::create_dir_all(installation.path("db")).expect("a folder");
        let file = installation.path("db/metadata.db");
        let mut console =
            SqliteConnection::establish(file.to_str().expect("a plain name")).expect("the file");
        console.batch_execute(sql).expect("the SQL runs");
    }
}

/// The migrations in the order of `status`, each with whether it is applied.
async fn status(installation: &Installation) -> Vec<(bool, String)> {
    let lines = installation.run(&["migrate", "status"]).await.success();
    lines
        .lines()
        .map(|line| {
            let (service, rest) = line.split_once(": ").expect("service: state version");
            let (state, version) = rest.split_once(' ').expect("service: state version");
            assert!(["applied", "pending"].contains(&state), "{line}");
            (state == "applied", format!("{service} {version}"))
        })
        .collect()
}

async fn applied(installation: &Installation) -> usize {
    status(installation)
        .await
        .iter()
        .filter(|(applied, _)| *applied)
        .count()
}

on_both! {
    /// Up, down by one, up again, all the way down: every step is listed and leaves what it says.
    /// Proves: DB-44, DB-48
    async fn a_full_cycle_goes_up_and_down(installation: &Installation) {
        let all = status(installation).await;
        assert!(all.len() >= 4 && all.iter().all(|(applied, _)| !applied), "{all:?}");

        let up = installation.run(&["migrate", "up"]).await.success();
        assert_eq!(up.lines().count(), all.len(), "{up}");
        assert_eq!(applied(installation).await, all.len());
        assert_eq!(installation.run(&["migrate", "up"]).await.success(), "", "again: nothing to do");
        assert_eq!(installation.run(&["migrate", "drift"]).await.success(), "");

        let refusal = installation.run(&["migrate", "down"]).await.failure();
        assert!(refusal.contains("--all"), "{refusal}");
        let one = ["migrate", "down", "--service", "metadata", "--steps", "1"];
        let down = installation.run(&one).await.success();
        assert!(down.starts_with("metadata: reverted ") && down.lines().count() == 1, "{down}");
        assert_eq!(applied(installation).await, all.len() - 1);
        assert_eq!(installation.run(&["migrate", "drift"]).await.success(), "", "half way is no drift");
        let up = installation.run(&["migrate", "up"]).await.success();
        assert_eq!(up.lines().count(), 1, "{up}");

        // The tables that came back serve.
        let server = installation.serve("data", &[]).await;
        let token = installation.token("data");
        let path = "/api/v1/metadata/actors";
        let (status, answer) = server.json(&token, reqwest::Method::GET, path, None).await;
        assert_eq!(status, 200, "{answer}");
        server.terminate().await;
        assert!(server.exit().await.success());

        let down = installation.run(&["migrate", "down", "--all"]).await.success();
        assert_eq!(down.lines().count(), all.len(), "{down}");
        assert_eq!(applied(installation).await, 0);
    }

    /// The script of a service, written without a database in reach, makes what `up` makes.
    /// Proves: DB-46
    async fn a_script_written_offline_makes_the_same_tables(installation: &Installation) {
        let mut variables = Vec::new();
        if installation.is_postgres() {
            // Nobody listens there: a script that connects fails.
            variables.push(("TESSERA__STORAGE__URL", "postgres://nobody@127.0.0.1:1/nothing"));
        }
        let command = ["migrate", "script", "--service", "metadata"];
        let script = installation.run_with(&command, &variables).await.success();
        assert!(script.contains("CREATE TABLE") && !installation.path("db/metadata.db").exists());
        by_hand(installation, &script);
        let (metadata, others): (Vec<_>, Vec<_>) = status(installation)
            .await
            .into_iter()
            .partition(|(_, version)| version.starts_with("metadata "));
        assert!(metadata.iter().all(|(applied, _)| *applied), "{metadata:?}");
        assert!(others.iter().all(|(applied, _)| !applied), "{others:?}");
        let drift = ["migrate", "drift", "--service", "metadata"];
        assert_eq!(installation.run(&drift).await.success(), "");

        let newest = metadata.last().expect("a migration").1.trim_start_matches("metadata ").to_owned();
        let rest = [&command[..], &["--from", &newest]].concat();
        let rest = installation.run_with(&rest, &variables).await.success();
        assert!(!rest.contains("CREATE TABLE definition"), "nothing is newer: {rest}");
        let refusal = installation.run(&["migrate", "script", "--from", &newest]).await.failure();
        assert!(refusal.contains("--service"), "{refusal}");
    }

    /// What was changed by hand is found and named, by table and column, and the command fails.
    /// Proves: DB-49
    async fn drift_names_what_was_changed_by_hand(installation: &Installation) {
        installation.run(&["migrate", "up"]).await.success();
        by_hand(installation, "ALTER TABLE definitions RENAME COLUMN name_key TO renamed");
        let drift = installation.run(&["migrate", "drift"]).await;
        assert_eq!(drift.code, 1, "{drift:?}");
        for part in ["metadata: ", "definitions", "name_key", "renamed"] {
            assert!(drift.out.contains(part), "{part}: {}", drift.out);
        }
        assert!(!drift.out.contains("identity: "), "{}", drift.out);
        by_hand(installation, "ALTER TABLE definitions RENAME COLUMN renamed TO name_key");
        by_hand(installation, "CREATE TABLE left_over (id INTEGER)");
        let drift = installation.run(&["migrate", "drift"]).await;
        assert_eq!((drift.code, drift.out.contains("left_over")), (1, true), "{drift:?}");
        by_hand(installation, "DROP TABLE left_over");
        assert_eq!(installation.run(&["migrate", "drift"]).await.success(), "");
        if installation.is_postgres() {
            by_hand(installation, "ALTER TABLE definitions ALTER COLUMN code TYPE varchar(10)");
            let drift = installation.run(&["migrate", "drift"]).await;
            assert_eq!(drift.code, 1, "{drift:?}");
            assert!(drift.out.contains("definitions") && drift.out.contains("code"), "{}", drift.out);
        }
    }

    /// One database under every form in which people write its URL.
    /// Proves: DB-45
    async fn a_database_answers_to_every_form_of_its_url(installation: &Installation) {
        installation.run(&["migrate", "up"]).await.success();
        let forms: Vec<String> = if installation.is_postgres() {
            let url = installation.storage().url;
            let (_, rest) = url.split_once("://").expect("a URL");
            ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg2", "postgres+psycopg"]
                .map(|scheme| format!("{scheme}://{rest}"))
                .into()
        } else {
            let folder = installation.path("db").display().to_string();
            ["sqlite:", "sqlite://", "sqlite+aiosqlite://", "sqlite+pysqlite:"]
                .map(|scheme| format!("{scheme}{folder}"))
                .into()
        };
        for form in &forms {
            let variables = [("TESSERA__STORAGE__URL", form.as_str())];
            let status = installation.run_with(&["migrate", "status"], &variables).await.success();
            assert!(status.contains("applied") && !status.contains("pending"), "{form}: {status}");
        }
        for wrong in ["mysql://root@localhost/x", "postgresql+mysql://localhost/x", "sqlite:", "somewhere"] {
            let variables = [("TESSERA__STORAGE__URL", wrong)];
            let refusal = installation.run_with(&["migrate", "status"], &variables).await.failure();
            assert!(refusal.contains("storage.url"), "{wrong}: {refusal}");
        }
    }
}

/// A service that is not there is named, with those that are.
#[tokio::test]
async fn an_unknown_service_is_refused() {
    let command = ["migrate", "script", "--service", "metdata"];
    let refusal = installation::run(&command, &[], None).await.failure();
    assert!(
        refusal.contains("metdata") && refusal.contains("metadata"),
        "{refusal}"
    );
}
