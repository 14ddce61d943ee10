//! Multipart uploads (User Guide, "Uploading and copying objects using multipart upload").

use kumoi_core::body::Received;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::{KeyRange, Scope};

use crate::changes::Place;
use crate::digests::{Claims, Digesting, Digests, combined, composite, tag_of_parts};
use crate::encryption::{tell_encryption, tell_managed_encryption};
use crate::errors::{
    bad_checksum_type, bad_digest, entity_too_small, invalid_argument, invalid_part, invalid_part_order,
    invalid_request, malformed_xml, no_such_upload, precondition_failed,
};
use crate::inputs::{checksums, headers, tell_checksum};
use crate::names::check_key;
use crate::tables::{
    Algorithm, Attributes, Bucket, Checksum, Content, Encryption, Object, PARTS, Part, Piece, UPLOADS, Upload,
};
use crate::{accounts, api, attributes, bucket, changes, get, lifecycle, list, put, versions};

/// The highest number of a part.
const MAX_PARTS: i32 = 10_000;

/// The fewest bytes of a part that is not the last.
const MIN_PART: u64 = 5 << 20;

/// The most parts, or uploads, that a list returns.
const MAX_LISTED: i32 = 1000;

pub(crate) async fn create(cx: &Cx, input: api::CreateMultipartUploadInput) -> Reply<api::CreateMultipartUploadOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    check_key(&input.key)?;
    let storage_class = put::storage_class(input.storage_class)?;
    let none = Algorithm::ALL.map(|algorithm| (algorithm, None));
    let algorithm = Claims::read(None, input.checksum_algorithm.as_deref(), none)?.algorithm;
    let composite = kind(algorithm, input.checksum_type.as_deref())?;
    let attributes = attributes::asked!(input).read(cx, &bucket).await?;
    let upload = Upload {
        initiated: cx.now().micros(),
        headers: headers!(input),
        storage_class,
        algorithm,
        composite,
        attributes,
        initiator: cx.account().to_owned(),
    };
    // Uploads of a key are listed in the order in which they were begun.
    let id = format!("{:016x}{}", cx.ids().sequence(), cx.ids().alphanumeric(48));
    cx.tx().put(&Scope::world(), &UPLOADS, &(bucket.id, input.key.clone(), id.clone()), &upload).await?;
    let abort = lifecycle::abort(cx, &bucket, &input.key, upload.initiated).await?;
    let (abort_date, abort_rule_id) = abort.unzip();
    let mut output = api::CreateMultipartUploadOutput {
        abort_date,
        abort_rule_id,
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: algorithm.map(|algorithm| algorithm.name().to_owned()),
        checksum_type: algorithm.map(|_| type_name(composite)),
        ..api::CreateMultipartUploadOutput::default()
    };
    tell_encryption!(output, &upload.attributes.encryption);
    Ok(output)
}

/// Whether the checksum is made of those of the parts: by default, but for CRC-64/NVME, which is of the whole object always. Of the whole object can
/// only CRCs be.
fn kind(algorithm: Option<Algorithm>, asked: Option<&str>) -> Result<bool, Fault> {
    let can_be_whole = algorithm.is_none_or(Algorithm::is_linear);
    let can_be_composite = !matches!(algorithm, None | Some(Algorithm::Crc64Nvme));
    let refused = |kind: &str| {
        let algorithm = algorithm.map_or("null", Algorithm::name).to_ascii_lowercase();
        invalid_request(format!("The {kind} checksum type cannot be used with the {algorithm} checksum algorithm."))
    };
    match asked {
        None => Ok(can_be_composite),
        Some("FULL_OBJECT") if can_be_whole => Ok(false),
        Some("COMPOSITE") if can_be_composite => Ok(true),
        Some(kind @ ("FULL_OBJECT" | "COMPOSITE")) => Err(refused(kind)),
        Some(_) => Err(invalid_request("Value for x-amz-checksum-type header is invalid.")),
    }
}

