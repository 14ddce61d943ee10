//! Server access logs (User Guide, "Logging requests with server access logging"): every request to a bucket with logging leaves an [`Entry`] of its own,
//! in the transaction of its effect, so that requests do not hinder one another and what was answered is logged. Some minutes after the first one a
//! timer begins to gather entries into objects of the target bucket ([`deliver`]).
//!
//! | Module | What it is about |
//! |---|---|
//! | `line`, `operation` | how a log tells of a request, and what it calls operations |
//! | `deliver` | how logs come to the target bucket |
//!
//! Not logged is what S3 does as itself: to look at configurations of buckets, and to deliver logs, or those of a bucket that logs to itself would never
//! end. Nor are requests that are refused before they are understood: signatures that are wrong, documents that cannot be read.

pub(crate) mod deliver;
mod line;
mod operation;

use std::collections::HashMap;
use std::sync::Arc;

use kumoi_core::identity::PrincipalKind;
use kumoi_core::{Cx, Fault, Halt, Reply};
use kumoi_model::{Catalog, FromValue as _, Operation, Value};
use kumoi_store::{Scope, Table};
use serde::{Deserialize, Serialize};

pub(crate) use self::line::{Line, Told};
use self::operation::Way;
use crate::access::Named;
use crate::config::{self, Kind};
use crate::tables::{BUCKETS, Bucket, PARTS};
use crate::{access, api, copy, points, versions};

/// What a request leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    /// When it came in, in microseconds since 1970.
    #[serde(rename = "t")]
    received: i64,
    /// As the log will have them.
    #[serde(rename = "l")]
    lines: String,
}

/// By the bucket's id and a number that grows.
static ENTRIES: Table<(u64, u64), Entry> = Table::world("s3", "log_entries");

/// The buckets, by their ids, whose entries a timer gathers.
static GATHERED: Table<(u64,), bool> = Table::world("s3", "logged");

/// A request whose outcome is known.
pub(crate) struct Asked<'a> {
    pub(crate) operation: &'a str,
    /// With the bucket behind the access point.
    pub(crate) input: &'a Value,
    /// The bucket before the request, if it was there.
    pub(crate) bucket: Option<Arc<Bucket>>,
    /// The ARN of the access point that it came through.
    pub(crate) point: Option<&'a str>,
    /// An access control list alone permits it.
    pub(crate) by_list: bool,
}

/// A request to a website, whose bucket the input names.
pub(crate) async fn website<'a>(cx: &Cx, operation: &'a str, input: &'a Value) -> Reply<Asked<'a>> {
    let name = Named::of(operation, input).and_then(|named| named.text("Bucket"));
    let bucket = match name {
        Some(name) => cx.tx().get_shared(&Scope::world(), &BUCKETS, &name.to_owned()).await?,
        None => None,
    };
    Ok(Asked { operation, input, bucket, point: None, by_list: false })
}

/// Takes note of a request that has succeeded, with what it changes.
pub(crate) async fn succeeded(cx: &Cx, asked: Asked<'_>, output: &Value) -> Reply<()> {
    let copies = matches!(asked.operation, "CopyObject" | "UploadPartCopy");
    if (!copies && !logged(asked.bucket.as_deref())) || is_own(cx) {
        return Ok(());
    }
    let Some(named) = Named::of(asked.operation, asked.input) else { return Ok(()) };
    if copies {
        source(cx, &asked, &named, output).await?;
    }
    let (Some(bucket), Some(name)) = (asked.bucket.as_deref(), named.text("Bucket")) else { return Ok(()) };
    // Of a bucket that is gone nothing is delivered any more.
    if !logged(Some(bucket)) || asked.operation == "DeleteBucket" {
        return Ok(());
    }
    let model = Catalog::get().load("s3").and_then(|model| model.operation(asked.operation));
    let number = |member| field(model, output, member).and_then(whole);
    let streams = asked.operation == "GetObject";
    let line = Line {
        status: Some(status(cx, asked.operation, output)),
        sent: if streams { number("ContentLength") } else { None },
        size: size(cx, bucket, &asked, &named).await?,
        ..line(cx, &asked, &named)
    };
    let key = key(cx, bucket, &named).await?;
    let mut lines = Line { key: key.as_deref(), ..line }.write(cx, (bucket, name));
    if asked.operation == "DeleteObjects" {
        lines.push_str(&deletions(cx, (bucket, name), &asked, output)?);
    }
    note(cx, (bucket, name), lines).await
}

