//! Whose resources a request is about.

use kumoi_core::identity::PrincipalKind;
use kumoi_core::{Cx, Fault, Principal};
use kumoi_store::Scope;

use crate::errors::access_denied;

/// The principal as which S3 asks.
const S3: &str = "s3.amazonaws.com";

/// Whether S3 itself asks where an access point leads.
pub(crate) fn is_s3(cx: &Cx) -> bool {
    let Principal { kind, arn, .. } = cx.principal();
    *kind == PrincipalKind::Service && arn == S3
}

/// The account that a request names, in the region that it was sent to. These operations are of one's own account only ("Access points
/// restrictions and limitations" in the S3 User Guide).
pub(crate) fn scope(cx: &Cx, account: &str) -> Result<Scope, Fault> {
    let principal = cx.principal();
    let own = principal.kind != PrincipalKind::Anonymous && principal.account == account;
    if own || is_s3(cx) { Ok(Scope::new(account, cx.region())) } else { Err(access_denied()) }
}