pub(crate) fn type_name(composite: bool) -> String {
    if composite { "COMPOSITE" } else { "FULL_OBJECT" }.to_owned()
}

/// The bucket and an upload to it.
async fn find(cx: &Cx, name: &str, key: &str, id: &str, owner: Option<&str>) -> Reply<(Bucket, Upload)> {
    let bucket = bucket::find(cx, name, owner).await?;
    let upload = cx.tx().get(&Scope::world(), &UPLOADS, &(bucket.id, key.to_owned(), id.to_owned())).await?;
    Ok((bucket, upload.ok_or_else(no_such_upload)?))
}

/// Where a part is to go.
pub(crate) struct Target {
    bucket: Bucket,
    upload: Upload,
    id: String,
    number: u32,
}

impl Target {
    pub(crate) async fn find(
        cx: &Cx,
        name: &str,
        key: &str,
        id: String,
        number: i32,
        owner: Option<&str>,
    ) -> Reply<Self> {
        let number = u32::try_from(number)
            .ok()
            .filter(|_| (1..=MAX_PARTS).contains(&number))
            .ok_or_else(|| invalid_argument("Part number must be an integer between 1 and 10000, inclusive"))?;
        let (bucket, upload) = find(cx, name, key, &id, owner).await?;
        Ok(Self { bucket, upload, id, number })
    }

    /// The algorithm that the parts have.
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.upload.algorithm.unwrap_or(Algorithm::Crc64Nvme)
    }

    /// How the object will be encrypted.
    pub(crate) fn encryption(&self) -> &Encryption {
        &self.upload.attributes.encryption
    }

    /// Keeps what was received as the part, in place of what it was before.
    pub(crate) async fn store<S>(&self, cx: &Cx, received: &Received<S>, digests: &Digests) -> Reply<Part> {
        let part = Part {
            modified: cx.now().micros(),
            size: received.size,
            etag: attributes::etag(self.encryption(), &digests.md5),
            checksum: digests.checksum.clone(),
            sent: digests.other.clone(),
            known: digests.given,
            body: cx.keep(received).await?,
        };
        let key = (self.bucket.id, self.id.clone(), self.number);
        if let Some(before) = cx.tx().get(&Scope::world(), &PARTS, &key).await? {
            cx.discard(&before.body).await?;
        }
        cx.tx().put(&Scope::world(), &PARTS, &key, &part).await?;
        Ok(part)
    }
}

pub(crate) async fn upload(cx: &Cx, input: api::UploadPartInput) -> Reply<api::UploadPartOutput> {
    let owner = input.expected_bucket_owner.as_deref();
    let target = Target::find(cx, &input.bucket, &input.key, input.upload_id, input.part_number, owner).await?;
    attributes::customer_key!(input).check_part(target.encryption())?;
    let (md5, announced) = (input.content_md5.as_deref(), input.checksum_algorithm.as_deref());
    let claims = Claims::read(md5, announced, checksums!(input))?;
    let given = claims.given();
    // Where the client announced none, the parts may have any of the older ones, and the object will have its own.
    let mismatched = match target.upload.algorithm {
        Some(announced) => given.unwrap_or(Algorithm::Crc64Nvme) != announced,
        None => given.is_some_and(Algorithm::must_be_announced),
    };
    if mismatched {
        let name = |algorithm: Option<Algorithm>| algorithm.map_or("null", Algorithm::name).to_ascii_lowercase();
        return Err(invalid_request(format!(
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            name(target.upload.algorithm),
            name(given)
        ))
        .into());
    }
    let kept = target.algorithm();
    let trailers = input.body.as_ref().map(|body| body.trailers().clone());
    let received = cx.receive(input.body.as_ref(), || Digesting::new(claims, trailers, Some(kept)))?;
    let part = target.store(cx, &received, &received.seen).await?;
    let mut output = api::UploadPartOutput { e_tag: Some(put::quoted(&part.etag)), ..api::UploadPartOutput::default() };
    tell_checksum!(output, Some(part.known_checksum()));
    tell_encryption!(output, target.encryption());
    Ok(output)
}

