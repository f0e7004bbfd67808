//! The platform under the bench, and the bare connection beside it.

use diesel::{Connection, PgConnection, RunQueryDsl, connection::SimpleConnection, sql_query};
use proto_data::tessera::warehouse::v1 as warehouse;
use proto_data::tessera::warehouse::v1::warehouse_service_client::WarehouseServiceClient;
use proto_meaning::tessera::metadata::v1 as metadata;
use proto_meaning::tessera::metadata::v1::metadata_service_client::MetadataServiceClient;
use proto_numbers::tessera::calculation::v1::calculation_service_client::CalculationServiceClient;
use proto_platform::tessera::identity::v1 as identity;
use proto_platform::tessera::identity::v1::identity_service_client::IdentityServiceClient;
use rpc::Channel;
use server::{Process, Settings};
use std::path::PathBuf;

/// What is sold, with rows by the million.
pub(crate) const ENTITY: &str = "sale";
/// The same, for rows that go in past the platform.
pub(crate) const BARE: &str = "bare_sale";

/// A statement's single number, whatever its type.
#[derive(diesel::QueryableByName)]
struct Figure {
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
    figure: Option<String>,
}

/// The driver without the platform.
pub(crate) enum Hand {
    Sqlite(Box<rusqlite::Connection>),
    Postgres(Box<PgConnection>),
}

/// The platform with rows in it.
pub(crate) struct Bench {
    pub(crate) process: Process,
    pub(crate) hand: Hand,
    pub(crate) tenant: String,
    /// Names of the two tables as SQL writes them.
    pub(crate) table: String,
    pub(crate) bare: String,
    token: String,
    url: String,
    prefix: String,
    folder: PathBuf,
}

impl Hand {
    /// Runs a statement to its end; the text of its first column of the first row, how many rows there were.
    pub(crate) fn ask(&mut self, sql: &str) -> (String, usize) {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare(sql).expect("SQL");
                let mut rows = statement.query([]).expect("it runs");
                let (mut first, mut count) = (String::new(), 0);
                while let Some(row) = rows.next().expect("a row") {
                    count += 1;
                    if count == 1 {
                        let value: rusqlite::types::Value = row.get(0).expect("a column");
                        first = match value {
                            rusqlite::types::Value::Integer(n) => n.to_string(),
                            rusqlite::types::Value::Real(x) => x.to_string(),
                            rusqlite::types::Value::Text(text) => text,
                            other => format!("{other:?}"),
                        };
                    }
                }
                (first, count)
            }
            Self::Postgres(connection) => {
                let rows: Vec<Figure> = sql_query(sql).load(connection.as_mut()).expect("it runs");
                let first = rows.first().and_then(|row| row.figure.clone());
                (first.unwrap_or_default(), rows.len())
            }
        }
    }

    pub(crate) fn run(&mut self, sql: &str) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(sql).expect("it runs"),
            Self::Postgres(connection) => connection.batch_execute(sql).expect("it runs"),
        }
    }
}

impl Bench {
    pub(crate) async fn start(url: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("numbers");
        // What an earlier run left behind, if it was cut short.
        let _ = std::fs::remove_dir_all(&folder);
        let prefix = format!(
            "b{}_",
            &value::Id::new().as_uuid().simple().to_string()[20..]
        );
        let text = format!(
            "[server]\ngrpc = \"127.0.0.1:0\"\ndata = {data:?}\n[gateway]\nlisten = \"127.0.0.1:0\"\n\
             [storage]\nurl = {url:?}\nschema_prefix = {prefix:?}\ndata_dir = {data:?}\n",
            data = folder.join("data"),
        );
        let settings = Settings::read(text.parse().expect("TOML")).expect("the settings are valid");
        let process = Process::start(settings).await.expect("the process starts");
        let token =
            std::fs::read_to_string(folder.join("data/identity/admin.token")).expect("a token");
        let hand = match url {
            "" => {
                let file = folder.join("data/warehouse.db");
                let connection = rusqlite::Connection::open(file).expect("the same file");
                // The settings of the platform's own connections.
                let settings = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; \
                                PRAGMA cache_size=-8000; PRAGMA busy_timeout=30000";
                connection.execute_batch(settings).expect("pragmas");
                Hand::Sqlite(Box::new(connection))
            }
            url => Hand::Postgres(Box::new(
                PgConnection::establish(url).expect("a connection"),
            )),
        };
        let mut bench = Self {
            process,
            hand,
            tenant: String::new(),
            table: String::new(),
            bare: String::new(),
            token: token.trim().to_owned(),
            url: url.to_owned(),
            prefix,
            folder,
        };
        bench.define().await;
        bench
    }

