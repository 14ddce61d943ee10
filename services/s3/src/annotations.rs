//! Annotations of objects (User Guide, "Annotating your objects"): named texts that are attached to one version of an object.
//!
//! Those of a version are a set of records whose number the version keeps, and their count. So they follow it wherever it moves in the tables, and an
//! object without annotations costs nobody a look for some.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use kumoi_core::body::Watch;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::{KeyRange, Scope};
use md5::{Digest as _, Md5};

use crate::changes::Place;
use crate::digests::{Claims, Digesting, Digests};
use crate::errors::{
    annotation_limit_exceeded, annotation_name_too_long, entity_too_large, invalid_annotation_name, invalid_argument,
    invalid_prefix, invalid_request, no_such_annotation, operation_aborted, unsupported_media_type,
};
use crate::inputs::{checksums, tell_checksum};
use crate::notify::{self, Event};
use crate::tables::{ANNOTATIONS, Algorithm, Annotation, Annotations, Encryption, Object, Replication};
use crate::{api, attributes, bucket, conditions, get, lock, put, replicate, versions};

/// The most that a version of an object can have.
const MAX_ANNOTATIONS: u32 = 1000;

/// The longest name, in bytes.
const MAX_NAME: usize = 512;

/// The largest payload, in bytes; the smallest is one.
const MAX_PAYLOAD: u64 = 1 << 20;

/// How names must not begin, in any case.
const RESERVED: [&str; 2] = ["aws", "s3"];

/// The most that a listing returns.
const MAX_RESULTS: i32 = 1000;

/// Letters and digits of any script are alphanumeric to Unicode; of digits, only those of ASCII are allowed.
fn is_of_names(character: char) -> bool {
    character.is_alphabetic() || character.is_ascii_digit() || matches!(character, '_' | '.' | '-')
}

/// Checks the name of a new annotation ("Annotation naming rules").
fn check_name(name: &str) -> Result<(), Fault> {
    if name.len() > MAX_NAME {
        return Err(annotation_name_too_long());
    }
    let start = |reserved: &str| name.get(..reserved.len()).is_some_and(|start| start.eq_ignore_ascii_case(reserved));
    let valid = !name.is_empty() && name.chars().all(is_of_names) && !RESERVED.into_iter().any(start);
    if valid { Ok(()) } else { Err(invalid_annotation_name()) }
}

/// Checks a payload while it arrives.
struct Reading {
    digesting: Digesting,
    size: u64,
    /// The first bytes of a character whose last ones are to come: three at most.
    begun: Vec<u8>,
}

impl Watch for Reading {
    type Seen = Digests;

    fn see(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.size += bytes.len() as u64;
        if self.size > MAX_PAYLOAD {
            return Err(entity_too_large());
        }
        let text = match self.begun.is_empty() {
            true => Cow::Borrowed(bytes),
            false => Cow::Owned([&self.begun, bytes].concat()),
        };
        self.begun = match std::str::from_utf8(&text) {
            Ok(_) => Vec::new(),
            Err(error) if error.error_len().is_some() => return Err(unsupported_media_type()),
            Err(error) => text.get(error.valid_up_to()..).unwrap_or_default().to_vec(),
        };
        self.digesting.see(bytes)
    }

    fn end(self, md5: [u8; 16]) -> Result<Digests, Fault> {
        if !self.begun.is_empty() {
            return Err(unsupported_media_type());
        }
        if self.size == 0 {
            return Err(invalid_request("The annotation payload must be between 1 byte and 1 MiB in size."));
        }
        self.digesting.end(md5)
    }
}

/// Refuses annotations of an object that is encrypted with a key of the client's own.
pub(crate) fn check_encryption(encryption: &Encryption) -> Result<(), Fault> {
    match encryption {
        Encryption::Customer(_) => Err(invalid_request(
            "Annotations are not supported for objects encrypted with server-side encryption with customer-provided keys (SSE-C).",
        )),
        Encryption::S3 | Encryption::Kms { .. } => Ok(()),
    }
}