/// Takes note of a request that has failed.
pub(crate) async fn failed(cx: &Cx, operation: &str, input: &Value, fault: &Fault) -> Reply<()> {
    if is_own(cx) {
        return Ok(());
    }
    let through = match cx.call_info().website {
        Some(_) => None,
        None => match points::resolve(cx, operation, input).await {
            Ok(through) => through,
            // Nobody knows what bucket it was to.
            Err(Halt::Fault(_)) => return Ok(()),
            Err(halt) => return Err(halt),
        },
    };
    let (input, point) = match &through {
        Some(through) => (&through.input, through.point.as_ref()),
        None => (input, None),
    };
    let asked = Asked { point: point.map(points::Point::arn), ..website(cx, operation, input).await? };
    let (Some(bucket), Some(named)) = (asked.bucket.as_deref(), Named::of(operation, input)) else { return Ok(()) };
    let Some(name) = named.text("Bucket").filter(|_| logged(Some(bucket))) else { return Ok(()) };
    let key = key(cx, bucket, &named).await?;
    let line = Line {
        key: key.as_deref(),
        status: Some(fault.status()),
        code: Some(fault.code()).filter(|_| fault.status() >= 400),
        ..line(cx, &asked, &named)
    };
    let lines = line.write(cx, (bucket, name));
    note(cx, (bucket, name), lines).await
}

/// Takes note of what S3 did by itself to an object, as rules of its bucket say ("Lifecycle and logging").
pub(crate) async fn done(cx: &Cx, at: (&Bucket, &str), line: Line<'_>) -> Reply<()> {
    if !logged(Some(at.0)) {
        return Ok(());
    }
    let lines = Line { told: Told::Nothing, ..line }.write(cx, at);
    note(cx, at, lines).await
}

/// Whether it is S3 itself that asks.
fn is_own(cx: &Cx) -> bool {
    cx.principal().kind == PrincipalKind::Service
        && matches!(cx.principal().arn.as_str(), "s3.amazonaws.com" | deliver::PRINCIPAL)
}

fn logged(bucket: Option<&Bucket>) -> bool {
    bucket.is_some_and(|bucket| bucket.has(Kind::Logging))
}

/// Keeps lines until they are delivered.
async fn note(cx: &Cx, (bucket, name): (&Bucket, &str), lines: String) -> Reply<()> {
    let entry = Entry { received: cx.received().micros(), lines };
    cx.tx().insert(&Scope::world(), &ENTRIES, &(bucket.id, cx.ids().sequence()), &entry).await?;
    let gathered = (bucket.id,);
    if cx.tx().get(&Scope::world(), &GATHERED, &gathered).await?.is_none() {
        cx.tx().put(&Scope::world(), &GATHERED, &gathered, &true).await?;
        deliver::plan(cx, bucket, name).await?;
    }
    Ok(())
}

/// What a log tells of every request.
fn line<'a>(cx: &Cx, asked: &Asked<'a>, named: &Named<'a>) -> Line<'a> {
    let way = match cx.call_info().website {
        Some(_) => Way::Website,
        None if asked.operation == "PutObject" && access::by_form(cx) => Way::Form,
        None => Way::Rest,
    };
    Line {
        operation: operation::name(asked.operation, way),
        version: named.text("VersionId"),
        point: asked.point,
        by_list: asked.by_list,
        ..Line::default()
    }
}

/// The key that a request is about. A website shows for a folder the index document in it.
async fn key(cx: &Cx, bucket: &Bucket, named: &Named<'_>) -> Reply<Option<String>> {
    let Some(path) = &cx.call_info().website else { return Ok(named.text("Key").map(str::to_owned)) };
    let key = path.strip_prefix('/').unwrap_or(path);
    if !key.is_empty() && !key.ends_with('/') {
        return Ok(Some(key.to_owned()));
    }
    let website = config::get::<api::WebsiteConfiguration>(cx, bucket).await?;
    let suffix = website.and_then(|website| website.index_document).map(|index| index.suffix).unwrap_or_default();
    Ok(Some([key, &suffix].concat()))
}