    /// Whom the figures are about.
    pub(crate) fn name(&self) -> &'static str {
        if self.url.is_empty() {
            "SQLite"
        } else {
            "PostgreSQL"
        }
    }

    /// A channel to a service as the administrator has it.
    pub(crate) fn channel(&self, service: &str) -> Channel {
        let channel = self
            .process
            .directory()
            .edge_channel(service)
            .expect("it is served");
        channel
            .with_token(&self.token)
            .expect("a token is a header value")
    }

    /// The channel that services call each other by.
    pub(crate) fn inner(&self) -> WarehouseServiceClient<Channel> {
        WarehouseServiceClient::new(self.process.directory().channel("warehouse"))
    }

    pub(crate) fn warehouse(&self) -> WarehouseServiceClient<Channel> {
        WarehouseServiceClient::new(self.channel("warehouse"))
    }

    pub(crate) fn calculation(&self) -> CalculationServiceClient<Channel> {
        CalculationServiceClient::new(self.channel("calculation"))
    }

    async fn define(&mut self) {
        let mut identity = IdentityServiceClient::new(self.channel("identity"));
        let own = identity
            .who_am_i(identity::WhoAmIRequest::default())
            .await
            .expect("somebody");
        self.tenant = own.into_inner().tenant_id;
        let attributes = [
            "{ code: sold_at, name: Sold, type: timestamp, time_attribute: true }",
            "{ code: region, name: Region, type: string }",
            "{ code: product, name: Product, type: string }",
            "{ code: amount, name: Amount, type: \"decimal(12, 2)\" }",
            "{ code: quantity, name: Quantity, type: integer }",
            "{ code: rating, name: Rating, type: double, nullable: true }",
        ];
        let mut yaml = "ontology: tessera/v1\nentities:\n".to_owned();
        for code in [ENTITY, BARE] {
            yaml +=
                &format!("  - code: {code}\n    name: {code}\n    kind: event\n    attributes:\n");
            for attribute in attributes {
                yaml += &format!("      - {attribute}\n");
            }
        }
        let mut client = MetadataServiceClient::new(self.channel("metadata"));
        let import = metadata::ImportOntologyRequest {
            yaml,
            ..Default::default()
        };
        client.import_ontology(import).await.expect("it is defined");
        // Rows in every month, so that both tables have their chunks.
        for entity in [ENTITY, BARE] {
            let months = crate::insert::months(entity, &self.tenant);
            self.inner()
                .load_records(months)
                .await
                .expect("rows of every month");
        }
        self.table = self.place(ENTITY).await;
        self.bare = self.place(BARE).await;
    }

    /// The table of an entity as SQL writes it.
    async fn place(&mut self, entity: &str) -> String {
        let ask = warehouse::GetTableRequest {
            entity: entity.to_owned(),
        };
        let table = self
            .warehouse()
            .get_table(ask)
            .await
            .expect("it has a table")
            .into_inner();
        let quoted = format!("\"{}\"", table.name);
        match &mut self.hand {
            Hand::Sqlite(_) => quoted,
            hand => {
                let sql = format!(
                    "SELECT schemaname::text AS figure FROM pg_tables WHERE tablename = '{}' AND schemaname LIKE '{}%'",
                    table.name, self.prefix
                );
                format!("\"{}\".{quoted}", hand.ask(&sql).0)
            }
        }
    }

    /// Stops the platform and removes all it wrote.
    pub(crate) async fn end(mut self) {
        self.process.stop().await;
        if !self.url.is_empty() {
            let sql = format!(
                "SELECT nspname::text AS figure FROM pg_namespace WHERE nspname LIKE '{}%' LIMIT 1",
                self.prefix
            );
            loop {
                let (schema, found) = self.hand.ask(&sql);
                if found == 0 {
                    break;
                }
                self.hand.run(&format!("DROP SCHEMA \"{schema}\" CASCADE"));
            }
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
