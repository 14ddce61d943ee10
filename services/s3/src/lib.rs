//! Amazon Simple Storage Service: buckets, objects, and their listing. What is not built yet is left out of `build.rs`, and so answered 501.
//!
//! Follows the Amazon S3 API Reference and User Guide.
//!
//! | Module | What it is about |
//! |---|---|
//! | `tables`, `names` | what is stored, and how things may be called |
//! | `bucket` | buckets |
//! | `access`, `acl`, `accounts` | who may do what, and who owns what |
//! | `put`, `copy`, `multipart`, `digests`, `content` | objects on their way in, and what is computed of them on the way |
//! | `attributes`, `encryption`, `lock`, `tags` | what is said of objects besides their headers |
//! | `versions` | versions of objects, and delete markers |
//! | `get`, `conditions`, `range`, `summary` | objects on their way out |
//! | `delete` | objects that go |
//! | `list` | listing objects, versions and uploads |

mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}
mod access;
mod accounts;
mod acl;
mod attributes;
mod bucket;
mod conditions;
mod content;
mod copy;
mod delete;
mod digests;
mod encryption;
mod errors;
mod get;
mod inputs;
mod list;
mod lock;
mod multipart;
mod names;
mod put;
mod range;
mod summary;
mod tables;
mod tags;
mod versions;

use std::sync::Arc;

use kumoi_core::{Cx, Descriptor, Future, OptionEffect, Reply, Service, ServiceOption, ValidationStyle};
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
        Box::pin(async move {
            access::authorize(cx, operation, input).await?;
            api::dispatch(self, cx, operation, input).await
        })
    }

    fn options(&self) -> &'static [ServiceOption] {
        &[
            ServiceOption {
                name: DEFAULTS,
                effect: OptionEffect::OneOf {
                    values: &["2022"],
                    otherwise: "new buckets are as AWS makes them today; 2022 makes them as before April 2023, with access control lists",
                },
            },
            ServiceOption { name: OWNER_NAMES, effect: OptionEffect::Honoured },
        ]
    }
}

/// Option: `2022` for new buckets as they were before April 2023, when access control lists were not disabled and public access was not blocked.
const DEFAULTS: &str = "S3_DEFAULTS";

/// Option: the display names of accounts, `111111111111=name,…`, which S3 told until November 2025.
const OWNER_NAMES: &str = "S3_OWNER_NAMES";

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
        list::uploads(cx, input).await
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

    async fn list_object_versions(
        &self,
        cx: &Cx,
        input: api::ListObjectVersionsInput,
    ) -> Reply<api::ListObjectVersionsOutput> {
        list::versions(cx, input).await
    }

    async fn get_bucket_acl(&self, cx: &Cx, input: api::GetBucketAclInput) -> Reply<api::GetBucketAclOutput> {
        acl::get_bucket(cx, input).await
    }

    async fn put_bucket_acl(&self, cx: &Cx, input: api::PutBucketAclInput) -> Reply<api::PutBucketAclOutput> {
        acl::put_bucket(cx, input).await
    }

    async fn get_object_acl(&self, cx: &Cx, input: api::GetObjectAclInput) -> Reply<api::GetObjectAclOutput> {
        acl::get_object(cx, input).await
    }

    async fn put_object_acl(&self, cx: &Cx, input: api::PutObjectAclInput) -> Reply<api::PutObjectAclOutput> {
        acl::put_object(cx, input).await
    }

    async fn get_object_tagging(
        &self,
        cx: &Cx,
        input: api::GetObjectTaggingInput,
    ) -> Reply<api::GetObjectTaggingOutput> {
        tags::get(cx, input).await
    }

    async fn put_object_tagging(
        &self,
        cx: &Cx,
        input: api::PutObjectTaggingInput,
    ) -> Reply<api::PutObjectTaggingOutput> {
        tags::put(cx, input).await
    }

    async fn delete_object_tagging(
        &self,
        cx: &Cx,
        input: api::DeleteObjectTaggingInput,
    ) -> Reply<api::DeleteObjectTaggingOutput> {
        tags::delete(cx, input).await
    }

    async fn get_object_retention(
        &self,
        cx: &Cx,
        input: api::GetObjectRetentionInput,
    ) -> Reply<api::GetObjectRetentionOutput> {
        lock::get_retention(cx, input).await
    }

    async fn put_object_retention(
        &self,
        cx: &Cx,
        input: api::PutObjectRetentionInput,
    ) -> Reply<api::PutObjectRetentionOutput> {
        lock::put_retention(cx, input).await
    }

    async fn get_object_legal_hold(
        &self,
        cx: &Cx,
        input: api::GetObjectLegalHoldInput,
    ) -> Reply<api::GetObjectLegalHoldOutput> {
        lock::get_hold(cx, input).await
    }

    async fn put_object_legal_hold(
        &self,
        cx: &Cx,
        input: api::PutObjectLegalHoldInput,
    ) -> Reply<api::PutObjectLegalHoldOutput> {
        lock::put_hold(cx, input).await
    }

    async fn get_object_attributes(
        &self,
        cx: &Cx,
        input: api::GetObjectAttributesInput,
    ) -> Reply<api::GetObjectAttributesOutput> {
        summary::get(cx, input).await
    }
}