async fn find(cx: &Cx, object: &Object, name: &str) -> Reply<Option<Annotation>> {
    let Some(Annotations { set, .. }) = object.attributes.annotations else { return Ok(None) };
    Ok(cx.tx().get(&Scope::world(), &ANNOTATIONS, &(set, name.to_owned())).await?)
}

pub(crate) async fn put(cx: &Cx, input: api::PutObjectAnnotationInput) -> Reply<api::PutObjectAnnotationOutput> {
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    check_name(&input.annotation_name)?;
    let (mut object, place) = versions::located(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    conditions::of_write(Some(&object), &input.key, input.object_if_match.as_deref(), None)?;
    check_encryption(&object.attributes.encryption)?;
    let before = find(cx, &object, &input.annotation_name).await?;
    let count = object.attributes.annotations.map_or(0, |annotations| annotations.count);
    if before.is_none() && count >= MAX_ANNOTATIONS {
        return Err(annotation_limit_exceeded().into());
    }
    let (md5, announced) = (input.content_md5.as_deref(), input.checksum_algorithm.as_deref());
    let claims = Claims::read(md5, announced, checksums!(input))?;
    let trailers = Some(input.annotation_payload.trailers().clone());
    let received = cx.receive(Some(&input.annotation_payload), || Reading {
        digesting: Digesting::new(claims, trailers, None),
        size: 0,
        begun: Vec::new(),
    })?;
    let at = Place { bucket: &bucket, name: &input.bucket, key: &input.key };
    let annotation = Annotation {
        modified: cx.now().micros(),
        size: received.size,
        etag: attributes::etag(&object.attributes.encryption, &received.seen.md5),
        checksum: received.seen.checksum.clone(),
        body: cx.keep(&received).await?,
        replication: replicate::annotated(cx, at, &object).await?,
    };
    let set = object.attributes.annotations.map_or_else(|| cx.ids().sequence(), |annotations| annotations.set);
    cx.tx().put(&Scope::world(), &ANNOTATIONS, &(set, input.annotation_name.clone()), &annotation).await?;
    let event = Event::about("ObjectAnnotation:Put", &input.key, &object);
    notify::event(cx, (&bucket, &input.bucket), &event).await?;
    let mut output = api::PutObjectAnnotationOutput {
        object_version_id: versions::id_of(&bucket, &object),
        e_tag: Some(put::quoted(&annotation.etag)),
        checksum_type: Some(annotation.checksum.type_name().to_owned()),
        ..api::PutObjectAnnotationOutput::default()
    };
    tell_checksum!(output, Some(&annotation.checksum));
    output.server_side_encryption = method(&object.attributes.encryption);
    match before {
        Some(before) => cx.discard(&before.body).await?,
        None => {
            object.attributes.annotations = Some(Annotations { set, count: count + 1 });
            versions::update(cx, &bucket, &input.key, object, place).await?;
        }
    }
    Ok(api::PutObjectAnnotationOutput { key: Some(input.key), annotation_name: Some(input.annotation_name), ..output })
}

pub(crate) async fn get(cx: &Cx, input: api::GetObjectAnnotationInput) -> Reply<api::GetObjectAnnotationOutput> {
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let object = versions::object(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    let annotation = find(cx, &object, &input.annotation_name).await?.ok_or_else(no_such_annotation)?;
    let checksum = Some(&annotation.checksum).filter(|_| input.checksum_mode.as_deref() == Some("ENABLED"));
    let mut output = api::GetObjectAnnotationOutput {
        annotation_payload: Some(cx.read(vec![(annotation.body, 0..annotation.size)]).await?),
        object_version_id: versions::id_of(&bucket, &object),
        last_modified: Some(get::seconds(annotation.modified)),
        content_length: i64::try_from(annotation.size).ok(),
        e_tag: Some(put::quoted(&annotation.etag)),
        checksum_type: checksum.map(|checksum| checksum.type_name().to_owned()),
        server_side_encryption: method(&object.attributes.encryption),
        replication_status: annotation.replication.map(replicate::status_name),
        ..api::GetObjectAnnotationOutput::default()
    };
    tell_checksum!(output, checksum);
    Ok(output)
}

pub(crate) async fn list(cx: &Cx, input: api::ListObjectAnnotationsInput) -> Reply<api::ListObjectAnnotationsOutput> {
    let max = input.max_annotation_results.unwrap_or(MAX_RESULTS);
    if !(1..=MAX_RESULTS).contains(&max) {
        return Err(invalid_argument("Argument max-annotation-results must be an integer between 1 and 1000").into());
    }
    let prefix = input.annotation_prefix.as_deref().unwrap_or_default();
    if prefix.len() > MAX_NAME || !prefix.chars().all(is_of_names) {
        return Err(invalid_prefix().into());
    }
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let object = versions::object(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    let after = input.continuation_token.as_deref().filter(|token| !token.is_empty()).map(|token| {
        let last = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        last.ok_or_else(|| invalid_argument("The continuation token provided is incorrect"))
    });
    let (after, limit) = (after.transpose()?, usize::try_from(max).unwrap_or(1));
    let mut found = match object.attributes.annotations {
        None => Vec::new(),
        Some(Annotations { set, .. }) => {
            let range = KeyRange::starts_with(&(set,), prefix);
            let range = if let Some(after) = &after { range.after(&(set, after.as_str())) } else { range };
            cx.tx().range(&Scope::world(), &ANNOTATIONS, range, limit + 1).await?
        }
    };
    let truncated = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| truncated).map(|((_, name), _)| STANDARD.encode(name));
    let entries = found.into_iter().map(|((_, name), annotation)| api::AnnotationEntry {
        annotation_name: name,
        last_modified: get::seconds(annotation.modified),
        e_tag: Some(put::quoted(&annotation.etag)),
        checksum_algorithm: Some(vec![annotation.checksum.algorithm.name().to_owned()]),
        size: i64::try_from(annotation.size).unwrap_or(i64::MAX),
        replication_status: annotation.replication.map(replicate::status_name),
    });
    let entries: Vec<_> = entries.collect();
    Ok(api::ListObjectAnnotationsOutput {
        annotation_count: i32::try_from(entries.len()).ok(),
        annotations: Some(entries),
        bucket: Some(input.bucket),
        key: Some(input.key),
        object_version_id: versions::id_of(&bucket, &object),
        annotation_prefix: input.annotation_prefix,
        max_annotation_results: Some(max),
        continuation_token: input.continuation_token,
        next_continuation_token: next,
        ..api::ListObjectAnnotationsOutput::default()
    })
}

/// Deletes an annotation. One that is not there is deleted already.
pub(crate) async fn delete(
    cx: &Cx,
    input: api::DeleteObjectAnnotationInput,
) -> Reply<api::DeleteObjectAnnotationOutput> {
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let (mut object, place) = versions::located(cx, &bucket, &input.key, input.version_id.as_deref()).await?;
    conditions::of_write(Some(&object), &input.key, input.object_if_match.as_deref(), None)?;
    lock::check_delete(cx, &object, false)?;
    let object_version_id = versions::id_of(&bucket, &object);
    if let (Some(gone), Some(Annotations { set, count })) =
        (find(cx, &object, &input.annotation_name).await?, object.attributes.annotations)
    {
        cx.tx().delete(&Scope::world(), &ANNOTATIONS, &(set, input.annotation_name)).await?;
        cx.discard(&gone.body).await?;
        let event = Event::about("ObjectAnnotation:Delete", &input.key, &object);
        notify::event(cx, (&bucket, &input.bucket), &event).await?;
        replicate::annotated(cx, Place { bucket: &bucket, name: &input.bucket, key: &input.key }, &object).await?;
        object.attributes.annotations = counted(set, count.saturating_sub(1));
        versions::update(cx, &bucket, &input.key, object, place).await?;
    }
    Ok(api::DeleteObjectAnnotationOutput { object_version_id, ..api::DeleteObjectAnnotationOutput::default() })
}

/// How an annotation is encrypted: as its object is.
fn method(encryption: &Encryption) -> Option<String> {
    let name = match encryption {
        Encryption::S3 => "AES256",
        Encryption::Kms { dual: false, .. } => "aws:kms",
        Encryption::Kms { dual: true, .. } => "aws:kms:dsse",
        Encryption::Customer(_) => return None,
    };
    Some(name.to_owned())
}

/// A set of so many annotations.
fn counted(set: u64, count: u32) -> Option<Annotations> {
    (count > 0).then_some(Annotations { set, count })
}

/// The annotations of a set, by name.
async fn all(cx: &Cx, Annotations { set, .. }: Annotations) -> Reply<Vec<((u64, String), Annotation)>> {
    let limit = usize::try_from(MAX_ANNOTATIONS).unwrap_or(usize::MAX);
    Ok(cx.tx().range(&Scope::world(), &ANNOTATIONS, KeyRange::prefix(&(set,)), limit).await?)
}

/// Notes that a version is gone: so are its annotations.
pub(crate) async fn remove_all(cx: &Cx, annotations: Annotations) -> Reply<()> {
    for (key, annotation) in all(cx, annotations).await? {
        cx.tx().delete(&Scope::world(), &ANNOTATIONS, &key).await?;
        cx.discard(&annotation.body).await?;
    }
    Ok(())
}

/// Copies annotations for an object that is a copy, from one encryption to another. `algorithm` is that of their checksums, where the request says one.
pub(crate) async fn copy(
    cx: &Cx,
    source: Annotations,
    (from, to): (&Encryption, &Encryption),
    algorithm: Option<Algorithm>,
) -> Reply<Annotations> {
    check_encryption(to)?;
    let found = all(cx, source).await?;
    // Meanwhile the source was changed, or has gone.
    if u32::try_from(found.len()) != Ok(source.count) {
        return Err(operation_aborted().into());
    }
    let set = cx.ids().sequence();
    for ((_, name), mut annotation) in found {
        cx.share(&annotation.body).await?;
        let algorithm = algorithm.unwrap_or(annotation.checksum.algorithm);
        if from != to || algorithm != annotation.checksum.algorithm {
            let digests = digests(cx, &annotation, algorithm).await?;
            annotation.etag = attributes::etag(to, &digests.md5);
            annotation.checksum = digests.checksum;
        }
        annotation.modified = cx.now().micros();
        annotation.replication = None;
        cx.tx().put(&Scope::world(), &ANNOTATIONS, &(set, name), &annotation).await?;
    }
    Ok(Annotations { set, count: source.count })
}

/// Computes the digests of a payload that is there.
async fn digests(cx: &Cx, annotation: &Annotation, algorithm: Algorithm) -> Reply<Digests> {
    let bytes = cx.read(vec![(annotation.body.clone(), 0..annotation.size)]).await?;
    let mut pieces = bytes.take().ok_or_else(Fault::internal)?;
    let (mut digesting, mut md5) = (Digesting::new(Claims::default(), None, Some(algorithm)), Md5::new());
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Fault::internal())?;
        digesting.see(&piece)?;
        md5.update(&piece);
    }
    Ok(digesting.end(md5.finalize().into())?)
}

