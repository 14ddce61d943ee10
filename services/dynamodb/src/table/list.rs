//! `ListTables`.

use kumoi_core::{Cx, Reply};
use kumoi_store::KeyRange;

use crate::api::{ListTablesInput, ListTablesOutput};
use crate::tables::TABLES;

/// Names on a page unless told otherwise, which is also the most.
const PAGE: usize = 100;

pub(crate) async fn list(cx: &Cx, input: ListTablesInput) -> Reply<ListTablesOutput> {
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE);
    let (mut names, mut last) = (Vec::new(), input.exclusive_start_table_name);
    // Tables that are gone but not yet removed are left out.
    while names.len() <= limit {
        let range = match &last {
            Some(last) => KeyRange::all().after(&(last.as_str())),
            None => KeyRange::all(),
        };
        let wanted = limit + 1 - names.len();
        let found = cx.range(&TABLES, range, wanted).await?;
        let end = found.len() < wanted;
        for (name, table) in found {
            if !table.state.is_gone(cx.now()) {
                names.push(name.clone());
            }
            last = Some(name);
        }
        if end {
            break;
        }
    }
    let more = names.len() > limit;
    names.truncate(limit);
    let last_evaluated_table_name = names.last().filter(|_| more).cloned();
    Ok(ListTablesOutput { table_names: Some(names), last_evaluated_table_name })
}
