//! The bucket policy (User Guide, "Policies and permissions in Amazon S3").

use kumoi_access::Attached;
use kumoi_core::{Cx, Fault, Reply};
use serde::{Deserialize, Serialize};

use crate::errors::{access_denied, refused};
use crate::{api, points};

/// The most bytes of a policy, without the white space between its parts.
const MAX_POLICY: usize = 20 << 10;

/// A policy, as it was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Policy(pub(crate) String);

pub(crate) async fn put(cx: &Cx, input: api::PutBucketPolicyInput) -> Reply<api::PutBucketPolicyOutput> {
    let bucket = super::find(cx, &input).await?;
    let arn = format!("arn:{}:s3:::{}", cx.partition(), input.bucket);
    let policy = check(&input.policy, &arn)?;
    let blocks = || points::account_block(cx, &bucket.account);
    if policy.is_public() && (bucket.blocked().public_policy || blocks().await?.public_policy) {
        return Err(access_denied().into());
    }
    super::put(cx, &input, bucket, Policy(input.policy.clone())).await
}

pub(crate) async fn get(cx: &Cx, input: api::GetBucketPolicyInput) -> Reply<api::GetBucketPolicyOutput> {
    let Policy(policy) = super::require(cx, &input).await?;
    Ok(api::GetBucketPolicyOutput { policy: Some(policy) })
}

pub(crate) async fn status(cx: &Cx, input: api::GetBucketPolicyStatusInput) -> Reply<api::GetBucketPolicyStatusOutput> {
    let Policy(policy) = super::require(cx, &input).await?;
    let public = kumoi_access::Policy::parse(&policy).is_ok_and(|policy| policy.is_public());
    Ok(api::GetBucketPolicyStatusOutput { policy_status: Some(api::PolicyStatus { is_public: Some(public) }) })
}

/// Reads a policy that is to be that of a bucket.
fn check(text: &str, bucket: &str) -> Result<kumoi_access::Policy, Fault> {
    let malformed = |message: String| refused("MalformedPolicy", 400, message);
    // White space does not count, but nobody needs ten times as much of it.
    if text.len() > 10 * MAX_POLICY || compact(text).is_some_and(|length| length > MAX_POLICY) {
        let message = "Normalized policy document exceeds the maximum allowed size of 20480 bytes.";
        return Err(malformed(message.to_owned()));
    }
    let policy = kumoi_access::Policy::parse(text).map_err(|error| malformed(error.to_string()))?;
    let attached = Attached { resource: bucket, service: "s3:", actions: &[], keys: &[] };
    policy.check_attached(&attached).map_err(|error| malformed(error.to_string()))?;
    Ok(policy)
}

/// The bytes of a JSON document without the white space between its parts.
fn compact(text: &str) -> Option<usize> {
    serde_json::from_str::<serde_json::Value>(text).ok().map(|document| document.to_string().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_of_a_limited_size() {
        let policy = |sid: usize| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{}","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b"}}]}}"#,
                "a".repeat(sid)
            )
        };
        check(&policy(100), "arn:aws:s3:::b").unwrap();
        for text in ["", "[]", "{", "{}", &policy(20_480)] {
            assert_eq!(check(text, "arn:aws:s3:::b").unwrap_err().code(), "MalformedPolicy", "{text}");
        }
        assert_eq!(check(&policy(1), "arn:aws:s3:::other").unwrap_err().message(), "Policy has invalid resource");
    }
}
