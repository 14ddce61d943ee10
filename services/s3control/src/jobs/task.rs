//! What jobs do with one object (S3 User Guide, "Operations supported by S3 Batch Operations"): the same as an operation that clients have.

use bytes::Bytes;
use kumoi_core::Fault;
use kumoi_model::Value;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::record::{Job, Outcome, Task};
use crate::api;
use crate::s3::{S3, bucket_of, optional, structure, text};

/// How often a task is tried that fails for no fault of its own.
const ATTEMPTS: usize = 3;

/// What stays as it is in an encoded key.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A key as manifests and reports have it.
pub(crate) fn encoded(key: &str) -> String {
    utf8_percent_encode(key, ENCODED).to_string()
}

fn failed(status: u16, code: &str, message: impl Into<String>) -> Outcome {
    Outcome { succeeded: false, status, code: code.to_owned(), message: message.into() }
}

/// Runs a task.
pub(crate) async fn run(s3: &S3<'_>, id: &str, job: &Job, task: &Task) -> Outcome {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        match once(s3, id, job, task).await {
            Ok(outcome) => return outcome,
            Err(fault) => {
                let again = fault.status() >= 500 && fault.status() != 501;
                last = Some(failed(fault.status(), fault.code(), fault.message()));
                if !again {
                    break;
                }
            }
        }
    }
    last.unwrap_or_else(|| failed(500, "InternalError", ""))
}

async fn once(s3: &S3<'_>, id: &str, job: &Job, task: &Task) -> Result<Outcome, Fault> {
    let operation = &job.request.operation;
    let (bucket, key, version) = (text(&task.bucket), text(&task.key), optional(task.version.as_ref()));
    if let Some(copy) = &operation.s3_put_object_copy {
        copied(s3, copy, task).await?;
    } else if let Some(list) = &operation.s3_put_object_acl {
        let policy = list.access_control_policy.as_ref();
        let canned = policy.and_then(|policy| policy.canned_access_control_list.as_ref());
        let document = policy.and_then(|policy| policy.access_control_list.as_ref()).map(document);
        let members = [
            ("Bucket", bucket),
            ("Key", key),
            ("VersionId", version),
            ("ACL", optional(canned)),
            ("AccessControlPolicy", document),
        ];
        s3.ask("PutObjectAcl", members).await?;
    } else if let Some(tagging) = &operation.s3_put_object_tagging {
        let tags = tagging
            .tag_set
            .iter()
            .flatten()
            .map(|tag| structure("Tag", [("Key", text(&tag.key)), ("Value", text(&tag.value))]));
        let tagging = structure("Tagging", [("TagSet", Some(Value::List(tags.collect())))]);
        let members = [("Bucket", bucket), ("Key", key), ("VersionId", version), ("Tagging", Some(tagging))];
        s3.ask("PutObjectTagging", members).await?;
    } else if operation.s3_delete_object_tagging.is_some() {
        s3.ask("DeleteObjectTagging", [("Bucket", bucket), ("Key", key), ("VersionId", version)]).await?;
    } else if let Some(restore) = &operation.s3_initiate_restore_object {
        let tier = match restore.glacier_job_tier.as_deref() {
            Some("BULK") => "Bulk",
            _ => "Standard",
        };
        let parameters = structure("GlacierJobParameters", [("Tier", text(tier))]);
        let days = restore.expiration_in_days.filter(|days| *days > 0).map(|days| Value::Int(i64::from(days)));
        let request = structure("RestoreRequest", [("Days", days), ("GlacierJobParameters", Some(parameters))]);
        let members = [("Bucket", bucket), ("Key", key), ("VersionId", version), ("RestoreRequest", Some(request))];
        s3.ask("RestoreObject", members).await?;
    } else if let Some(hold) = &operation.s3_put_object_legal_hold {
        let hold = structure("ObjectLockLegalHold", [("Status", text(&hold.legal_hold.status))]);
        let members = [("Bucket", bucket), ("Key", key), ("VersionId", version), ("LegalHold", Some(hold))];
        s3.ask("PutObjectLegalHold", members).await?;
    } else if let Some(asked) = &operation.s3_put_object_retention {
        let until = asked.retention.retain_until_date.map(Value::Timestamp);
        let mode = optional(asked.retention.mode.as_ref());
        let retention = structure("ObjectLockRetention", [("Mode", mode), ("RetainUntilDate", until)]);
        let members = [
            ("Bucket", bucket),
            ("Key", key),
            ("VersionId", version),
            ("Retention", Some(retention)),
            ("BypassGovernanceRetention", asked.bypass_governance_retention.map(Value::Bool)),
        ];
        s3.ask("PutObjectRetention", members).await?;
    } else if let Some(asked) = &operation.s3_update_object_encryption {
        let kms = asked.object_encryption.as_ref().and_then(|encryption| encryption.ssekms.as_ref());
        let kms = kms.map(|kms| {
            let bucket_key = kms.bucket_key_enabled.map(Value::Bool);
            structure("SSEKMSEncryption", [("KMSKeyArn", text(&kms.kms_key_arn)), ("BucketKeyEnabled", bucket_key)])
        });
        let encryption = structure("ObjectEncryption", [("SSEKMS", kms)]);
        let members =
            [("Bucket", bucket), ("Key", key), ("VersionId", version), ("ObjectEncryption", Some(encryption))];
        s3.ask("UpdateObjectEncryption", members).await?;
    } else if let Some(invoke) = &operation.lambda_invoke {
        return invoked(s3, id, invoke, task).await;
    }
    Ok(Outcome { succeeded: true, status: 200, code: String::new(), message: "Successful".to_owned() })
}

