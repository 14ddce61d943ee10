//! How a job comes to its list of objects: from a manifest, or by looking at a bucket.

use flate2::Compression;
use flate2::write::GzEncoder;
use kumoi_core::ask::Fields;
use kumoi_core::{Fault, compute};
use kumoi_model::{Timestamp, Value};
use md5::{Digest as _, Md5};
use serde_json::json;
use std::io::Write as _;

use super::manifest::{self, Columns, Entry, Unusable};
use super::record::{Cursor, Failure, Generated, Job, Task};
use super::report;
use super::task::encoded;
use crate::api::{self, JobManifestGenerator as Generator, ObjectEncryptionFilter as Encrypted};
use crate::s3::{S3, body, bucket_of, object_of, optional, text};

/// Rows, or listed versions, that one step takes.
const STEP: usize = 5000;
const LISTED: i64 = 500;

impl From<Unusable> for Failure {
    fn from(Unusable(reason): Unusable) -> Self {
        Self { code: Some("InvalidManifestContent".to_owned()), reason }
    }
}

impl Failure {
    /// A failure for which no code is documented.
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Self { code: None, reason: reason.into() }
    }
}

/// A step of the preparation.
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    pub(crate) last: bool,
}

/// Takes the next objects, and moves the cursor behind them.
pub(crate) async fn next(s3: &S3<'_>, job: &mut Job) -> Result<Page, Failure> {
    match (&job.request.manifest, &job.request.manifest_generator) {
        (Some(manifest), _) => read(s3, manifest, &mut job.cursor).await,
        (None, Some(Generator::S3JobManifestGenerator(generator))) => list(s3, generator, &mut job.cursor).await,
        (None, None) => Err(Failure::because("The job has no manifest.")),
    }
}

fn unreadable(fault: &Fault) -> Failure {
    match fault.status() {
        403 => Failure::because(format!("Reading the manifest is forbidden: {}", fault.code())),
        412 => Failure::because("Reading the manifest failed: the object has another ETag than the job says"),
        _ => Failure::because(format!("Reading the manifest failed: {}: {}", fault.code(), fault.message())),
    }
}

async fn object(s3: &S3<'_>, place: (&str, &str), members: [Option<&String>; 2]) -> Result<bytes::Bytes, Failure> {
    let [version, etag] = members.map(optional);
    let asked = [("Bucket", text(place.0)), ("Key", text(place.1)), ("VersionId", version), ("IfMatch", etag)];
    let answer = s3.ask("GetObject", asked).await.map_err(|fault| unreadable(&fault))?;
    let body = body(&answer, manifest::MAX_BYTES).await.map_err(|fault| unreadable(&fault))?;
    body.ok_or_else(|| manifest::too_many().into())
}

/// Rows of a file, parsed where it holds up nobody.
async fn rows(file: bytes::Bytes, columns: Columns, skip: u64) -> Result<Vec<Entry>, Failure> {
    let work = move || manifest::entries(&manifest::unpacked(&file)?, columns, skip, STEP);
    Ok(compute(work).await.map_err(|fault| unreadable(&fault))??)
}

async fn read(s3: &S3<'_>, manifest: &api::JobManifest, cursor: &mut Cursor) -> Result<Page, Failure> {
    let location = &manifest.location;
    let place = object_of(&location.object_arn).ok_or_else(|| Failure::because("The manifest is no object."))?;
    let content = object(s3, place, [location.object_version_id.as_ref(), Some(&location.e_tag)]).await?;
    if manifest.spec.format == "S3BatchOperations_CSV_20180820" {
        let fields = manifest.spec.fields.iter().flatten().map(String::as_str);
        let entries = rows(content, Columns::of(fields, false)?, cursor.rows).await?;
        cursor.rows += entries.len() as u64;
        return Ok(Page { last: entries.len() < STEP, entries });
    }
    let report = manifest::inventory(&content)?;
    let Some(file) = report.files.get(cursor.file) else { return Ok(Page { entries: Vec::new(), last: true }) };
    let content = object(s3, (&report.bucket, file), [None, None]).await?;
    let entries = rows(content, report.columns, cursor.rows).await?;
    cursor.rows += entries.len() as u64;
    if entries.len() < STEP {
        (cursor.file, cursor.rows) = (cursor.file + 1, 0);
    }
    Ok(Page { last: cursor.file >= report.files.len(), entries })
}

