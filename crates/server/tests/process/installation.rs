//! One installation: a config file, storage of either kind, and the binary to run on them.

use reqwest::{Client, Method};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};
use testkit::Backend;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};

/// Longer than anything here may take, so that a test that hangs says where.
const LIMIT: Duration = Duration::from_secs(60);

/// A config file over fresh storage. Dropping it removes both.
pub(crate) struct Installation {
    backend: Backend,
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Output {
    /// What it printed, if it went well.
    pub(crate) fn success(self) -> String {
        assert_eq!(self.code, 0, "{} {}", self.out, self.err);
        self.out
    }

    /// What it complained of.
    pub(crate) fn failure(self) -> String {
        assert_eq!(self.code, 1, "{} {}", self.out, self.err);
        self.err
    }
}

impl Installation {
    pub(crate) fn new(backend: Backend) -> Self {
        let installation = Self { backend };
        // A printed URL hides its password, so it is said once more.
        let url = installation.storage().url;
        let mut storage =
            toml::Table::try_from(installation.storage()).expect("storage settings are TOML");
        storage.insert("url".into(), url.into());
        let text = format!(
            "[server]\ngrpc = \"127.0.0.1:0\"\n\
             [gateway]\nlisten = \"127.0.0.1:0\"\n\
             [telemetry]\nfilter = \"info,access=debug\"\n\
             [mesh]\nkey = \"a secret that all processes of the test share\"\n\
             [services.identity.hashing]\nmemory_kib = 8\niterations = 1\n\
             [storage]\n{storage}",
        );
        fs::write(installation.config(), text).expect("the config file can be written");
        installation
    }

    /// Everything on the database, the durability of production.
    pub(crate) fn storage(&self) -> db::StorageConfig {
        db::StorageConfig {
            data_dir: self.path("db"),
            durability: db::Durability::Full,
            ..self.backend.storage()
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        !self.backend.storage().url.is_empty()
    }

    /// The schema of a service, where there are schemas.
    pub(crate) fn schema(&self, service: &str) -> String {
        format!("{}{service}", self.backend.storage().schema_prefix)
    }

    /// Something in the installation's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.backend.folder().join(name)
    }

    fn config(&self) -> PathBuf {
        self.path("tessera.toml")
    }

    /// The administrator's token that the process with this data folder wrote.
    pub(crate) fn token(&self, data: &str) -> String {
        let token = fs::read_to_string(self.path(data).join("identity/admin.token"))
            .expect("the first start writes the token");
        token.trim().to_owned()
    }

    /// Runs a command that takes the config file to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[]).await
    }

    /// The same with variables in the environment.
    pub(crate) async fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let config = self.config();
        let mut arguments = arguments.to_vec();
        arguments.extend(["--config", text(&config)]);
        run(&arguments, variables, None).await
    }

    /// Starts a process with a data folder of this name and waits until it is ready.
    pub(crate) async fn serve(&self, data: &str, arguments: &[&str]) -> Server {
        self.serve_with(data, arguments, &[]).await
    }

    /// The same with variables in the environment.
    pub(crate) async fn serve_with(
        &self,
        data: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Server {
        let log = self.path(&format!("{data}.log"));
        let errors = fs::File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("a log file");
        let mut command = tessera(&["serve", "--config", text(&self.config())]);
        command
            .args(["--data", text(&self.path(data))])
            .args(arguments)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(errors);
        let mut child = command.spawn().expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let line = within("the ready line", lines.next_line()).await;
        let line = line.expect("standard output is text").unwrap_or_else(|| {
            panic!(
                "it ended before it was ready: {}",
                fs::read_to_string(&log).unwrap_or_default()
            )
        });
        let ready: Value = serde_json::from_str(&line).expect("the ready line is JSON");
        assert_eq!(ready["ready"], true, "{line}");
        let address = |key: &str| ready[key].as_str().expect("an address").to_owned();
        Server {
            child,
            grpc: address("grpc"),
            http: address("http"),
            client: Client::new(),
            log,
        }
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        if !self.is_postgres() || std::thread::panicking() {
            return;
        }
        let databases = db::Databases::open(&self.storage()).expect("the settings are sound");
        for entry in server::services() {
            let migrator = databases
                .migrator(entry.migrations)
                .expect("sound migrations");
            migrator
                .destroy()
                .expect("the test's schema can be removed");
        }
    }
}

/// A running process.
pub(crate) struct Server {
    child: Child,
    pub(crate) grpc: String,
    pub(crate) http: String,
    pub(crate) client: Client,
    log: PathBuf,
}

impl Server {
    /// HTTP status and answer of a call through this process's edge.
    pub(crate) async fn json(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let call = json(&self.client, &self.http, token, method, path, body);
        call.await.expect("the edge answers")
    }

    /// The value of a meter of the process, by the whole of its name and labels.
    pub(crate) async fn meter(&self, name: &str) -> f64 {
        let url = format!("http://{}/metrics", self.http);
        let answer = self.client.get(url).send().await.expect("metrics");
        let text = answer.text().await.expect("metrics are text");
        let value = text.lines().find_map(|line| line.strip_prefix(name));
        value.map_or(0.0, |value| value.trim().parse().expect("a number"))
    }

    /// Everything that the process logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log file")
    }

    /// Kills it as a crash would.
    pub(crate) async fn kill(mut self) {
        self.child.start_kill().expect("it still runs");
        within("a killed process to end", self.child.wait())
            .await
            .expect("it is ours");
    }

    /// Asks it to stop, as an operator does.
    pub(crate) async fn terminate(&self) {
        let id = self.child.id().expect("it still runs");
        let told = Command::new("sh")
            .args(["-c", &format!("kill -TERM {id}")])
            .status();
        assert!(told.await.expect("a shell").success());
    }

    /// Waits for its end.
    pub(crate) async fn exit(mut self) -> ExitStatus {
        within("the process to end", self.child.wait())
            .await
            .expect("it is ours")
    }
}

/// One JSON call; fails if the connection does.
pub(crate) async fn json(
    client: &Client,
    address: &str,
    token: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Result<(u16, Value), reqwest::Error> {
    let mut request = client
        .request(method, format!("http://{address}{path}"))
        .bearer_auth(token);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

/// Runs any command of the binary to its end.
pub(crate) async fn run(
    arguments: &[&str],
    variables: &[(&str, &str)],
    input: Option<&str>,
) -> Output {
    let mut command = tessera(arguments);
    command
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A command that reads nothing may end before it is fed.
    let _ = stdin.write_all(input.unwrap_or_default().as_bytes()).await;
    drop(stdin);
    let output = within("a command", child.wait_with_output())
        .await
        .expect("it is ours");
    let text = |bytes| String::from_utf8(bytes).expect("commands print text");
    Output {
        code: output.status.code().expect("it ended by itself"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// The binary with nothing of the test's environment in it.
fn tessera(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
    command.args(arguments).env_clear().kill_on_drop(true);
    command
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(LIMIT, work).await;
    done.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
