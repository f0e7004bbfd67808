//! The metric language: its functions, and whether a formula is one.

use super::{Api, errors};
use crate::{
    calls::definitions::Library,
    convert,
    model::definitions::{Draft, Unplanned},
    reasons,
};
use auth::Scope;
use db::page::Shape;
use error::Error;
use proto_numbers::tessera::calculation::v1;

impl Api {
    /// What a formula is, or everything that is wrong with it.
    pub(super) async fn check(
        &self,
        scope: &Scope,
        draft: &Draft,
    ) -> Result<v1::CheckFormulaResponse, Error> {
        let definitions = self.library.definitions(scope, None).await?;
        errors::surroundings(&definitions, draft)?;
        match Library::plan_draft(draft, &definitions) {
            Ok(planned) => Ok(convert::formulas::checked(
                &definitions,
                &planned.definition,
                &planned.plan,
            )),
            Err(Unplanned::Formula(problems)) => {
                let problems = problems.as_slice().iter();
                Ok(v1::CheckFormulaResponse {
                    problems: problems.map(convert::formulas::problem).collect(),
                    ..Default::default()
                })
            }
            Err(other) => {
                let error = errors::draft(other);
                Ok(v1::CheckFormulaResponse {
                    problems: vec![v1::FormulaProblem {
                        reason: error.reason().to_owned(),
                        description: error.message().to_owned(),
                        hint: reasons::METRIC_UNSUPPORTED.fix.to_owned(),
                        line: 1,
                        column: 1,
                        ..Default::default()
                    }],
                    ..Default::default()
                })
            }
        }
    }
}

/// A page of the functions.
pub(super) fn functions(
    ask: &v1::ListFunctionsRequest,
) -> Result<v1::ListFunctionsResponse, Error> {
    let shape = Shape::of("calculation.functions", &ask.level);
    let after: Option<String> = shape.key(&ask.page_token)?;
    let mut functions = convert::formulas::functions(ask.level());
    functions.retain(|function| after.as_ref().is_none_or(|after| function.name > *after));
    let size = match usize::try_from(ask.page_size) {
        Ok(0) | Err(_) => functions.len(),
        Ok(size) => size,
    };
    let page = db::Page::cut(functions, size, shape, |function| function.name.clone());
    Ok(v1::ListFunctionsResponse {
        functions: page.items,
        next_page_token: page.next,
    })
}
