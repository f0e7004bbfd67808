//! Queries, which read, and commands, which write all or nothing.

use super::{Answer, Api, Ask, viewer};
use crate::{
    convert::{
        change::once_of,
        query::{self as convert, Asked},
    },
    store::change::Action,
};
use proto_data::tessera::warehouse::v1::*;
use tonic::Response;

pub(super) async fn execute_query(
    api: &Api,
    ask: Ask<ExecuteQueryRequest>,
) -> Answer<ExecuteQueryResponse> {
    let viewer = viewer::of(api, &ask)?;
    let ask = ask.into_inner();
    let (explain, count_total) = (ask.explain, ask.count_total);
    let size = usize::try_from(ask.page_size).ok().filter(|size| *size > 0);
    let size = size.unwrap_or(api.config.page_size.into());
    let columns: Vec<String> = ask.group_by.iter().chain(&ask.measures).cloned().collect();
    let answer = match convert::query(ask, size, api.limits())? {
        Asked::Rows(asked) => convert::rows(api.store.list_records(&viewer, asked).await?, explain),
        Asked::Figures(asked) => {
            let found = api.store.figures(&viewer, asked).await?;
            convert::figures(found, columns, count_total, explain)
        }
    };
    Ok(Response::new(answer))
}

pub(super) async fn execute_command(
    api: &Api,
    ask: Ask<ExecuteCommandRequest>,
) -> Answer<ExecuteCommandResponse> {
    let viewer = viewer::of(api, &ask)?;
    let mut ask = ask.into_inner();
    let once = once_of!("ExecuteCommand", ask);
    let changes = convert::changes(ask.commands)?;
    let deletes: Vec<bool> = changes
        .iter()
        .map(|change| matches!(change.action, Action::Delete(_)))
        .collect();
    let done = api.store.change(&viewer, once, changes).await?;
    Ok(Response::new(convert::results(done, &deletes)))
}
