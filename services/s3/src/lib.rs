//! Amazon Simple Storage Service: buckets, objects, and their listing. What is not built yet is left out of `build.rs`, and so answered 501.
//!
//! Follows the Amazon S3 API Reference and User Guide.
//!
//! | Module | What it is about |
//! |---|---|
//! | `tables`, `names` | what is stored, and how things may be called |
//! | `access`, `actions`, `acl`, `accounts`, `payer` | who may do what, who owns what, and who pays |
//! | `bucket`, `config` | buckets, and their configurations |
//! | `points` | access points, behind which buckets are |
//! | `put`, `copy`, `multipart`, `digests`, `content` | objects on their way in, and what is computed of them on the way |
//! | `annotations`, `attributes`, `encryption`, `lock`, `tags` | what is said of objects besides their headers |
//! | `versions` | versions of objects, and delete markers |
//! | `get`, `conditions`, `range`, `summary` | objects on their way out |
//! | `delete` | objects that go |
//! | `logs`, `inventory` | what requests were made, and what objects there are |
//! | `lifecycle`, `restore` | what happens to objects as time passes, and to those that are archived |
//! | `list` | listing objects, versions and uploads |
//! | `select` | queries over one object |
//! | `website` | buckets as websites |
//! | `changes`, `notify`, `replicate` | what follows elsewhere when objects change |

mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}
mod access;
mod accounts;
mod acl;
mod actions;
mod annotations;
mod attributes;
mod bucket;
mod changes;
mod conditions;
mod config;
mod content;
mod copy;
mod delete;
mod digests;
mod encryption;
mod errors;
mod get;
mod inputs;
mod inventory;
mod lifecycle;
mod list;
mod lock;
mod logs;
mod multipart;
mod names;
mod notify;
mod payer;
mod points;
mod put;
mod range;
mod replicate;
mod restore;
mod select;
mod summary;
mod tables;
mod tags;
mod versions;
mod website;

use std::sync::Arc;

use kumoi_core::timers::Timer;
use kumoi_core::{
    Cx, Descriptor, Fault, Future, Incoming, OptionEffect, Reply, Sent, Service, ServiceOption, ValidationStyle,
};
use kumoi_model::{Operation, Value};

/// The service, for the list of services.
pub fn service() -> Arc<dyn Service> {
    Arc::new(S3 { point: None })
}

struct S3 {
    /// The access point that a request goes through.
    point: Option<points::Point>,
}

static DESCRIPTOR: Descriptor =
    Descriptor { model: "s3", operations: api::OPERATIONS, validation: ValidationStyle::Own(errors::word) };

impl Service for S3 {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn call<'a>(&'a self, cx: &'a Cx, operation: &'a str, input: &'a Value) -> Future<'a, Reply<Value>> {
        Box::pin(async move {
            if let Some(path) = &cx.call_info().website {
                let output = website::answer(self, cx, operation, input, path).await?;
                logs::succeeded(cx, logs::website(cx, operation, input).await?, &output).await?;
                return Ok(output);
            }
            let through = points::resolve(cx, operation, input).await?;
            let (behind, point) = through.map(|through| (through.input, through.point)).unzip();
            let (input, service) = (behind.as_ref().unwrap_or(input), S3 { point: point.flatten() });
            let point = service.point.as_ref();
            let access::Authorized { bucket, by_list, charged } =
                access::authorize(cx, operation, input, point).await?;
            let mut output = api::dispatch(&service, cx, operation, input).await?;
            if charged {
                payer::tell(operation, &mut output);
            }
            let asked = logs::Asked { operation, input, bucket, point: point.map(points::Point::arn), by_list };
            logs::succeeded(cx, asked, &output).await?;
            Ok(output)
        })
    }

    fn notes_failures(&self) -> bool {
        true
    }

