//! Who pays for requests (User Guide, "Using Requester Pays buckets for storage transfers and usage"): to a bucket whose requesters pay, other accounts
//! must say with each request that they know, and nobody comes without an account.

use kumoi_core::identity::PrincipalKind;
use kumoi_core::{Cx, Reply};
use kumoi_model::Value;
use kumoi_store::Scope;

use crate::access::{self, Named};
use crate::config::{self, Kind};
use crate::errors::access_denied;
use crate::tables::{BUCKETS, Bucket};
use crate::{api, copy, inputs};

/// What requests and answers say.
const REQUESTER: &str = "requester";

/// Whether a request is charged to the caller, who must have agreed.
pub(crate) async fn check(cx: &Cx, bucket: &Bucket, named: &Named<'_>) -> Reply<bool> {
    if !charges(cx, bucket).await? && !charges_source(cx, named).await? {
        return Ok(false);
    }
    let agreed = named.text("RequestPayer") == Some(REQUESTER);
    // Not all operations have a way to say it.
    if access::account(cx).is_none() || (named.knows("RequestPayer") && !agreed) {
        return Err(access_denied().into());
    }
    Ok(agreed)
}

/// Whether the caller is to pay for requests to a bucket. Its owner pays in any case.
async fn charges(cx: &Cx, bucket: &Bucket) -> Reply<bool> {
    let free = access::is_of(cx, &bucket.account) || cx.principal().kind == PrincipalKind::Service;
    if free || !bucket.has(Kind::RequestPayment) {
        return Ok(false);
    }
    let payment = config::get::<api::RequestPaymentConfiguration>(cx, bucket).await?;
    Ok(payment.is_some_and(|payment| payment.payer == "Requester"))
}

/// The same for the bucket that a copy is made from.
async fn charges_source(cx: &Cx, named: &Named<'_>) -> Reply<bool> {
    let Some(name) = named.text("CopySource").and_then(copy::source_bucket) else { return Ok(false) };
    match cx.tx().get_shared(&Scope::world(), &BUCKETS, &name).await? {
        Some(bucket) => charges(cx, &bucket).await,
        None => Ok(false),
    }
}

/// Tells in an answer that the caller was charged.
pub(crate) fn tell(operation: &str, answer: &mut Value) {
    inputs::set(operation, false, "RequestCharged", REQUESTER, answer);
}
