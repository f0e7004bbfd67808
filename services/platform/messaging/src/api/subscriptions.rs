//! Subscriptions: making them, fetching and acknowledging, dead letters.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use auth::Scope;
use bytes::Bytes;
use db::idempotency::Once;
use error::{Error, Result, reason};
use prost::Message;
use proto_platform::tessera::messaging::v1 as pb;
use value::Id;

use super::Api;
use crate::broker::{Group, Outgoing, Verdict};
use crate::convert::message::{SEES_PRIVATE, sees_private, unreadable};
use crate::convert::subscription::{self, Place};
use crate::convert::{self, small};
use crate::model::{is_private, stored::Stored};
use crate::store::dead_letters;
use crate::store::subscriptions::Row;

/// Messages fetched when the caller does not say how many.
const USUAL: u16 = 100;
/// Bytes of payloads in one answer, about.
const ANSWER: usize = 8 << 20;

impl Api {
    /// The group of a subscription of the caller's tenant.
    fn own_group(&self, scope: &Scope, id: Id) -> Result<Arc<Group>> {
        let group = self
            .broker
            .group(id)
            .filter(|group| group.tenant == scope.tenant());
        group.ok_or_else(|| Error::not_found("subscription", id))
    }

    /// Subscriptions with how far they are.
    pub(super) async fn with_figures(
        &self,
        scope: &Scope,
        rows: Vec<Row>,
    ) -> Result<Vec<pb::Subscription>> {
        let ids = rows.iter().map(|row| row.id).collect();
        // Dead letters of services' consumers belong to the tenants of the messages: each sees its own.
        let letters = self.broker.store().dead_letters_count(scope, ids).await?;
        let letters: HashMap<Id, i64> = letters.into_iter().collect();
        let mut rendered = Vec::with_capacity(rows.len());
        for row in rows {
            let figures = match self.broker.group(row.id) {
                Some(group) => Some(group.figures(&self.broker).await),
                None => None,
            };
            let dead = letters.get(&row.id).copied().unwrap_or(0);
            rendered.push(subscription::render(
                row,
                figures.map(|figures| (figures, dead)),
            ));
        }
        Ok(rendered)
    }

    pub(super) async fn subscriptions_of(
        &self,
        scope: &Scope,
        ids: Vec<Id>,
    ) -> Result<pb::BatchGetSubscriptionsResponse> {
        let rows = self
            .broker
            .store()
            .subscriptions_get(scope, ids.clone())
            .await?;
        let mut found: HashMap<String, pb::Subscription> = HashMap::new();
        for one in self.with_figures(scope, rows).await? {
            found.insert(one.id.clone(), one);
        }
        let mut answer = pb::BatchGetSubscriptionsResponse::default();
        for id in ids {
            match found.remove(&id.to_string()) {
                Some(one) => answer.subscriptions.push(one),
                None => answer.missing_ids.push(id.to_string()),
            }
        }
        Ok(answer)
    }

    pub(super) async fn subscriptions_page(
        &self,
        scope: &Scope,
        request: pb::ListSubscriptionsRequest,
    ) -> Result<pb::ListSubscriptionsResponse> {
        const NEEDED: &str = "messaging.status.read";
        if request.of_services && !scope.allows(NEEDED) {
            let text = format!("consumers of services need the permission {NEEDED}");
            return Err(
                Error::new(&reason::PERMISSION_DENIED, text).with_metadata("permission", NEEDED)
            );
        }
        let of_services = Scope::system(Id::NIL, "list consumers of services");
        let whose = if request.of_services {
            &of_services
        } else {
            scope
        };
        let size = convert::size(request.page_size, self.broker.config().page_size);
        let store = self.broker.store();
        let page = store
            .subscription_list(whose, request.name_prefix, &request.page_token, size)
            .await?;
        Ok(pb::ListSubscriptionsResponse {
            subscriptions: self.with_figures(scope, page.items).await?,
            next_page_token: page.next,
        })
    }

    /// The position of a place.
    async fn position(&self, place: Place) -> Result<u64> {
        let backend = self.broker.backend();
        Ok(match place {
            Place::End => backend.bounds().await?.end,
            Place::Oldest => backend.bounds().await?.start,
            Place::Position(position) => {
                let bounds = backend.bounds().await?;
                position.clamp(bounds.start, bounds.end)
            }
            Place::Time(time) => backend.find(time).await?,
        })
    }

    pub(super) async fn subscribe(
        &self,
        scope: &Scope,
        mut row: Row,
        start: Place,
        once: Once,
    ) -> Result<Row> {
        row.state = subscription::state(self.position(start).await?)?;
        let most = self.broker.config().subscriptions_per_tenant;
        let (row, new) = self
            .broker
            .store()
            .subscription_create(scope, row, once, most)
            .await?;
        if new || self.broker.group(row.id).is_none() {
            self.broker.add_group(&row);
        }
        Ok(row)
    }

    pub(super) async fn reset(&self, scope: &Scope, id: Id, place: Place) -> Result<Row> {
        let row = self.broker.store().subscription_get(scope, id).await?;
        let group = self.own_group(scope, id)?;
        group.reset(self.position(place).await?).await;
        // It counts as done when a crash cannot undo it.
        self.broker.persist().await?;
        Ok(row)
    }

