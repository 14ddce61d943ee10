//! Default encryption (User Guide, "Setting default server-side encryption behavior for Amazon S3 buckets").

use kumoi_core::{Cx, Fault, Reply};

use crate::encryption::kms_key;
use crate::errors::{invalid_argument, malformed_xml, refused};
use crate::tables::{Bucket, Encryption};
use crate::{api, bucket};

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
    let found = super::look(cx, &input).await?;
    if found.is_none() && bucket::as_before(cx) {
        let message = "The server side encryption configuration was not found";
        return Err(refused("ServerSideEncryptionConfigurationNotFoundError", 404, message).into());
    }
    let encryption = found.unwrap_or_else(|| {
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

/// What an object is encrypted with whose writer says nothing of it.
pub(crate) async fn default(cx: &Cx, bucket: &Bucket) -> Reply<Encryption> {
    let configuration = super::get::<api::ServerSideEncryptionConfiguration>(cx, bucket).await?;
    let Some(rule) = configuration.and_then(|configuration| configuration.rules.into_iter().next()) else {
        return Ok(Encryption::S3);
    };
    let bucket_key = rule.bucket_key_enabled == Some(true);
    let by_default = rule.apply_server_side_encryption_by_default;
    match by_default.as_ref().map(|default| default.sse_algorithm.as_str()) {
        Some(algorithm @ ("aws:kms" | "aws:kms:dsse")) => {
            let named = by_default.as_ref().and_then(|default| default.kms_master_key_id.as_deref());
            let dual = algorithm == "aws:kms:dsse";
            Ok(Encryption::Kms { dual, key: kms_key(cx, named)?, bucket_key, context: None })
        }
        _ => Ok(Encryption::S3),
    }
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
