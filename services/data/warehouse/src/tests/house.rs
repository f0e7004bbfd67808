//! A warehouse with a `metadata` that the test defines, and rows put in below the service.

use crate::{
    Config, Warehouse,
    model::{
        chunk::Deltas,
        ddl::ZONE,
        table::{TableShape, quoted},
    },
    store::tables::{Settings, Tables, open_chunks, record_change, registry},
};
use db::{
    Conn, Failure,
    diesel::{
        QueryableByName, RunQueryDsl, sql_query,
        sql_types::{BigInt, Nullable, Text},
    },
};
use error::Error;
use proto_data::tessera::warehouse::v1::{self, warehouse_service_client::WarehouseServiceClient};
use proto_meaning::tessera::metadata::v1::{
    Attribute, DataType, Entity, EntityKind, ListOntologyTenantsRequest,
    ListOntologyTenantsResponse, OntologyTenant, ResolveDefinitionsRequest,
    ResolveDefinitionsResponse,
    metadata_service_server::{MetadataService, MetadataServiceServer},
};
use rpc::Channel;
use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex},
};
use testkit::{Backend, Bench};
use tonic::{Request, Response, Status, service::Routes};
use value::{Id, Time};

pub(super) type Client = WarehouseServiceClient<Channel>;

/// A version, and entities by code.
type Defined = (i64, BTreeMap<String, Entity>);

/// What is defined, by tenant.
#[derive(Clone, Default)]
pub(super) struct Ontology(Arc<Mutex<BTreeMap<Id, Defined>>>);

#[tonic::async_trait]
impl MetadataService for Ontology {
    async fn resolve_definitions(
        &self,
        ask: Request<ResolveDefinitionsRequest>,
    ) -> Result<Response<ResolveDefinitionsResponse>, Status> {
        let ask = ask.into_inner();
        let tenant: Id = ask.tenant_id.parse().expect("the tenant is named");
        let all = self.0.lock().unwrap();
        let (version, entities) = all.get(&tenant).cloned().unwrap_or_default();
        let mut answer = ResolveDefinitionsResponse {
            ontology_version: version,
            ..Default::default()
        };
        if ask.known_version > 0 && ask.known_version == version {
            answer.unchanged = true;
            return Ok(Response::new(answer));
        }
        if ask.everything {
            answer.entities = entities.into_values().collect();
            return Ok(Response::new(answer));
        }
        for code in ask.entities {
            match entities.get(&code) {
                Some(entity) => answer.entities.push(entity.clone()),
                None => answer.missing_entities.push(code),
            }
        }
        Ok(Response::new(answer))
    }

    async fn list_ontology_tenants(
        &self,
        _: Request<ListOntologyTenantsRequest>,
    ) -> Result<Response<ListOntologyTenantsResponse>, Status> {
        let all = self.0.lock().unwrap();
        let tenant = |(id, (version, _)): (&Id, &Defined)| OntologyTenant {
            tenant_id: id.to_string(),
            ontology_version: *version,
        };
        Ok(Response::new(ListOntologyTenantsResponse {
            tenants: all.iter().map(tenant).collect(),
            ..Default::default()
        }))
    }
}

impl Ontology {
    /// Defines an entity, or another version of it.
    pub(super) fn define(&self, tenant: Id, mut entity: Entity) -> Entity {
        let mut all = self.0.lock().unwrap();
        let (version, entities) = all.entry(tenant).or_default();
        *version += 1;
        let before = entities.get(&entity.code);
        entity.version = before.map_or(1, |before| before.version + 1);
        entity.id = match before {
            Some(before) if entity.id.is_empty() => before.id.clone(),
            _ if entity.id.is_empty() => Id::new().to_string(),
            _ => entity.id,
        };
        entities.insert(entity.code.clone(), entity.clone());
        entity
    }

    /// Deletes an entity.
    pub(super) fn delete(&self, tenant: Id, code: &str) -> Entity {
        let mut all = self.0.lock().unwrap();
        let (version, entities) = all.get_mut(&tenant).expect("the tenant has entities");
        *version += 1;
        entities.remove(code).expect("the entity is there")
    }
}

/// A warehouse with its neighbour.
pub(super) struct House {
    pub(super) bench: Bench<Warehouse>,
    pub(super) ontology: Ontology,
}

impl House {
    pub(super) async fn on(backend: Backend) -> Self {
        // No test waits for background work unless it says so.
        let config = Config {
            follow_interval: config::Span::from_secs(3600),
            check_interval: config::Span::from_secs(3600),
            ..Config::default()
        };
        Self::with(backend, config).await
    }

    pub(super) async fn with(backend: Backend, config: Config) -> Self {
        let ontology = Ontology::default();
        let routes = Routes::new(MetadataServiceServer::new(ontology.clone()));
        let bench = Bench::builder(backend)
            .config(config)
            .fake("metadata", routes)
            .start()
            .await;
        Self { bench, ontology }
    }