    fn failed<'a>(
        &'a self,
        cx: &'a Cx,
        operation: &'a str,
        input: &'a Value,
        fault: &'a Fault,
    ) -> Future<'a, Reply<()>> {
        Box::pin(logs::failed(cx, operation, input, fault))
    }

    fn inspect(&self, operation: &Operation, sent: Sent<'_>) -> Result<(), Fault> {
        encryption::check_reader(operation, sent)?;
        digests::check_document(operation, sent)
    }

    fn adapt(&self, operation: &str, incoming: Incoming<'_>, input: &mut Value) {
        inputs::adapt(operation, incoming.query, input);
    }

    fn timer<'a>(&'a self, cx: &'a Cx, timer: &'a Timer) -> Future<'a, Reply<()>> {
        Box::pin(async move {
            match timer.kind.as_str() {
                replicate::TIMER => replicate::run(cx, &timer.payload).await,
                logs::deliver::TIMER => logs::deliver::run(cx, &timer.payload).await,
                restore::TIMER => restore::run(cx, &timer.payload).await,
                inventory::TIMER => inventory::run(cx, &timer.payload).await,
                lifecycle::SWEEP => lifecycle::run(cx, &timer.payload).await,
                _ => Ok(()),
            }
        })
    }

    fn serves_websites(&self) -> bool {
        true
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

/// Methods that hand on to a function.
macro_rules! methods {
    ($($method:ident($input:ident) -> $output:ident: $function:expr;)*) => {$(
        async fn $method(&self, cx: &Cx, input: api::$input) -> Reply<api::$output> {
            ($function)(cx, input).await
        }
    )*};
}

impl api::Api for S3 {
    methods! {
        create_bucket(CreateBucketInput) -> CreateBucketOutput: bucket::create;
        delete_bucket(DeleteBucketInput) -> DeleteBucketOutput: bucket::delete;
        head_bucket(HeadBucketInput) -> HeadBucketOutput: bucket::head;
        list_buckets(ListBucketsInput) -> ListBucketsOutput: bucket::list;
        get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput: bucket::location;
        put_object(PutObjectInput) -> PutObjectOutput: put::put;
        get_object(GetObjectInput) -> GetObjectOutput: get::get;
        head_object(HeadObjectInput) -> HeadObjectOutput: get::head;
        copy_object(CopyObjectInput) -> CopyObjectOutput: copy::copy;
        create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput: multipart::create;
        upload_part(UploadPartInput) -> UploadPartOutput: multipart::upload;
        upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput: copy::part;
        complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput: multipart::complete;
        abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput: multipart::abort;
        list_parts(ListPartsInput) -> ListPartsOutput: multipart::list_parts;
        list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput: list::uploads;
        delete_object(DeleteObjectInput) -> DeleteObjectOutput: delete::one;
        list_objects(ListObjectsInput) -> ListObjectsOutput: list::first_version;
        list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output: list::second_version;
        list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput: list::versions;
        get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput: acl::get_bucket;
        put_bucket_acl(PutBucketAclInput) -> PutBucketAclOutput: acl::put_bucket;
        get_object_acl(GetObjectAclInput) -> GetObjectAclOutput: acl::get_object;
        put_object_acl(PutObjectAclInput) -> PutObjectAclOutput: acl::put_object;
        get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput: tags::get;
        put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput: tags::put;
        delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput: tags::delete;
        put_object_annotation(PutObjectAnnotationInput) -> PutObjectAnnotationOutput: annotations::put;
        get_object_annotation(GetObjectAnnotationInput) -> GetObjectAnnotationOutput: annotations::get;
        list_object_annotations(ListObjectAnnotationsInput) -> ListObjectAnnotationsOutput: annotations::list;
        delete_object_annotation(DeleteObjectAnnotationInput) -> DeleteObjectAnnotationOutput: annotations::delete;
        update_object_encryption(UpdateObjectEncryptionInput) -> UpdateObjectEncryptionOutput: encryption::update;
        get_object_retention(GetObjectRetentionInput) -> GetObjectRetentionOutput: lock::get_retention;
        put_object_retention(PutObjectRetentionInput) -> PutObjectRetentionOutput: lock::put_retention;
        get_object_legal_hold(GetObjectLegalHoldInput) -> GetObjectLegalHoldOutput: lock::get_hold;
        put_object_legal_hold(PutObjectLegalHoldInput) -> PutObjectLegalHoldOutput: lock::put_hold;
        restore_object(RestoreObjectInput) -> RestoreObjectOutput: restore::restore;
        get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput: summary::get;
        select_object_content(SelectObjectContentInput) -> SelectObjectContentOutput: select::select;
    }

    /// Each key has its own decision, that of the access point included.
    async fn delete_objects(&self, cx: &Cx, input: api::DeleteObjectsInput) -> Reply<api::DeleteObjectsOutput> {
        delete::many(cx, input, self.point.as_ref()).await
    }

    config::operations!(methods);
}
