//! What exports and imports ask of Amazon S3, through its API, as whoever asked for them and on behalf of what was asked for.

use kumoi_core::ask::{Answer, Ask};
use kumoi_core::{Cx, Fault, Principal};

/// Calls an operation of S3. `arn` is that of the export or import.
///
/// # Errors
/// What S3 answers.
pub(crate) async fn call(
    cx: &Cx,
    (principal, arn): (&Principal, &str),
    operation: &str,
    members: impl FnOnce(Ask) -> Ask,
) -> Result<Answer, Fault> {
    members(Ask::new("s3", operation)?.on_behalf_of(arn)).call(cx, principal.clone()).await
}

/// What an export or import says of a call that failed: `FailureCode` and `FailureMessage`.
pub(crate) fn failure(fault: &Fault) -> (String, String) {
    (format!("S3{}", fault.code()), fault.message().to_owned())
}
