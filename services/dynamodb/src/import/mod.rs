//! `ImportTable`, `DescribeImport`, `ListImports`: a new table with the items of objects in a bucket.
//!
//! Follows "DynamoDB data import from Amazon S3" of the Developer Guide. The objects are read through S3's API by timers, part by part, as whoever asked
//! for the import. Until all are read the table is CREATING.
//!
//! | Module | What it is about |
//! |---|---|
//! | `create` | the operation that begins an import |
//! | `work` | its steps |
//! | `source` | parts of objects, unpacked |
//! | `records` | the items in them |

pub(crate) mod create;
mod records;
mod source;
pub(crate) mod work;

use kumoi_core::{Cx, Principal, Reply, paging};
use serde::{Deserialize, Serialize};

use crate::api::{
    DescribeImportInput, DescribeImportOutput, ImportSummary, ImportTableDescription, ListImportsInput,
    ListImportsOutput,
};
use crate::errors::{import_not_found_exception, validation};
use crate::recovery::DAY;
use crate::table::Named;
use crate::tables::{IMPORTS, Owned};
use crate::{client_token, owned};

/// What ARNs of imports have between the table's and the import's id, and the kind of timer that goes on with one.
pub(crate) const KIND: &str = "import";

/// The kind of timer that forgets an import, after 90 days.
pub(crate) const FORGET: &str = "forget-import";

const KEPT: i64 = 90 * DAY;

/// Imports on a page unless told otherwise, which is also the most.
const PAGE: usize = 25;

/// Tokens of pages are so many hexadecimal digits, or a multiple of 16 that is more.
const TOKEN: usize = 112;

/// An import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ImportRecord {
    /// What is told of it.
    description: ImportTableDescription,
    /// While it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    work: Option<Work>,
}

/// An import that is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Work {
    /// Who asked for it, and so reads the objects.
    principal: Principal,
    /// The number of the table.
    table: u64,
    /// The object that is being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<Object>,
    /// The object that was read last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done: Option<String>,
}

/// An object that is being read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Object {
    key: String,
    size: u64,
    /// Bytes that were read of it, unpacked.
    offset: u64,
    /// The names of its columns, once they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    header: Option<Vec<String>>,
}

pub(crate) async fn describe(cx: &Cx, input: DescribeImportInput) -> Reply<DescribeImportOutput> {
    let not_found = || import_not_found_exception(format!("Import not found: {}", input.import_arn));
    let (scope, key) = owned::parse_arn(cx, &input.import_arn, KIND).ok_or_else(not_found)?;
    let import = cx.tx().get(&scope, &IMPORTS, &key).await?.ok_or_else(not_found)?;
    Ok(DescribeImportOutput { import_table_description: import.description })
}

pub(crate) async fn list(cx: &Cx, input: ListImportsInput) -> Reply<ListImportsOutput> {
    let limit = input.page_size.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE);
    let table = input.table_arn.as_deref().map(|arn| Named::parse(cx, arn)).transpose()?;
    let listing = format!("imports:{}", input.table_arn.as_deref().unwrap_or_default());
    let after = input
        .next_token
        .as_deref()
        .map(|token| token_key(&listing, token).ok_or_else(|| validation("Invalid NextToken provided as input")));
    let Some(range) = owned::listed(cx, table.as_ref(), after.transpose()?) else {
        return Ok(ListImportsOutput::default());
    };
    let mut page = cx.range(&IMPORTS, range, limit.saturating_add(1)).await?;
    let more = page.len() > limit;
    page.truncate(limit);
    let next_token = page.last().filter(|_| more).map(|(key, _)| token_of(&listing, key));
    let summaries = page.into_iter().map(|(_, import)| summary(import.description)).collect();
    Ok(ListImportsOutput { import_summary_list: Some(summaries), next_token })
}

fn summary(import: ImportTableDescription) -> ImportSummary {
    ImportSummary {
        import_arn: import.import_arn,
        import_status: import.import_status,
        table_arn: import.table_arn,
        s3_bucket_source: import.s3_bucket_source,
        cloud_watch_log_group_arn: import.cloud_watch_log_group_arn,
        input_format: import.input_format,
        start_time: import.start_time,
        end_time: import.end_time,
    }
}

/// A token in the form that the model wants: hexadecimal digits, padded with zeros.
fn token_of(listing: &str, key: &Owned) -> String {
    let mut token = hex::encode(paging::token(listing, key));
    let length = token.len().max(TOKEN).next_multiple_of(16);
    token.extend(std::iter::repeat_n('0', length - token.len()));
    token
}

fn token_key(listing: &str, token: &str) -> Option<Owned> {
    let bytes = hex::decode(token).ok()?;
    paging::key(listing, std::str::from_utf8(&bytes).ok()?.trim_end_matches('\0'))
}

/// Forgets an import.
pub(crate) async fn forget(cx: &Cx, payload: &str) -> Reply<()> {
    let Some(key) = owned::key_of(payload) else { return Ok(()) };
    let Some(import) = cx.get(&IMPORTS, &key).await? else { return Ok(()) };
    client_token::forget(cx, KIND, import.description.client_token.as_ref()).await?;
    cx.delete(&IMPORTS, &key).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_hexadecimal() {
        for name in ["abc", &"n".repeat(255)] {
            let key = (name.to_owned(), "01658528578619-c4d4e311".to_owned());
            let token = token_of("imports:", &key);
            assert!(token.len() >= TOKEN && token.len() <= 1024 && token.len().is_multiple_of(16), "{}", token.len());
            assert_eq!(token_key("imports:", &token), Some(key));
        }
        assert_eq!(token_key("imports:", &"0".repeat(112)), None);
    }
}
