//! What every kind of definitions answers alike: scope, parse, act, render.

use super::{Answer, Api, access::administrable, answer};
use crate::{
    convert::{self, Resource},
    model::{Kind, mask},
    store::{Filter, Query, Target},
};
use auth::Scope;
use db::Page;
use db::idempotency::Once;
use error::{Error, reason};
use prost::Message;
use proto_meaning::tessera::metadata::v1;
use tonic::Status;

impl Api {
    pub(super) async fn get<M: Resource>(&self, scope: &Scope, id: &str, code: &str) -> Answer<M> {
        let record = match (id, code) {
            (id, "") => {
                self.store
                    .definition(scope, Some(M::KIND), convert::id("id", id)?)
                    .await?
            }
            ("", code) => self.store.definition_of_code(scope, M::KIND, code).await?,
            _ => {
                return Err(Error::invalid_field(
                    "code",
                    "ONE_KEY",
                    "give an id or a code, not both",
                )
                .into());
            }
        };
        answer(M::render(record))
    }

    pub(super) async fn list<M: Resource>(
        &self,
        scope: &Scope,
        filter: Option<v1::DefinitionFilter>,
        (order_by, size, token): (String, i32, String),
    ) -> Result<Page<M>, Status> {
        let filter = convert::filter(vec![M::KIND], filter)?;
        let page = self
            .store
            .list(scope, self.query(filter, &order_by, size, token))
            .await?;
        Ok(page.map(M::render))
    }

    pub(super) async fn batch_get<M: Resource>(
        &self,
        scope: &Scope,
        ids: &[String],
    ) -> Result<(Vec<M>, Vec<String>), Status> {
        let ids = ids
            .iter()
            .enumerate()
            .map(|(index, id)| convert::id(&format!("ids[{index}]"), id));
        let (found, missing) = self
            .store
            .definitions_of_ids(scope, M::KIND, ids.collect::<Result<_, _>>()?)
            .await?;
        Ok((
            found.into_iter().map(M::render).collect(),
            missing.iter().map(ToString::to_string).collect(),
        ))
    }

    pub(super) async fn create<M: Resource>(
        &self,
        scope: &Scope,
        message: Option<M>,
        request_id: String,
    ) -> Answer<M> {
        let message = given(message)?;
        let once = Once {
            rpc: create_rpc(M::KIND),
            request_id,
            body_hash: hash(&message),
        };
        let definition = convert::new_definition(message)?;
        let created = self
            .store
            .create(scope, once, definition, M::rendered)
            .await?;
        answer(M::decode(created.as_slice()).map_err(Error::internal)?)
    }

    pub(super) async fn update<M: Resource>(
        &self,
        scope: &Scope,
        message: Option<M>,
        mask: Option<prost_types::FieldMask>,
    ) -> Answer<M> {
        let message = given(message)?;
        let kind = M::KIND.name();
        if message.etag().is_empty() {
            let words = "an update names the version that was read";
            return Err(Error::invalid_field(format!("{kind}.etag"), "REQUIRED", words).into());
        }
        let id = convert::id(&format!("{kind}.id"), message.id())?;
        let target = Target {
            kind: Some(M::KIND),
            id,
            etag: message.etag().to_owned(),
        };
        let paths = mask::check(mask.unwrap_or_default().paths)?;
        let update = convert::changed_definition(message)?;
        let record = self.store.update(scope, target, update, paths).await?;
        answer(M::render(record))
    }

    /// Deletes what others refer to as well, where `force` is said by somebody who may.
    pub(super) async fn delete<M: Resource>(
        &self,
        scope: &Scope,
        id: &str,
        etag: String,
        force: bool,
    ) -> Answer<M> {
        if force {
            administrable(scope)?;
        }
        let target = Target {
            kind: Some(M::KIND),
            id: convert::id("id", id)?,
            etag,
        };
        answer(M::render(self.store.delete(scope, target, force).await?))
    }

    pub(super) async fn undelete<M: Resource>(
        &self,
        scope: &Scope,
        id: &str,
        etag: String,
    ) -> Answer<M> {
        let target = Target {
            kind: Some(M::KIND),
            id: convert::id("id", id)?,
            etag,
        };
        answer(M::render(self.store.undelete(scope, target).await?))
    }

    /// The page that a list asks for.
    pub(super) fn query(&self, filter: Filter, order_by: &str, size: i32, token: String) -> Query {
        let (order, descending) = convert::order(order_by);
        Query {
            filter,
            order,
            descending,
            size: self.page_size(size),
            token,
        }
    }

    /// The contract allows 0 to 1000; 0 is our own choice.
    pub(super) fn page_size(&self, asked: i32) -> u16 {
        u16::try_from(asked)
            .ok()
            .filter(|size| *size > 0)
            .unwrap_or(self.config.page_size)
    }
}

/// The contract requires it; a client that went around the contract is told so.
fn given<M>(message: Option<M>) -> Result<M, Error> {
    message.ok_or_else(|| Error::new(&reason::INVALID_REQUEST, "the definition is missing"))
}

pub(super) fn hash(message: &impl Message) -> [u8; 32] {
    db::idempotency::hash(&message.encode_to_vec())
}

const fn create_rpc(kind: Kind) -> &'static str {
    match kind {
        Kind::ValueChainPattern => "CreateValueChainPattern",
        Kind::ValueChain => "CreateValueChain",
        Kind::Entity => "CreateEntity",
        Kind::Relationship => "CreateRelationship",
        Kind::DataSource => "CreateDataSource",
        Kind::Metric => "CreateMetric",
        Kind::Actor => "CreateActor",
        Kind::AnalyticsStrategy => "CreateAnalyticsStrategy",
        Kind::AnalyticsUseCase => "CreateAnalyticsUseCase",
    }
}