    pub(super) async fn fetch(
        &self,
        scope: &Scope,
        request: pb::FetchMessagesRequest,
    ) -> Result<pb::FetchMessagesResponse> {
        let id = convert::id("id", &request.id)?;
        let group = self.own_group(scope, id)?;
        if group.sees_private() && !sees_private(scope) {
            let text = format!("the subscription gets what needs the permission {SEES_PRIVATE}");
            return Err(Error::new(&reason::PERMISSION_DENIED, text)
                .with_metadata("permission", SEES_PRIVATE));
        }
        subscription::cleared(scope, group.level())?;
        let most = convert::size(request.max_messages, USUAL);
        let wait = convert::span(request.wait.as_ref()).unwrap_or(Duration::ZERO);
        let outs = tokio::select! {
            outs = group.fetch(&self.broker, most, wait) => outs?,
            // Whoever waits is let go, so that the process can stop.
            () = self.shutdown.begun() => Vec::new(),
        };
        let (mut deliveries, mut bytes, mut left) = (Vec::with_capacity(outs.len()), 0, Vec::new());
        for out in outs {
            // Unpacked, and as JSON besides, they may be more than an answer holds.
            if bytes > ANSWER {
                left.push((out.position, out.attempt, Verdict::untried()));
                continue;
            }
            let delivery = subscription::delivery(out, &self.known)?;
            bytes += delivery.encoded_len();
            deliveries.push(delivery);
        }
        if !left.is_empty() {
            group.settle(&self.broker, left).await?;
        }
        Ok(pb::FetchMessagesResponse { deliveries })
    }

    pub(super) async fn ack(
        &self,
        scope: &Scope,
        request: pb::AckMessagesRequest,
    ) -> Result<pb::AckMessagesResponse> {
        let id = convert::id("id", &request.id)?;
        let group = self.own_group(scope, id)?;
        if !request.replies.is_empty() && !group.handles_commands() {
            return Err(Error::new(
                &crate::reasons::NOT_REPLYABLE,
                "the subscription is not of commands",
            ));
        }
        let named = subscription::verdicts(request)?;
        let (ids, verdicts): (Vec<String>, Vec<_>) = named.into_iter().unzip();
        let counted = group.settle(&self.broker, verdicts).await?;
        let accepted = counted.iter().filter(|counted| **counted).count();
        let stale = ids.into_iter().zip(counted).filter(|(_, counted)| !counted);
        Ok(pb::AckMessagesResponse {
            accepted: small(accepted),
            stale_ids: stale.map(|(id, _)| id).collect(),
        })
    }

    pub(super) async fn dead_letters_page(
        &self,
        scope: &Scope,
        request: pb::ListDeadLettersRequest,
    ) -> Result<pb::ListDeadLettersResponse> {
        let subscription = match request.subscription_id.as_str() {
            "" => None,
            text => Some(convert::id("subscription_id", text)?),
        };
        let filter = dead_letters::Filter {
            subscription,
            not_replayed: request.not_replayed,
        };
        let size = convert::size(request.page_size, self.broker.config().page_size);
        let store = self.broker.store();
        let page = store
            .dead_letter_list(scope, filter, &request.page_token, size)
            .await?;
        let mut dead_letters = Vec::with_capacity(page.items.len());
        let mut bytes = 0;
        for row in page.items {
            bytes += row.body.len();
            let mut letter = subscription::dead_letter(row, &self.known)?;
            if let Some(message) = &mut letter.message
                && (bytes > ANSWER || (is_private(&message.topic) && !sees_private(scope)))
            {
                message.data.clear();
                message.json = None;
            }
            dead_letters.push(letter);
        }
        Ok(pb::ListDeadLettersResponse {
            dead_letters,
            next_page_token: page.next,
        })
    }

    /// Gives dead letters back: copies in the log that only their subscription gets.
    pub(super) async fn replay_letters(
        &self,
        scope: &Scope,
        ids: Vec<Id>,
    ) -> Result<pb::ReplayDeadLettersResponse> {
        let rows = self
            .broker
            .store()
            .dead_letters_get(scope, ids.clone())
            .await?;
        let mut outgoing = Vec::with_capacity(rows.len());
        let mut given = Vec::with_capacity(rows.len());
        for row in rows {
            // Where the subscription is gone nobody would get it.
            if self.broker.group(row.subscription_id).is_none() {
                continue;
            }
            let stored = Stored::decode(&Bytes::from(row.body)).ok_or_else(unreadable)?;
            given.push(row.id);
            outgoing.push(Outgoing {
                // Each replay is a message of its own in the log; its envelope says who it was.
                id: Id::new().to_string(),
                stored: Stored {
                    directed: Some(row.subscription_id),
                    ..stored
                },
                publish_at: None,
            });
        }
        self.broker.publish(outgoing).await?;
        self.broker
            .store()
            .dead_letters_replayed(scope, given.clone())
            .await?;
        let missing = ids.iter().filter(|id| !given.contains(id));
        Ok(pb::ReplayDeadLettersResponse {
            replayed: small(given.len()),
            missing_ids: missing.map(ToString::to_string).collect(),
        })
    }

    pub(super) async fn delete_letters(&self, scope: &Scope, ids: Vec<Id>) -> Result<i32> {
        Ok(small(
            self.broker.store().dead_letters_delete(scope, ids).await?,
        ))
    }
}
