//! Published results: calculated over all rows, kept, told, and answered from the cache.

use super::{Api, errors};
use crate::{
    config::Publications,
    convert::{self, publication},
    model::{publication::Published, rows::Unmerged},
    reasons,
};
use auth::Scope;
use cache::{Cache, Caches, Entry, Key, Source};
use db::idempotency::{Once, hash};
use error::Error;
use proto_numbers::tessera::calculation::v1;
use value::Id;

/// The cache of publications with their rows, by id: what it has never changes.
pub(super) fn cache(caches: &Caches, config: &Publications) -> Cache<Published> {
    let cache = caches.shared("calculation.publications");
    cache.ttl(config.cached.get()).entries(1_000).build()
}

impl Api {
    /// Publishes a metric now, or finds what the same request published.
    pub(super) async fn create_publication_of(
        &self,
        scope: &Scope,
        mut ask: v1::CreatePublicationRequest,
    ) -> Result<v1::Publication, Error> {
        let request_id = std::mem::take(&mut ask.request_id);
        let once = Once {
            rpc: "CreatePublication",
            request_id,
            body_hash: hash(&prost::Message::encode_to_vec(&ask)),
        };
        let asked = ask.publication.unwrap_or_default();
        let question = asked.question.unwrap_or_default();
        let field = "publication.question.";
        let question =
            publication::question(question, asked.last_periods, self.clock.now(), field)?;
        let published = self.result(scope, question, None).await?;
        let id = self.store.publish(scope, once, published.clone()).await?;
        if id == published.publication.id {
            self.remember(scope, published).await;
        }
        self.publication_of(scope, id).await
    }

    /// What there is to publish; nothing is kept yet.
    pub(crate) async fn result(
        &self,
        scope: &Scope,
        question: v1::CalculateRequest,
        operation: Option<(Id, String)>,
    ) -> Result<Published, Error> {
        let explained = v1::CalculateRequest {
            explain: true,
            ..question.clone()
        };
        let most = self.config.publications.rows;
        let mut parsed = convert::questions::question(explained, 1)?;
        parsed.page_size = most;
        let planned = self.plan_of(scope, &parsed).await?;
        if let Some(code) = planned.reads_rows_by(&parsed.selection.dimensions) {
            let words = format!("`{code}` tells single rows apart, which are not published");
            return Err(
                Error::new(&reasons::ROWS_NOT_ALLOWED, words).with_metadata("attribute", code)
            );
        }
        let filters = scope.row_filters();
        let hidden = |entity: &str| {
            let words = format!("row filters hide rows of {entity} from you");
            Error::new(&reasons::ROWS_HIDDEN, words).with_metadata("entity", entity)
        };
        let mut entities = planned.plan.entities.iter();
        if let Some(entity) = entities.find(|entity| filters.of(entity).is_some()) {
            return Err(hidden(entity));
        }
        let answer = self.answer(scope, &parsed).await?;
        if !answer.next_page_token.is_empty() {
            return Err(errors::unmerged(Unmerged::TooMany, most));
        }
        // The owner of the rows may know of newer row filters than we do.
        let sources = answer.explanation.iter().flat_map(|told| &told.sources);
        if let Some(source) = sources.into_iter().find(|one| !one.row_filters.is_empty()) {
            return Err(hidden(&source.entity));
        }
        let (operation, actor) = operation.unzip();
        let actor = actor.unwrap_or_else(|| scope.actor());
        let now = (Id::new(), self.clock.now());
        publication::published(&question, answer, now, actor, operation)
    }

    /// Puts what was published just now into the cache.
    pub(crate) async fn remember(&self, scope: &Scope, published: Published) {
        let key = key(scope.tenant(), published.publication.id);
        self.published.put(&key, Entry::new(published)).await;
    }

    /// One publication with its rows, and until when the cache has it.
    pub(super) async fn publication_of(
        &self,
        scope: &Scope,
        id: Id,
    ) -> Result<v1::Publication, Error> {
        // Whether it is there and may be seen is asked each time; what it says never changes.
        let head = self.store.publication(scope, id).await?;
        let key = key(scope.tenant(), id);
        let (store, held) = (self.store.clone(), scope.clone());
        let load = || async move { Ok(Entry::new(store.published(&held, head).await?)) };
        let found = self.published.get_or_load(&key, load).await?;
        let left = self.published.describe(&key).await.map(|held| held.left);
        let mut whole = publication::whole(Published::clone(&found.value))?;
        whole.cached = matches!(found.source, Source::Memory | Source::Redis);
        whole.cache_expire_time = left.map(|left| proto::time::to_proto(self.clock.now() + left));
        Ok(whole)
    }

    /// Takes a publication back.
    pub(super) async fn delete_publication_of(&self, scope: &Scope, id: Id) -> Result<(), Error> {
        self.store.delete(scope, id).await?;
        self.published.remove(&key(scope.tenant(), id)).await;
        Ok(())
    }
}

fn key(tenant: Id, id: Id) -> Key {
    Key::new(tenant, id.to_string())
}
