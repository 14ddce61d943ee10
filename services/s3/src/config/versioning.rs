//! Versioning (User Guide, "Retaining multiple versions of objects with S3 Versioning").

use kumoi_core::{Cx, Fault, Reply};

use super::Kind;
use crate::api;
use crate::errors::{invalid_bucket_state, refused};
use crate::tables::Versioning;

pub(crate) async fn put(cx: &Cx, input: api::PutBucketVersioningInput) -> Reply<api::PutBucketVersioningOutput> {
    let mut bucket = super::find(cx, &input).await?;
    let wanted = &input.versioning_configuration;
    if wanted.mfa_delete.as_deref() == Some("Enabled") {
        // It takes the device of the account's root user, and no account here has one.
        return Err(no_device(input.mfa.is_some()).into());
    }
    let state = match wanted.status.as_deref() {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        _ => return Err(no_status().into()),
    };
    if state == Versioning::Suspended {
        let holds = [(bucket.lock, "An Object Lock"), (bucket.has(Kind::Replication), "A replication")];
        if let Some((_, what)) = holds.into_iter().find(|(holds, _)| *holds) {
            let message =
                format!("{what} configuration is present on this bucket, so the versioning state cannot be changed.");
            return Err(invalid_bucket_state(message).into());
        }
    }
    if bucket.versioning != state {
        bucket.versioning = state;
        super::keep(cx, &input, &bucket).await?;
    }
    Ok(api::PutBucketVersioningOutput {})
}

pub(crate) async fn get(cx: &Cx, input: api::GetBucketVersioningInput) -> Reply<api::GetBucketVersioningOutput> {
    let status = match super::find(cx, &input).await?.versioning {
        Versioning::Off => None,
        Versioning::Enabled => Some("Enabled".to_owned()),
        Versioning::Suspended => Some("Suspended".to_owned()),
    };
    Ok(api::GetBucketVersioningOutput { status, mfa_delete: None })
}

fn no_status() -> Fault {
    refused("IllegalVersioningConfigurationException", 400, "The Versioning element must be specified")
}

fn no_device(told: bool) -> Fault {
    let message = if told { "MFA Authentication failed" } else { "Mfa Authentication must be used for this request" };
    refused("AccessDenied", 403, message)
}
