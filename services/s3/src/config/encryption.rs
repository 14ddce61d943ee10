//! Default encryption (User Guide, "Setting default server-side encryption behavior for Amazon S3 buckets").

use kumoi_core::{Cx, Fault, Reply};

use crate::api;
use crate::errors::{invalid_argument, malformed_xml};

/// What a bucket encrypts with when nobody says otherwise.
const DEFAULT: &str = "AES256";

pub(crate) async fn put(cx: &Cx, input: api::PutBucketEncryptionInput) -> Reply<api::PutBucketEncryptionOutput> {
    let bucket = super::find(cx, &input).await?;
    let mut encryption = input.server_side_encryption_configuration.clone();
    check(&encryption)?;
    for rule in &mut encryption.rules {
        rule.bucket_key_enabled.get_or_insert(false);
    }
    super::put(cx, &input, bucket, encryption).await
}

pub(crate) async fn get(cx: &Cx, input: api::GetBucketEncryptionInput) -> Reply<api::GetBucketEncryptionOutput> {
    let encryption = super::look(cx, &input).await?.unwrap_or_else(|| {
        let algorithm =
            api::ServerSideEncryptionByDefault { sse_algorithm: DEFAULT.to_owned(), kms_master_key_id: None };
        let rule = api::ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(algorithm),
            bucket_key_enabled: Some(false),
            blocked_encryption_types: None,
        };
        api::ServerSideEncryptionConfiguration { rules: vec![rule] }
    });
    Ok(api::GetBucketEncryptionOutput { server_side_encryption_configuration: Some(encryption) })
}

fn check(encryption: &api::ServerSideEncryptionConfiguration) -> Result<(), Fault> {
    let [rule] = encryption.rules.as_slice() else { return Err(malformed_xml()) };
    let Some(algorithm) = &rule.apply_server_side_encryption_by_default else { return Ok(()) };
    match algorithm.sse_algorithm.as_str() {
        "aws:kms" | "aws:kms:dsse" => Ok(()),
        "AES256" if algorithm.kms_master_key_id.is_none() => Ok(()),
        "AES256" => Err(invalid_argument(
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
        )),
        // What other services write with is not for a bucket to have as its default.
        _ => Err(malformed_xml()),
    }
}