/// Looks at the next versions in a bucket.
async fn list(s3: &S3<'_>, generator: &api::S3JobManifestGenerator, cursor: &mut Cursor) -> Result<Page, Failure> {
    let failed = |fault: Fault| {
        Failure::because(format!("Generating the manifest failed: {}: {}", fault.code(), fault.message()))
    };
    let bucket = bucket_of(&generator.source_bucket).ok_or_else(|| Failure::because("The source is no bucket."))?;
    let members = [
        ("Bucket", text(bucket)),
        ("KeyMarker", optional(cursor.key.as_ref())),
        ("VersionIdMarker", optional(cursor.version.as_ref())),
        ("MaxKeys", Some(Value::Int(LISTED))),
        ("ExpectedBucketOwner", optional(generator.expected_bucket_owner.as_ref())),
    ];
    let answer = s3.ask("ListObjectVersions", members).await.map_err(failed)?;
    let page = answer.fields();
    let filter = generator.filter.clone().unwrap_or_default();
    let mut entries = Vec::new();
    for version in page.list("Versions") {
        if !listed(&filter, &version) {
            continue;
        }
        let key = version.text("Key").unwrap_or_default().to_owned();
        let id = version.text("VersionId").unwrap_or("null");
        // What a bucket without versions has are its objects.
        let id = (id != "null" || !version.flag("IsLatest")).then(|| id.to_owned());
        if looked_at(s3, &filter, (bucket, &key, id.as_ref())).await.map_err(failed)? {
            entries.push(Entry { bucket: bucket.to_owned(), key, version: id });
        }
    }
    cursor.key = page.text("NextKeyMarker").map(str::to_owned);
    cursor.version = page.text("NextVersionIdMarker").map(str::to_owned);
    Ok(Page { entries, last: !page.flag("IsTruncated") })
}

/// Whether a version is wanted, by what the listing tells.
fn listed(filter: &api::JobManifestGeneratorFilter, version: &Fields<'_>) -> bool {
    let modified = version.moment("LastModified").unwrap_or_default();
    let about = About {
        key: version.text("Key").unwrap_or_default(),
        size: version.number("Size").unwrap_or_default(),
        class: version.text("StorageClass").unwrap_or("STANDARD"),
        modified,
    };
    wanted(filter, &about)
}

struct About<'a> {
    key: &'a str,
    size: i64,
    class: &'a str,
    modified: Timestamp,
}

fn wanted(filter: &api::JobManifestGeneratorFilter, about: &About<'_>) -> bool {
    let key = about.key;
    let any = |texts: Option<&Vec<String>>, fits: &dyn Fn(&str) -> bool| {
        texts.is_none_or(|texts| texts.iter().any(|text| fits(text)))
    };
    let names = filter.key_name_constraint.as_ref().is_none_or(|names| {
        any(names.match_any_prefix.as_ref(), &|text| key.starts_with(text))
            && any(names.match_any_suffix.as_ref(), &|text| key.ends_with(text))
            && any(names.match_any_substring.as_ref(), &|text| key.contains(text))
    });
    names
        && filter.created_after.is_none_or(|after| about.modified > after)
        && filter.created_before.is_none_or(|before| about.modified < before)
        && filter.object_size_greater_than_bytes.is_none_or(|size| about.size > size)
        && filter.object_size_less_than_bytes.is_none_or(|size| about.size < size)
        && any(filter.match_any_storage_class.as_ref(), &|class| about.class == class)
}

/// Whether a version is wanted, by what only a look at it tells.
async fn looked_at(
    s3: &S3<'_>,
    filter: &api::JobManifestGeneratorFilter,
    (bucket, key, version): (&str, &str, Option<&String>),
) -> Result<bool, Fault> {
    let (statuses, encryption) = (&filter.object_replication_statuses, &filter.match_any_object_encryption);
    if statuses.is_none() && encryption.is_none() {
        return Ok(true);
    }
    let head = s3.ask("HeadObject", [("Bucket", text(bucket)), ("Key", text(key)), ("VersionId", optional(version))]);
    let head = match head.await {
        // What was encrypted with a client's key is not told to who has it not.
        Err(fault) if fault.status() == 400 => {
            let wanted = encryption.iter().flatten().any(|filter| matches!(filter, Encrypted::SSEC(_)));
            return Ok(statuses.is_none() && wanted);
        }
        head => head?,
    };
    let head = head.fields();
    let status = head.text("ReplicationStatus").unwrap_or("NONE");
    let by_status = statuses.as_ref().is_none_or(|statuses| statuses.iter().any(|wanted| wanted == status));
    let by_encryption = encryption.as_ref().is_none_or(|filters| {
        let key = |wanted: Option<&String>| wanted.is_none_or(|wanted| head.text("SSEKMSKeyId") == Some(wanted));
        let algorithm = head.text("ServerSideEncryption");
        filters.iter().any(|filter| match filter {
            Encrypted::SSES3(_) => algorithm == Some("AES256"),
            Encrypted::SSEKMS(kms) => {
                let bucket_key = kms.bucket_key_enabled.is_none_or(|on| on == head.flag("BucketKeyEnabled"));
                algorithm == Some("aws:kms") && bucket_key && key(kms.kms_key_arn.as_ref())
            }
            Encrypted::DSSEKMS(kms) => algorithm == Some("aws:kms:dsse") && key(kms.kms_key_arn.as_ref()),
            Encrypted::SSEC(_) => false,
            Encrypted::NOTSSE(_) => algorithm.is_none(),
        })
    });
    Ok(by_status && by_encryption)
}

