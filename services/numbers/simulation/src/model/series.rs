//! A series of numbers: level × trend × seasons × events × noise, every part told beside the value.

use super::{dice::Cup, span::Step};

/// How a series comes about.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    /// Seed of the noise.
    pub(crate) seed: u64,
    /// First day.
    pub(crate) start: i32,
    /// How many points.
    pub(crate) points: u32,
    /// Time between points.
    pub(crate) step: Step,
    /// Level at the first point.
    pub(crate) base: f64,
    /// Growth from one point to the next.
    pub(crate) trend: Trend,
    /// What comes back.
    pub(crate) seasons: Vec<Season>,
    /// Standard deviation of the noise, as a share of the level.
    pub(crate) noise: f64,
    /// What happens once.
    pub(crate) events: Vec<Event>,
}

/// Growth from one point to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trend {
    /// By a share.
    Share(f64),
    /// By an amount.
    Amount(f64),
}

/// Something that comes back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Season {
    /// After so many points.
    pub(crate) period: u32,
    /// How far it goes up and down, as a share of the level.
    pub(crate) amplitude: f64,
    /// Point of the first peak.
    pub(crate) peak: f64,
}

/// Something that happens once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    /// First point.
    pub(crate) at: u32,
    /// For how many points; 0 is from then on.
    pub(crate) points: u32,
    /// What the level is multiplied by.
    pub(crate) factor: f64,
}

/// One point and its parts; the value is their product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// Its day.
    pub(crate) day: i32,
    /// The value.
    pub(crate) value: f64,
    /// Level with trend.
    pub(crate) trend: f64,
    /// What the seasons multiply it by.
    pub(crate) season: f64,
    /// What the events multiply it by.
    pub(crate) event: f64,
    /// What the noise multiplies it by.
    pub(crate) noise: f64,
}

/// The points of a spec. A longer series begins like a shorter one.
pub(crate) fn generate(spec: &Spec) -> impl Iterator<Item = Point> + '_ {
    let cup = Cup::new(spec.seed, "series");
    (0..spec.points).map(move |index| {
        let at = f64::from(index);
        let trend = match spec.trend {
            Trend::Share(share) => spec.base * libm::pow(1.0 + share, at),
            Trend::Amount(amount) => spec.base + amount * at,
        };
        let season = spec.seasons.iter().map(|season| season.at(index)).product();
        let active = spec.events.iter().filter(|event| event.covers(index));
        let event = active.map(|event| event.factor).product();
        let noise = match spec.noise {
            0.0 => 1.0,
            deviation => 1.0 + deviation * cup.dice(index.into()).normal(),
        };
        let count = i32::try_from(index).unwrap_or(i32::MAX);
        Point {
            day: spec.step.after(spec.start, count),
            value: trend * season * event * noise,
            trend,
            season,
            event,
            noise,
        }
    })
}

impl Season {
    /// The multiplier at a point. The point is taken within the period first, so that a season comes back to the last bit.
    fn at(&self, index: u32) -> f64 {
        let place = f64::from(index % self.period) - self.peak;
        let turn = std::f64::consts::TAU * place / f64::from(self.period);
        1.0 + self.amplitude * libm::cos(turn)
    }
}

