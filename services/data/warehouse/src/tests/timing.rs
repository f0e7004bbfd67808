//! temporary
use super::{house::*, rows::*};
use proto_data::tessera::warehouse::v1::{WriteMode::*, *};
use testkit::both;
use std::time::Instant;
both! {
    async fn timing(house: House) {
        with_policies(&house).await;
        let mut client = Client::new(house.bench.process_for_admin());
        for (mode, name) in [(Insert, "insert"), (Skip, "skip"), (Upsert, "upsert-same"), (Upsert, "upsert-changed")] {
            let n = 100_000i64;
            let add = if name == "upsert-changed" { 1 } else { 0 };
            let ask = LoadRecordsRequest {
                entity: "policy".into(),
                columns: vec![
                    ColumnValues { attribute: "policy_id".into(), texts: (0..n).map(|n| format!("p{n}")).collect(), ..Default::default() },
                    ColumnValues { attribute: "day".into(), integers: (0..n).map(|n| 20454 + n % 300).collect(), ..Default::default() },
                    ColumnValues { attribute: "status".into(), texts: (0..n).map(|_| "Active".into()).collect(), ..Default::default() },
                    ColumnValues { attribute: "region".into(), texts: (0..n).map(|n| format!("r{}", n % 20)).collect(), ..Default::default() },
                    ColumnValues { attribute: "premium".into(), integers: (0..n).map(|n| n + add).collect(), ..Default::default() },
                ],
                mode: mode as i32, request_id: name.into(), source: "x".into(), ..Default::default()
            };
            let t = Instant::now();
            let a = client.load_records(ask).await.unwrap().into_inner();
            eprintln!("TIMING {} {name} {:?} {:?}", house.is_postgres(), t.elapsed(), counts(&a));
        }
        let mut admin = house.admin();
        let t = Instant::now();
        let rows = (0..10_000).map(|n| a_policy(&format!("q{n}"), "2026-05-05", "x", serde_json::json!(n))).collect();
        let ask = write("policy", Insert, rows);
        eprintln!("TIMING build {:?}", t.elapsed());
        let t = Instant::now();
        admin.write_records(ask).await.unwrap();
        eprintln!("TIMING {} write 10k {:?}", house.is_postgres(), t.elapsed());
        let t = Instant::now();
        let f = Fragment { entity: "policy".into(), measures: vec!["sum(premium)".into(), "count(*)".into()], dimensions: vec!["region".into()], bounds: (1..12).map(|m| format!("2026-{m:02}-01")).collect(), ..Default::default() };
        client.execute_fragments(ExecuteFragmentsRequest { fragments: vec![f], ..Default::default() }).await.unwrap();
        eprintln!("TIMING {} fragment {:?}", house.is_postgres(), t.elapsed());
        let t = Instant::now();
        list(&mut admin, "policy", "premium > 500", "region, premium desc").await.unwrap();
        eprintln!("TIMING {} list 1000 sorted {:?}", house.is_postgres(), t.elapsed());
    }
}
