//! Results that are published: kept as they were, told to others, in the cache for a day, and seen by who sees all rows behind them.

use super::*;
use crate::tasks::{Order, PublishMetric};
use auth::{Scope, clearance};
use cache::{Caches, Key, Source};
use config::Secret;
use db::outbox;
use error::Kind;
use jobs::{By, State, Submission};
use prost::Message as _;
use std::{sync::Arc, time::Duration};
use testkit::{eventually, redis_url};
use v1::FilterOperator;
use value::{Id, Time};

/// Retention in January by region.
fn january() -> v1::CreatePublicationRequest {
    let question = v1::CalculateRequest {
        dimensions: vec!["region".to_owned()],
        ..between("retention", "2025-01-01", "2025-02-01")
    };
    publishing(question)
}

fn publishing(question: v1::CalculateRequest) -> v1::CreatePublicationRequest {
    v1::CreatePublicationRequest {
        publication: Some(v1::Publication {
            question: Some(question),
            ..Default::default()
        }),
        ..Default::default()
    }
}

async fn publish(
    client: &mut Client,
    ask: v1::CreatePublicationRequest,
) -> Result<v1::Publication, Status> {
    Ok(client.create_publication(ask).await?.into_inner())
}

async fn get(client: &mut Client, id: &str) -> Result<v1::Publication, Status> {
    let ask = v1::GetPublicationRequest { id: id.to_owned() };
    Ok(client.get_publication(ask).await?.into_inner())
}

async fn list(
    client: &mut Client,
    ask: v1::ListPublicationsRequest,
) -> v1::ListPublicationsResponse {
    client.list_publications(ask).await.unwrap().into_inner()
}

async fn history(
    client: &mut Client,
    ask: v1::ListMetricHistoryRequest,
) -> v1::ListMetricHistoryResponse {
    client.list_metric_history(ask).await.unwrap().into_inner()
}

fn past(metric: &str) -> v1::ListMetricHistoryRequest {
    v1::ListMetricHistoryRequest {
        metric: metric.to_owned(),
        ..Default::default()
    }
}

/// What waits in the outbox of what was told of publications, in order.
async fn told(rig: &Rig) -> Vec<outbox::Waiting> {
    let later = Time::from_micros(i64::MAX / 2);
    let scope = Scope::system_all("test");
    let all = rig.bench.db().claim(&scope, move |c| {
        outbox::claim_noted(c, later, Duration::from_secs(1), 1_000)
    });
    let mut all = all.await.unwrap();
    all.retain(|waiting| waiting.event.topic.starts_with("tessera.calculation."));
    all
}

fn values(publication: &v1::Publication) -> Vec<String> {
    let answer = v1::CalculateResponse {
        rows: publication.rows.clone(),
        ..Default::default()
    };
    shown(&answer)
}