impl Event {
    fn covers(&self, index: u32) -> bool {
        index >= self.at && (self.points == 0 || index - self.at < self.points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spec(points: u32) -> Spec {
        Spec {
            seed: 1,
            start: 20_000,
            points,
            step: Step::Day,
            base: 100.0,
            trend: Trend::Share(0.0),
            seasons: Vec::new(),
            noise: 0.0,
            events: Vec::new(),
        }
    }

    /// Slope of the least squares line through the values at 0, 1, 2 …
    fn slope(values: &[f64]) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand points")]
        let places: Vec<f64> = (0..values.len()).map(|n| n as f64).collect();
        let count = places.iter().map(|_| 1.0).sum::<f64>();
        let mean = |of: &[f64]| of.iter().sum::<f64>() / count;
        let (x, y) = (mean(&places), mean(values));
        let both: f64 = places
            .iter()
            .zip(values)
            .map(|(a, b)| (a - x) * (b - y))
            .sum();
        both / places.iter().map(|a| (a - x) * (a - x)).sum::<f64>()
    }

    /// Proves: SIM-03
    #[test]
    fn events_multiply_the_level_for_as_long_as_they_last() {
        let events = vec![
            Event {
                at: 10,
                points: 5,
                factor: 3.0,
            },
            Event {
                at: 12,
                points: 0,
                factor: 0.5,
            },
        ];
        let points: Vec<Point> = generate(&Spec { events, ..spec(20) }).collect();
        let of = |at: usize| points[at].event;
        assert_eq!(
            [of(9), of(10), of(12), of(15), of(19)],
            [1.0, 3.0, 1.5, 0.5, 0.5]
        );
        assert_eq!(points[12].value, 150.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_same_spec_gives_the_same_series(seed: u64, noise in 0.0..1.0_f64, points in 1..200_u32) {
            let one = Spec { seed, noise, ..spec(points) };
            let (a, b): (Vec<_>, Vec<_>) = (generate(&one).collect(), generate(&one.clone()).collect());
            prop_assert_eq!(&a, &b);
            let longer = Spec { points: points + 7, ..one };
            let longer: Vec<_> = generate(&longer).take(a.len()).collect();
            prop_assert_eq!(a, longer);
        }

        /// Proves: SIM-03
        #[test]
        fn the_trend_is_found_again_by_regression(seed: u64, growth in -0.01..0.02_f64, noise in 0.0..0.05_f64, amplitude in 0.0..0.4_f64) {
            let season = Season { period: 7, amplitude, peak: 2.0 };
            // Whole periods, so that the season tilts nothing.
            let one = Spec { seed, noise, trend: Trend::Share(growth), seasons: vec![season], ..spec(700) };
            let logs: Vec<f64> = generate(&one).map(|p| (p.value / p.season).ln()).collect();
            prop_assert!((slope(&logs) - growth.ln_1p()).abs() < 0.000_1 + noise / 400.0);
            let one = Spec { trend: Trend::Amount(growth * 100.0), noise: 0.0, ..one };
            let values: Vec<f64> = generate(&one).map(|p| p.value / p.season).collect();
            prop_assert!((slope(&values) - growth * 100.0).abs() < 1e-6);
        }

        /// Proves: SIM-03
        #[test]
        fn the_season_comes_back(period in 2..60_u32, amplitude in 0.0..1.0_f64, peak in 0..60_u32) {
            let season = Season { period, amplitude, peak: f64::from(peak % period) };
            let points: Vec<_> = generate(&Spec { seasons: vec![season], ..spec(period * 3) }).collect();
            let length = usize::try_from(period).unwrap();
            for (early, late) in points.iter().zip(&points[length..]) {
                prop_assert_eq!(early.value.to_bits(), late.value.to_bits());
            }
            let top = points.iter().map(|p| p.season).fold(0.0, f64::max);
            let at_peak = points[usize::try_from(peak % period).unwrap()].season;
            prop_assert!((at_peak - (1.0 + amplitude)).abs() < 1e-12 && top <= at_peak + 1e-12);
        }

        #[test]
        fn the_noise_has_the_deviation_asked_for(seed: u64, noise in 0.01..0.5_f64) {
            let values: Vec<f64> = generate(&Spec { seed, noise, ..spec(5_000) }).map(|p| p.value / p.trend - 1.0).collect();
            let mean = values.iter().sum::<f64>() / 5_000.0;
            let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4_999.0).sqrt();
            prop_assert!(mean.abs() < noise * 0.08, "{}", mean);
            prop_assert!((deviation / noise - 1.0).abs() < 0.06, "{}", deviation / noise);
        }
    }
}
