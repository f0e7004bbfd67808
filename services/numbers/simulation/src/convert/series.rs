//! Series on the wire.

use super::{day, scenario::of_step};
use crate::model::{
    series::{Event, Point, Season, Spec, Trend},
    span::Step,
};
use error::{Error, Violations};
use formula::calendar;
use proto_numbers::tessera::simulation::v1;

/// Reads a spec; all faults at once.
pub(crate) fn spec(spec: v1::SeriesSpec) -> Result<Spec, Error> {
    let mut found = Violations::new();
    let start = day("spec.start_date", &spec.start_date, &mut found);
    let points = u32::try_from(spec.points).unwrap_or(0);
    let mut index = |field: String, number: i32| {
        u32::try_from(number).unwrap_or_else(|_| {
            found.add(field, "GTE", "must be at least 0");
            0
        })
    };
    let events = spec.events.iter().enumerate().map(|(at, event)| Event {
        at: index(format!("spec.events[{at}].at"), event.at),
        points: index(format!("spec.events[{at}].steps"), event.steps),
        factor: event.factor,
    });
    let events = events.collect();
    found.finish()?;
    let seasons = spec.seasons.iter().map(|season| Season {
        period: u32::try_from(season.period).unwrap_or(2).max(2),
        amplitude: season.amplitude,
        peak: season.peak,
    });
    Ok(Spec {
        seed: spec.seed,
        start: start.unwrap_or(0),
        points,
        step: of_step(spec.step).unwrap_or(Step::Day),
        base: spec.base,
        trend: match spec.additive_trend {
            true => Trend::Amount(spec.trend),
            false => Trend::Share(spec.trend),
        },
        seasons: seasons.collect(),
        noise: spec.noise,
        events,
    })
}

/// The points of a series; refused where one is beyond all floats.
pub(crate) fn points(points: impl Iterator<Item = Point>) -> Result<Vec<v1::SeriesPoint>, Error> {
    points.map(point).collect()
}

fn point(point: Point) -> Result<v1::SeriesPoint, Error> {
    let date = calendar::date_text(point.day);
    if !point.value.is_finite() {
        let words = format!("the series leaves the range of numbers at {date}");
        return Err(Error::invalid_field("spec.trend", "RANGE", words));
    }
    Ok(v1::SeriesPoint {
        date,
        value: point.value,
        trend: point.trend,
        season: point.season,
        event: point.event,
        noise: point.noise,
    })
}
