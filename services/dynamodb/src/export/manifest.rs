//! The manifests of an export that is complete.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kumoi_core::{Cx, Reply};
use kumoi_model::Timestamp;
use kumoi_store::KeyRange;
use md5::{Digest as _, Md5};
use serde_json::json;

use crate::api::ExportDescription;
use crate::export::Work;
use crate::tables::EXPORT_FILES;

/// The MD5 of a file, in base64.
pub(super) fn md5(bytes: &[u8]) -> String {
    STANDARD.encode(Md5::digest(bytes))
}

/// Where the objects of an export are: its prefix, or nothing.
pub(super) fn root(description: &ExportDescription) -> String {
    match description.s3_prefix.as_deref().map(|prefix| prefix.trim_end_matches('/')) {
        Some(prefix) if !prefix.is_empty() => format!("{prefix}/AWSDynamoDB"),
        _ => "AWSDynamoDB".to_owned(),
    }
}

/// The id of an export, with which its ARN ends.
pub(super) fn id(description: &ExportDescription) -> &str {
    description.export_arn.as_deref().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default()
}

/// The manifests, by their names.
pub(super) async fn all(cx: &Cx, description: &ExportDescription, work: &Work) -> Reply<Vec<(String, Vec<u8>)>> {
    let limit = usize::try_from(work.files).unwrap_or(usize::MAX);
    let mut files = Vec::new();
    for (_, file) in cx.range(&EXPORT_FILES, KeyRange::prefix(&(work.reader,)), limit).await? {
        let line = json!({
            "itemCount": file.items,
            "md5Checksum": file.md5,
            "etag": file.etag,
            "dataFileS3Key": file.key,
        });
        files.extend(line.to_string().bytes());
        files.push(b'\n');
    }
    let place = format!("{}/{}", root(description), id(description));
    let named = |name: &str| format!("{place}/{name}");
    let summary = summary(description, &named("manifest-files.json"), work).into_bytes();
    Ok(vec![
        (named("manifest-files.checksum"), md5(&files).into_bytes()),
        (named("manifest-files.json"), files),
        (named("manifest-summary.checksum"), md5(&summary).into_bytes()),
        (named("manifest-summary.json"), summary),
    ])
}

fn summary(description: &ExportDescription, files: &str, work: &Work) -> String {
    let moment = |moment: Option<Timestamp>| {
        let moment = jiff::Timestamp::from_microsecond(moment?.micros()).ok()?;
        Some(moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
    };
    let mut summary = json!({
        "version": "2020-06-30",
        "exportArn": description.export_arn,
        "startTime": moment(description.start_time),
        "endTime": moment(description.end_time),
        "tableArn": description.table_arn,
        "tableId": description.table_id,
        "s3Bucket": description.s3_bucket,
        "s3Prefix": description.s3_prefix,
        "s3SseAlgorithm": description.s3_sse_algorithm,
        "s3SseKmsKeyId": description.s3_sse_kms_key_id,
        "manifestFilesS3Key": files,
        "billedSizeBytes": work.bytes,
        "itemCount": work.items,
        "outputFormat": description.export_format,
    });
    let more = match &description.incremental_export_specification {
        None => json!({ "exportTime": moment(description.export_time) }),
        Some(incremental) => json!({
            "version": "2023-08-01",
            "exportFromTime": moment(incremental.export_from_time),
            "exportToTime": moment(incremental.export_to_time),
            "outputView": incremental.export_view_type,
            "exportType": description.export_type,
        }),
    };
    if let (Some(summary), serde_json::Value::Object(more)) = (summary.as_object_mut(), more) {
        summary.extend(more);
    }
    summary.to_string()
}
