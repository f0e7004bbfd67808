//! Publishing and reading messages, topics, and what waits for its time.

use std::time::Duration;

use auth::Scope;
use db::page::Shape;
use error::{Error, Result};
use proto_platform::tessera::messaging::v1 as pb;
use rpc::CallContext;
use value::Time;

use super::Api;
use crate::backend::Limit;
use crate::broker::{Filter, Placed};
use crate::convert::message::{self, Publisher, Start};
use crate::convert::{self, number, small};
use crate::model::is_private;
use crate::model::patterns::{Analysis, Seen};
use crate::reasons::MESSAGE_LOST;

/// Records a page of messages looks through at most.
const LOOKED_AT: usize = 50_000;
/// Messages that one analysis looks at.
const ANALYZED: u64 = 200_000;
const HOUR: Duration = Duration::from_secs(3600);

impl Api {
    fn publisher<'a>(&self, scope: &'a Scope) -> Publisher<'a> {
        let call = CallContext::current();
        let id = call.and_then(|call| call.request_id.to_str().ok().map(str::to_owned));
        Publisher {
            scope,
            now: self.broker.now(),
            request_id: id.unwrap_or_default(),
        }
    }

    pub(super) async fn publish_one(
        &self,
        scope: &Scope,
        request: pb::PublishMessageRequest,
    ) -> Result<pb::Published> {
        let by = self.publisher(scope);
        let at = convert::time("publish_at", request.publish_at.as_ref())?;
        let delay = convert::span(request.delay.as_ref());
        if at.is_some() && delay.is_some() {
            return Err(Error::invalid_field(
                "delay",
                "ONE_OF",
                "give `publish_at` or `delay`, not both",
            ));
        }
        let at = at.or(delay.map(|delay| by.now + delay));
        let outgoing = message::outgoing("message", request.message.unwrap_or_default(), &by, at)?;
        let id = outgoing.id.clone();
        let topic = outgoing.stored.topic.as_str();
        self.broker
            .check_topics(scope.tenant(), std::iter::once(topic))?;
        let placed = self.broker.publish(vec![outgoing]).await?;
        let first = placed.into_iter().next();
        Ok(published(
            id,
            first.ok_or_else(|| Error::internal("a message was neither published nor refused"))?,
        ))
    }

    pub(super) async fn publish_many(
        &self,
        scope: &Scope,
        messages: Vec<pb::Message>,
    ) -> Result<Vec<pb::Published>> {
        let by = self.publisher(scope);
        let outgoing = messages
            .into_iter()
            .enumerate()
            .map(|(index, one)| message::outgoing(&format!("messages[{index}]"), one, &by, None));
        let outgoing = outgoing.collect::<Result<Vec<_>>>()?;
        let ids: Vec<String> = outgoing.iter().map(|one| one.id.clone()).collect();
        let topics = outgoing.iter().map(|one| one.stored.topic.as_str());
        self.broker.check_topics(scope.tenant(), topics)?;
        let placed = self.broker.publish(outgoing).await?;
        Ok(ids
            .into_iter()
            .zip(placed)
            .map(|(id, placed)| published(id, placed))
            .collect())
    }

    pub(super) async fn message_at(&self, scope: &Scope, position: u64) -> Result<pb::Message> {
        let (mut filter, _) = message::filter(scope, None)?;
        let one = Limit {
            records: 1,
            bytes: 0,
        };
        let batch = self.broker.backend().read(position, one).await?;
        let record = batch
            .records
            .first()
            .filter(|record| record.position == position);
        let Some(record) = record else {
            let bounds = self.broker.backend().bounds().await?;
            if position < bounds.end {
                let text = format!("the message at {position} is not in the log any more");
                return Err(Error::new(&MESSAGE_LOST, text)
                    .with_metadata("oldest", bounds.start.to_string()));
            }
            return Err(Error::not_found("message", position));
        };
        let found = filter.pick(record).or_else(|| {
            filter.pattern = bus::topic::Pattern::new("commands.>");
            filter.pick(record)
        });
        // Another tenant's reads as none.
        let seen = found.ok_or_else(|| Error::not_found("message", position))?;
        Ok(message::render(seen, &self.known))
    }

    /// The position that a filter begins with; `other` where it does not say.
    pub(super) async fn begin(&self, start: Start, other: u64) -> Result<u64> {
        let by_time = match start.time {
            Some(time) => Some(self.broker.backend().find(time).await?),
            None => None,
        };
        Ok(start.position.max(by_time).unwrap_or(other))
    }

    pub(super) async fn messages_page(
        &self,
        scope: &Scope,
        request: pb::ListMessagesRequest,
    ) -> Result<pb::ListMessagesResponse> {
        let asked = request.filter.clone().unwrap_or_default();
        let (filter, start) = message::filter(scope, request.filter)?;
        let text = (
            filter.pattern.as_str(),
            &filter.key,
            &filter.correlation,
            filter.until,
            filter.before,
        );
        let shape = Shape::of("messages", &(text, asked.start_position, start.time));
        let from = match shape.key::<u64>(&request.page_token)? {
            Some(next) => next,
            None => self.begin(start, 0).await?,
        };
        let size = convert::size(request.page_size, self.broker.config().page_size);
        let scan = self.broker.scan(&filter, from, size, LOOKED_AT).await?;
        let messages = scan.found.into_iter().map(|seen| {
            let mut message = message::render(seen, &self.known);
            if request.headers_only {
                message.data.clear();
                message.json = None;
            }
            message
        });
        let next_page_token = match scan.over || scan.at_end {
            true => String::new(),
            false => shape.token(&scan.next),
        };
        Ok(pb::ListMessagesResponse {
            messages: messages.collect(),
            next_page_token,
        })
    }

    pub(super) async fn analyze(
        &self,
        scope: &Scope,
        request: pb::AnalyzeMessagePatternsRequest,
    ) -> Result<pb::AnalyzeMessagePatternsResponse> {
        let (filter, mut start) = message::filter(scope, request.filter)?;
        let now = self.broker.now();
        if start.position.is_none() && start.time.is_none() {
            start.time = Some(now - HOUR);
        }
        let length = if request.max_length == 0 {
            3
        } else {
            request.max_length.max(2)
        };
        let most = convert::size(request.max_results, 50);
        let gap = convert::span(request.max_gap.as_ref()).filter(|gap| !gap.is_zero());
        let mut analysis = Analysis::new(usize::try_from(length).unwrap_or(3), gap.unwrap_or(HOUR));
        let mut at = self.begin(start, 0).await?;
        let truncated = loop {
            let scan = self.broker.scan(&filter, at, 1000, LOOKED_AT).await?;
            for seen in scan.found {
                let content = seen.received.content;
                analysis.add(Seen {
                    topic: content.topic,
                    key: content.key,
                    correlation: content.correlation,
                    time: seen.time,
                    bytes: content.data.len(),
                });
            }
            if scan.over || scan.at_end {
                break false;
            }
            if analysis.messages >= ANALYZED {
                break true;
            }
            at = scan.next;
        };
        Ok(analyzed(
            &analysis, &filter, start.time, now, most, truncated,
        ))
    }

    pub(super) fn topic(&self, scope: &Scope, name: &str) -> Result<pb::Topic> {
        let hidden = is_private(name) && !message::sees_private(scope);
        let found = self
            .broker
            .figures(|figures| figures.get(scope.tenant(), name).cloned());
        let topic = found
            .filter(|_| !hidden)
            .ok_or_else(|| Error::not_found("topic", name))?;
        Ok(self.render_topic(scope, name, &topic))
    }

    pub(super) fn topics(
        &self,
        scope: &Scope,
        request: &pb::ListTopicsRequest,
    ) -> Result<pb::ListTopicsResponse> {
        let shape = Shape::of("topics", &request.prefix);
        let after: Option<String> = shape.key(&request.page_token)?;
        let size = convert::size(request.page_size, self.broker.config().page_size);
        let sees = message::sees_private(scope);
        let found: Vec<_> = self.broker.figures(|figures| {
            let listed = figures.list(
                scope.tenant(),
                &request.prefix,
                after.as_deref().unwrap_or_default(),
            );
            let listed = listed.filter(|(name, _)| sees || !is_private(name));
            listed
                .take(size + 1)
                .map(|(name, topic)| (name.to_owned(), topic.clone()))
                .collect()
        });
        let page = db::Page::cut(found, size, shape, |(name, _)| name.clone());
        let topics = page
            .items
            .iter()
            .map(|(name, topic)| self.render_topic(scope, name, topic));
        Ok(pb::ListTopicsResponse {
            topics: topics.collect(),
            next_page_token: page.next,
        })
    }

    fn render_topic(
        &self,
        scope: &Scope,
        name: &str,
        topic: &crate::model::figures::Topic,
    ) -> pb::Topic {
        let groups = self.broker.groups();
        let taking = groups
            .iter()
            .filter(|group| group.matches(scope.tenant(), name))
            .count();
        pb::Topic {
            name: name.to_owned(),
            messages: topic.messages,
            bytes: topic.bytes,
            first_time: Some(proto::time::to_proto(topic.first_at)),
            last_time: Some(proto::time::to_proto(topic.last_at)),
            last_position: u64::try_from(topic.last_position).unwrap_or(0),
            subscriptions: small(taking),
        }
    }

    pub(super) async fn scheduled_page(
        &self,
        scope: &Scope,
        request: pb::ListScheduledMessagesRequest,
    ) -> Result<pb::ListScheduledMessagesResponse> {
        let size = convert::size(request.page_size, self.broker.config().page_size);
        let page = self
            .broker
            .store()
            .scheduled_list(scope, &request.page_token, size)
            .await?;
        let sees = message::sees_private(scope);
        let mut scheduled = Vec::with_capacity(page.items.len());
        for row in page.items {
            let message = message::render_body(row.body, 0, &self.known)?;
            if sees || !is_private(&message.topic) {
                scheduled.push(pb::ScheduledMessage {
                    message: Some(message),
                    publish_at: Some(proto::time::to_proto(row.due_at)),
                });
            }
        }
        Ok(pb::ListScheduledMessagesResponse {
            scheduled,
            next_page_token: page.next,
        })
    }

    pub(super) async fn status(&self) -> Result<pb::BrokerStatus> {
        let status = self.broker.backend().status().await;
        let (published, duplicates, remembered) = self.broker.counters();
        let scope = Scope::system_all("count what waits");
        let (_, scheduled) = self.broker.store().scheduled_next(&scope).await?;
        let config = self.broker.config();
        let kind = match status.kind {
            crate::backend::Kind::Embedded => pb::BrokerKind::Embedded,
            crate::backend::Kind::Redis => pb::BrokerKind::Redis,
        };
        Ok(pb::BrokerStatus {
            kind: kind.into(),
            healthy: status.problem.is_none(),
            problem: status.problem.unwrap_or_default(),
            first_position: status.first,
            next_position: status.next,
            bytes: number(status.bytes),
            durable: status.durable,
            parts: small(status.parts),
            damaged: number(status.damaged),
            pool: status.pool.map(|pool| pb::ConnectionPool {
                size: small(pool.size),
                open: small(pool.open),
                in_use: small(pool.in_use),
                reconnects: number(pool.reconnects),
            }),
            max_age: Some(convert::render_span(config.keep.get())),
            max_bytes: number(config.keep_bytes.get()),
            dedupe_window: Some(convert::render_span(config.dedupe_window.get())),
            remembered_ids: number(remembered),
            subscriptions: small(self.broker.groups().len()),
            published: number(published),
            duplicates: number(duplicates),
            scheduled,
        })
    }
}

