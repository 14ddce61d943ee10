//! `DeleteObject` and `DeleteObjects`.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;
use kumoi_store::Scope;

use crate::errors::{malformed_xml, precondition_failed};
use crate::names::check_key;
use crate::tables::{Bucket, OBJECTS, Object};
use crate::{api, bucket, conditions, content};

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
    fn check(&self, object: Option<&Object>) -> Result<(), Fault> {
        conditions::of_write(object, self.etag, None)?;
        let Some(object) = object else { return Ok(()) };
        let other_time = self.modified.is_some_and(|moment| crate::get::seconds(object.modified) != moment);
        let other_size = self.size.is_some_and(|size| u64::try_from(size) != Ok(object.size));
        if other_time || other_size { Err(precondition_failed()) } else { Ok(()) }
    }
}

pub(crate) async fn one(cx: &Cx, input: api::DeleteObjectInput) -> Reply<api::DeleteObjectOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let expected = Expected {
        etag: input.if_match.as_deref(),
        modified: input.if_match_last_modified_time,
        size: input.if_match_size,
    };
    remove(cx, &bucket, &input.key, &expected).await?;
    Ok(api::DeleteObjectOutput::default())
}

async fn remove(cx: &Cx, bucket: &Bucket, key: &str, expected: &Expected<'_>) -> Reply<()> {
    check_key(key)?;
    let key = (bucket.id, key.to_owned());
    let object = cx.tx().get(&Scope::world(), &OBJECTS, &key).await?;
    expected.check(object.as_ref())?;
    // What is not there is deleted already.
    if let Some(object) = object {
        cx.tx().delete(&Scope::world(), &OBJECTS, &key).await?;
        content::discard(cx, &object).await?;
    }
    Ok(())
}

pub(crate) async fn many(cx: &Cx, input: api::DeleteObjectsInput) -> Reply<api::DeleteObjectsOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    if !(1..=MAX_OBJECTS).contains(&input.delete.objects.len()) {
        return Err(malformed_xml().into());
    }
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in input.delete.objects {
        let expected =
            Expected { etag: object.e_tag.as_deref(), modified: object.last_modified_time, size: object.size };
        match remove(cx, &bucket, &object.key, &expected).await {
            Ok(()) => deleted.push(api::DeletedObject { key: Some(object.key), ..api::DeletedObject::default() }),
            Err(kumoi_core::Halt::Fault(fault)) => errors.push(api::Error {
                key: Some(object.key),
                code: Some(fault.code().to_owned()),
                message: Some(fault.message().to_owned()),
                version_id: None,
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
