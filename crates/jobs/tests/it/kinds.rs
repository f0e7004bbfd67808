//! Kinds of job for tests.

use crate::support::{effect, take_back};
use error::{Error, reason};
use jobs::{CheckpointType, Job, Retry, Run, Score, Stop, Undo};
use serde::{Deserialize, Serialize};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;

/// So many effects, one a step.
#[derive(Debug, Clone, Default)]
pub struct Count;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct To {
    pub steps: i64,
    /// A checkpoint with the job's own state each so many steps; 0 is none.
    #[serde(default)]
    pub each: i64,
}

impl Job for Count {
    const KIND: &'static str = "things.count";
    const TITLE: &'static str = "Counts";
    const OPEN: bool = true;
    const UNDOES: &'static [&'static str] = &["take back"];
    type Input = To;
    type State = i64;
    type Output = i64;

    async fn run(&self, run: &mut Run, input: To, done: i64) -> Result<i64, Stop> {
        let (tenant, id) = (run.tenant(), run.id());
        for number in done + 1..=input.steps {
            run.progress(number, input.steps, "counts").await?;
            run.step(format!("effect {number}"))
                .input(&number)
                .undo("take back", &number)
                .score(|_| Score::new(0.9, 0.5))
                .local(move |c| {
                    effect(c, tenant, id, number, "count")?;
                    Ok(number)
                })
                .await?;
            if input.each > 0 && number % input.each == 0 {
                run.checkpoint(CheckpointType::Step, "counted", &number)
                    .await?;
            }
        }
        Ok(input.steps)
    }

    async fn undo(&self, undo: &mut Undo) -> Result<(), Stop> {
        let (id, number) = (undo.job(), undo.input::<i64>()?);
        undo.local(move |c| take_back(c, id, number)).await
    }
}

/// Steps that can be undone, one that cannot, one whose compensation fails; then it fails, if it is told to. It notes which
/// compensations ran.
#[derive(Clone, Default)]
pub struct Mixed(pub Arc<std::sync::Mutex<Vec<i64>>>);

impl Job for Mixed {
    const KIND: &'static str = "things.mixed";
    const TITLE: &'static str = "Does all sorts";
    const UNDOES: &'static [&'static str] = &["take back", "never"];
    type Input = bool;
    type State = ();
    type Output = ();

    async fn run(&self, run: &mut Run, fails: bool, (): ()) -> Result<(), Stop> {
        let (tenant, id) = (run.tenant(), run.id());
        let put = move |number: i64| move |c: &mut db::Conn| effect(c, tenant, id, number, "mixed");
        run.step("looks").pure().local(|_| Ok(())).await?;
        run.step("can").undo("take back", &1).local(put(1)).await?;
        run.step("cannot").local(put(2)).await?;
        run.step("breaks")
            .undo("never", &3)
            .call(async |_| Ok(()))
            .await?;
        run.step("can too")
            .undo("take back", &4)
            .local(put(4))
            .await?;
        if fails {
            run.step::<()>("fails")
                .retry(Retry {
                    first: Duration::from_millis(1),
                    ..Retry::times(3)
                })
                .call(async |_| Err(Error::invalid_field("it", "IS", "wrong")))
                .await?;
        }
        Ok(())
    }

    async fn undo(&self, undo: &mut Undo) -> Result<(), Stop> {
        if undo.name() == "never" {
            let mut ran = self.0.lock().unwrap();
            if ran.last() != Some(&undo.seq()) {
                ran.push(undo.seq());
            }
            return Err(Error::new(&reason::FAILED_PRECONDITION, "it was sold").into());
        }
        let (id, number) = (undo.job(), undo.input::<i64>()?);
        undo.local(move |c| take_back(c, id, number)).await?;
        self.0.lock().unwrap().push(undo.seq());
        Ok(())
    }
}

/// Gathers many words into its state, a milestone after each step, and notes with how many each run of it begins.
#[derive(Clone, Default)]
pub struct Gather(pub Arc<std::sync::Mutex<Vec<usize>>>);

impl Job for Gather {
    const KIND: &'static str = "things.gather";
    const TITLE: &'static str = "Gathers";
    const OPEN: bool = true;
    type Input = usize;
    type State = Vec<String>;
    type Output = usize;