pub(crate) async fn complete(
    cx: &Cx,
    input: api::CompleteMultipartUploadInput,
) -> Reply<api::CompleteMultipartUploadOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let id = (bucket.id, input.key.clone(), input.upload_id.clone());
    let Some(upload) = cx.tx().get(&Scope::world(), &UPLOADS, &id).await? else {
        return again(cx, &bucket, input).await;
    };
    let key = attributes::customer_key!(input);
    // Without a checksum there is nothing in the object that the key would be needed for.
    if upload.algorithm.is_some() || key.is_given() {
        key.check_part(&upload.attributes.encryption)?;
    }
    check_type(&upload, input.checksum_type.as_deref())?;
    let listed = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    let parts = chosen(cx, &bucket, &input.upload_id, &listed).await?;
    let size = parts.iter().map(|part| part.size).sum();
    if input.mpu_object_size.is_some_and(|claimed| u64::try_from(claimed) != Ok(size)) {
        return Err(
            invalid_request("The provided 'x-amz-mp-object-size' header does not match what was computed.").into()
        );
    }
    let checksum = checksum(&upload, &parts)?;
    for (algorithm, claimed) in checksums!(input) {
        // A client may leave out the number of parts.
        let same = |claimed: &str| checksum.value == claimed || checksum.value.split('-').next() == Some(claimed);
        if claimed.is_some_and(|claimed| checksum.algorithm != algorithm || !same(claimed)) {
            return Err(bad_digest(algorithm.name()).into());
        }
    }
    check_parts(&upload, &listed)?;
    let pieces = parts.iter().zip(&listed).enumerate().map(|(index, (part, given))| {
        let number = given.part_number.and_then(|number| u32::try_from(number).ok());
        Piece {
            size: part.size,
            body: part.body.clone(),
            checksum: part.known.then(|| part.known_checksum().clone()),
            number: number.filter(|number| usize::try_from(*number) != Ok(index + 1)),
        }
    });
    let mut object = Object {
        modified: upload.initiated,
        size,
        etag: tag_of_parts(parts.iter().map(|part| part.etag.as_str())),
        checksum,
        content: Content::Parts(pieces.collect()),
        headers: upload.headers,
        storage_class: upload.storage_class,
        version: None,
        attributes: Attributes { upload: Some(input.upload_id.clone()), ..upload.attributes },
    };
    let conditions = (input.if_match.as_deref(), input.if_none_match.as_deref());
    let place = Place { bucket: &bucket, name: &input.bucket, key: &input.key };
    changes::put(cx, place, &mut object, conditions, "ObjectCreated:CompleteMultipartUpload").await?;
    let used: Vec<_> = listed.iter().filter_map(|part| u32::try_from(part.part_number?).ok()).collect();
    remove(cx, bucket.id, &input.key, &input.upload_id, &used).await?;
    completed(cx, &bucket, input.bucket, input.key, &object).await
}

/// Refuses another type of checksum than that of the upload (API Reference, CompleteMultipartUpload, `x-amz-checksum-type`).
fn check_type(upload: &Upload, asked: Option<&str>) -> Result<(), Fault> {
    let own = type_name(upload.composite);
    if asked.is_none_or(|asked| asked == own) {
        return Ok(());
    }
    Err(bad_checksum_type(&own))
}

/// Refuses parts without checksums where that of the object is made of theirs.
fn check_parts(upload: &Upload, listed: &[api::CompletedPart]) -> Result<(), Fault> {
    let Some(algorithm) = upload.algorithm.filter(|_| upload.composite) else { return Ok(()) };
    let bare = listed.iter().find(|part| checksums!(part).iter().all(|(_, value)| value.is_none()));
    let Some(number) = bare.and_then(|part| part.part_number) else { return Ok(()) };
    Err(invalid_request(format!(
        "The upload was created using a {} checksum. The complete request must include the checksum for each part. It was missing for part {number} in \
         the request.",
        algorithm.name().to_ascii_lowercase()
    )))
}

