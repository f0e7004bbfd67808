//! Rows through the platform and rows past it, into tables of the same shape with the same indexes.

use crate::{
    median,
    platform::{Bench, ENTITY, Hand},
    timed,
};
use diesel::ExecuteCopyFromDsl;
use prost_types::{Struct, Value, value::Kind};
use proto_data::tessera::warehouse::v1::{
    ColumnValues, LoadRecordsRequest, WriteMode, WriteRecordsRequest,
};
use std::time::Duration;

/// Rows of a call, of a transaction, and of a statement where one holds many.
const BATCH: usize = 5_000;
const STATEMENT: usize = 1_000;
/// Rows of a call where many millions are loaded.
const LARGE: usize = 20_000;
const YEAR: i64 = 1_735_689_600_000_000;
const REGIONS: [&str; 8] = [
    "North", "South", "East", "West", "Coast", "Hills", "Lakes", "City",
];

/// A sale: every number follows from its place.
struct Sale {
    sold_at: i64,
    region: &'static str,
    product: String,
    cents: i64,
    quantity: i64,
    rating: Option<f64>,
}

/// SplitMix64: the same rows on every machine.
fn mixed(n: u64) -> u64 {
    let mut mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn sale(n: u64) -> Sale {
    let chance = mixed(n);
    let part = |shift: u32, of: u64| i64::try_from((chance >> shift) % of).expect("small");
    Sale {
        // Through the year in order, as sales come.
        sold_at: YEAR + i64::try_from(n % 10_000_000).expect("small") * 3_153_600,
        region: REGIONS[usize::try_from(part(0, 8)).expect("small")],
        product: format!("product {}", part(3, 50)),
        cents: part(9, 100_000),
        quantity: part(26, 20) + 1,
        rating: (!chance.is_multiple_of(10))
            .then(|| f64::from(u8::try_from(part(40, 50)).expect("small")) / 10.0),
    }
}

fn sales(first: u64, count: usize) -> Vec<Sale> {
    (first..).take(count).map(sale).collect()
}

fn columns(sales: &[Sale]) -> Vec<ColumnValues> {
    let column = |attribute: &str| ColumnValues {
        attribute: attribute.into(),
        ..ColumnValues::default()
    };
    let nulls = sales
        .iter()
        .zip(0..)
        .filter(|(sale, _)| sale.rating.is_none())
        .map(|(_, at)| at);
    vec![
        ColumnValues {
            integers: sales.iter().map(|sale| sale.sold_at).collect(),
            ..column("sold_at")
        },
        ColumnValues {
            texts: sales.iter().map(|sale| sale.region.to_owned()).collect(),
            ..column("region")
        },
        ColumnValues {
            texts: sales.iter().map(|sale| sale.product.clone()).collect(),
            ..column("product")
        },
        ColumnValues {
            integers: sales.iter().map(|sale| sale.cents).collect(),
            ..column("amount")
        },
        ColumnValues {
            integers: sales.iter().map(|sale| sale.quantity).collect(),
            ..column("quantity")
        },
        ColumnValues {
            doubles: sales
                .iter()
                .map(|sale| sale.rating.unwrap_or_default())
                .collect(),
            nulls: nulls.collect(),
            ..column("rating")
        },
    ]
}

fn bulk(entity: &str, tenant: &str, sales: &[Sale]) -> LoadRecordsRequest {
    LoadRecordsRequest {
        tenant_id: tenant.to_owned(),
        entity: entity.to_owned(),
        columns: columns(sales),
        mode: WriteMode::Insert.into(),
        request_id: value::Id::new().to_string(),
        source: "bench".into(),
    }
}

/// One row of each month.
pub(crate) fn months(entity: &str, tenant: &str) -> LoadRecordsRequest {
    let sales: Vec<Sale> = (0..12).map(|month| sale(month * 833_000)).collect();
    bulk(entity, tenant, &sales)
}

fn records(sales: &[Sale]) -> Vec<Struct> {
    let text = |text: &str| Kind::StringValue(text.to_owned());
    let number = |number: f64| Kind::NumberValue(number);
    let record = |sale: &Sale| {
        let mut fields = vec![
            (
                "sold_at",
                text(&value::Time::from_micros(sale.sold_at).to_string()),
            ),
            ("region", text(sale.region)),
            ("product", text(&sale.product)),
            (
                "amount",
                text(&format!("{}.{:02}", sale.cents / 100, sale.cents % 100)),
            ),
            (
                "quantity",
                number(f64::from(i32::try_from(sale.quantity).expect("small"))),
            ),
        ];
        fields.extend(sale.rating.map(|rating| ("rating", number(rating))));
        let fields = fields
            .into_iter()
            .map(|(name, kind)| (name.to_owned(), Value { kind: Some(kind) }));
        Struct {
            fields: fields.collect(),
        }
    };
    sales.iter().map(record).collect()
}

/// The columns of a table of sales: the warehouse's own, then the attributes'.
const COLUMNS: [&str; 11] = [
    "_id",
    "_created_at",
    "_updated_at",
    "_version",
    "_source",
    "sold_at",
    "region",
    "product",
    "amount",
    "quantity",
    "rating",
];

/// Seconds a row of each way, in turns.
pub(crate) async fn compare(bench: &mut Bench, rounds: usize) {
    let (mut write, mut load, mut bare, mut copied) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut next = 0;
    for round in 0..=rounds {
        let mut some = || {
            next += BATCH as u64;
            sales(next, BATCH)
        };
        let request = WriteRecordsRequest {
            entity: ENTITY.into(),
            records: records(&some()),
            mode: WriteMode::Insert.into(),
            ..WriteRecordsRequest::default()
        };
        let (took, answer) = timed(bench.warehouse().write_records(request)).await;
        assert_eq!(
            answer.expect("it writes").into_inner().inserted,
            BATCH as i64
        );
        let request = bulk(ENTITY, &bench.tenant, &some());
        let (loaded, answer) = timed(bench.inner().load_records(request)).await;
        assert_eq!(
            answer.expect("it loads").into_inner().inserted,
            BATCH as i64
        );
        let rows = some();
        let by_hand = bench.insert(&rows);
        let rows = some();
        let by_copy = bench.copy(&rows);
        // The first round warms up.
        if round > 0 {
            write.push(took);
            load.push(loaded);
            bare.push(by_hand);
            copied.extend(by_copy);
        }
    }
    let name = bench.name();
    let bare = median(bare);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / BATCH as f64;
    println!("\n{name}, batches of {BATCH} rows, each one transaction, synchronous:\n");
    println!("| way | µs a row | of the bare driver |\n|---|---|---|");
    let mut lines = vec![
        ("WriteRecords", median(write)),
        ("LoadRecords", median(load)),
        ("bare multi-row INSERT", bare),
    ];
    if !copied.is_empty() {
        lines.push(("bare COPY, for information", median(copied)));
    }
    for (way, time) in lines {
        println!(
            "| {way} | {:.2} | {:.2}× |",
            each(time),
            time.as_secs_f64() / bare.as_secs_f64()
        );
    }
}

/// Fills the table up by bulk loads, and says how fast.
pub(crate) async fn fill(bench: &mut Bench, rows: u64) {
    let count = format!(
        "SELECT CAST(count(*) AS TEXT) AS figure FROM {}",
        bench.table
    );
    let there: u64 = bench.hand.ask(&count).0.parse().expect("a count");
    let (mut client, mut next) = (bench.inner(), there);
    let (took, ()) = timed(async {
        while next < rows {
            let some = usize::try_from(rows - next).expect("few").min(LARGE);
            let request = bulk(ENTITY, &bench.tenant, &sales(next, some));
            client.load_records(request).await.expect("it loads");
            next += some as u64;
        }
    })
    .await;
    let loaded = rows.saturating_sub(there);
    println!(
        "\n{}: {loaded} rows loaded in {:.1} s, {:.0} a second",
        bench.name(),
        took.as_secs_f64(),
        loaded as f64 / took.as_secs_f64()
    );
    // As autovacuum would in time; by hand and through the platform the same statistics are used.
    let (table, bare) = (bench.table.clone(), bench.bare.clone());
    bench.hand.run(&format!("ANALYZE {table}; ANALYZE {bare}"));
}

impl Bench {
    /// The value of a column of the bare table, as SQL.
    fn cell(&self, column: &str, sale: &Sale, n: usize) -> String {
        let postgres = matches!(self.hand, Hand::Postgres(_));
        let instant = |micros: i64| match postgres {
            true => format!("'{}'", value::Time::from_micros(micros)),
            false => micros.to_string(),
        };
        match column {
            "sold_at" => instant(sale.sold_at),
            "region" => format!("'{}'", sale.region),
            "product" => format!("'{}'", sale.product),
            "amount" => sale.cents.to_string(),
            "quantity" => sale.quantity.to_string(),
            "rating" => sale
                .rating
                .map_or("NULL".to_owned(), |rating| format!("{rating:?}")),
            "_id" => {
                let id = value::Id::new();
                match postgres {
                    true => format!("'{id}'"),
                    false => format!("x'{}'", id.as_uuid().simple()),
                }
            }
            "_created_at" | "_updated_at" => instant(YEAR + n as i64),
            "_version" => "1".to_owned(),
            "_source" => "'bench'".to_owned(),
            other => panic!("the bench does not know the column {other}"),
        }
    }

    /// One transaction of statements of many rows each; making the text is not measured.
    fn insert(&mut self, sales: &[Sale]) -> Duration {
        let names = COLUMNS.join(", ");
        let mut statements = vec!["BEGIN".to_owned()];
        for chunk in sales.chunks(STATEMENT) {
            let row = |(n, sale): (usize, &Sale)| {
                let cells: Vec<String> = COLUMNS
                    .iter()
                    .map(|name| self.cell(name, sale, n))
                    .collect();
                format!("({})", cells.join(","))
            };
            let rows: Vec<String> = chunk.iter().enumerate().map(row).collect();
            statements.push(format!(
                "INSERT INTO {} ({names}) VALUES {}",
                self.bare,
                rows.join(",")
            ));
        }
        statements.push("COMMIT".to_owned());
        let began = std::time::Instant::now();
        for statement in &statements {
            self.hand.run(statement);
        }
        began.elapsed()
    }

    /// The fastest way into PostgreSQL: a table of the same columns and indexes, not cut in time.
    fn copy(&mut self, sales: &[Sale]) -> Option<Duration> {
        let Hand::Postgres(_) = self.hand else {
            return None;
        };
        let mut text = String::new();
        for (n, sale) in sales.iter().enumerate() {
            let cells = COLUMNS.iter().map(|name| match self.cell(name, sale, n) {
                null if null == "NULL" => "\\N".to_owned(),
                cell => cell.trim_matches('\'').to_owned(),
            });
            text += &(cells.collect::<Vec<_>>().join("\t") + "\n");
        }
        let sql = format!(
            "CREATE TEMP TABLE IF NOT EXISTS copied (LIKE {} INCLUDING ALL)",
            self.bare
        );
        self.hand.run(&sql);
        let Hand::Postgres(connection) = &mut self.hand else {
            return None;
        };
        let began = std::time::Instant::now();
        let copy = diesel::copy_from(copied::table).from_raw_data(copied::all_columns, |copy| {
            std::io::Write::write_all(copy, text.as_bytes())
                .map_err(|cause| diesel::result::Error::SerializationError(cause.into()))
        });
        copy.execute(connection.as_mut()).expect("it copies");
        Some(began.elapsed())
    }
}

diesel::table! {
    use diesel::sql_types::*;
    copied (id) {
        #[sql_name = "_id"]
        id -> Uuid,
        #[sql_name = "_created_at"]
        created_at -> Timestamptz,
        #[sql_name = "_updated_at"]
        updated_at -> Timestamptz,
        #[sql_name = "_version"]
        version -> BigInt,
        #[sql_name = "_source"]
        source -> Nullable<Text>,
        sold_at -> Timestamptz,
        region -> Text,
        product -> Text,
        amount -> BigInt,
        quantity -> BigInt,
        rating -> Nullable<Double>,
    }
}