    async fn run(&self, run: &mut Run, most: usize, mut state: Vec<String>) -> Result<usize, Stop> {
        self.0.lock().unwrap().push(state.len());
        while state.len() < most {
            let name = format!("gathers after {}", state.len());
            let words: Vec<String> = run
                .step(name)
                .pure()
                .local(|_| Ok(vec!["a word".to_owned(); 1_000]))
                .await?;
            state.extend(words);
            run.checkpoint(CheckpointType::Milestone, "gathered", &state)
                .await?;
        }
        Ok(state.len())
    }
}

/// Fails so often, then works.
#[derive(Clone, Default)]
pub struct Flaky(pub Arc<AtomicI64>);

impl Job for Flaky {
    const KIND: &'static str = "things.flaky";
    const TITLE: &'static str = "Fails at first";
    type Input = i32;
    type State = ();
    type Output = String;

    async fn run(&self, run: &mut Run, attempts: i32, (): ()) -> Result<String, Stop> {
        let left = self.0.clone();
        let retry = Retry {
            first: Duration::from_millis(1),
            ..Retry::times(attempts)
        };
        run.step("try")
            .retry(retry)
            .call(|key| {
                let fails = left.fetch_sub(1, Ordering::Relaxed) > 0;
                async move {
                    if fails {
                        return Err(Error::new(&reason::FAILED_PRECONDITION, "not yet"));
                    }
                    Ok(key)
                }
            })
            .await
    }
}

/// Asks for another step the second time.
#[derive(Clone, Default)]
pub struct Fickle(pub Arc<AtomicI64>);

impl Job for Fickle {
    const KIND: &'static str = "things.fickle";
    const TITLE: &'static str = "Does not know what it wants";
    type Input = ();
    type State = ();
    type Output = ();

    async fn run(&self, run: &mut Run, (): (), (): ()) -> Result<(), Stop> {
        let time = self.0.fetch_add(1, Ordering::Relaxed);
        run.step(format!("time {time}")).local(|_| Ok(())).await?;
        run.sleep("rest", Duration::from_millis(10)).await
    }
}

/// Sleeps, asks for a word, has another job count, and says what came of it.
pub struct Patient;

impl Job for Patient {
    const KIND: &'static str = "things.patient";
    const TITLE: &'static str = "Waits for all sorts";
    type Input = i64;
    type State = ();
    type Output = String;

    async fn run(&self, run: &mut Run, steps: i64, (): ()) -> Result<String, Stop> {
        run.sleep("a while", Duration::from_millis(100)).await?;
        let none: Option<String> = run
            .signal("nobody", Some(Duration::from_millis(50)))
            .await?;
        let word: Option<String> = run.signal("word", None).await?;
        let counted = run.child::<Count>("count", &To { steps, each: 0 }).await?;
        Ok(format!("{none:?} {word:?} {counted}"))
    }
}

/// Whether anybody said anything.
pub struct Said;

impl Job for Said {
    const KIND: &'static str = "things.said";
    const TITLE: &'static str = "Listens";
    type Input = ();
    type State = ();
    type Output = bool;

    async fn run(&self, run: &mut Run, (): (), (): ()) -> Result<bool, Stop> {
        let said: Option<Option<String>> = run.signal("word", None).await?;
        Ok(said.is_some())
    }
}

/// Holds its worker until it is let go, and counts how many do at once.
#[derive(Clone)]
pub struct Slow {
    pub now: Arc<AtomicI64>,
    pub most: Arc<AtomicI64>,
    pub order: Arc<std::sync::Mutex<Vec<i64>>>,
    /// A permit lets one go.
    pub gate: Arc<Semaphore>,
}

impl Job for Slow {
    const KIND: &'static str = "things.slow";
    const TITLE: &'static str = "Takes its time";
    const LIMIT_PER_TENANT: i32 = 2;
    type Input = i64;
    type State = ();
    type Output = ();

    async fn run(&self, run: &mut Run, number: i64, (): ()) -> Result<(), Stop> {
        let this = self.clone();
        run.step("works")
            .call(|_| {
                let this = this.clone();
                async move {
                    this.order.lock().unwrap().push(number);
                    let now = this.now.fetch_add(1, Ordering::SeqCst) + 1;
                    this.most.fetch_max(now, Ordering::SeqCst);
                    this.gate.acquire().await.unwrap().forget();
                    this.now.fetch_sub(1, Ordering::SeqCst);
                    Ok(())
                }
            })
            .await
    }
}
