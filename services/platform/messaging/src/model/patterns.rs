//! What messages were like: how often each topic came, and which topics followed one another.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use value::Time;

/// Sequences that are told apart at most; rarer ones of more kinds are not counted.
const KINDS: usize = 50_000;

/// One message, as far as it matters here.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Its topic.
    pub(crate) topic: String,
    /// What it is ordered with; empty is nothing.
    pub(crate) key: String,
    /// What it belongs to.
    pub(crate) correlation: String,
    /// When it was published.
    pub(crate) time: Time,
    /// Bytes of its payload.
    pub(crate) bytes: usize,
}

/// How often a topic came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rate {
    /// The topic.
    pub(crate) topic: String,
    /// How many.
    pub(crate) count: u64,
    /// Most in one minute.
    pub(crate) busiest_minute: u64,
    /// Bytes of them.
    pub(crate) bytes: u64,
    /// Different keys.
    pub(crate) keys: u64,
}

/// Topics that followed one another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sequence {
    /// The topics, in order.
    pub(crate) topics: Vec<String>,
    /// How often.
    pub(crate) count: u64,
    /// The part of the cases that went so far which also went to the end.
    pub(crate) confidence: f64,
    /// From the first to the last, in the middle of all cases.
    pub(crate) median_seconds: f64,
}

#[derive(Debug, Default)]
struct Tally {
    count: u64,
    bytes: u64,
    minutes: HashMap<i64, u64>,
    keys: HashSet<String>,
}

/// Goes through messages in order.
#[derive(Debug)]
pub(crate) struct Analysis {
    max_length: usize,
    max_gap: Duration,
    topics: Vec<String>,
    numbers: HashMap<String, u32>,
    tallies: BTreeMap<u32, Tally>,
    threads: HashMap<String, VecDeque<(u32, Time)>>,
    /// Spans in seconds of each sequence.
    spans: HashMap<Vec<u32>, Vec<f64>>,
    /// Messages gone through.
    pub(crate) messages: u64,
    /// Time of the first and the last.
    pub(crate) range: Option<(Time, Time)>,
}

impl Analysis {
    /// Looks for sequences of at most so many topics, with pauses of at most so long.
    pub(crate) fn new(max_length: usize, max_gap: Duration) -> Self {
        Self {
            max_length,
            max_gap,
            topics: Vec::new(),
            numbers: HashMap::new(),
            tallies: BTreeMap::new(),
            threads: HashMap::new(),
            spans: HashMap::new(),
            messages: 0,
            range: None,
        }
    }

