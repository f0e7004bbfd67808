//! Expired rows are deleted in batches, and no others.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use db::idempotency::{KEEP, Request, once};
use db::{Keep, Purged, inbox};
use value::{Clock, Id, ManualClock};

use crate::support::*;

/// So many requests answered and events received at `at`.
async fn fill(bench: &Bench, count: usize, at: value::Time) {
    let (scope, tenant) = (bench.scope(), bench.tenant);
    let inner = scope.clone();
    let work = move |c: &mut db::Conn| {
        for _ in 0..count {
            let id = Id::new();
            inbox::first_time(c, "consumer", id, tenant, at)?;
            let request = Request {
                rpc: "/things/Create",
                request_id: &id.to_string(),
                body_hash: &[0; 32],
                now: at,
                keep: KEEP,
            };
            once(c, &inner, request, |_| Ok(Vec::new()))?;
        }
        Ok(())
    };
    bench.db.write(&scope, work).await.unwrap();
}

both! {
    async fn what_has_expired_is_deleted_and_nothing_else(bench) {
        let keep = Keep { received: Duration::from_secs(3 * 24 * 60 * 60), batch: 7 };
        let clock = Arc::new(ManualClock::new(now()));
        fill(bench, 30, clock.now()).await;
        clock.advance(KEEP - Duration::from_secs(1));
        fill(bench, 14, clock.now()).await;
        let sweep = || db::sweep(&bench.db, clock.now(), keep);
        assert_eq!(sweep().await.unwrap(), Purged::default());
        clock.advance(Duration::from_secs(1));
        assert_eq!(sweep().await.unwrap(), Purged { idempotency: 30, inbox: 0 });

        // As a task: a turn at once, another a day later, and then the shutdown.
        let turns = Mutex::new(VecDeque::from([Some(0), Some(3), None]));
        let next = || {
            let turn = turns.lock().unwrap().pop_front().unwrap();
            if let Some(days) = turn {
                clock.advance(KEEP * days);
            }
            std::future::ready(turn.is_some())
        };
        db::housekeeping(bench.db.clone(), clock.clone(), keep, next).await;
        assert!(turns.lock().unwrap().is_empty());
        let everyone = bench.everyone();
        let left = bench.db.write(&everyone, |c| {
            Ok((inbox::purge(c, value::Time::MAX)?, db::idempotency::purge(c, value::Time::MAX)?))
        });
        assert_eq!(left.await.unwrap(), (0, 0));
    }
}