testkit::both! {
    /// A result is kept with its rows and how it came about, is in the history of its metric, and is told value by value.
    /// Proves: SCN-15, SCN-16, SCN-17
    async fn a_result_is_published(rig: Rig) {
        let mut client = rig.client();
        let made = publish(&mut client, january()).await.unwrap();
        assert_eq!(values(&made), ["2025-01-01 north 0.9", "2025-01-01 south 0.9"]);
        assert_eq!((made.metric_version, made.entities.as_slice(), made.format.as_str()), (2, &["policy".to_owned()][..], "0.0%"));
        assert_eq!((made.total_size, made.value.clone().unwrap().number), (2, Some(0.9)));
        assert_eq!(made.rows[0].level, "GOOD");
        let explanation = made.explanation.clone().unwrap();
        assert_eq!((explanation.formula.as_str(), explanation.sources.len()), ("(end - new) / start", 1));
        assert!(made.actor.starts_with("user:") && made.operation.is_empty());
        // The cache has it for a day, and answers.
        let now = rig.bench.clock();
        let until = value::Clock::now(now) + Duration::from_secs(86_400);
        assert!(made.cached);
        assert_eq!(made.cache_expire_time.and_then(|time| proto::time::from_proto(&time)), Some(until));
        assert_eq!(get(&mut client, &made.id).await.unwrap(), made);
        rig.bench.clock().advance(Duration::from_secs(86_401));
        let loaded = get(&mut client, &made.id).await.unwrap();
        assert!(!loaded.cached, "a day later it is read again");
        assert_eq!(v1::Publication { cached: true, cache_expire_time: made.cache_expire_time, ..loaded }, made);

        let rows = history(&mut client, past("retention")).await.rows;
        let row = &rows[0];
        assert_eq!((rows.len(), row.publication_id.as_str(), row.create_time, row.as_of_time), (2, made.id.as_str(), made.create_time, made.as_of_time));
        assert_eq!((row.start.as_str(), row.end.as_str(), row.level.as_str()), ("2025-01-01", "2025-02-01", "GOOD"));
        assert_eq!(row.dimensions, [v1::NamedDimension { code: "region".into(), value: Some("north".into()) }]);
        assert_eq!(row.value, made.rows[0].value);

        let told = told(&rig).await;
        let first = v1::MetricCalculated::decode(told[0].event.payload.as_slice()).unwrap();
        assert_eq!((first.metric.as_str(), first.value.as_str()), ("retention", "0.9"));
        assert_eq!(first.dimensions, [("region".to_owned(), "north".to_owned())].into());
        assert_eq!((first.publication_id.as_str(), first.as_of_time), (made.id.as_str(), made.as_of_time));
        assert_eq!((told.len(), told[1].event.version, told[1].event.lane.as_str()), (2, 2, made.id.as_str()));
        assert_eq!(told[0].event.topic, "tessera.calculation.v1.MetricCalculated");
        let level = &told[0].note.headers.clone().unwrap().0[clearance::ATTRIBUTE];
        assert_eq!(level, "confidential");
    }

    /// What was published stays as it was when definitions and rows change; the same request publishes once.
    async fn what_was_published_stays(rig: Rig) {
        let mut client = rig.client();
        let ask = v1::CreatePublicationRequest { request_id: "january".into(), ..january() };
        let first = publish(&mut client, ask.clone()).await.unwrap();
        assert_eq!(publish(&mut client, ask.clone()).await.unwrap().id, first.id);
        let other = v1::CreatePublicationRequest { request_id: ask.request_id, ..publishing(ever("claim_count")) };
        assert_eq!(refused(publish(&mut client, other).await).reason(), "REQUEST_ID_REUSED");
        let known = rig.insurer.state().metrics["retention"].clone();
        rig.insurer.put(proto_meaning::tessera::metadata::v1::Metric { formula: "end / start".into(), ..known });
        let second = publish(&mut client, january()).await.unwrap();
        assert_eq!((second.metric_version, values(&second)[0].as_str()), (3, "2025-01-01 north 0.95"));
        assert_eq!(values(&get(&mut client, &first.id).await.unwrap()), values(&first));

        // The latest first, in pages.
        let all = list(&mut client, v1::ListPublicationsRequest { page_size: 1, ..Default::default() }).await;
        assert_eq!((all.publications[0].id.as_str(), all.publications[0].value.clone().unwrap().text), (second.id.as_str(), Some("0.95".into())));
        assert!(all.publications[0].rows.is_empty() && all.publications[0].explanation.is_none());
        let rest = v1::ListPublicationsRequest { page_size: 1, page_token: all.next_page_token, ..Default::default() };
        let rest = list(&mut client, rest).await;
        assert_eq!((rest.publications[0].id.as_str(), rest.next_page_token.as_str()), (first.id.as_str(), ""));
        for (metric, count) in [("retention", 2), ("claim_count", 0)] {
            let of = v1::ListPublicationsRequest { metric: metric.into(), ..Default::default() };
            assert_eq!(list(&mut client, of).await.publications.len(), count);
        }
        let later = v1::ListPublicationsRequest { create_time_to: first.create_time, ..Default::default() };
        assert_eq!(list(&mut client, later).await.publications.len(), 0);
        let page = history(&mut client, v1::ListMetricHistoryRequest { page_size: 3, ..past("retention") }).await;
        let ids: Vec<_> = page.rows.iter().map(|row| row.publication_id.as_str()).collect();
        assert_eq!(ids, [&second.id, &second.id, &first.id]);
        let rest = v1::ListMetricHistoryRequest { page_size: 3, page_token: page.next_page_token, ..past("retention") };
        let rest = history(&mut client, rest).await.rows;
        assert_eq!((rest.len(), rest[0].dimensions[0].value.as_deref()), (1, Some("south")));
        for (narrowed, count) in [
            (v1::ListMetricHistoryRequest { publication_id: first.id.clone(), ..past("retention") }, 2),
            (v1::ListMetricHistoryRequest { start: "2025-01-01".into(), ..past("retention") }, 4),
            (v1::ListMetricHistoryRequest { start: "2025-02-01".into(), ..past("retention") }, 0),
            (v1::ListMetricHistoryRequest { create_time_from: first.create_time, ..past("retention") }, 4),
        ] {
            assert_eq!(history(&mut client, narrowed.clone()).await.rows.len(), count, "{narrowed:?}");
        }
    }

    /// Who sees only some of the rows neither publishes nor sees what is of all of them; another tenant sees nothing.
    async fn a_publication_is_of_all_rows(rig: Rig) {
        let made = publish(&mut rig.client(), january()).await.unwrap();
        let claims = publish(&mut rig.client(), publishing(ever("claim_count"))).await.unwrap();
        let rights = ["calculation.publications.read", "calculation.publications.write", "calculation.metrics.read"];
        let north = rig.bench.with_row_filters(&rights, &[("policy", "region = 'north'")]);
        let mut north = Client::new(north);
        let before = rig.insurer.calls();
        let error = refused(publish(&mut north, january()).await);
        assert_eq!((error.reason(), error.metadata()["entity"].as_str()), ("ROWS_HIDDEN", "policy"));
        assert_eq!(rig.insurer.calls(), before, "nothing was run");
        for mut client in [north.clone(), Client::new(rig.bench.stranger())] {
            assert_eq!(refused(get(&mut client, &made.id).await).kind(), Kind::NotFound);
            let ask = v1::DeletePublicationRequest { id: made.id.clone() };
            assert_eq!(refused(client.delete_publication(ask).await).kind(), Kind::NotFound);
            assert_eq!(history(&mut client, past("retention")).await.rows.len(), 0);
        }
        // Of claims they see all.
        let seen = list(&mut north, v1::ListPublicationsRequest::default()).await.publications;
        assert_eq!(seen.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [claims.id.as_str()]);
        assert!(get(&mut north, &claims.id).await.unwrap().cached);
        let reader = rig.bench.with_permissions(&["calculation.publications.read"]);
        assert_eq!(refused(publish(&mut Client::new(reader), january()).await).kind(), Kind::PermissionDenied);
    }

    /// A publication that is taken back is gone, and those who were told are told of that.
    async fn a_publication_is_taken_back(rig: Rig) {
        let mut client = rig.client();
        let made = publish(&mut client, january()).await.unwrap();
        let ask = v1::DeletePublicationRequest { id: made.id.clone() };
        client.delete_publication(ask.clone()).await.unwrap();
        assert_eq!(refused(get(&mut client, &made.id).await).kind(), Kind::NotFound);
        assert_eq!(refused(client.delete_publication(ask).await).kind(), Kind::NotFound);
        assert_eq!(history(&mut client, past("retention")).await.rows.len(), 0);
        let told = told(&rig).await;
        let last = told.last().unwrap();
        let gone = v1::PublicationDeleted::decode(last.event.payload.as_slice()).unwrap();
        assert_eq!((gone.id.as_str(), gone.metric.as_str(), last.event.version), (made.id.as_str(), "retention", 3));
        assert_eq!(last.event.topic, "tessera.calculation.v1.PublicationDeleted");
    }

    /// What cannot be published is refused with the field, before anything is run.
    async fn what_is_not_published_is_refused(rig: Rig) {
        let mut client = rig.client();
        let before = rig.insurer.calls();
        let question = || between("retention", "2025-01-01", "2025-02-01");
        for (question, field, reason) in [
            (v1::CalculateRequest::default(), "metric", "REQUIRED"),
            (v1::CalculateRequest { explain: true, ..question() }, "explain", "NOT_PUBLISHED"),
            (v1::CalculateRequest { page_size: 5, ..question() }, "page_size", "NOT_PUBLISHED"),
            (v1::CalculateRequest { order: v1::ResultOrder::Period.into(), ..question() }, "order", "NOT_PUBLISHED"),
            (v1::CalculateRequest { draft: draft("count(policy)").draft, ..question() }, "draft", "NOT_PUBLISHED"),
        ] {
            let error = refused(publish(&mut client, publishing(question)).await);
            let at = format!("publication.question.{field}");
            assert_eq!(violations(&error)[0], (at.as_str(), reason), "{error:?}");
        }
        let mut latest = publishing(question());
        latest.publication.as_mut().unwrap().last_periods = 2;
        let error = refused(publish(&mut client, latest).await);
        assert_eq!(violations(&error), [("publication.question.start", "BOTH_GIVEN"), ("publication.question.grain", "REQUIRED")]);
        let single = v1::CalculateRequest { dimensions: vec!["policy_id".into()], ..question() };
        assert_eq!(refused(publish(&mut client, publishing(single)).await).reason(), "ROWS_NOT_ALLOWED");
        assert_eq!(refused(publish(&mut client, publishing(ever("nothing"))).await).kind(), Kind::NotFound);
        assert_eq!(rig.insurer.calls(), before, "nothing was run");
        let lost = v1::ListPublicationsRequest { page_token: "lost".into(), ..Default::default() };
        assert_eq!(refused(client.list_publications(lost).await).reason(), "INVALID_PAGE_TOKEN");
    }

    /// The latest full periods are found by the clock, in the question's time zone.
    async fn the_latest_periods_are_published(rig: Rig) {
        let mut ask = publishing(v1::CalculateRequest { grain: v1::Grain::Month.into(), filters: vec![filter("region", FilterOperator::Equal, &["north"])], ..ever("claim_count") });
        ask.publication.as_mut().unwrap().last_periods = 3;
        let made = publish(&mut rig.client(), ask).await.unwrap();
        let question = made.question.unwrap();
        assert_eq!((made.rows.len(), &made.rows[0].start, &made.rows[2].end), (3, &question.start, &question.end));
        let now = value::Clock::now(rig.bench.clock()).to_string();
        assert_eq!((&question.end[..7], &question.end[7..]), (&now[..7], "-01"));
    }

    /// An operation publishes, says who began it, and is rolled back by taking the publication back.
    async fn an_operation_publishes(rig: Rig) {
        let scope = rig.bench.scope();
        let order = serde_json::json!({ "metric": "retention", "start": "2025-01-01", "end": "2025-02-01", "dimensions": ["region"] });
        let order: Order = serde_json::from_value(order).unwrap();
        let jobs = rig.bench.jobs();
        let job = jobs.submit::<PublishMetric>(&scope, Submission::new(order)).await.unwrap();
        let done = eventually("it publishes", async || {
            let record = jobs.get(&scope, job.id).await.unwrap();
            record.state.has_ended().then_some(record)
        }).await;
        assert_eq!(done.state, State::Succeeded, "{:?}", done.error());
        let output = done.output.unwrap().0;
        assert_eq!(output["rows"], 2);
        assert_eq!(output.as_object().unwrap().len(), 2, "no value is told to who may only see operations: {output}");
        let mut client = rig.client();
        let id = output["publication"].as_str().unwrap().to_owned();
        let made = get(&mut client, &id).await.unwrap();
        assert_eq!((made.operation, made.actor, made.cached), (job.id.to_string(), "system:test".to_owned(), true));
        assert_eq!(told(&rig).await.len(), 2);

        let by = By::of(&scope, "it was wrong");
        jobs.roll_back(&scope, (job.id, String::new()), None, by).await.unwrap();
        eventually("it is taken back", async || {
            let record = jobs.get(&scope, job.id).await.unwrap();
            (record.state == State::RolledBack).then_some(())
        }).await;
        assert_eq!(refused(get(&mut client, &id).await).kind(), Kind::NotFound);

        // What cannot be read is refused at once; what cannot be asked fails with the field.
        let wrong = serde_json::from_value::<Order>(serde_json::json!({ "metric": "retention", "grian": "day" }));
        assert!(wrong.unwrap_err().to_string().contains("grian"));
        let order: Order = serde_json::from_value(serde_json::json!({ "metric": "retention", "last_periods": 1, "grain": "decade" })).unwrap();
        let job = jobs.submit::<PublishMetric>(&scope, Submission::new(order)).await.unwrap();
        let failed = eventually("it fails", async || {
            let record = jobs.get(&scope, job.id).await.unwrap();
            (record.state == State::Failed).then_some(record)
        }).await;
        assert!(failed.error().unwrap().message.contains("decade"), "{:?}", failed.error());
    }
}

