//! `tessera operations`: durable work of a running server. Each command is one call, made as `tessera call` makes it.

use super::call::Call;
use clap::{Args, Subcommand, ValueEnum};
use rpc::BoxError;
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// Lists, follows and steers the durable work of a running server.
#[derive(Args)]
pub struct Operations {
    #[command(subcommand)]
    what: What,
    /// gRPC address of a server where the service `operations` runs.
    #[arg(long, global = true, default_value = "127.0.0.1:7700")]
    address: String,
    /// Bearer token.
    #[arg(long, global = true)]
    token: Option<String>,
}

#[derive(Subcommand)]
enum What {
    /// A page of operations, the newest first.
    List(List),
    /// One operation as its service knows it now.
    Get {
        /// Its id.
        id: String,
        /// With the beginning of its history: states, steps, checkpoints.
        #[arg(long)]
        full: bool,
    },
    /// Follows an operation until it ends, a line each time it gets on.
    Watch {
        /// Its id.
        id: String,
    },
    /// Stops an operation for good; what it did stays.
    Cancel(Change),
    /// Halts an operation after the step it is at.
    Pause(Change),
    /// Lets a paused operation go on, or a failed one try again.
    Resume(Change),
    /// Undoes what an operation did, the latest step first.
    RollBack {
        #[command(flatten)]
        change: Change,
        /// Id of the checkpoint to go back to; without it to the beginning.
        #[arg(long, value_name = "CHECKPOINT")]
        to: Option<String>,
    },
}

#[derive(Args)]
struct List {
    /// Only of this service.
    #[arg(long)]
    service: Option<String>,
    /// Only of this kind, such as `simulation.run`.
    #[arg(long)]
    kind: Option<String>,
    /// Only in this state; may be given again.
    #[arg(long, value_enum)]
    state: Vec<State>,
    /// Only with this compliance tag.
    #[arg(long)]
    tag: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u16,
    /// `nextPageToken` of the page before.
    #[arg(long)]
    page_token: Option<String>,
}

#[derive(Args)]
struct Change {
    /// Id of the operation.
    id: String,
    /// Why, in words; kept in the audit trail.
    #[arg(long)]
    reason: Option<String>,
}

/// Where an operation is.
#[derive(Clone, Copy, ValueEnum)]
enum State {
    Queued,
    Running,
    Waiting,
    Paused,
    Succeeded,
    Failed,
    Cancelled,
    RollingBack,
    RolledBack,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Queued => "OPERATION_STATE_QUEUED",
            Self::Running => "OPERATION_STATE_RUNNING",
            Self::Waiting => "OPERATION_STATE_WAITING",
            Self::Paused => "OPERATION_STATE_PAUSED",
            Self::Succeeded => "OPERATION_STATE_SUCCEEDED",
            Self::Failed => "OPERATION_STATE_FAILED",
            Self::Cancelled => "OPERATION_STATE_CANCELLED",
            Self::RollingBack => "OPERATION_STATE_ROLLING_BACK",
            Self::RolledBack => "OPERATION_STATE_ROLLED_BACK",
        }
    }
}

impl Operations {
    pub(super) async fn run(self) -> Result<ExitCode, BoxError> {
        let (method, request) = self.what.asks();
        let method = format!("operations/{method}");
        Call::new(method, request.to_string(), self.address, self.token)
            .run()
            .await
    }
}

impl What {
    /// The method that is called, and its request.
    fn asks(self) -> (&'static str, Value) {
        match self {
            Self::List(list) => ("ListOperations", list.request()),
            Self::Get { id, full: false } => ("GetOperation", json!({ "id": id })),
            Self::Get { id, full: true } => (
                "GetOperation",
                json!({ "id": id, "view": "OPERATION_VIEW_FULL" }),
            ),
            Self::Watch { id } => ("WatchOperation", json!({ "id": id })),
            Self::Cancel(change) => ("CancelOperation", change.request().into()),
            Self::Pause(change) => ("PauseOperation", change.request().into()),
            Self::Resume(change) => ("ResumeOperation", change.request().into()),
            Self::RollBack { change, to } => {
                let mut request = change.request();
                request.extend(to.map(|to| ("checkpointId".to_owned(), to.into())));
                ("RollBackOperation", request.into())
            }
        }
    }
}

impl List {
    fn request(self) -> Value {
        let states: Vec<_> = self.state.into_iter().map(State::name).collect();
        json!({
            "service": self.service,
            "kind": self.kind,
            "states": states,
            "complianceTag": self.tag,
            "pageSize": self.limit,
            "pageToken": self.page_token,
        })
    }
}

impl Change {
    fn request(self) -> Map<String, Value> {
        let mut request = Map::new();
        request.insert("id".into(), self.id.into());
        request.extend(self.reason.map(|reason| ("reason".into(), reason.into())));
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use prost_reflect::{DescriptorPool, DynamicMessage};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        operations: Operations,
    }

    #[test]
    fn every_command_is_a_request_of_the_contract() {
        let mut pool = DescriptorPool::new();
        for descriptors in crate::descriptors() {
            pool.decode_file_descriptor_set(descriptors)
                .expect("descriptors are sound");
        }
        let service = pool
            .get_service_by_name("tessera.operations.v1.OperationsService")
            .expect("the contract is there");
        let id = "01a1feaf-03ef-77cb-b4a4-1fe1f916322a";
        for (line, name) in [
            (
                "list --service simulation --state running --state rolled-back --tag gdpr --limit 5",
                "ListOperations",
            ),
            ("list", "ListOperations"),
            ("get ID", "GetOperation"),
            ("get ID --full", "GetOperation"),
            ("watch ID", "WatchOperation"),
            ("cancel ID --reason enough", "CancelOperation"),
            ("pause ID", "PauseOperation"),
            ("resume ID", "ResumeOperation"),
            ("roll-back ID --to ID --reason wrong", "RollBackOperation"),
        ] {
            let line = format!("tessera {}", line.replace("ID", id));
            let Line { operations } =
                Line::try_parse_from(line.split(' ')).unwrap_or_else(|cause| panic!("{cause}"));
            let (method, request) = operations.what.asks();
            assert_eq!(method, name);
            let method = service.methods().find(|known| known.name() == name);
            let input = method.expect("the method is there").input();
            let read = DynamicMessage::deserialize(input, request.clone());
            assert!(read.is_ok(), "{line}: {request}: {read:?}");
        }
    }
}
