//! Metrics: counters, gauges and histograms of the `metrics` facade, rendered for a scrape.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

/// Seconds; from a cached answer to a long report.
const LATENCIES: [f64; 16] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 5.0, 30.0,
];

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Makes this process collect metrics. Every call answers with the same collection.
    ///
    /// # Panics
    /// If something else than this function installed a recorder of the `metrics` facade.
    pub fn install() -> Self {
        static INSTALLED: OnceLock<PrometheusHandle> = OnceLock::new();
        let handle = INSTALLED.get_or_init(|| {
            PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &LATENCIES)
                .expect("the list of buckets is not empty")
                .install_recorder()
                .expect("only this function installs a recorder")
        });
        Self(handle.clone())
    }

    /// Folds what was recorded since the last time into the histograms. Without it, or a scrape, every
    /// single value stays in memory.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }

    /// All metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_rendered() {
        let metrics = Metrics::install();
        metrics::counter!("telemetry_test_total", "kind" => "unit").increment(3);
        metrics::histogram!("telemetry_test_seconds").record(0.002);
        let text = Metrics::install().render();
        assert!(
            text.contains("telemetry_test_total{kind=\"unit\"} 3"),
            "{text}"
        );
        assert!(
            text.contains("telemetry_test_seconds_bucket{le=\"0.0025\"} 1"),
            "{text}"
        );
        drop(metrics);
    }
}