    pub(super) fn admin(&self) -> Client {
        Client::new(self.bench.admin())
    }

    pub(super) fn is_postgres(&self) -> bool {
        self.bench.db().zone(ZONE).is_some()
    }

    /// Tables as another process over the same database sees them.
    pub(super) fn tables(&self) -> Tables {
        let methods = Arc::new(proto::MethodTable::new([
            &proto::CONTRACTS,
            &proto_meaning::CONTRACTS,
        ]));
        let clock: Arc<dyn value::Clock> = Arc::new(value::SystemClock);
        let authority = auth::Authority::new(auth::Config::default(), clock.clone());
        let guards = rpc::Guards::builder(&methods, Arc::new(authority)).build();
        let routes = Routes::new(MetadataServiceServer::new(self.ontology.clone()));
        let outbound = rpc::Outbound::builder(methods).build();
        let inbound = rpc::Inbound::new(guards, routes);
        let channel = Channel::local("metadata", outbound, inbound);
        let settings = Settings {
            chunk_interval: crate::Interval::Month,
            max_chunks: 100,
        };
        let metadata = crate::calls::Metadata::new(channel);
        Tables::new(self.bench.db().clone(), clock, metadata, settings)
    }

    /// Defines an entity of the bench's tenant.
    pub(super) fn define(&self, entity: Entity) -> Entity {
        self.ontology.define(self.bench.tenant(), entity)
    }

    pub(super) async fn get(&self, entity: &str) -> Result<v1::Table, Status> {
        let entity = entity.to_owned();
        let ask = v1::GetTableRequest { entity };
        Ok(self.admin().get_table(ask).await?.into_inner())
    }

    pub(super) async fn table(&self, entity: &str) -> v1::Table {
        self.get(entity).await.unwrap()
    }

    pub(super) async fn plan(&self, entity: &str) -> v1::PlanTableResponse {
        let entity = entity.to_owned();
        let ask = v1::PlanTableRequest { entity };
        self.admin().plan_table(ask).await.unwrap().into_inner()
    }

    pub(super) async fn check(&self, repair: bool) -> Vec<v1::Drift> {
        let ask = v1::CheckTablesRequest {
            repair,
            ..Default::default()
        };
        let answer = self.admin().check_tables(ask).await.unwrap().into_inner();
        answer.drifts
    }

    pub(super) async fn accept_loss(&self) -> Vec<v1::Drift> {
        let ask = v1::CheckTablesRequest {
            repair: true,
            accept_loss: true,
            ..Default::default()
        };
        let answer = self.admin().check_tables(ask).await.unwrap().into_inner();
        answer.drifts
    }

    pub(super) async fn drifts(&self, state: v1::DriftState) -> Vec<v1::Drift> {
        let ask = v1::ListDriftsRequest {
            state: state as i32,
            ..Default::default()
        };
        self.admin()
            .list_drifts(ask)
            .await
            .unwrap()
            .into_inner()
            .drifts
    }

    /// The name of the table as SQL.
    pub(super) async fn place(&self, entity: &str) -> String {
        self.shape(entity).await.qualified()
    }

    /// What the registry says of the table.
    pub(super) async fn shape(&self, entity: &str) -> TableShape {
        let (tenant, codes) = (self.bench.tenant(), vec![entity.to_owned()]);
        let ground = self.ground();
        let scope = self.bench.scope();
        let found = self.bench.db().read(&scope, move |conn| {
            registry::of_codes(conn, &ground, tenant, &codes)
        });
        found.await.unwrap().pop().expect("the table is there")
    }

    fn ground(&self) -> crate::store::tables::Ground {
        crate::store::tables::Ground {
            schema: self.bench.db().zone(ZONE),
            dialect: match self.is_postgres() {
                true => crate::model::ddl::Dialect::Postgres,
                false => crate::model::ddl::Dialect::Sqlite,
            },
            interval: crate::Interval::Month,
        }
    }

    /// Runs a statement by hand, past the service.
    pub(super) async fn by_hand(&self, sql: &str) {
        self.try_by_hand(sql)
            .await
            .unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    }

    pub(super) async fn try_by_hand(&self, sql: &str) -> Result<(), Error> {
        let sql = sql.to_owned();
        let run = move |conn: &mut Conn| Ok(sql_query(&sql).execute(conn).map(drop)?);
        self.bench.db().claim(&self.bench.scope(), run).await
    }

