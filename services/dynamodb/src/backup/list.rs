//! `ListBackups`.

use kumoi_core::{Cx, Reply};
use kumoi_store::KeyRange;

use crate::api::{ListBackupsInput, ListBackupsOutput};
use crate::backup::{Found, KIND, describe};
use crate::errors::validation;
use crate::owned;
use crate::table::Named;
use crate::tables::BACKUPS;

/// Backups on a page unless told otherwise, which is also the most.
const PAGE: usize = 100;

pub(crate) async fn list(cx: &Cx, input: ListBackupsInput) -> Reply<ListBackupsOutput> {
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE);
    let table = input.table_name.as_deref().map(|name| Named::parse(cx, name)).transpose()?;
    let scope = table.as_ref().map_or_else(|| cx.scope().clone(), |named| named.scope.clone());
    let all = match &table {
        Some(named) => KeyRange::prefix(&(named.name,)),
        None => KeyRange::all(),
    };
    let mut last = match input.exclusive_start_backup_arn.as_deref() {
        Some(arn) => {
            let key = owned::parse_arn(cx, arn, KIND).map(|(_, key)| key);
            Some(key.ok_or_else(|| validation(format!("Invalid ExclusiveStartBackupArn: {arn}")))?)
        }
        None => None,
    };
    let now = cx.now();
    let wanted = |found: &Found| {
        let created = found.backup.created;
        input.time_range_lower_bound.is_none_or(|bound| created >= bound.micros())
            && input.time_range_upper_bound.is_none_or(|bound| created < bound.micros())
            && input.backup_type.as_deref().is_none_or(|kind| kind == "ALL" || kind == found.backup.kind())
            && found.backup.expires.is_none_or(|expires| now.micros() < expires)
    };
    let mut page = Vec::new();
    while page.len() <= limit {
        let range = match &last {
            Some((table, id)) => all.clone().after(&(table.as_str(), id.as_str())),
            None => all.clone(),
        };
        let found = cx.tx().range(&scope, &BACKUPS, range, PAGE).await?;
        let end = found.len() < PAGE;
        for (key, backup) in found {
            last = Some(key.clone());
            let found = Found { scope: scope.clone(), key, backup };
            if wanted(&found) {
                page.push(found);
            }
        }
        if end {
            break;
        }
    }
    let more = page.len() > limit;
    page.truncate(limit);
    Ok(ListBackupsOutput {
        last_evaluated_backup_arn: page.last().filter(|_| more).map(Found::arn),
        backup_summaries: Some(page.iter().map(|found| describe::summary(found, now)).collect()),
    })
}
