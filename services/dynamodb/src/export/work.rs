//! The steps of an export: `_started`, which shows that the bucket can be written, one data file after the other, and the manifests.

use bytes::Bytes;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::KeyRange;

use crate::api::ExportDescription;
use crate::export::create::file_name;
use crate::export::lines::{Format, Lines};
use crate::export::{DataFile, ExportRecord, KIND, Work, manifest};
use crate::owned;
use crate::recovery::readers;
use crate::s3;
use crate::tables::{EXPORT_FILES, EXPORTS, Owned};

/// Goes on with an export.
pub(crate) async fn run(cx: &Cx, payload: &str) -> Reply<()> {
    let Some(key) = owned::key_of(payload) else { return Ok(()) };
    let Some(ExportRecord { mut description, work: Some(mut work) }) = cx.get(&EXPORTS, &key).await? else {
        return Ok(());
    };
    match step(cx, &mut description, &mut work).await? {
        Ok(true) => {
            cx.put(&EXPORTS, &key, &ExportRecord { description, work: Some(work) }).await?;
            return owned::set_timer(cx, &key, KIND, cx.now().micros()).await;
        }
        Ok(false) => description.export_status = Some("COMPLETED".to_owned()),
        Err(fault) => {
            let (code, message) = s3::failure(&fault);
            description.export_status = Some("FAILED".to_owned());
            description.failure_code = Some(code);
            description.failure_message = Some(message);
        }
    }
    description.end_time = Some(cx.now());
    end(cx, &key, description, &work).await
}

async fn end(cx: &Cx, key: &Owned, description: ExportDescription, work: &Work) -> Reply<()> {
    cx.put(&EXPORTS, key, &ExportRecord { description, work: None }).await?;
    cx.tx().delete_range(cx.scope(), &EXPORT_FILES, KeyRange::prefix(&(work.reader,))).await?;
    readers::end_table(cx, &work.what.scope(), &work.table, work.what.id, work.reader, false).await
}

/// One step; whether there are more, or what S3 has against it.
async fn step(cx: &Cx, description: &mut ExportDescription, work: &mut Work) -> Reply<Result<bool, Fault>> {
    let root = manifest::root(description);
    let place = format!("{root}/{}", manifest::id(description));
    if !work.started {
        work.started = true;
        return Ok(put(cx, description, work, format!("{place}/_started"), Vec::new()).await.map(|_| true));
    }
    let format = format(description);
    let lines = Lines::read(cx, work, format).await?;
    // An export without items has an empty file.
    if lines.items > 0 || (work.files == 0 && lines.next.is_none()) {
        // Those of incremental exports are all together.
        let folder = if work.since.is_some() { root } else { place };
        let key = format!("{folder}/data/{}.{}", work.next, format.suffix());
        let packed = lines.pack()?;
        let md5 = manifest::md5(&packed);
        let etag = match put(cx, description, work, key.clone(), packed).await {
            Ok(etag) => etag,
            Err(fault) => return Ok(Err(fault)),
        };
        let file = DataFile { key, items: lines.items, md5, etag };
        cx.put(&EXPORT_FILES, &(work.reader, work.files), &file).await?;
        work.files = work.files.saturating_add(1);
        work.next = file_name(cx);
        work.items = work.items.saturating_add(lines.items);
        work.bytes = work.bytes.saturating_add(lines.bytes);
    }
    if lines.next.is_some() {
        work.after = lines.next;
        return Ok(Ok(true));
    }
    description.end_time = Some(cx.now());
    description.item_count = Some(work.items);
    description.billed_size_bytes = Some(work.bytes);
    let mut last = None;
    for (key, body) in manifest::all(cx, description, work).await? {
        last = Some(key.clone());
        if let Err(fault) = put(cx, description, work, key, body).await {
            return Ok(Err(fault));
        }
    }
    // The summary.
    description.export_manifest = last;
    Ok(Ok(false))
}

fn format(description: &ExportDescription) -> Format {
    let view = description.incremental_export_specification.as_ref().and_then(|one| one.export_view_type.as_deref());
    Format { ion: description.export_format.as_deref() == Some("ION"), old_images: view != Some("NEW_IMAGE") }
}

/// Puts an object; its entity tag.
async fn put(
    cx: &Cx,
    description: &ExportDescription,
    work: &Work,
    key: String,
    body: Vec<u8>,
) -> Result<String, Fault> {
    let kms = description.s3_sse_algorithm.as_deref() == Some("KMS");
    let source = description.export_arn.as_deref().unwrap_or_default();
    let answer = s3::call(cx, (&work.principal, source), "PutObject", |ask| {
        ask.with_some("Bucket", description.s3_bucket.clone())
            .with("Key", key)
            .with("Body", Bytes::from(body))
            .with("ACL", "bucket-owner-full-control".to_owned())
            .with("ServerSideEncryption", if kms { "aws:kms" } else { "AES256" }.to_owned())
            .with_some("SSEKMSKeyId", description.s3_sse_kms_key_id.clone().filter(|_| kms))
            .with_some("ExpectedBucketOwner", description.s3_bucket_owner.clone())
    });
    let answer = answer.await?;
    let etag = answer.fields().text("ETag").unwrap_or_default();
    Ok(etag.trim_matches('"').to_owned())
}