/// Keeps the list that was generated, where the job asks for it: as an inventory report with the columns that jobs need.
pub(crate) async fn keep(s3: &S3<'_>, id: &str, job: &Job, tasks: &[Task]) -> Result<Option<Generated>, Failure> {
    let Some(Generator::S3JobManifestGenerator(generator)) = &job.request.manifest_generator else { return Ok(None) };
    if !generator.enable_manifest_output {
        return Ok(None);
    }
    let location = generator.manifest_output_location.as_ref();
    let place = location.and_then(|location| Some((location, bucket_of(&location.bucket)?)));
    let (location, bucket) = place.ok_or_else(|| Failure::because("The manifest has no place to go to."))?;
    let failed =
        |fault: Fault| Failure::because(format!("Writing the manifest failed: {}: {}", fault.code(), fault.message()));
    let rows = tasks.iter().map(|task| {
        let version = task.version.as_deref().unwrap_or_default();
        format!("\"{}\",\"{}\",\"{version}\"\n", task.bucket, encoded(&task.key))
    });
    let rows: String = rows.collect();
    let packed = compute(move || {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(rows.as_bytes()).and_then(|()| packed.finish())
    });
    let packed = packed.await.map_err(failed)?.map_err(|_| Failure::because("Writing the manifest failed"))?;
    let (prefix, owner) = (location.manifest_prefix.as_ref(), location.expected_manifest_bucket_owner.as_ref());
    let kms = location.manifest_encryption.as_ref().and_then(|encryption| encryption.ssekms.as_ref());
    let kms = kms.map(|kms| &kms.key_id);
    let data = report::under(prefix, &format!("job-{id}/data/{}.csv.gz", s3.cx.ids().uuid()));
    let (size, md5) = (packed.len(), hex::encode(Md5::digest(&packed)));
    report::put(s3, (bucket, &data), owner, kms, packed).await.map_err(failed)?;
    let manifest = json!({
        "sourceBucket": bucket_of(&generator.source_bucket),
        "destinationBucket": location.bucket,
        "version": "2021-11-30",
        "creationTimestamp": s3.cx.now().millis().to_string(),
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, VersionId",
        "files": [{ "key": data, "size": size, "MD5checksum": md5 }],
    });
    let key = report::under(prefix, &format!("job-{id}/manifest.json"));
    let etag = report::put(s3, (bucket, &key), owner, kms, manifest.to_string().into_bytes()).await.map_err(failed)?;
    Ok(Some(Generated { arn: format!("arn:{}:s3:::{bucket}/{key}", s3.cx.partition()), etag: unquoted(&etag) }))
}

fn unquoted(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_wanted_by_what_the_listing_tells() {
        let about =
            About { key: "logs/a.txt", size: 10, class: "STANDARD_IA", modified: Timestamp::from_seconds(1000) };
        let fits = |filter: api::JobManifestGeneratorFilter| wanted(&filter, &about);
        let names = |prefix: &[&str], suffix: &[&str]| {
            let texts = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
            let names = api::KeyNameConstraint {
                match_any_prefix: texts(prefix).filter(|texts| !texts.is_empty()),
                match_any_suffix: texts(suffix).filter(|texts| !texts.is_empty()),
                match_any_substring: None,
            };
            api::JobManifestGeneratorFilter { key_name_constraint: Some(names), ..Default::default() }
        };
        assert!(fits(api::JobManifestGeneratorFilter::default()));
        assert!(fits(names(&["x", "logs/"], &[])) && fits(names(&["logs"], &[".txt"])));
        assert!(!fits(names(&["x"], &[".txt"])) && !fits(names(&["logs"], &[".csv"])));
        let sizes = |more, less| api::JobManifestGeneratorFilter {
            object_size_greater_than_bytes: Some(more),
            object_size_less_than_bytes: Some(less),
            ..Default::default()
        };
        assert!(fits(sizes(9, 11)) && !fits(sizes(10, 11)) && !fits(sizes(9, 10)));
        let class = |class: &str| api::JobManifestGeneratorFilter {
            match_any_storage_class: Some(vec![class.to_owned()]),
            ..Default::default()
        };
        assert!(fits(class("STANDARD_IA")) && !fits(class("STANDARD")));
        let after = |seconds| api::JobManifestGeneratorFilter {
            created_after: Some(Timestamp::from_seconds(seconds)),
            ..Default::default()
        };
        assert!(fits(after(999)) && !fits(after(1000)));
    }
}