/// Makes the annotations of a replica what those of its source are, and leaves alone what others have attached to it.
pub(crate) async fn replicate(
    cx: &Cx,
    source: Option<Annotations>,
    target: Option<Annotations>,
) -> Reply<Option<Annotations>> {
    if source.is_none() && target.is_none() {
        return Ok(None);
    }
    let set = target.map_or_else(|| cx.ids().sequence(), |target| target.set);
    let mut there: BTreeMap<_, _> = match target {
        Some(target) => all(cx, target).await?.into_iter().map(|((_, name), found)| (name, found)).collect(),
        None => BTreeMap::new(),
    };
    let wanted = if let Some(source) = source { all(cx, source).await? } else { Vec::new() };
    let wanted: BTreeMap<_, _> = wanted.into_iter().map(|((_, name), found)| (name, found)).collect();
    let gone = |name: &String, found: &mut Annotation| {
        found.replication == Some(Replication::Replica) && !wanted.contains_key(name)
    };
    for (name, gone) in there.extract_if(.., gone) {
        cx.tx().delete(&Scope::world(), &ANNOTATIONS, &(set, name)).await?;
        cx.discard(&gone.body).await?;
    }
    let mut count = u32::try_from(there.len()).unwrap_or(MAX_ANNOTATIONS);
    for (name, annotation) in wanted {
        let replica = Annotation { replication: Some(Replication::Replica), ..annotation };
        let before = there.remove(&name);
        if before.as_ref() == Some(&replica) || (before.is_none() && count >= MAX_ANNOTATIONS) {
            continue;
        }
        cx.share(&replica.body).await?;
        cx.tx().put(&Scope::world(), &ANNOTATIONS, &(set, name), &replica).await?;
        match before {
            Some(before) => cx.discard(&before.body).await?,
            None => count += 1,
        }
    }
    Ok(counted(set, count))
}

