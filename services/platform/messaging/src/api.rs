//! The contract's methods, four steps each: scope, parse, act, render.

mod commands;
mod follow;
mod messages;
mod services;
mod subscriptions;

use std::sync::Arc;

use auth::Scope;
use futures::stream::BoxStream;
use proto_platform::tessera::messaging::v1::messaging_service_server::MessagingService;
use proto_platform::tessera::messaging::v1::*;
use rpc::Shutdown;
use tonic::{Request, Response, Status};

use crate::broker::Broker;
use crate::convert::known::Known;
use crate::convert::{self, subscription};

/// Answers the contract's calls.
#[derive(Clone)]
pub(crate) struct Api {
    broker: Broker,
    known: Known,
    shutdown: Shutdown,
}

impl Api {
    /// An answerer over the broker.
    pub(crate) fn new(broker: Broker, contracts: Arc<[&'static [u8]]>, shutdown: Shutdown) -> Self {
        Self {
            broker,
            known: Known::new(contracts),
            shutdown,
        }
    }
}

type Answer<T> = Result<Response<T>, Status>;
type Messages = BoxStream<'static, Result<Message, Status>>;

fn answer<T>(message: T) -> Answer<T> {
    Ok(Response::new(message))
}

#[tonic::async_trait]
impl MessagingService for Api {
    async fn publish_message(&self, request: Request<PublishMessageRequest>) -> Answer<Published> {
        let scope = Scope::of(&request)?;
        answer(self.publish_one(&scope, request.into_inner()).await?)
    }

    async fn publish_messages(
        &self,
        request: Request<PublishMessagesRequest>,
    ) -> Answer<PublishMessagesResponse> {
        let scope = Scope::of(&request)?;
        let published = self
            .publish_many(&scope, request.into_inner().messages)
            .await?;
        answer(PublishMessagesResponse { published })
    }

    async fn get_message(&self, request: Request<GetMessageRequest>) -> Answer<Message> {
        let scope = Scope::of(&request)?;
        answer(self.message_at(&scope, request.get_ref().position).await?)
    }

    async fn list_messages(
        &self,
        request: Request<ListMessagesRequest>,
    ) -> Answer<ListMessagesResponse> {
        let scope = Scope::of(&request)?;
        answer(self.messages_page(&scope, request.into_inner()).await?)
    }

    async fn replay_messages(&self, request: Request<ReplayMessagesRequest>) -> Answer<Messages> {
        let scope = Scope::of(&request)?;
        let (filter, start) = convert::message::filter(&scope, request.into_inner().filter)?;
        answer(self.replay(filter, start).await?)
    }

    async fn tail_messages(&self, request: Request<TailMessagesRequest>) -> Answer<Messages> {
        let scope = Scope::of(&request)?;
        let (filter, start) = convert::message::filter(&scope, request.into_inner().filter)?;
        answer(self.tail(filter, start).await?)
    }

    async fn analyze_message_patterns(
        &self,
        request: Request<AnalyzeMessagePatternsRequest>,
    ) -> Answer<AnalyzeMessagePatternsResponse> {
        let scope = Scope::of(&request)?;
        answer(self.analyze(&scope, request.into_inner()).await?)
    }

    async fn get_topic(&self, request: Request<GetTopicRequest>) -> Answer<Topic> {
        let scope = Scope::of(&request)?;
        answer(self.topic(&scope, &request.get_ref().name)?)
    }

    async fn list_topics(&self, request: Request<ListTopicsRequest>) -> Answer<ListTopicsResponse> {
        let scope = Scope::of(&request)?;
        answer(self.topics(&scope, &request.into_inner())?)
    }

    async fn list_scheduled_messages(
        &self,
        request: Request<ListScheduledMessagesRequest>,
    ) -> Answer<ListScheduledMessagesResponse> {
        let scope = Scope::of(&request)?;
        answer(self.scheduled_page(&scope, request.into_inner()).await?)
    }

    async fn cancel_scheduled_message(
        &self,
        request: Request<CancelScheduledMessageRequest>,
    ) -> Answer<CancelScheduledMessageResponse> {
        let scope = Scope::of(&request)?;
        let id = request.into_inner().id;
        self.broker.store().scheduled_cancel(&scope, id).await?;
        answer(CancelScheduledMessageResponse {})
    }

    async fn get_subscription(
        &self,
        request: Request<GetSubscriptionRequest>,
    ) -> Answer<Subscription> {
        let scope = Scope::of(&request)?;
        let id = convert::id("id", &request.get_ref().id)?;
        let row = self.broker.store().subscription_get(&scope, id).await?;
        answer(self.with_figures(&scope, vec![row]).await?.remove(0))
    }

    async fn batch_get_subscriptions(
        &self,
        request: Request<BatchGetSubscriptionsRequest>,
    ) -> Answer<BatchGetSubscriptionsResponse> {
        let scope = Scope::of(&request)?;
        let ids = convert::ids("ids", &request.get_ref().ids)?;
        answer(self.subscriptions_of(&scope, ids).await?)
    }

    async fn list_subscriptions(
        &self,
        request: Request<ListSubscriptionsRequest>,
    ) -> Answer<ListSubscriptionsResponse> {
        let scope = Scope::of(&request)?;
        answer(
            self.subscriptions_page(&scope, request.into_inner())
                .await?,
        )
    }

