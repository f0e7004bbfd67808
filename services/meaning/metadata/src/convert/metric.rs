//! Metrics.

use super::{
    message, resource,
    shared::{Wire, decimal, decimal_text, duration, span},
};
use crate::model::{
    Record,
    metric::{Benchmark, ConversionSpec, CumulativeSpec, Metric, RatioSpec, SetSpec, Threshold},
};
use error::Violations;
use proto_meaning::tessera::metadata::v1;

resource!(Metric, Metric, parse, render);

fn parse(wire: v1::Metric, found: &mut Violations) -> Metric {
    let thresholds = wire
        .thresholds
        .into_iter()
        .enumerate()
        .map(|(index, threshold)| Threshold {
            level: Wire::of_wire(threshold.level),
            comparison: Wire::of_wire(threshold.comparison),
            value: decimal(
                &format!("thresholds[{index}].value"),
                &threshold.value,
                found,
            ),
        });
    let thresholds = thresholds.collect();
    let benchmarks = wire
        .benchmarks
        .into_iter()
        .enumerate()
        .map(|(index, benchmark)| Benchmark {
            name: benchmark.name,
            value: decimal(
                &format!("benchmarks[{index}].value"),
                &benchmark.value,
                found,
            ),
            source: benchmark.source,
            as_of: benchmark.as_of,
        });
    let benchmarks = benchmarks.collect();
    Metric {
        metric_type: Wire::of_wire(wire.r#type),
        formula: wire.formula,
        entities: wire.entities,
        metrics: wire.metrics,
        dimensions: wire.dimensions.into_iter().map(Into::into).collect(),
        time_attribute: wire.time_attribute.map(Into::into),
        ratio: wire.ratio.map(|ratio| RatioSpec {
            numerator: ratio.numerator,
            denominator: ratio.denominator,
        }),
        cumulative: wire.cumulative.map(|cumulative| CumulativeSpec {
            metric: cumulative.metric,
            // The contract allows 0 to 10,000.
            window: u32::try_from(cumulative.window).unwrap_or(0),
            grain: Wire::of_wire(cumulative.grain),
        }),
        conversion: wire.conversion.map(|conversion| ConversionSpec {
            base: conversion.base,
            conversion: conversion.conversion,
            subject: conversion.subject.unwrap_or_default().into(),
            within: span("conversion.within", conversion.within, found),
        }),
        set: wire.set.map(|set| SetSpec {
            member: set.member.unwrap_or_default().into(),
            filter: set.filter,
        }),
        unit: wire.unit,
        format: wire.format,
        additivity: Wire::of_wire(wire.additivity),
        grain: Wire::of_wire(wire.grain),
        direction: Wire::of_wire(wire.direction),
        thresholds,
        benchmarks,
        result_ttl: span("result_ttl", wire.result_ttl, found),
    }
}

fn render(record: Record, metric: Box<Metric>) -> v1::Metric {
    message!(
        Metric,
        record {
            r#type: metric.metric_type.wire(),
            formula: metric.formula,
            entities: metric.entities,
            metrics: metric.metrics,
            dimensions: metric.dimensions.into_iter().map(Into::into).collect(),
            time_attribute: metric.time_attribute.map(Into::into),
            ratio: metric.ratio.map(|ratio| v1::RatioSpec {
                numerator: ratio.numerator,
                denominator: ratio.denominator
            }),
            cumulative: metric.cumulative.map(|cumulative| v1::CumulativeSpec {
                metric: cumulative.metric,
                window: i32::try_from(cumulative.window).unwrap_or(i32::MAX),
                grain: cumulative.grain.wire(),
            }),
            conversion: metric.conversion.map(|conversion| v1::ConversionSpec {
                base: conversion.base,
                conversion: conversion.conversion,
                subject: Some(conversion.subject.into()),
                within: duration(conversion.within),
            }),
            set: metric.set.map(|set| v1::SetSpec {
                member: Some(set.member.into()),
                filter: set.filter
            }),
            unit: metric.unit,
            format: metric.format,
            additivity: metric.additivity.wire(),
            grain: metric.grain.wire(),
            direction: metric.direction.wire(),
            thresholds: metric.thresholds.into_iter().map(wire_threshold).collect(),
            benchmarks: metric.benchmarks.into_iter().map(wire_benchmark).collect(),
            result_ttl: duration(metric.result_ttl),
        }
    )
}

fn wire_threshold(threshold: Threshold) -> v1::Threshold {
    v1::Threshold {
        level: threshold.level.wire(),
        comparison: threshold.comparison.wire(),
        value: decimal_text(threshold.value),
    }
}

fn wire_benchmark(benchmark: Benchmark) -> v1::Benchmark {
    v1::Benchmark {
        name: benchmark.name,
        value: decimal_text(benchmark.value),
        source: benchmark.source,
        as_of: benchmark.as_of,
    }
}