/// Completes an upload that has been completed already: a client that did not get the answer asks again, and gets the same.
async fn again(
    cx: &Cx,
    bucket: &Bucket,
    input: api::CompleteMultipartUploadInput,
) -> Reply<api::CompleteMultipartUploadOutput> {
    let object = versions::current(cx, bucket, &input.key).await?;
    match object.filter(|object| object.attributes.upload.as_ref() == Some(&input.upload_id)) {
        Some(object) => completed(cx, bucket, input.bucket, input.key, &object).await,
        None => Err(no_such_upload().into()),
    }
}

async fn completed(
    cx: &Cx,
    bucket: &Bucket,
    name: String,
    key: String,
    object: &Object,
) -> Reply<api::CompleteMultipartUploadOutput> {
    let endpoint = cx.endpoint();
    let expiration = lifecycle::expiration(cx, bucket, &key, object).await?;
    let mut output = api::CompleteMultipartUploadOutput {
        location: Some(format!("{}://{}/{name}/{key}", endpoint.scheme, endpoint.host)),
        bucket: Some(name),
        key: Some(key),
        e_tag: Some(put::quoted(&object.etag)),
        checksum_type: Some(object.checksum.type_name().to_owned()),
        expiration,
        version_id: versions::new_id(object),
        ..api::CompleteMultipartUploadOutput::default()
    };
    tell_checksum!(output, Some(&object.checksum));
    tell_managed_encryption!(output, &object.attributes.encryption);
    Ok(output)
}

/// The parts that a client lists, which must be those that were uploaded.
async fn chosen(cx: &Cx, bucket: &Bucket, id: &str, listed: &[api::CompletedPart]) -> Reply<Vec<Part>> {
    if listed.is_empty() {
        return Err(malformed_xml().into());
    }
    let mut parts: Vec<Part> = Vec::with_capacity(listed.len().min(MAX_LISTED as usize));
    let mut last = 0;
    for given in listed {
        let number = given.part_number.and_then(|number| u32::try_from(number).ok()).ok_or_else(malformed_xml)?;
        if number <= last {
            return Err(invalid_part_order().into());
        }
        if parts.last().is_some_and(|part| part.size < MIN_PART) {
            return Err(entity_too_small().into());
        }
        last = number;
        let part = cx.tx().get(&Scope::world(), &PARTS, &(bucket.id, id.to_owned(), number)).await?;
        let part = part.ok_or_else(invalid_part)?;
        let tag = given.e_tag.as_deref().unwrap_or_default().trim_matches('"');
        let other = |(algorithm, value): (Algorithm, Option<&str>)| {
            let known = part.known_checksum();
            value.is_some_and(|value| known.algorithm != algorithm || known.value != value)
        };
        if tag != part.etag || checksums!(given).into_iter().any(other) {
            return Err(invalid_part().into());
        }
        parts.push(part);
    }
    Ok(parts)
}

/// The checksum of an object that is made of parts.
fn checksum(upload: &Upload, parts: &[Part]) -> Result<Checksum, Fault> {
    let algorithm = upload.algorithm.unwrap_or(Algorithm::Crc64Nvme);
    if upload.composite {
        return Ok(composite(algorithm, parts.iter().map(|part| &part.checksum)));
    }
    let mut parts = parts.iter();
    let first = parts.next().map(|part| part.checksum.clone());
    let whole = parts.fold(first, |sum, part| combined(&sum?, &part.checksum, part.size));
    whole.ok_or_else(Fault::internal)
}

/// Ends an upload. Of its parts those that are used stay.
pub(crate) async fn remove(cx: &Cx, bucket: u64, key: &str, id: &str, used: &[u32]) -> Reply<()> {
    let parts = cx.tx().range(&Scope::world(), &PARTS, KeyRange::prefix(&(bucket, id)), MAX_PARTS as usize).await?;
    for (part_key, part) in parts {
        cx.tx().delete(&Scope::world(), &PARTS, &part_key).await?;
        if used.binary_search(&part_key.2).is_err() {
            cx.discard(&part.body).await?;
        }
    }
    cx.tx().delete(&Scope::world(), &UPLOADS, &(bucket, key.to_owned(), id.to_owned())).await?;
    Ok(())
}