    /// The next message.
    pub(crate) fn add(&mut self, seen: Seen) {
        self.messages += 1;
        let first = self.range.map_or(seen.time, |(first, _)| first);
        self.range = Some((first, seen.time));
        let number = match self.numbers.get(&seen.topic) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.topics.len()).unwrap_or(u32::MAX);
                self.topics.push(seen.topic.clone());
                self.numbers.insert(seen.topic, number);
                number
            }
        };
        let tally = self.tallies.entry(number).or_default();
        tally.count += 1;
        tally.bytes += seen.bytes as u64;
        *tally
            .minutes
            .entry(seen.time.micros().div_euclid(60_000_000))
            .or_default() += 1;
        if !seen.key.is_empty() {
            tally.keys.insert(seen.key.clone());
        }
        // What has a key belongs to the thing that it is about; else to what it came from.
        let thread = match (seen.key.is_empty(), seen.correlation.is_empty()) {
            (false, _) => format!("k{}", seen.key),
            (true, false) => format!("c{}", seen.correlation),
            (true, true) => return,
        };
        let thread = self.threads.entry(thread).or_default();
        if thread
            .back()
            .is_some_and(|(_, last)| seen.time - *last > self.max_gap)
        {
            thread.clear();
        }
        thread.push_back((number, seen.time));
        if thread.len() > self.max_length {
            thread.pop_front();
        }
        for start in 0..thread.len().saturating_sub(1) {
            let sequence: Vec<u32> = thread.range(start..).map(|(number, _)| *number).collect();
            let span = (seen.time - thread[start].1).as_secs_f64();
            if self.spans.len() < KINDS || self.spans.contains_key(&sequence) {
                self.spans.entry(sequence).or_default().push(span);
            }
        }
    }

    /// The most frequent topics.
    pub(crate) fn rates(&self, most: usize) -> Vec<Rate> {
        let mut rates: Vec<Rate> = self
            .tallies
            .iter()
            .map(|(number, tally)| Rate {
                topic: self.topics[*number as usize].clone(),
                count: tally.count,
                busiest_minute: tally.minutes.values().copied().max().unwrap_or(0),
                bytes: tally.bytes,
                keys: tally.keys.len() as u64,
            })
            .collect();
        rates.sort_by(|one, two| {
            two.count
                .cmp(&one.count)
                .then_with(|| one.topic.cmp(&two.topic))
        });
        rates.truncate(most);
        rates
    }

    /// The most frequent sequences; those that came once are none.
    pub(crate) fn sequences(&self, most: usize) -> Vec<Sequence> {
        let often = |sequence: &[u32]| match sequence {
            [only] => self.tallies.get(only).map_or(0, |tally| tally.count),
            more => self.spans.get(more).map_or(0, |spans| spans.len() as u64),
        };
        let mut found: Vec<Sequence> = self
            .spans
            .iter()
            .filter(|(_, spans)| spans.len() > 1)
            .map(|(sequence, spans)| {
                let mut spans = spans.clone();
                spans.sort_by(f64::total_cmp);
                let before = often(&sequence[..sequence.len() - 1]).max(1);
                Sequence {
                    topics: sequence
                        .iter()
                        .map(|number| self.topics[*number as usize].clone())
                        .collect(),
                    count: spans.len() as u64,
                    confidence: (spans.len() as f64 / before as f64).min(1.0),
                    median_seconds: spans[spans.len() / 2],
                }
            })
            .collect();
        found.sort_by(|one, two| {
            let longer = two.topics.len().cmp(&one.topics.len());
            two.count
                .cmp(&one.count)
                .then(longer)
                .then_with(|| one.topics.cmp(&two.topics))
        });
        found.truncate(most);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(topic: &str, key: &str, second: i64) -> Seen {
        Seen {
            topic: topic.into(),
            key: key.into(),
            correlation: String::new(),
            time: Time::from_micros(second * 1_000_000),
            bytes: 10,
        }
    }

    /// Proves: EVT-09
    #[test]
    fn rates_and_frequent_sequences() {
        let mut analysis = Analysis::new(3, Duration::from_secs(100));
        for (turn, key) in ["a", "b", "c"].iter().enumerate() {
            let start = i64::try_from(turn).unwrap() * 1000;
            analysis.add(seen("opened", key, start));
            analysis.add(seen("changed", key, start + 2));
            analysis.add(seen("noise", "other", start + 3));
            if turn < 2 {
                analysis.add(seen("closed", key, start + 5));
            }
        }
        // Long after the rest it follows nothing.
        analysis.add(seen("closed", "c", 90_000));
        let rates = analysis.rates(10);
        assert_eq!(
            rates
                .iter()
                .map(|rate| (rate.topic.as_str(), rate.count))
                .collect::<Vec<_>>(),
            [("changed", 3), ("closed", 3), ("noise", 3), ("opened", 3)]
        );
        assert_eq!(
            (rates[0].keys, rates[0].busiest_minute, rates[0].bytes),
            (3, 1, 30)
        );
        let sequences = analysis.sequences(10);
        let told: Vec<_> = sequences
            .iter()
            .map(|found| (found.topics.join(" "), found.count))
            .collect();
        assert_eq!(
            told,
            [
                ("opened changed".to_owned(), 3),
                ("opened changed closed".to_owned(), 2),
                ("changed closed".to_owned(), 2),
            ]
        );
        assert!((sequences[1].confidence - 2.0 / 3.0).abs() < 1e-9);
        assert!((sequences[1].median_seconds - 5.0).abs() < 1e-9);
        assert_eq!(analysis.messages, 12);
    }
}