/// Grants for the members of a request that name grantees as headers do.
fn grants(grants: Option<&Vec<api::S3Grant>>, permission: &str) -> Option<Value> {
    let named = grants.into_iter().flatten().filter(|grant| grant.permission.as_deref() == Some(permission));
    let named = named.filter_map(|grant| {
        let grantee = grant.grantee.as_ref()?;
        let kind = grantee.type_identifier.as_deref()?;
        Some(format!("{kind}=\"{}\"", grantee.identifier.as_deref().unwrap_or_default()))
    });
    let named: Vec<_> = named.collect();
    text(named.join(", ")).filter(|_| !named.is_empty())
}

/// An access control list as S3 takes it.
fn document(list: &api::S3AccessControlList) -> Value {
    let grants = list.grants.iter().flatten().map(|grant| {
        let grantee = grant.grantee.as_ref().map(|grantee| {
            let (kind, member) = match grantee.type_identifier.as_deref() {
                Some("emailAddress") => ("AmazonCustomerByEmail", "EmailAddress"),
                Some("uri") => ("Group", "URI"),
                _ => ("CanonicalUser", "ID"),
            };
            let name = optional(grantee.display_name.as_ref());
            let members =
                [("Type", text(kind)), (member, optional(grantee.identifier.as_ref())), ("DisplayName", name)];
            structure("Grantee", members)
        });
        structure("Grant", [("Grantee", grantee), ("Permission", optional(grant.permission.as_ref()))])
    });
    let owner = [("ID", optional(list.owner.id.as_ref())), ("DisplayName", optional(list.owner.display_name.as_ref()))];
    let (owner, grants) = (structure("Owner", owner), Value::List(grants.collect()));
    structure("AccessControlPolicy", [("Owner", Some(owner)), ("Grants", Some(grants))])
}

/// Tags as a header has them.
fn tags(tags: &[api::S3Tag]) -> String {
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let pairs = tags.iter().map(|tag| format!("{}={}", encode(&tag.key), encode(&tag.value)));
    pairs.collect::<Vec<_>>().join("&")
}

async fn copied(s3: &S3<'_>, copy: &api::S3CopyObjectOperation, task: &Task) -> Result<(), Fault> {
    let target = copy.target_resource.as_deref().and_then(bucket_of);
    let target = target.ok_or_else(|| crate::errors::invalid_request("The target of the copy is no bucket."))?;
    let mut source = format!("{}/{}", task.bucket, encoded(&task.key));
    if let Some(version) = &task.version {
        source = format!("{source}?versionId={version}");
    }
    let key = match &copy.target_key_prefix {
        Some(prefix) => format!("{}/{}", prefix.trim_end_matches('/'), task.key),
        None => task.key.clone(),
    };
    let metadata = copy.new_object_metadata.clone().unwrap_or_default();
    // New metadata replaces the old, unless all that is asked for is another encryption.
    let encryption_only =
        api::S3ObjectMetadata { sse_algorithm: metadata.sse_algorithm.clone(), ..api::S3ObjectMetadata::default() };
    let directive = copy.metadata_directive.clone().or((metadata != encryption_only).then(|| "REPLACE".to_owned()));
    let encryption = match (metadata.sse_algorithm.as_deref(), &copy.sse_aws_kms_key_id) {
        (Some("KMS"), _) | (None, Some(_)) => text("aws:kms"),
        (algorithm, _) => algorithm.and_then(text),
    };
    let user = metadata
        .user_metadata
        .map(|user| Value::Map(user.into_iter().map(|(name, value)| (name, Value::String(value))).collect()));
    let list = copy.access_control_grants.as_ref();
    let members = [
        ("Bucket", text(target)),
        ("Key", text(key)),
        ("CopySource", text(source)),
        ("ACL", optional(copy.canned_access_control_list.as_ref())),
        ("GrantFullControl", grants(list, "FULL_CONTROL")),
        ("GrantRead", grants(list, "READ")),
        ("GrantReadACP", grants(list, "READ_ACP")),
        ("GrantWriteACP", grants(list, "WRITE_ACP")),
        ("CopySourceIfModifiedSince", copy.modified_since_constraint.map(Value::Timestamp)),
        ("CopySourceIfUnmodifiedSince", copy.un_modified_since_constraint.map(Value::Timestamp)),
        ("MetadataDirective", optional(directive.as_ref())),
        ("CacheControl", optional(metadata.cache_control.as_ref())),
        ("ContentDisposition", optional(metadata.content_disposition.as_ref())),
        ("ContentEncoding", optional(metadata.content_encoding.as_ref())),
        ("ContentLanguage", optional(metadata.content_language.as_ref())),
        ("ContentType", optional(metadata.content_type.as_ref())),
        ("Expires", metadata.http_expires_date.map(Value::Timestamp)),
        ("Metadata", user),
        ("TaggingDirective", copy.new_object_tagging.as_ref().and_then(|_| text("REPLACE"))),
        ("Tagging", copy.new_object_tagging.as_ref().and_then(|list| text(tags(list)))),
        ("WebsiteRedirectLocation", optional(copy.redirect_location.as_ref())),
        ("StorageClass", optional(copy.storage_class.as_ref())),
        ("ServerSideEncryption", encryption),
        ("SSEKMSKeyId", optional(copy.sse_aws_kms_key_id.as_ref())),
        ("BucketKeyEnabled", copy.bucket_key_enabled.map(Value::Bool)),
        ("ChecksumAlgorithm", optional(copy.checksum_algorithm.as_ref())),
        ("ObjectLockMode", optional(copy.object_lock_mode.as_ref())),
        ("ObjectLockRetainUntilDate", copy.object_lock_retain_until_date.map(Value::Timestamp)),
        ("ObjectLockLegalHoldStatus", optional(copy.object_lock_legal_hold_status.as_ref())),
    ];
    s3.ask("CopyObject", members).await.map(|_| ())
}

