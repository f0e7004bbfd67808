//! Analytics use cases.

use super::{message, resource, shared::Wire};
use crate::model::{Record, analytics_use_case::AnalyticsUseCase};
use error::Violations;
use proto_meaning::tessera::metadata::v1;

resource!(AnalyticsUseCase, AnalyticsUseCase, parse, render);

fn parse(wire: v1::AnalyticsUseCase, _: &mut Violations) -> AnalyticsUseCase {
    AnalyticsUseCase {
        entities: wire.entities,
        metrics: wire.metrics,
        strategy: wire.strategy,
        actors: wire.actors,
        data_sources: wire.data_sources,
        questions: wire.questions,
        decision: wire.decision,
        priority: Wire::of_wire(wire.priority),
    }
}

fn render(record: Record, case: AnalyticsUseCase) -> v1::AnalyticsUseCase {
    message!(
        AnalyticsUseCase,
        record {
            entities: case.entities,
            metrics: case.metrics,
            strategy: case.strategy,
            actors: case.actors,
            data_sources: case.data_sources,
            questions: case.questions,
            decision: case.decision,
            priority: case.priority.wire(),
        }
    )
}
