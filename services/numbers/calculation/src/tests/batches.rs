//! Many questions at once, and one question at the same time from many.

use super::*;
use crate::calls::flights::JOINED;
use futures::future::join_all;
use std::sync::atomic::Ordering;
use v1::calculate_batch_result::Result as Outcome;

async fn batch(rig: &Rig, requests: Vec<v1::CalculateRequest>) -> Vec<Outcome> {
    let ask = v1::CalculateBatchRequest { requests };
    let answer = rig
        .client()
        .calculate_batch(ask)
        .await
        .unwrap()
        .into_inner();
    answer
        .results
        .into_iter()
        .map(|result| result.result.unwrap())
        .collect()
}

/// Whether so many wait for the run of another, and so many runs have begun.
fn joined(many: usize, rig: &Rig, runs: usize) -> Option<()> {
    let joined = JOINED.load(Ordering::SeqCst) >= many;
    (joined && rig.insurer.calls() == runs).then_some(())
}

fn text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Response(response) => shown(response).join(", "),
        Outcome::Error(status) => format!("{}: {}", status.code, status.message),
    }
}

testkit::both! {
    /// Each question has its answer or its own error, in order; they are worked on side by side and equal ones once.
    ///
    /// Proves: CALC-02
    async fn a_batch_answers_each_question(rig: Rig) {
        let mut asks = vec![ever("claim_count"), ever("nothing"), draft("sum(claim.amont)"), between("retention", "2025-01-01", "2025-02-01")];
        asks.extend((0..16).map(|n| draft(&format!("count(claim) + {}", n % 4))));
        let results = batch(&rig, asks).await;
        assert_eq!(results.len(), 20);
        assert_eq!(text(&results[0]), "5");
        assert_eq!(text(&results[1]), "5: metric nothing not found");
        assert_eq!(text(&results[3]), "2025-01-01 0.9");
        let sums: Vec<_> = results[4..].iter().map(text).collect();
        assert_eq!(sums, ["5", "6", "7", "8"].repeat(4));
        assert_eq!(rig.insurer.calls(), 6);
        let Outcome::Error(status) = &results[2] else { panic!("an error") };
        let whole = proto::google::rpc::Status::clone(status);
        let names: Vec<_> = whole.details.iter().map(|detail| detail.type_url.rsplit('.').next().unwrap_or("")).collect();
        assert_eq!((status.code, names), (3, vec!["ErrorInfo", "BadRequest"]));
    }

    /// Questions of a batch do not wait for each other.
    async fn questions_of_a_batch_run_side_by_side(rig: Rig) {
        // The gate opens when eight runs stand before it.
        rig.insurer.gate.forget_permits(1_000);
        let asks = (0..8).map(|n| draft(&format!("count(claim) + {n}"))).collect();
        let open = async {
            testkit::eventually("eight runs at once", || async { (rig.insurer.calls() == 8).then_some(()) }).await;
            rig.insurer.gate.add_permits(8);
        };
        let (results, ()) = futures::join!(batch(&rig, asks), open);
        assert_eq!(results.iter().map(text).collect::<Vec<_>>(), ["5", "6", "7", "8", "9", "10", "11", "12"]);
    }

    /// The same question from many at once is run once; another question is not held up.
    async fn equal_questions_at_once_are_run_once(rig: Rig) {
        rig.insurer.gate.forget_permits(1_000);
        let asks = (0..5).map(|_| rig.ask(ever("claims_paid")));
        let open = async {
            testkit::eventually("five have asked", || async { joined(4, &rig, 1) }).await;
            rig.insurer.gate.add_permits(1_000);
        };
        let (answers, ()) = futures::join!(join_all(asks), open);
        for answer in answers {
            assert_eq!(shown(&answer.unwrap()), ["1500.01"]);
        }
        assert_eq!(rig.insurer.calls(), 1);
        rig.ask(ever("claims_paid")).await.unwrap();
        assert_eq!(rig.insurer.calls(), 2);
    }

    /// Whoever has written since the first one's rows were read gets an answer with what they wrote.
    async fn who_has_just_written_reads_it(rig: Rig) {
        rig.insurer.gate.forget_permits(1_000);
        let ask = v1::CalculateRequest { explain: true, ..ever("claims_paid") };
        let read = async || rig.ask(ask.clone()).await.unwrap().explanation.unwrap().sources[0].data_version;
        let late = async {
            testkit::eventually("the first reads", || async { (rig.insurer.calls() == 1).then_some(()) }).await;
            rig.insurer.state().data_version = 8;
            let open = async {
                testkit::eventually("two have joined", || async { joined(2, &rig, 1) }).await;
                rig.insurer.gate.add_permits(1_000);
            };
            futures::join!(read(), read(), open)
        };
        let (first, (second, third, ())) = futures::join!(read(), late);
        assert_eq!((first, second, third), (7, 8, 8));
        // The last one may be so late that nobody runs any more.
        assert!((2..=3).contains(&rig.insurer.calls()));
    }

    /// Who may see other rows gets other numbers, also at the same time; who may see the same rows shares the run.
    async fn row_filters_keep_questions_apart(rig: Rig) {
        let permissions = &["calculation.metrics.read"];
        let mut clients: Vec<_> = ["region = 'north'", "region = 'south'", "region = 'north'"]
            .map(|filter| Client::new(rig.bench.with_row_filters(permissions, &[("claim", filter)])))
            .into();
        clients.push(rig.client());
        rig.insurer.gate.forget_permits(1_000);
        let ask = v1::CalculateRequest { explain: true, ..ever("claims_paid") };
        let asks = clients.into_iter().map(|mut client| {
            let ask = ask.clone();
            async move { client.calculate(ask).await.unwrap().into_inner() }
        });
        let open = async {
            testkit::eventually("all have asked", || async { joined(1, &rig, 3) }).await;
            rig.insurer.gate.add_permits(1_000);
        };
        let (answers, ()) = futures::join!(join_all(asks), open);
        let found: Vec<_> = answers.iter().map(|answer| shown(answer)[0].clone()).collect();
        assert_eq!(found, ["800", "700.01", "800", "1500.01"]);
        assert_eq!(rig.insurer.calls(), 3);
        let told = answers[0].explanation.as_ref().unwrap();
        assert_eq!(told.sources[0].row_filters, ["region = 'north'"]);
    }
}
