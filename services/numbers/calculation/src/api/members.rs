//! Members of the sets that a metric compares.

use super::{Api, errors};
use crate::{
    convert,
    model::{question::MembersQuestion, reading},
    reasons,
};
use auth::Scope;
use error::Error;
use proto_numbers::tessera::calculation::v1;

impl Api {
    /// A page of members.
    pub(super) async fn members(
        &self,
        scope: &Scope,
        question: &MembersQuestion,
    ) -> Result<v1::ListMembersResponse, Error> {
        let code = question.metric.as_str();
        let definitions = self.library.definitions(scope, Some(code)).await?;
        let planned = self.library.plan(scope.tenant(), code, &definitions);
        let (planned, _) = planned.map_err(|unplanned| errors::metric(code, unplanned))?;
        let refuse = |reason, words: &str| {
            Error::new(reason, format!("the metric `{code}` {words}")).with_metadata("metric", code)
        };
        let set = match reading::only_set(&planned.plan) {
            Ok(Some(set)) => set,
            Ok(None) => return Err(refuse(&reasons::NOT_SET_BASED, "compares no sets")),
            Err(reading::SeveralSets) => {
                return Err(refuse(
                    &reasons::SETS_DIFFER,
                    "compares several different sets",
                ));
            }
        };
        let calendar = &question.calendar;
        let cut = |problem| errors::cut(problem, 1);
        let start = calendar.bound(question.span.0).map_err(cut)?;
        let end = calendar.bound(question.span.1).map_err(cut)?;
        let bounds = calendar.cut(start, end, None, 1).map_err(cut)?;
        let selection = &question.selection;
        let (conditions, bounds) =
            reading::member_reading(&planned, set, selection, &bounds, calendar)?;
        let Ok(moments) = <[String; 2]>::try_from(bounds) else {
            return Err(Error::internal("a span has two bounds"));
        };
        let measure = &planned.plan.measures[set];
        let text = measure.text_of(question.set);
        let ask = convert::fragments::members(question, &measure.entity, text, conditions, moments);
        let page = self.calls.members(ask).await?;
        Ok(v1::ListMembersResponse {
            members: page.members,
            next_page_token: page.next_page_token,
            total_size: page.total_size,
        })
    }
}
