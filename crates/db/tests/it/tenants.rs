//! Tenants kept apart by PostgreSQL itself, whatever a query forgets.

use auth::Scope;
use db::diesel::{self, prelude::*};
use value::Id;

use crate::support::*;

#[tokio::test]
async fn row_level_security_hides_other_tenants_rows() {
    let bench = Bench::postgres();
    let mine = thing(bench.tenant, "mine");
    bench
        .db
        .write(&bench.scope(), move |c| {
            insert(c, std::slice::from_ref(&mine))
        })
        .await
        .unwrap();
    let stranger = Scope::system(Id::new(), "test");
    let count = |scope| {
        let db = bench.db.clone();
        async move {
            db.read(&scope, |c| Ok(thing::table.count().get_result::<i64>(c)?))
                .await
                .unwrap()
        }
    };
    assert_eq!(count(bench.scope()).await, 1);
    assert_eq!(count(stranger.clone()).await, 0);
    assert_eq!(count(bench.everyone()).await, 1);
    let changed = bench
        .db
        .write(&stranger, |c| {
            Ok(diesel::update(thing::table)
                .set(thing::hits.eq(9))
                .execute(c)?)
        })
        .await
        .unwrap();
    assert_eq!(changed, 0);
    let tenant = bench.tenant;
    assert!(
        bench
            .db
            .write(&stranger, move |c| insert(c, &[thing(tenant, "theirs")]))
            .await
            .is_err()
    );

    // Without a tenant nothing is seen, not everything.
    let mut conn = diesel::PgConnection::establish(&bench.config.url).unwrap();
    let seen: i64 = {
        diesel::sql_query(format!("SET search_path TO {}", bench.schema()))
            .execute(&mut conn)
            .unwrap();
        thing::table.count().get_result(&mut conn).unwrap()
    };
    assert_eq!(seen, 0);
}

#[tokio::test]
async fn reads_cannot_write() {
    for bench in [Bench::sqlite(), Bench::postgres()] {
        let row = thing(bench.tenant, "a");
        assert!(
            bench
                .db
                .read(&bench.scope(), move |c| insert(c, &[row]))
                .await
                .is_err()
        );
    }
}