/// Notes what became of the replication of annotations.
pub(crate) async fn mark(cx: &Cx, annotations: Annotations, status: Replication) -> Reply<()> {
    for (key, mut annotation) in all(cx, annotations).await? {
        if annotation.replication != Some(status) && annotation.replication != Some(Replication::Replica) {
            annotation.replication = Some(status);
            cx.tx().put(&Scope::world(), &ANNOTATIONS, &key, &annotation).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["a", "ml.sentiment", "a_b-c.9", "größe", "注釈", "saws", "s2", &"ü".repeat(256)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", " ", "a b", "a/b", "aws", "AwsX", "s3", "S3.x", "a\n", "é!", "٣"] {
            assert_eq!(check_name(name).unwrap_err().code(), "InvalidAnnotationName", "{name}");
        }
        assert_eq!(check_name(&"ü".repeat(257)).unwrap_err().code(), "AnnotationNameTooLong");
    }

    fn read(pieces: &[&[u8]]) -> Result<Digests, String> {
        let digesting = Digesting::new(Claims::default(), None, None);
        let mut reading = Reading { digesting, size: 0, begun: Vec::new() };
        let code = |fault: Fault| fault.code().to_owned();
        pieces.iter().try_for_each(|piece| reading.see(piece)).map_err(code)?;
        reading.end([0; 16]).map_err(code)
    }

    #[test]
    fn payloads_are_texts() {
        assert!(read(&["größe".as_bytes()]).is_ok());
        let bytes = "a€😀ü".as_bytes();
        for at in 0..bytes.len() {
            let (one, other) = bytes.split_at(at);
            assert!(read(&[one, &[], other]).is_ok(), "{at}");
        }
        let single: Vec<_> = bytes.chunks(1).collect();
        assert!(read(&single).is_ok());
        for wrong in [&[&[0xFF][..]][..], &[b"a\xE2", b"a"], &[b"\xF0\x9F", b"\x98"], &[b"\xC3"]] {
            assert_eq!(read(wrong).unwrap_err(), "UnsupportedMediaType");
        }
        assert_eq!(read(&[]).unwrap_err(), "InvalidRequest");
        let most = vec![b'a'; 1 << 20];
        assert!(read(&[&most]).is_ok());
        assert_eq!(read(&[&most, b"a"]).unwrap_err(), "EntityTooLarge");
    }
}
