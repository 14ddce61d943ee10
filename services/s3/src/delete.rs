//! `DeleteObject` and `DeleteObjects`.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;

use crate::changes::Place;
use crate::errors::{malformed_xml, precondition_failed};
use crate::names::check_key;
use crate::points::Point;
use crate::tables::{Object, Version};
use crate::{access, api, bucket, changes, conditions, lock, versions};

/// Objects that one request can delete.
const MAX_OBJECTS: usize = 1000;

/// What an object must be like to be deleted.
#[derive(Default)]
struct Expected<'a> {
    etag: Option<&'a str>,
    modified: Option<Timestamp>,
    size: Option<i64>,
}

impl Expected<'_> {
    fn check(&self, object: Option<&Object>, key: &str) -> Result<(), Fault> {
        conditions::of_write(object, key, self.etag, None)?;
        let Some(object) = object else { return Ok(()) };
        let other_time = self.modified.is_some_and(|moment| crate::get::seconds(object.modified) != moment);
        let other_size = self.size.is_some_and(|size| u64::try_from(size) != Ok(object.size));
        if other_time || other_size { Err(precondition_failed()) } else { Ok(()) }
    }
}

/// What came of a deletion.
#[derive(Default)]
struct Gone {
    /// The version that is gone, or the delete marker that was written.
    version: Option<String>,
    marker: bool,
}

pub(crate) async fn one(cx: &Cx, input: api::DeleteObjectInput) -> Reply<api::DeleteObjectOutput> {
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let expected = Expected {
        etag: input.if_match.as_deref(),
        modified: input.if_match_last_modified_time,
        size: input.if_match_size,
    };
    let bypass = input.bypass_governance_retention == Some(true);
    let place = Place { bucket: &bucket, name: &input.bucket, key: &input.key };
    let gone = remove(cx, place, input.version_id.as_deref(), &expected, bypass).await?;
    Ok(api::DeleteObjectOutput {
        version_id: gone.version,
        delete_marker: Some(true).filter(|_| gone.marker),
        ..api::DeleteObjectOutput::default()
    })
}

async fn remove(cx: &Cx, place: Place<'_>, id: Option<&str>, expected: &Expected<'_>, bypass: bool) -> Reply<Gone> {
    let Place { bucket, key, .. } = place;
    check_key(key)?;
    let Some(id) = id else {
        let object = versions::current(cx, bucket, key).await?;
        expected.check(object.as_ref(), key)?;
        let marker = versions::delete(cx, bucket, key, access::writer(cx, bucket)).await?;
        let version = marker.as_ref().map(|marker| marker.version.clone().unwrap_or_else(|| "null".to_owned()));
        match &version {
            Some(version) => changes::marked(cx, place, version).await?,
            None if object.is_some() => changes::removed(cx, place, None).await?,
            None => {}
        }
        return Ok(Gone { version, marker: marker.is_some() });
    };
    let found = versions::find(cx, bucket, key, Some(id)).await?;
    let object = found.as_ref().and_then(|found| match &found.version {
        Version::Object(object) => Some(object),
        Version::Marker(_) => None,
    });
    expected.check(object, key)?;
    if let Some(object) = object {
        lock::check_delete(cx, object, bypass)?;
    }
    let marker = matches!(&found, Some(found) if matches!(found.version, Version::Marker(_)));
    // What is not there is deleted already.
    if let Some(found) = &found {
        versions::delete_version(cx, bucket, key, found).await?;
        changes::removed(cx, place, Some(id)).await?;
    }
    Ok(Gone { version: Some(id.to_owned()), marker })
}

/// Deletes objects, each for itself; `point` is the access point that the request goes through.
pub(crate) async fn many(
    cx: &Cx,
    input: api::DeleteObjectsInput,
    point: Option<&Point>,
) -> Reply<api::DeleteObjectsOutput> {
    let bucket = bucket::look(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    if !(1..=MAX_OBJECTS).contains(&input.delete.objects.len()) {
        return Err(malformed_xml().into());
    }
    let bypass = input.bypass_governance_retention == Some(true);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in input.delete.objects {
        let expected =
            Expected { etag: object.e_tag.as_deref(), modified: object.last_modified_time, size: object.size };
        let named = object.version_id.as_deref();
        let gone = match access::delete(cx, (&bucket, &input.bucket), &object.key, named, bypass, point).await {
            Ok(()) => {
                let place = Place { bucket: &bucket, name: &input.bucket, key: &object.key };
                remove(cx, place, named, &expected, bypass).await
            }
            Err(halt) => Err(halt),
        };
        match gone {
            Ok(Gone { version, marker }) => deleted.push(api::DeletedObject {
                key: Some(object.key),
                delete_marker: Some(true).filter(|_| marker),
                delete_marker_version_id: version.filter(|_| marker),
                version_id: object.version_id,
            }),
            Err(kumoi_core::Halt::Fault(fault)) => errors.push(api::Error {
                key: Some(object.key),
                code: Some(fault.code().to_owned()),
                message: Some(fault.message().to_owned()),
                version_id: object.version_id,
            }),
            Err(halt) => return Err(halt),
        }
    }
    let quiet = input.delete.quiet == Some(true);
    Ok(api::DeleteObjectsOutput {
        deleted: Some(deleted).filter(|deleted| !quiet && !deleted.is_empty()),
        errors: Some(errors).filter(|errors| !errors.is_empty()),
        ..api::DeleteObjectsOutput::default()
    })
}