/// More rows than a publication may have are refused, not cut.
#[test]
fn a_publication_is_whole() {
    testkit::run(async {
        let config = crate::Config {
            publications: crate::Publications {
                rows: 1,
                ..Default::default()
            },
            ..Default::default()
        };
        let rig = Rig::with(Backend::sqlite(), config).await;
        let error = refused(publish(&mut rig.client(), january()).await);
        assert_eq!(
            (error.reason(), error.metadata()["limit"].as_str()),
            ("TOO_MANY_ROWS", "1")
        );
    });
}

/// Where processes share a Redis, a publication is there for a day, for all of them.
/// Proves: SCN-16
#[test]
fn redis_has_a_publication_for_a_day() {
    testkit::run(async {
        let caches = cache::CacheConfig {
            prefix: format!("test-{}", Id::new()),
            ..cache::CacheConfig::default()
        };
        let caches = cache::CacheConfig {
            redis: redis_pool::RedisConfig {
                url: Secret::new(redis_url()),
                ..caches.redis.clone()
            },
            ..caches
        };
        let rig = Rig::caching(Backend::sqlite(), crate::Config::default(), caches.clone()).await;
        let made = publish(&mut rig.client(), january()).await.unwrap();
        // Another process, which has nothing in its memory.
        let other = Caches::open(&caches, Arc::new(value::SystemClock)).unwrap();
        let other = other
            .shared::<crate::model::publication::Published>("calculation.publications")
            .build();
        let held = other
            .describe(&Key::new(rig.bench.tenant(), made.id.clone()))
            .await
            .unwrap();
        assert_eq!(held.source, Source::Redis);
        let day = Duration::from_secs(86_400);
        assert!(
            held.left <= day && held.left > day - Duration::from_secs(120),
            "{held:?}"
        );
    });
}