    /// Texts of one column that a query answers, by hand.
    pub(super) async fn texts(&self, sql: &str) -> Vec<Option<String>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Nullable<Text>)]
            text: Option<String>,
        }
        let sql = sql.to_owned();
        let scope = self.bench.scope();
        let rows = self.bench.db().read(&scope, move |conn| {
            let rows: Vec<Row> = sql_query(&sql).load(conn)?;
            Ok(rows.into_iter().map(|row| row.text).collect())
        });
        rows.await.unwrap()
    }

    pub(super) async fn number(&self, sql: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let sql = sql.to_owned();
        let scope = self.bench.scope();
        let row = self.bench.db().read(&scope, move |conn| {
            let row: Row = sql_query(&sql).get_result(conn)?;
            Ok(row.n)
        });
        row.await.unwrap()
    }

    /// A column of all rows as text, by id.
    pub(super) async fn column(&self, entity: &str, column: &str) -> Vec<Option<String>> {
        let table = self.place(entity).await;
        let c = quoted(column);
        self.texts(&format!(
            "SELECT CAST({c} AS TEXT) AS text FROM {table} ORDER BY _id"
        ))
        .await
    }

    /// Puts rows in as the service does, with values as SQL; `at` is the value of the time attribute.
    pub(super) async fn insert(&self, entity: &str, columns: &str, rows: &[(&str, Option<&str>)]) {
        self.try_insert(entity, columns, rows).await.unwrap();
    }

    pub(super) async fn try_insert(
        &self,
        entity: &str,
        columns: &str,
        rows: &[(&str, Option<&str>)],
    ) -> Result<(), Error> {
        self.get(entity).await.unwrap();
        let shape = self.shape(entity).await;
        let rows: Vec<_> = rows
            .iter()
            .map(|(values, at)| {
                let at = at.map(|at| at.parse::<Time>().unwrap());
                ((*values).to_owned(), at)
            })
            .collect();
        let columns = columns.to_owned();
        let now = Time::EPOCH;
        let postgres = self.is_postgres();
        let write = move |conn: &mut Conn| -> Result<(), Failure> {
            let mut deltas = Deltas::new(shape.chunk_interval);
            for (_, at) in &rows {
                deltas.add(*at, 1);
            }
            open_chunks(conn, &shape, 2000, &deltas, now)?;
            for (values, _) in &rows {
                let id = Id::new().as_uuid().simple().to_string();
                let (id, time) = match postgres {
                    true => (format!("'{id}'"), "'1970-01-01'".to_owned()),
                    false => (format!("x'{id}'"), "0".to_owned()),
                };
                let sql = format!(
                    "INSERT INTO {} (_id, _created_at, _updated_at, _version, {columns}) \
                     VALUES ({id}, {time}, {time}, 1, {values})",
                    shape.qualified()
                );
                sql_query(sql).execute(conn)?;
            }
            record_change(conn, &shape, &deltas, now)?;
            Ok(())
        };
        self.bench.db().claim(&self.bench.scope(), write).await
    }
}

/// The error of an outcome that has to be one.
pub(super) fn refused<T: Debug>(outcome: Result<T, Status>) -> Error {
    Error::from(outcome.expect_err("it is refused"))
}

pub(super) fn attribute(code: &str, data_type: DataType) -> Attribute {
    Attribute {
        code: code.to_owned(),
        r#type: data_type as i32,
        nullable: true,
        ..Default::default()
    }
}

pub(super) fn decimal(code: &str, precision: i32, scale: i32) -> Attribute {
    Attribute {
        precision,
        scale,
        ..attribute(code, DataType::Decimal)
    }
}

pub(super) fn key(code: &str, data_type: DataType) -> Attribute {
    Attribute {
        primary_key: true,
        nullable: false,
        ..attribute(code, data_type)
    }
}

pub(super) fn required(attribute: Attribute) -> Attribute {
    Attribute {
        nullable: false,
        ..attribute
    }
}

pub(super) fn time(code: &str, data_type: DataType) -> Attribute {
    Attribute {
        time_attribute: true,
        nullable: false,
        ..attribute(code, data_type)
    }
}

pub(super) fn entity(code: &str, kind: EntityKind, attributes: Vec<Attribute>) -> Entity {
    Entity {
        code: code.to_owned(),
        name: format!("Entity {code}"),
        kind: kind as i32,
        attributes,
        ..Default::default()
    }
}

/// An entity with an attribute of each type: an event by day.
pub(super) fn claim() -> Entity {
    let mut state = attribute("state", DataType::String);
    state.allowed_values = vec!["open".to_owned(), "paid".to_owned()];
    let mut amount = decimal("amount", 10, 2);
    amount.unit = "EUR".to_owned();
    entity(
        "claim",
        EntityKind::Event,
        vec![
            key("claim_id", DataType::String),
            time("day", DataType::Date),
            state,
            required(attribute("parts", DataType::Integer)),
            amount,
            attribute("rate", DataType::Double),
            attribute("fraud", DataType::Boolean),
            attribute("paid_at", DataType::Timestamp),
            attribute("details", DataType::Json),
            attribute("batch", DataType::Uuid),
            decimal("exact", 30, 10),
        ],
    )
}

/// The attribute of this code.
pub(super) fn one<'a>(entity: &'a mut Entity, code: &str) -> &'a mut Attribute {
    let found = entity.attributes.iter_mut().find(|one| one.code == code);
    found.expect("the entity has this attribute")
}
