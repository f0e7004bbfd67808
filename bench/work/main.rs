//! Messages: our log, as another process that is reached over gRPC with a token, beside NATS JetStream, in turns, with the same
//! bodies and batches; and from the outbox of one service to the inbox of another. `make bench-work`; the lines are tables.

#![allow(missing_docs, clippy::print_stdout)]

mod jetstream;
mod load;
mod ours;
mod outbox;

use jetstream::JetStream;
use load::{Batch, Broker, Times};
use ours::Ours;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// A variable of the environment.
fn asked(name: &str) -> Option<String> {
    let mut all = config::environment();
    all.find(|(key, _)| key == name).map(|(_, text)| text)
}

fn number(name: &str, usual: u64) -> u64 {
    asked(name).map_or(usual, |text| text.trim().parse().expect("a number"))
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

fn load_average() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// What was measured of one broker, a figure of each round.
#[derive(Default)]
struct Figures {
    alone: Vec<f64>,
    together: Vec<f64>,
    stream: Vec<f64>,
    atomic: Vec<f64>,
    drain: Vec<f64>,
    times: Vec<Times>,
}

impl Figures {
    async fn round<B: Broker>(&mut self, broker: &B, time: Duration) {
        self.alone.push(load::publishers(broker, 1, time).await);
        self.together.push(load::publishers(broker, 64, time).await);
        let stream = load::batches(broker, Batch::Stream, time).await;
        self.stream.extend(stream);
        let atomic = load::batches(broker, Batch::Atomic, time).await;
        self.atomic.extend(atomic);
        self.times.push(load::latency(broker, time).await);
        self.drain.push(load::drain(broker).await);
    }
}

/// Lines of a table: ours, theirs, and how many times theirs ours is.
fn table(ours: &mut Figures, mut theirs: Option<&mut Figures>) {
    type Pick = fn(&mut Figures) -> &mut Vec<f64>;
    let rates: [(&str, Pick, Pick); 5] = [
        ("one at a time", |f| &mut f.alone, |f| &mut f.alone),
        (
            "64 at once, one each",
            |f| &mut f.together,
            |f| &mut f.together,
        ),
        (
            "500 together, all or none",
            |f| &mut f.atomic,
            |f| &mut f.atomic,
        ),
        (
            "500 together, theirs one by one without waiting",
            |f| &mut f.atomic,
            |f| &mut f.stream,
        ),
        (
            "delivered and acknowledged",
            |f| &mut f.drain,
            |f| &mut f.drain,
        ),
    ];
    println!("| messages a second | ours | JetStream | ratio |\n|---|---|---|---|");
    for (name, own, other) in rates {
        let own = median(own(ours));
        let other = theirs
            .as_mut()
            .map_or(f64::NAN, |theirs| median(other(theirs)));
        println!("| {name} | {own:.0} | {other:.0} | {:.2}× |", own / other);
    }
    println!("\n| from publishing to delivery | ours | JetStream | ratio |\n|---|---|---|---|");
    type Part = fn(&Times) -> f64;
    let parts: [(&str, Part); 4] = [
        ("acknowledged to the publisher, p50", |times| times.acked.0),
        ("acknowledged to the publisher, p99", |times| times.acked.1),
        ("delivered, p50", |times| times.delivered.0),
        ("delivered, p99", |times| times.delivered.1),
    ];
    for (name, part) in parts {
        let of =
            |figures: &Figures| median(&mut figures.times.iter().map(part).collect::<Vec<_>>());
        let own = of(ours);
        let other = theirs.as_ref().map_or(f64::NAN, |theirs| of(theirs));
        println!(
            "| {name} | {own:.2} ms | {other:.2} ms | {:.2}× |",
            own / other
        );
    }
}

async fn brokers(folder: &Path, durable: bool) {
    let (rounds, time) = (
        number("ROUNDS", 3),
        Duration::from_secs(number("SECONDS_PER_CASE", 3)),
    );
    let nats = asked("NATS");
    let (mut own, mut their) = (Figures::default(), Figures::default());
    for round in 0..rounds {
        // Fresh servers for each round: no round begins with the files of another.
        let place = folder.join(format!("{durable}-{round}"));
        let mut ours = ours::Server::start(&place.join("ours"), durable).await;
        own.round(&Ours::connect(&ours).await, time).await;
        ours.stop().await;
        if let Some(nats) = &nats {
            let mut server = jetstream::Server::start(nats, &place.join("nats"), durable).await;
            their.round(&JetStream::connect(&server).await, time).await;
            server.stop().await;
        }
        let _ = std::fs::remove_dir_all(place);
    }
    let how = if durable {
        "On disk before the acknowledgement, in both"
    } else {
        "Written, and on disk a while later: ours within a second, JetStream within two minutes"
    };
    println!(
        "\n{how}. Bodies of {} bytes; median of {rounds} rounds in turns.\n",
        load::BODY
    );
    table(&mut own, nats.is_some().then_some(&mut their));
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts");
    // Arguments are no settings, which only `config` reads: this program starts itself with them as the platform to measure.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [serve, folder, durable] = arguments.as_slice()
        && serve == "serve"
    {
        runtime.block_on(ours::serve(Path::new(folder), durable == "true"));
        return;
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("work");
    // What an earlier run left behind, if it was cut short.
    let _ = std::fs::remove_dir_all(&folder);
    println!("load average before: {}", load_average());
    runtime.block_on(async {
        brokers(&folder, true).await;
        brokers(&folder, false).await;
        outbox::measure(&folder).await;
    });
    let _ = std::fs::remove_dir_all(&folder);
    println!("\nload average after: {}", load_average());
}
