//! Commands: sent to their one handler, answered by it.

use std::time::Duration;

use auth::Scope;
use auth::clearance::Level;
use bus::envelope::Content;
use bus::topic::COMMANDS;
use db::idempotency::Once;
use error::{Error, Result, Violations};
use prost::Message;
use proto_platform::tessera::messaging::v1 as pb;
use rpc::CallContext;
use tokio::time::Instant;
use value::Id;

use super::Api;
use crate::convert::message::seal;
use crate::convert::{self, json, subscription};
use crate::reasons::NO_COMMAND_HANDLER;
use crate::store::commands;

/// The longest that an answer is not looked for: another process may have taken it.
const LOOK: Duration = Duration::from_millis(500);

impl Api {
    pub(super) async fn send(
        &self,
        scope: &Scope,
        mut request: pb::SendCommandRequest,
    ) -> Result<pb::Command> {
        let request_id = std::mem::take(&mut request.request_id);
        let wait = convert::span(request.wait.take().as_ref()).unwrap_or_default();
        let once = Once {
            rpc: "SendCommand",
            request_id,
            body_hash: db::idempotency::hash(&request.encode_to_vec()),
        };
        let mut found = Violations::new();
        for name in request.metadata.keys() {
            let free = !bus::envelope::RESERVED.contains(&name.as_str());
            found.check(
                free,
                format!("metadata[{name}]"),
                "RESERVED",
                "this name has a meaning of its own",
            );
        }
        found.finish()?;
        let topic = format!("{COMMANDS}{}", request.r#type);
        let groups = self.broker.groups();
        if !groups
            .iter()
            .any(|group| group.matches(scope.tenant(), &topic))
        {
            let text = format!("nobody handles `{}`", request.r#type);
            return Err(Error::new(&NO_COMMAND_HANDLER, text).with_metadata("topic", topic));
        }
        let now = self.broker.now();
        let call = CallContext::current();
        let call = call.and_then(|call| call.request_id.to_str().ok().map(str::to_owned));
        let correlation = match request.correlation_id.is_empty() {
            true => call.unwrap_or_default(),
            false => request.correlation_id,
        };
        let row = commands::Row {
            id: Id::new(),
            tenant: scope.tenant(),
            kind: request.r#type,
            state: commands::PENDING.to_owned(),
            position: 0,
            result: None,
            error: String::new(),
            correlation: correlation.clone(),
            actor: scope.actor(),
            ended_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let row = self.broker.store().command_add(scope, row, once).await?;
        // Sent before and never noted: the window knows its id if it is in the log.
        if row.position == 0 {
            let payload = request.payload.map(json::read).unwrap_or_default();
            let content = Content {
                id: row.id.to_string(),
                tenant: row.tenant,
                topic,
                key: request.key,
                source: scope.actor(),
                time: now,
                correlation,
                causation: String::new(),
                level: Level::Internal,
                content_type: "application/json".to_owned(),
                headers: request.metadata,
                data: serde_json::to_vec(&payload)
                    .map_err(Error::internal)?
                    .into(),
            };
            let placed = self.broker.publish(vec![seal(content, None)]).await?;
            let position = placed.first().map_or(0, |placed| placed.position);
            self.broker
                .store()
                .command_sent(scope, row.id, position)
                .await?;
        }
        self.command(scope, row.id, wait).await
    }

    /// A command; waits so long for its answer.
    pub(super) async fn command(
        &self,
        scope: &Scope,
        id: Id,
        wait: Duration,
    ) -> Result<pb::Command> {
        let deadline = Instant::now() + wait;
        loop {
            let answered = self.broker.answered().notified();
            tokio::pin!(answered);
            answered.as_mut().enable();
            let row = self.broker.store().command_get(scope, id).await?;
            let now = Instant::now();
            if row.state != commands::PENDING || now >= deadline || self.shutdown.has_begun() {
                return Ok(subscription::command(row));
            }
            tokio::select! {
                () = answered => {}
                () = self.shutdown.begun() => {}
                () = tokio::time::sleep_until(deadline.min(now + LOOK)) => {}
            }
        }
    }

    pub(super) async fn commands_page(
        &self,
        scope: &Scope,
        request: pb::ListCommandsRequest,
    ) -> Result<pb::ListCommandsResponse> {
        let size = convert::size(request.page_size, self.broker.config().page_size);
        let filter = (request.r#type, subscription::command_state(request.state));
        let store = self.broker.store();
        let page = store
            .command_list(scope, filter, &request.page_token, size)
            .await?;
        Ok(pb::ListCommandsResponse {
            commands: page.items.into_iter().map(subscription::command).collect(),
            next_page_token: page.next,
        })
    }
}