fn published(id: String, placed: Placed) -> pb::Published {
    pb::Published {
        id,
        position: placed.position,
        duplicate: placed.duplicate,
        publish_at: placed.waits.map(proto::time::to_proto),
    }
}

fn analyzed(
    analysis: &Analysis,
    filter: &Filter,
    start: Option<Time>,
    now: Time,
    most: usize,
    truncated: bool,
) -> pb::AnalyzeMessagePatternsResponse {
    let range = analysis.range;
    // The span that was asked for; where it has no bounds, that of the messages.
    let first = start.or(range.map(|(first, _)| first)).unwrap_or(now);
    let last = match (truncated, filter.until, range) {
        (true, _, Some((_, last))) => last,
        (_, Some(until), _) => until.min(now),
        _ => now,
    };
    let minutes = ((last - first).as_secs_f64() / 60.0).max(1.0 / 60.0);
    let rates = analysis.rates(most).into_iter().map(|rate| pb::TopicRate {
        topic: rate.topic,
        count: number(rate.count),
        per_minute: rate.count as f64 / minutes,
        busiest_minute: number(rate.busiest_minute),
        bytes: number(rate.bytes),
        keys: number(rate.keys),
    });
    let sequences = analysis
        .sequences(most)
        .into_iter()
        .map(|sequence| pb::TopicSequence {
            topics: sequence.topics,
            count: number(sequence.count),
            confidence: sequence.confidence,
            median_seconds: sequence.median_seconds,
        });
    pb::AnalyzeMessagePatternsResponse {
        rates: rates.collect(),
        sequences: sequences.collect(),
        messages: number(analysis.messages),
        start_time: range.map(|(first, _)| proto::time::to_proto(first)),
        end_time: range.map(|(_, last)| proto::time::to_proto(last)),
        truncated,
    }
}
