//! Amazon Simple Storage Service: buckets, objects, and their listing. What is not built yet is left out of `build.rs`, and so answered 501.
//!
//! Follows the Amazon S3 API Reference and User Guide.
//!
//! | Module | What it is about |
//! |---|---|
//! | `tables`, `names` | what is stored, and how things may be called |
//! | `bucket`, `config` | buckets, and their configurations |
//! | `put`, `copy`, `multipart`, `digests`, `content` | objects on their way in, and what is computed of them on the way |
//! | `get`, `conditions`, `range` | objects on their way out |
//! | `delete` | objects that go |
//! | `list` | listing objects |

mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}
mod bucket;
mod conditions;
mod config;
mod content;
mod copy;
mod delete;
mod digests;
mod errors;
mod get;
mod inputs;
mod list;
mod multipart;
mod names;
mod put;
mod range;
mod tables;

use std::sync::Arc;

use kumoi_core::{Cx, Descriptor, Future, Reply, Service, ValidationStyle};
use kumoi_model::Value;

/// The service, for the list of services.
pub fn service() -> Arc<dyn Service> {
    Arc::new(S3)
}

struct S3;

static DESCRIPTOR: Descriptor =
    Descriptor { model: "s3", operations: api::OPERATIONS, validation: ValidationStyle::Own(errors::word) };

impl Service for S3 {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn call<'a>(&'a self, cx: &'a Cx, operation: &'a str, input: &'a Value) -> Future<'a, Reply<Value>> {
        api::dispatch(self, cx, operation, input)
    }
}

/// Methods that hand on to a function, which `config::operations` lists.
macro_rules! methods {
    ($($method:ident($input:ident) -> $output:ident: $function:expr;)*) => {$(
        async fn $method(&self, cx: &Cx, input: api::$input) -> Reply<api::$output> {
            ($function)(cx, input).await
        }
    )*};
}

impl api::Api for S3 {
    async fn create_bucket(&self, cx: &Cx, input: api::CreateBucketInput) -> Reply<api::CreateBucketOutput> {
        bucket::create(cx, input).await
    }

    async fn delete_bucket(&self, cx: &Cx, input: api::DeleteBucketInput) -> Reply<api::DeleteBucketOutput> {
        bucket::delete(cx, input).await
    }

    async fn head_bucket(&self, cx: &Cx, input: api::HeadBucketInput) -> Reply<api::HeadBucketOutput> {
        bucket::head(cx, input).await
    }

    async fn list_buckets(&self, cx: &Cx, input: api::ListBucketsInput) -> Reply<api::ListBucketsOutput> {
        bucket::list(cx, input).await
    }

    async fn get_bucket_location(
        &self,
        cx: &Cx,
        input: api::GetBucketLocationInput,
    ) -> Reply<api::GetBucketLocationOutput> {
        bucket::location(cx, input).await
    }

    async fn put_object(&self, cx: &Cx, input: api::PutObjectInput) -> Reply<api::PutObjectOutput> {
        put::put(cx, input).await
    }

    async fn get_object(&self, cx: &Cx, input: api::GetObjectInput) -> Reply<api::GetObjectOutput> {
        get::get(cx, input).await
    }

    async fn head_object(&self, cx: &Cx, input: api::HeadObjectInput) -> Reply<api::HeadObjectOutput> {
        get::head(cx, input).await
    }

    async fn copy_object(&self, cx: &Cx, input: api::CopyObjectInput) -> Reply<api::CopyObjectOutput> {
        copy::copy(cx, input).await
    }

    async fn create_multipart_upload(
        &self,
        cx: &Cx,
        input: api::CreateMultipartUploadInput,
    ) -> Reply<api::CreateMultipartUploadOutput> {
        multipart::create(cx, input).await
    }

    async fn upload_part(&self, cx: &Cx, input: api::UploadPartInput) -> Reply<api::UploadPartOutput> {
        multipart::upload(cx, input).await
    }

    async fn upload_part_copy(&self, cx: &Cx, input: api::UploadPartCopyInput) -> Reply<api::UploadPartCopyOutput> {
        copy::part(cx, input).await
    }

    async fn complete_multipart_upload(
        &self,
        cx: &Cx,
        input: api::CompleteMultipartUploadInput,
    ) -> Reply<api::CompleteMultipartUploadOutput> {
        multipart::complete(cx, input).await
    }

    async fn abort_multipart_upload(
        &self,
        cx: &Cx,
        input: api::AbortMultipartUploadInput,
    ) -> Reply<api::AbortMultipartUploadOutput> {
        multipart::abort(cx, input).await
    }

    async fn list_parts(&self, cx: &Cx, input: api::ListPartsInput) -> Reply<api::ListPartsOutput> {
        multipart::list_parts(cx, input).await
    }

    async fn list_multipart_uploads(
        &self,
        cx: &Cx,
        input: api::ListMultipartUploadsInput,
    ) -> Reply<api::ListMultipartUploadsOutput> {
        multipart::list_uploads(cx, input).await
    }

    async fn delete_object(&self, cx: &Cx, input: api::DeleteObjectInput) -> Reply<api::DeleteObjectOutput> {
        delete::one(cx, input).await
    }

    async fn delete_objects(&self, cx: &Cx, input: api::DeleteObjectsInput) -> Reply<api::DeleteObjectsOutput> {
        delete::many(cx, input).await
    }

    async fn list_objects(&self, cx: &Cx, input: api::ListObjectsInput) -> Reply<api::ListObjectsOutput> {
        list::first_version(cx, input).await
    }

    async fn list_objects_v2(&self, cx: &Cx, input: api::ListObjectsV2Input) -> Reply<api::ListObjectsV2Output> {
        list::second_version(cx, input).await
    }

    config::operations!(methods);
}
