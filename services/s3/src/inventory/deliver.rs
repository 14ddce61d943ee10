//! The files of a report, and its manifests (User Guide, "Locating your inventory list").

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use kumoi_core::outbox::Effect;
use kumoi_core::{Cx, Fault, Principal, Reply};
use kumoi_model::Value;
use kumoi_store::{KeyRange, Scope};
use md5::{Digest as _, Md5};
use serde_json::json;

use super::rows::Columns;
use super::{FILES, File, Report};
use crate::config::replication::bucket_of;
use crate::tables::{BUCKETS, Bucket};
use crate::{api, notify};

/// Deliveries to try, and seconds before the second.
const ATTEMPTS: u32 = 3;
const BACKOFF: u32 = 60;

/// Puts a file with rows once this transaction has committed.
pub(super) async fn file(
    cx: &Cx,
    bucket: &Bucket,
    inventory: &api::InventoryConfiguration,
    report: &Report,
    text: &str,
) -> Reply<File> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    let packed = packed.map_err(|_| Fault::internal())?;
    let key = [&place(inventory, report), "/data/", &cx.ids().uuid(), ".csv.gz"].concat();
    let file = File { key: key.clone(), size: packed.len() as u64, md5: hex::encode(Md5::digest(&packed)) };
    put(cx, bucket, inventory, report, (key, packed)).await?;
    Ok(file)
}

/// Puts the manifests of a report that is complete: that for Hive first, and last the checksum, by which others see that all is there.
pub(super) async fn manifest(
    cx: &Cx,
    bucket: &Bucket,
    inventory: &api::InventoryConfiguration,
    report: &Report,
    columns: &Columns,
) -> Reply<()> {
    let all = KeyRange::prefix(&(bucket.id, report.configuration.as_str()));
    let count = usize::try_from(report.files).unwrap_or(usize::MAX);
    let files = cx.tx().range(&Scope::world(), &FILES, all, count).await?;
    let destination = &inventory.destination.s3_bucket_destination;
    let target = bucket_of(&destination.bucket).unwrap_or_default();
    let links: Vec<_> = files.iter().map(|(_, file)| ["s3://", target, "/", &file.key].concat()).collect();
    let files =
        files.into_iter().map(|(_, File { key, size, md5 })| json!({ "key": key, "size": size, "MD5checksum": md5 }));
    let manifest = json!({
        "sourceBucket": report.bucket,
        "destinationBucket": destination.bucket,
        "version": "2016-11-30",
        "creationTimestamp": report.started.div_euclid(1000).to_string(),
        "fileFormat": destination.format,
        "fileSchema": columns.schema(),
        "files": files.collect::<Vec<_>>(),
    });
    let manifest = serde_json::to_vec_pretty(&manifest).map_err(|_| Fault::internal())?;
    let checksum = hex::encode(Md5::digest(&manifest)).into_bytes();
    let place = place(inventory, report);
    let at = |format: &str| {
        let moment = jiff::Timestamp::from_microsecond(report.started).unwrap_or_default();
        [place.as_str(), "/", &moment.strftime(format).to_string()].concat()
    };
    for (key, body) in [
        (at("hive/dt=%Y-%m-%d-%H-%M/symlink.txt"), links.join("\n").into_bytes()),
        (at("%Y-%m-%dT%H-%MZ/manifest.json"), manifest),
        (at("%Y-%m-%dT%H-%MZ/manifest.checksum"), checksum),
    ] {
        put(cx, bucket, inventory, report, (key, body)).await?;
    }
    Ok(())
}

/// Where all of a configuration's reports are.
fn place(inventory: &api::InventoryConfiguration, report: &Report) -> String {
    let prefix = inventory.destination.s3_bucket_destination.prefix.as_deref().filter(|prefix| !prefix.is_empty());
    let own = [report.bucket.as_str(), "/", &report.configuration].concat();
    prefix.map_or_else(|| own.clone(), |prefix| [prefix, "/", &own].concat())
}

async fn put(
    cx: &Cx,
    bucket: &Bucket,
    inventory: &api::InventoryConfiguration,
    report: &Report,
    (key, body): (String, Vec<u8>),
) -> Reply<()> {
    let destination = &inventory.destination.s3_bucket_destination;
    let name = bucket_of(&destination.bucket).unwrap_or_default();
    let target = cx.tx().get(&Scope::world(), &BUCKETS, &name.to_owned()).await?;
    let Some(target) = target.filter(|target| target.region == bucket.region) else {
        tracing::warn!(bucket = %report.bucket, destination = name, "the destination bucket of an inventory is not there");
        return Ok(());
    };
    let text = |text: &str| Value::String(text.to_owned());
    let mut members = vec![
        ("Bucket", text(name)),
        ("Key", Value::String(key)),
        ("Body", Value::Blob(body.into())),
        // Which the policy of the guide asks for.
        ("ACL", text("bucket-owner-full-control")),
    ];
    members.extend(destination.account_id.as_ref().map(|account| ("ExpectedBucketOwner", text(account))));
    if let Some(encryption) = &destination.encryption {
        let kms = encryption.ssekms.as_ref();
        let method = if kms.is_some() { "aws:kms" } else { "AES256" };
        members.push(("ServerSideEncryption", text(method)));
        members.extend(kms.map(|kms| ("SSEKMSKeyId", text(&kms.key_id))));
    }
    let effect = Effect {
        lane: format!("inventory:{}:{}", bucket.id, report.configuration),
        service: "s3".to_owned(),
        operation: "PutObject".to_owned(),
        input: notify::input("s3", "PutObject", members).ok_or_else(Fault::internal)?,
        account: target.account,
        region: target.region,
        principal: Principal::service("s3.amazonaws.com", &bucket.account),
        source_arn: Some(notify::arn(bucket, &report.bucket)),
        attempts: ATTEMPTS,
        backoff_seconds: BACKOFF,
        dead_letter: None,
    };
    Ok(cx.deliver(&effect).await?)
}
