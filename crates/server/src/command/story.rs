//! `tessera story`: plays a scenario through the public API, as any client could, and checks what
//! comes back. The last line on standard output is one JSON object; the exit code says if all held.

mod edge;
mod ontology;
mod retention;
mod scenarios;
mod world;

use super::output::{print, print_error, print_progress};
use clap::Args;
use edge::EdgeClient;
use futures::future::BoxFuture;
use rpc::BoxError;
use serde_json::Value;
use std::process::ExitCode;

/// Plays a scenario through the public API.
#[derive(Args)]
pub struct RunStory {
    /// Which scenario.
    name: String,
    /// Address of the JSON edge.
    #[arg(long, default_value = "127.0.0.1:8080")]
    address: String,
    /// Bearer token.
    #[arg(long)]
    token: String,
}

/// A scenario: it ends with what it found, or fails at the first thing that did not hold.
trait Story: Sync {
    /// The name it is called by.
    fn name(&self) -> &'static str;
    /// What it shows.
    fn about(&self) -> &'static str;
    /// Plays it.
    fn play<'a>(&'a self, edge: &'a EdgeClient) -> BoxFuture<'a, Result<Value, BoxError>>;
}

/// Every scenario.
static STORIES: [&dyn Story; 3] = [
    &ontology::Ontology,
    &retention::Retention,
    &scenarios::Scenarios,
];

impl RunStory {
    pub(super) async fn run(self) -> Result<ExitCode, BoxError> {
        let Some(story) = STORIES.iter().find(|story| story.name() == self.name) else {
            let known: Vec<_> = STORIES
                .iter()
                .map(|story| format!("{} ({})", story.name(), story.about()))
                .collect();
            return Err(
                format!("no story {:?}; there are: {}", self.name, known.join(", ")).into(),
            );
        };
        let edge = EdgeClient::new(&self.address, &self.token)?;
        match story.play(&edge).await {
            Ok(result) => {
                print(&closing_line(story.name(), &result));
                Ok(ExitCode::SUCCESS)
            }
            Err(cause) => {
                print_error(&cause.to_string());
                print(
                    &serde_json::json!({ "story": story.name(), "failed": cause.to_string() })
                        .to_string(),
                );
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

/// The result as one line: the story's name first, then its value if it has one, then the rest.
fn closing_line(name: &str, result: &Value) -> String {
    let fields = result.as_object().into_iter().flatten();
    let mut fields: Vec<_> = fields.collect();
    fields.sort_by_key(|(field, _)| *field != "value");
    let mut line = format!("{{\"story\":{}", Value::from(name));
    for (field, value) in fields {
        line += &format!(",{}:{value}", Value::from(field.as_str()));
    }
    line + "}"
}

/// Says what the story does next.
fn step(text: &str) {
    print_progress(&format!("· {text}"));
}

/// Fails the story unless two things are the same.
fn hold<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), BoxError> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: found {found:?}, expected {expected:?}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_begins_with_name_and_value() {
        let result = serde_json::json!({ "a\"b": [1, "x"], "value": 0.9 });
        let line = closing_line("retention", &result);
        assert_eq!(line, r#"{"story":"retention","value":0.9,"a\"b":[1,"x"]}"#);
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["story"], "retention");
        assert_eq!(
            closing_line("x", &serde_json::json!({})),
            r#"{"story":"x"}"#
        );
    }
}
