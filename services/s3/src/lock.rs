//! Object Lock (User Guide, "Locking objects with Object Lock").

use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;

use crate::errors::{invalid_argument, invalid_request, malformed_xml, no_such_lock};
use crate::tables::{Bucket, Object, Retention};
use crate::{api, bucket, versions};

/// What a request says of the lock of what it writes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) mode: Option<&'a str>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) hold: Option<&'a str>,
}

impl Asked<'_> {
    /// The retention and the legal hold that are asked for.
    pub(crate) fn read(&self, cx: &Cx, bucket: &Bucket) -> Result<(Option<Retention>, Option<bool>), Fault> {
        if self.mode.is_none() && self.until.is_none() && self.hold.is_none() {
            return Ok((None, None));
        }
        if !bucket.lock {
            return Err(missing());
        }
        let retention = match (self.mode, self.until) {
            (None, None) => None,
            (Some(mode), Some(until)) => {
                let compliance = mode_of(mode).ok_or_else(|| invalid_argument("Unknown wormMode directive."))?;
                Some(Retention { compliance, until: future(cx, until)? })
            }
            _ => {
                return Err(invalid_argument(
                    "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
                ));
            }
        };
        let hold = match self.hold {
            None => None,
            Some("ON") => Some(true),
            Some("OFF") => Some(false),
            Some(_) => return Err(invalid_argument("Legal Hold must be either of 'ON' or 'OFF'")),
        };
        Ok((retention, hold))
    }
}

fn missing() -> Fault {
    invalid_request("Bucket is missing Object Lock Configuration")
}

fn mode_of(name: &str) -> Option<bool> {
    match name {
        "COMPLIANCE" => Some(true),
        "GOVERNANCE" => Some(false),
        _ => None,
    }
}

pub(crate) fn mode_name(compliance: bool) -> String {
    if compliance { "COMPLIANCE" } else { "GOVERNANCE" }.to_owned()
}

fn future(cx: &Cx, moment: Timestamp) -> Result<i64, Fault> {
    if moment <= cx.now() {
        return Err(invalid_argument("The retain until date must be in the future!"));
    }
    Ok(moment.micros())
}

/// Refuses to delete a version that is locked. `bypass` is for who may, and wants to, ignore governance.
pub(crate) fn check_delete(cx: &Cx, object: &Object, bypass: bool) -> Result<(), Fault> {
    let held = object.attributes.hold == Some(true);
    let retained = object
        .attributes
        .retention
        .as_ref()
        .is_some_and(|retention| retention.until > cx.now().micros() && (retention.compliance || !bypass));
    if held || retained {
        return Err(access_denied_by_lock());
    }
    Ok(())
}

fn access_denied_by_lock() -> Fault {
    crate::errors::denied("Access Denied because object protected by object lock.")
}

/// The bucket, which must have object lock.
async fn locking(cx: &Cx, name: &str, owner: Option<&str>) -> Reply<Bucket> {
    let bucket = bucket::find(cx, name, owner).await?;
    if bucket.lock { Ok(bucket) } else { Err(missing().into()) }
}

pub(crate) async fn put_retention(
    cx: &Cx,
    input: api::PutObjectRetentionInput,
) -> Reply<api::PutObjectRetentionOutput> {
    let bucket = locking(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let (mut object, place) = versions::located(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    let asked = input.retention.unwrap_or_default();
    let wanted = match (asked.mode.as_deref(), asked.retain_until_date) {
        (None, None) => None,
        (Some(mode), Some(until)) => {
            Some(Retention { compliance: mode_of(mode).ok_or_else(malformed_xml)?, until: future(cx, until)? })
        }
        _ => return Err(malformed_xml().into()),
    };
    let bypass = input.bypass_governance_retention == Some(true);
    if let Some(now) = object.attributes.retention.as_ref().filter(|now| now.until > cx.now().micros()) {
        let same = |wanted: &Retention| wanted.compliance == now.compliance && wanted.until >= now.until;
        if !wanted.as_ref().is_some_and(same) && (now.compliance || !bypass) {
            return Err(access_denied_by_lock().into());
        }
    }
    object.attributes.retention = wanted;
    versions::update(cx, &bucket, &input.key, object, place).await?;
    Ok(api::PutObjectRetentionOutput::default())
}

pub(crate) async fn get_retention(
    cx: &Cx,
    input: api::GetObjectRetentionInput,
) -> Reply<api::GetObjectRetentionOutput> {
    let bucket = locking(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let object = versions::object(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    let retention = object.attributes.retention.ok_or_else(no_such_lock)?;
    Ok(api::GetObjectRetentionOutput {
        retention: Some(api::ObjectLockRetention {
            mode: Some(mode_name(retention.compliance)),
            retain_until_date: Some(Timestamp::from_micros(retention.until)),
            ..api::ObjectLockRetention::default()
        }),
    })
}

pub(crate) async fn put_hold(cx: &Cx, input: api::PutObjectLegalHoldInput) -> Reply<api::PutObjectLegalHoldOutput> {
    let bucket = locking(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let (mut object, place) = versions::located(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    let status = input.legal_hold.and_then(|hold| hold.status);
    object.attributes.hold = match status.as_deref() {
        Some("ON") => Some(true),
        Some("OFF") => Some(false),
        _ => return Err(malformed_xml().into()),
    };
    versions::update(cx, &bucket, &input.key, object, place).await?;
    Ok(api::PutObjectLegalHoldOutput::default())
}

pub(crate) async fn get_hold(cx: &Cx, input: api::GetObjectLegalHoldInput) -> Reply<api::GetObjectLegalHoldOutput> {
    let bucket = locking(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let object = versions::object(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    let hold = object.attributes.hold.ok_or_else(no_such_lock)?;
    Ok(api::GetObjectLegalHoldOutput { legal_hold: Some(api::ObjectLockLegalHold { status: Some(hold_name(hold)) }) })
}

pub(crate) fn hold_name(hold: bool) -> String {
    if hold { "ON" } else { "OFF" }.to_owned()
}