    async fn create_subscription(
        &self,
        request: Request<CreateSubscriptionRequest>,
    ) -> Answer<Subscription> {
        let scope = Scope::of(&request)?;
        let (row, start, once) =
            subscription::create(&scope, self.broker.now(), request.into_inner())?;
        let row = self.subscribe(&scope, row, start, once).await?;
        answer(self.with_figures(&scope, vec![row]).await?.remove(0))
    }

    async fn update_subscription(
        &self,
        request: Request<UpdateSubscriptionRequest>,
    ) -> Answer<Subscription> {
        let scope = Scope::of(&request)?;
        let (id, version, change) = subscription::update(request.into_inner())?;
        let row = self
            .broker
            .store()
            .subscription_update(&scope, id, version, change)
            .await?;
        self.broker.add_group(&row);
        answer(self.with_figures(&scope, vec![row]).await?.remove(0))
    }

    async fn delete_subscription(
        &self,
        request: Request<DeleteSubscriptionRequest>,
    ) -> Answer<DeleteSubscriptionResponse> {
        let scope = Scope::of(&request)?;
        let request = request.into_inner();
        let id = convert::id("id", &request.id)?;
        let version = match request.etag.as_str() {
            "" => None,
            etag => Some(db::etag::parse(etag)?),
        };
        self.broker
            .store()
            .subscription_delete(&scope, id, version)
            .await?;
        self.broker.remove_group(id);
        answer(DeleteSubscriptionResponse {})
    }

    async fn reset_subscription(
        &self,
        request: Request<ResetSubscriptionRequest>,
    ) -> Answer<Subscription> {
        let scope = Scope::of(&request)?;
        let request = request.into_inner();
        let id = convert::id("id", &request.id)?;
        let place = subscription::place("to", request.to)?;
        let row = self.reset(&scope, id, place).await?;
        answer(self.with_figures(&scope, vec![row]).await?.remove(0))
    }

    async fn fetch_messages(
        &self,
        request: Request<FetchMessagesRequest>,
    ) -> Answer<FetchMessagesResponse> {
        let scope = Scope::of(&request)?;
        answer(self.fetch(&scope, request.into_inner()).await?)
    }

    async fn ack_messages(
        &self,
        request: Request<AckMessagesRequest>,
    ) -> Answer<AckMessagesResponse> {
        let scope = Scope::of(&request)?;
        answer(self.ack(&scope, request.into_inner()).await?)
    }

    async fn list_dead_letters(
        &self,
        request: Request<ListDeadLettersRequest>,
    ) -> Answer<ListDeadLettersResponse> {
        let scope = Scope::of(&request)?;
        answer(self.dead_letters_page(&scope, request.into_inner()).await?)
    }

    async fn replay_dead_letters(
        &self,
        request: Request<ReplayDeadLettersRequest>,
    ) -> Answer<ReplayDeadLettersResponse> {
        let scope = Scope::of(&request)?;
        let ids = convert::ids("ids", &request.get_ref().ids)?;
        answer(self.replay_letters(&scope, ids).await?)
    }

    async fn delete_dead_letters(
        &self,
        request: Request<DeleteDeadLettersRequest>,
    ) -> Answer<DeleteDeadLettersResponse> {
        let scope = Scope::of(&request)?;
        let ids = convert::ids("ids", &request.get_ref().ids)?;
        let deleted = self.delete_letters(&scope, ids).await?;
        answer(DeleteDeadLettersResponse { deleted })
    }

    async fn send_command(&self, request: Request<SendCommandRequest>) -> Answer<Command> {
        let scope = Scope::of(&request)?;
        answer(self.send(&scope, request.into_inner()).await?)
    }

    async fn get_command(&self, request: Request<GetCommandRequest>) -> Answer<Command> {
        let scope = Scope::of(&request)?;
        let id = convert::id("id", &request.get_ref().id)?;
        let wait = convert::span(request.get_ref().wait.as_ref());
        answer(self.command(&scope, id, wait.unwrap_or_default()).await?)
    }

    async fn list_commands(
        &self,
        request: Request<ListCommandsRequest>,
    ) -> Answer<ListCommandsResponse> {
        let scope = Scope::of(&request)?;
        answer(self.commands_page(&scope, request.into_inner()).await?)
    }

    async fn get_broker_status(
        &self,
        request: Request<GetBrokerStatusRequest>,
    ) -> Answer<BrokerStatus> {
        Scope::of(&request)?;
        answer(self.status().await?)
    }

    async fn relay_events(
        &self,
        request: Request<RelayEventsRequest>,
    ) -> Answer<RelayEventsResponse> {
        answer(self.relay(request.into_inner()).await?)
    }

    async fn ensure_consumer(
        &self,
        request: Request<EnsureConsumerRequest>,
    ) -> Answer<EnsureConsumerResponse> {
        answer(self.ensure(&request.into_inner()).await?)
    }

    async fn fetch_events(
        &self,
        request: Request<FetchEventsRequest>,
    ) -> Answer<FetchEventsResponse> {
        answer(self.fetch_for_service(&request.into_inner()).await?)
    }

    async fn ack_events(&self, request: Request<AckEventsRequest>) -> Answer<AckEventsResponse> {
        answer(self.ack_for_service(request.into_inner()).await?)
    }
}
