//! The bucket policy (User Guide, "Policies and permissions in Amazon S3").

use kumoi_core::{Cx, Fault, Reply};
use serde::{Deserialize, Serialize};

use crate::api;
use crate::errors::refused;

/// The most bytes of a policy, without the white space between its parts.
const MAX_POLICY: usize = 20 << 10;

/// A policy, as it was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Policy(pub(crate) String);

pub(crate) async fn put(cx: &Cx, input: api::PutBucketPolicyInput) -> Reply<api::PutBucketPolicyOutput> {
    let bucket = super::find(cx, &input).await?;
    check_policy(&input.policy)?;
    super::put(cx, &input, bucket, Policy(input.policy.clone())).await
}

pub(crate) async fn get(cx: &Cx, input: api::GetBucketPolicyInput) -> Reply<api::GetBucketPolicyOutput> {
    let Policy(policy) = super::require(cx, &input).await?;
    Ok(api::GetBucketPolicyOutput { policy: Some(policy) })
}

/// Checks the form of a policy. What its statements say is not looked into.
pub(crate) fn check_policy(text: &str) -> Result<(), Fault> {
    let malformed = |message: &str| refused("MalformedPolicy", 400, message);
    let document: serde_json::Value = serde_json::from_str(text)
        .ok()
        .filter(|_| text.starts_with('{'))
        .ok_or_else(|| malformed("Policies must be valid JSON and the first byte must be '{'"))?;
    if document.to_string().len() > MAX_POLICY {
        return Err(malformed("Normalized policy document exceeds the maximum allowed size of 20480 bytes."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_objects_of_a_limited_size() {
        let statements = |count: usize| format!("{{  \"Statement\": [{}0]}}", "0, ".repeat(count));
        check_policy(&statements(10_000)).unwrap();
        for text in ["", "[]", " {}", "{", "{}x", &statements(10_300)] {
            assert_eq!(check_policy(text).unwrap_err().code(), "MalformedPolicy");
        }
    }
}