pub(crate) async fn abort(cx: &Cx, input: api::AbortMultipartUploadInput) -> Reply<api::AbortMultipartUploadOutput> {
    let owner = input.expected_bucket_owner.as_deref();
    let (bucket, upload) = find(cx, &input.bucket, &input.key, &input.upload_id, owner).await?;
    if input.if_match_initiated_time.is_some_and(|moment| moment != get::seconds(upload.initiated)) {
        return Err(precondition_failed().into());
    }
    remove(cx, bucket.id, &input.key, &input.upload_id, &[]).await?;
    Ok(api::AbortMultipartUploadOutput::default())
}

/// Ends the uploads of a bucket that goes.
pub(crate) async fn remove_all(cx: &Cx, bucket: u64) -> Reply<()> {
    let uploads = cx.tx().range(&Scope::world(), &UPLOADS, KeyRange::prefix(&(bucket,)), usize::MAX).await?;
    for ((_, key, id), _) in uploads {
        remove(cx, bucket, &key, &id, &[]).await?;
    }
    Ok(())
}

pub(crate) async fn list_parts(cx: &Cx, input: api::ListPartsInput) -> Reply<api::ListPartsOutput> {
    let owner = input.expected_bucket_owner.as_deref();
    let (bucket, upload) = find(cx, &input.bucket, &input.key, &input.upload_id, owner).await?;
    let customer = attributes::customer_key!(input);
    // It is needed only where there are checksums to tell.
    if upload.algorithm.is_some() || customer.is_given() {
        customer.check_part(&upload.attributes.encryption)?;
    }
    let (max, marker) = (list::most(input.max_parts, "max-parts")?, input.part_number_marker.unwrap_or(0));
    let after = u32::try_from(marker)
        .map_err(|_| invalid_argument("Argument part-number-marker must be an integer between 0 and 2147483647"))?;
    let start = (bucket.id, input.upload_id.as_str());
    let range = KeyRange::prefix(&start).after(&(bucket.id, input.upload_id.as_str(), after));
    let wanted = usize::try_from(max).unwrap_or(0);
    let mut found = cx.tx().range(&Scope::world(), &PARTS, range, wanted + 1).await?;
    let more = found.len() > wanted;
    found.truncate(wanted);
    let last = found.last().map_or(marker, |((.., number), _)| i32::try_from(*number).unwrap_or(i32::MAX));
    let written = |((.., number), part): ((u64, String, u32), Part)| {
        let mut written = api::Part {
            part_number: i32::try_from(number).ok(),
            last_modified: Some(get::seconds(part.modified)),
            e_tag: Some(put::quoted(&part.etag)),
            size: i64::try_from(part.size).ok(),
            ..api::Part::default()
        };
        tell_checksum!(written, Some(part.known_checksum()));
        written
    };
    let parts: Vec<_> = found.into_iter().map(written).collect();
    let own = upload.attributes.owner.as_deref().unwrap_or(&bucket.account);
    let (abort_date, abort_rule_id) = lifecycle::abort(cx, &bucket, &input.key, upload.initiated).await?.unzip();
    Ok(api::ListPartsOutput {
        abort_date,
        abort_rule_id,
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        part_number_marker: Some(marker),
        next_part_number_marker: Some(last),
        max_parts: Some(max),
        is_truncated: Some(more),
        parts: Some(parts).filter(|parts| !parts.is_empty()),
        initiator: Some(accounts::initiator(cx, &upload.initiator)),
        owner: Some(accounts::owner(cx, own)),
        storage_class: Some(upload.storage_class.unwrap_or_else(|| "STANDARD".to_owned())),
        checksum_algorithm: upload.algorithm.map(|algorithm| algorithm.name().to_owned()),
        checksum_type: upload.algorithm.map(|_| type_name(upload.composite)),
        ..api::ListPartsOutput::default()
    })
}
