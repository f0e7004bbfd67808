//! Scenarios, steps and parameters on the wire.

use crate::model::{ontology::Ontology, parameter::Parameter, scenario::Scenario, span::Step};
use proto_numbers::tessera::simulation::v1;

/// A scenario as it is told.
pub(crate) fn render(scenario: &Scenario) -> v1::Scenario {
    let ontology = Ontology::read(scenario.ontology);
    v1::Scenario {
        code: scenario.code.to_owned(),
        name: scenario.name.to_owned(),
        description: scenario.description.to_owned(),
        ontology: scenario.ontology.to_owned(),
        entities: ontology
            .entities
            .into_iter()
            .map(|entity| entity.code)
            .collect(),
        metrics: ontology
            .metrics
            .into_iter()
            .map(|metric| metric.code)
            .collect(),
        parameters: scenario.parameters.iter().map(parameter).collect(),
        default_step: step(scenario.step) as i32,
        default_steps: scenario.steps.0,
    }
}

fn parameter(parameter: &Parameter) -> v1::Parameter {
    let (min_value, max_value) = parameter.kind.bounds();
    v1::Parameter {
        name: parameter.name.to_owned(),
        description: parameter.description.to_owned(),
        default_value: parameter.default.to_owned(),
        min_value,
        max_value,
        r#type: parameter.kind.name().to_owned(),
        allowed_values: parameter
            .kind
            .allowed()
            .iter()
            .map(|value| (*value).to_owned())
            .collect(),
    }
}

/// A step on the wire.
pub(crate) const fn step(step: Step) -> v1::Step {
    match step {
        Step::Day => v1::Step::Day,
        Step::Week => v1::Step::Week,
        Step::Month => v1::Step::Month,
    }
}

/// The step of a number; none where none is given.
pub(crate) fn of_step(number: i32) -> Option<Step> {
    match v1::Step::try_from(number) {
        Ok(v1::Step::Day) => Some(Step::Day),
        Ok(v1::Step::Week) => Some(Step::Week),
        Ok(v1::Step::Month) => Some(Step::Month),
        Ok(v1::Step::Unspecified) | Err(_) => None,
    }
}