/// Asks a function of Lambda (S3 User Guide, "Invoke AWS Lambda function").
async fn invoked(s3: &S3<'_>, id: &str, invoke: &api::LambdaInvokeOperation, task: &Task) -> Result<Outcome, Fault> {
    let schema = invoke.invocation_schema_version.as_deref().unwrap_or("1.0");
    let (task_id, key, version) = (s3.cx.ids().uuid(), encoded(&task.key), &task.version);
    let (job, asked) = if schema == "1.0" {
        let bucket = format!("arn:{}:s3:::{}", s3.cx.partition(), task.bucket);
        let asked = json!({ "taskId": task_id, "s3Key": key, "s3VersionId": version, "s3BucketArn": bucket });
        (json!({ "id": id }), asked)
    } else {
        let asked = json!({ "taskId": task_id, "s3Key": key, "s3VersionId": version, "s3Bucket": task.bucket });
        (json!({ "id": id, "userArguments": invoke.user_arguments }), asked)
    };
    let payload = json!({
        "invocationSchemaVersion": schema,
        "invocationId": s3.cx.ids().alphanumeric(52),
        "job": job,
        "tasks": [asked],
    });
    let members = [
        ("FunctionName", optional(invoke.function_arn.as_ref())),
        ("InvocationType", text("RequestResponse")),
        ("Payload", Some(Value::Blob(Bytes::from(payload.to_string())))),
    ];
    let answer = s3.ask_of("lambda", "Invoke", members).await?;
    let fields = answer.fields();
    let payload = fields.bytes("Payload").unwrap_or_default();
    if fields.text("FunctionError").is_some() {
        let message = format!("Lambda returned function error: {}", String::from_utf8_lossy(payload));
        return Ok(failed(200, "PermanentFailure", message));
    }
    let answer: Option<serde_json::Value> = serde_json::from_slice(payload).ok();
    let result = answer.as_ref().and_then(|answer| answer.get("results")?.get(0));
    let field = |name| result.and_then(|result| result.get(name)?.as_str()).unwrap_or_default();
    Ok(match field("resultCode") {
        "Succeeded" => {
            Outcome { succeeded: true, status: 200, code: String::new(), message: field("resultString").to_owned() }
        }
        "" => failed(200, "PermanentFailure", "Invalid JSON returned in Lambda payload"),
        code => failed(200, code, field("resultString")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_as_in_a_url() {
        assert_eq!(encoded("a b/c,é~x"), "a%20b/c%2C%C3%A9~x");
    }

    #[test]
    fn grantees_are_named_as_in_headers() {
        let grant = |kind: &str, who: &str, permission: &str| api::S3Grant {
            grantee: Some(api::S3Grantee {
                type_identifier: Some(kind.to_owned()),
                identifier: Some(who.to_owned()),
                display_name: None,
            }),
            permission: Some(permission.to_owned()),
        };
        let list = vec![grant("id", "a", "READ"), grant("uri", "b", "READ"), grant("id", "c", "READ_ACP")];
        assert_eq!(grants(Some(&list), "READ"), text("id=\"a\", uri=\"b\""));
        assert_eq!(grants(Some(&list), "WRITE_ACP"), None);
    }
}