/// The status of an answer.
fn status(cx: &Cx, operation: &str, output: &Value) -> u16 {
    let model = Catalog::get().load("s3").and_then(|model| model.operation(operation));
    let told = ["StatusCode", "Status"].into_iter().find_map(|member| field(model, output, member).and_then(whole));
    match told.and_then(|status| u16::try_from(status).ok()) {
        Some(status) => status,
        None if field(model, output, "ContentRange").is_some() => 206,
        // Unless the form asks for another.
        None if operation == "PutObject" && access::by_form(cx) => 204,
        None => model.map(|model| model.status).filter(|status| *status != 0).unwrap_or(200),
    }
}

/// A member of an output.
fn field<'a>(model: Option<&Operation>, output: &'a Value, member: &str) -> Option<&'a Value> {
    let structure = Catalog::get().load("s3")?.structure(model?.output?)?;
    output.as_struct()?.get(structure.member(member)?.0)
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}

/// The size of the object that a request was about, if it is still there, or of the part.
async fn size(cx: &Cx, bucket: &Bucket, asked: &Asked<'_>, named: &Named<'_>) -> Reply<Option<u64>> {
    let object = ["GetObject", "HeadObject", "PutObject", "CopyObject", "CompleteMultipartUpload"];
    if object.contains(&asked.operation) {
        let Some(key) = key(cx, bucket, named).await? else { return Ok(None) };
        let found = versions::find(cx, bucket, &key, named.text("VersionId")).await?;
        return Ok(found.and_then(versions::Found::object).map(|object| object.size));
    }
    match (asked.operation, named.text("UploadId"), named.number("PartNumber")) {
        ("UploadPart" | "UploadPartCopy", Some(upload), Some(number)) => {
            let place = (bucket.id, upload.to_owned(), u32::try_from(number).unwrap_or(0));
            Ok(cx.tx().get(&Scope::world(), &PARTS, &place).await?.map(|part| part.size))
        }
        _ => Ok(None),
    }
}

/// Takes note, in the log of the bucket that it is read from, of the object that is copied ("Additional logging for copy operations").
async fn source(cx: &Cx, asked: &Asked<'_>, named: &Named<'_>, output: &Value) -> Reply<()> {
    let Some(source) = named.text("CopySource").and_then(|header| copy::Source::read(header).ok()) else {
        return Ok(());
    };
    let bucket = cx.tx().get_shared(&Scope::world(), &BUCKETS, &source.bucket).await?;
    let Some(bucket) = bucket.filter(|bucket| logged(Some(bucket))) else { return Ok(()) };
    let model = Catalog::get().load("s3").and_then(|model| model.operation(asked.operation));
    // What it was when it was read: there may be another by now, which then has another version.
    let version = field(model, output, "CopySourceVersionId").and_then(Value::as_str).or(source.version.as_deref());
    let found = versions::find(cx, &bucket, &source.key, version).await?;
    let operation = if asked.operation == "CopyObject" { "REST.COPY.OBJECT_GET" } else { "REST.COPY.PART_GET" };
    let line = Line {
        operation: operation.to_owned(),
        key: Some(&source.key),
        status: Some(200),
        size: found.and_then(versions::Found::object).map(|object| object.size),
        version: source.version.as_deref(),
        told: Told::Part,
        ..Line::default()
    };
    let at = (&*bucket, source.bucket.as_str());
    let lines = line.write(cx, at);
    note(cx, at, lines).await
}

/// A line for each of the objects that one request deletes.
fn deletions(cx: &Cx, at: (&Bucket, &str), asked: &Asked<'_>, output: &Value) -> Reply<String> {
    let input = api::DeleteObjectsInput::from_value(asked.input)?;
    let output = api::DeleteObjectsOutput::from_value(output)?;
    let place = |key: Option<String>, version: Option<String>| (key.unwrap_or_default(), version);
    let errors = output.errors.into_iter().flatten();
    let errors: HashMap<_, _> =
        errors.map(|error| (place(error.key, error.version_id), error.code.unwrap_or_default())).collect();
    let mut lines = String::new();
    for object in input.delete.objects {
        let place = (object.key, object.version_id);
        let code = errors.get(&place).map(String::as_str);
        let line = Line {
            operation: "BATCH.DELETE.OBJECT".to_owned(),
            key: Some(&place.0),
            status: match code {
                None => Some(204),
                Some("AccessDenied") => Some(403),
                Some(_) => None,
            },
            code,
            version: place.1.as_deref(),
            point: asked.point,
            told: Told::Part,
            ..Line::default()
        };
        lines.push_str(&line.write(cx, at));
    }
    Ok(lines)
}
