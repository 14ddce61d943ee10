//! S3 Access Grants (S3 User Guide, "Managing access with S3 Access Grants"): who may do what in which places, told to whom asks with temporary
//! credentials.
//!
//! Grantees are users and roles of IAM; those of a directory need IAM Identity Center, which is not built. The credentials are those of the location's
//! role, with a session policy that STS is given; whether sessions keep to their policies is for IAM to enforce.
//!
//! | Module | What it is about |
//! |---|---|
//! | `record` | what is stored |
//! | `scope` | paths, and what covers what |
//! | `instance`, `locations`, `grants` | what the owner of the data sets |
//! | `access` | what a grantee asks for |

pub(crate) mod access;
#[expect(clippy::module_inception, reason = "the grants of Access Grants")]
pub(crate) mod grants;
pub(crate) mod instance;
pub(crate) mod locations;
mod record;
mod scope;

use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Fault, Reply, paging};
use kumoi_model::partitions::partition_of;
use kumoi_store::{KeyRange, Record, Scope, Table};

use self::record::{GRANTS, INSTANCES, Instance, LOCATIONS};
use crate::points::{after, page};

/// The id of every instance, and of the location of everything.
const DEFAULT: &str = "default";

/// Entries that a listing looks at, at most, for one page.
const LOOKED_AT: usize = 1000;

fn refused(code: &'static str, status: u16, message: impl Into<String>) -> Fault {
    Fault::new(code, status, true, message)
}

/// The ARN of the instance, or of what is in it: `location/ID` or `grant/ID`.
fn arn(scope: &Scope, within: &str) -> String {
    let (region, account) = (&*scope.region, &*scope.account);
    let partition = &partition_of(region).id;
    Arn { partition, service: "s3", region, account, resource: &resource(within) }.to_string()
}

/// The last part of such an ARN.
fn resource(within: &str) -> String {
    let slash = if within.is_empty() { "" } else { "/" };
    format!("access-grants/{DEFAULT}{slash}{within}")
}

async fn instance_of(cx: &Cx, scope: &Scope) -> Reply<Instance> {
    let found = cx.tx().get(scope, &INSTANCES, &()).await?;
    let missing = || refused("AccessGrantsInstanceNotExistsError", 404, "Access Grants Instance does not exist");
    Ok(found.ok_or_else(missing)?)
}

/// Whether there is something of that ARN's last part; for tags.
pub(crate) async fn is_there(cx: &Cx, scope: &Scope, resource: &str) -> Reply<bool> {
    let Some(within) = resource.strip_prefix("access-grants/default") else { return Ok(false) };
    Ok(match within.strip_prefix('/').and_then(|within| within.split_once('/')) {
        None => within.is_empty() && cx.tx().get(scope, &INSTANCES, &()).await?.is_some(),
        Some(("location", id)) => cx.tx().get(scope, &LOCATIONS, &id.to_owned()).await?.is_some(),
        Some(("grant", id)) => cx.tx().get(scope, &GRANTS, &id.to_owned()).await?.is_some(),
        Some(_) => false,
    })
}

/// A page of what a listing wants, and where the next begins.
async fn listing<R: Record>(
    cx: &Cx,
    (scope, table, list): (&Scope, &Table<String, R>, &str),
    (token, max): (Option<&str>, Option<i32>),
    wanted: impl Fn(&R) -> bool,
) -> Reply<(Vec<(String, R)>, Option<String>)> {
    let max = page(max);
    let mut range = KeyRange::all();
    if let Some(last) = after(list, token)? {
        range = range.after(&last);
    }
    let found = cx.tx().range(scope, table, range, LOOKED_AT + 1).await?;
    let more = found.len() > LOOKED_AT;
    let (mut entries, mut last, mut full) = (Vec::new(), None, false);
    for (id, record) in found.into_iter().take(LOOKED_AT) {
        let wanted = wanted(&record);
        if wanted && entries.len() == max {
            full = true;
            break;
        }
        last = Some(id.clone());
        if wanted {
            entries.push((id, record));
        }
    }
    let token = last.filter(|_| full || more).map(|last| paging::token(list, &last));
    Ok((entries, token))
}
