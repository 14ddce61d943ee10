//! Completion reports (S3 User Guide, "Examples: S3 Batch Operations completion reports").

use bytes::Bytes;
use kumoi_core::Fault;
use kumoi_model::{ByteStream, Timestamp, Value};
use md5::{Digest as _, Md5};
use serde_json::json;

use super::record::{Outcome, Task};
use super::task::encoded;
use crate::api;
use crate::s3::{S3, bucket_of, optional, text};

const SCHEMA: &str = "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage";

/// A moment as reports have it.
pub(crate) fn moment(moment: Timestamp) -> String {
    let moment = jiff::Timestamp::from_microsecond(moment.micros()).unwrap_or_default();
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// A field of CSV.
pub(crate) fn field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// A row of a report. The examples of the User Guide have the status before the code, whatever the schema in `manifest.json` says.
fn row(task: &Task, outcome: &Outcome) -> String {
    let status = if outcome.succeeded { "succeeded" } else { "failed" };
    format!(
        "{},{},{},{status},{},{},{}\n",
        task.bucket,
        encoded(&task.key),
        task.version.as_deref().unwrap_or_default(),
        outcome.status,
        outcome.code,
        field(&outcome.message),
    )
}

/// The rows of the tasks that ended one way.
fn rows(tasks: &[Task], succeeded: bool) -> String {
    let ended = tasks.iter().filter_map(|task| Some((task, task.outcome.as_ref()?)));
    ended.filter(|(_, outcome)| outcome.succeeded == succeeded).map(|(task, outcome)| row(task, outcome)).collect()
}

/// A prefix of keys, and what comes behind it.
pub(crate) fn under(prefix: Option<&String>, rest: &str) -> String {
    match prefix {
        Some(prefix) => format!("{}/{rest}", prefix.trim_end_matches('/')),
        None => rest.to_owned(),
    }
}

/// Writes an object that is encrypted with keys of S3's; its entity tag.
pub(crate) async fn put(
    s3: &S3<'_>,
    place: (&str, &str),
    owner: Option<&String>,
    kms_key: Option<&String>,
    content: Vec<u8>,
) -> Result<String, Fault> {
    let members = [
        ("Bucket", text(place.0)),
        ("Key", text(place.1)),
        ("ExpectedBucketOwner", optional(owner)),
        ("ServerSideEncryption", text(if kms_key.is_some() { "aws:kms" } else { "AES256" })),
        ("SSEKMSKeyId", optional(kms_key)),
        ("Body", Some(Value::Stream(ByteStream::from_bytes(Bytes::from(content))))),
    ];
    let answer = s3.ask("PutObject", members).await?;
    Ok(answer.fields().text("ETag").unwrap_or_default().to_owned())
}

/// Writes the report on these tasks.
pub(crate) async fn write(s3: &S3<'_>, id: &str, report: &api::JobReport, tasks: &[Task]) -> Result<(), Fault> {
    let bucket = report.bucket.as_deref().and_then(bucket_of);
    let bucket = bucket.ok_or_else(|| crate::errors::invalid_request("The report has no bucket."))?;
    let (prefix, owner) = (report.prefix.as_ref(), report.expected_bucket_owner.as_ref());
    let mut results = Vec::new();
    for (succeeded, status) in [(true, "succeeded"), (false, "failed")] {
        let rows = rows(tasks, succeeded);
        if rows.is_empty() || (succeeded && report.report_scope.as_deref() == Some("FailedTasksOnly")) {
            continue;
        }
        let name = hex::encode(s3.cx.ids().bytes::<20>());
        let key = under(prefix, &format!("job-{id}/results/{name}.csv"));
        let md5 = hex::encode(Md5::digest(rows.as_bytes()));
        put(s3, (bucket, &key), owner, None, rows.into_bytes()).await?;
        results.push(json!({ "TaskExecutionStatus": status, "Bucket": bucket, "MD5Checksum": md5, "Key": key }));
    }
    let manifest = json!({
        "Format": report.format,
        "ReportCreationDate": moment(s3.cx.now()),
        "Results": results,
        "ReportSchema": SCHEMA,
    });
    let key = under(prefix, &format!("job-{id}/manifest.json"));
    put(s3, (bucket, &key), owner, None, manifest.to_string().into_bytes()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_in_the_examples() {
        let task = |succeeded, code: &str, message: &str| Task {
            bucket: "b".to_owned(),
            key: "a key".to_owned(),
            version: None,
            outcome: Some(Outcome {
                succeeded,
                status: if succeeded { 200 } else { 404 },
                code: code.to_owned(),
                message: message.to_owned(),
            }),
        };
        let tasks = [task(true, "", "Successful"), task(false, "NoSuchKey", "a \"b\", c")];
        assert_eq!(rows(&tasks, true), "b,a%20key,,succeeded,200,,Successful\n");
        assert_eq!(rows(&tasks, false), "b,a%20key,,failed,404,NoSuchKey,\"a \"\"b\"\", c\"\n");
    }

    #[test]
    fn prefixes_are_folders() {
        assert_eq!(under(None, "x"), "x");
        assert_eq!(under(Some(&"a/b".to_owned()), "x"), "a/b/x");
        assert_eq!(under(Some(&"a/".to_owned()), "x"), "a/x");
    }
}
