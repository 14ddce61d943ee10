//! Amazon S3 Control: what an account sets for all its buckets, access points, and dashboards. What is not built yet is left out of `build.rs`, and
//! so answered 501.
//!
//! Follows the API Reference, "Amazon S3 Control", and the S3 User Guide. S3 itself asks this service where an access point leads, by operations that
//! clients have, too; it alone may name an access point by its ARN or its alias, of whatever account.
//!
//! | Module | What it is about |
//! |---|---|
//! | `tables`, `names`, `errors` | what is stored, and how things may be called |
//! | `caller` | whose resources a request is about |
//! | `block` | public access of an account |
//! | `points`, `policy` | access points, and their policies |
//! | `tags` | tags of resources |
//! | `multi`, `requests` | multi-region access points, and the requests that make and change them |
//! | `lens`, `groups` | configurations and groups of Storage Lens |
//! | `jobs` | Batch Operations |
//! | `grants` | Access Grants |
//! | `s3` | calls to S3 on behalf of a role |

mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}
mod block;
mod caller;
mod errors;
mod grants;
mod groups;
mod jobs;
mod lens;
mod multi;
mod names;
mod points;
mod policy;
mod requests;
mod s3;
mod tables;
mod tags;

use std::sync::Arc;

use kumoi_core::timers::Timer;
use kumoi_core::{Cx, Descriptor, Future, Reply, Service, ValidationStyle};
use kumoi_model::Value;

/// The service, for the list of services.
pub fn service() -> Arc<dyn Service> {
    Arc::new(S3Control)
}

struct S3Control;

static DESCRIPTOR: Descriptor =
    Descriptor { model: "s3control", operations: api::OPERATIONS, validation: ValidationStyle::Own(errors::word) };

impl Service for S3Control {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn call<'a>(&'a self, cx: &'a Cx, operation: &'a str, input: &'a Value) -> Future<'a, Reply<Value>> {
        api::dispatch(self, cx, operation, input)
    }

    fn timer<'a>(&'a self, cx: &'a Cx, timer: &'a Timer) -> Future<'a, Reply<()>> {
        Box::pin(async move {
            match timer.kind.as_str() {
                jobs::run::STEP => jobs::run::step(cx, &timer.payload).await,
                requests::FINISH => requests::finish(cx, &timer.payload).await,
                _ => Ok(()),
            }
        })
    }
}

/// Methods that hand on to a function.
macro_rules! methods {
    ($($method:ident($input:ident) -> $output:ident: $function:expr;)*) => {$(
        async fn $method(&self, cx: &Cx, input: api::$input) -> Reply<api::$output> {
            ($function)(cx, input).await
        }
    )*};
}

impl api::Api for S3Control {
    methods! {
        put_public_access_block(PutPublicAccessBlockInput) -> PutPublicAccessBlockOutput: block::put;
        get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput: block::get;
        delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput: block::delete;
        create_access_point(CreateAccessPointInput) -> CreateAccessPointOutput: points::create;
        get_access_point(GetAccessPointInput) -> GetAccessPointOutput: points::get;
        delete_access_point(DeleteAccessPointInput) -> DeleteAccessPointOutput: points::delete;
        list_access_points(ListAccessPointsInput) -> ListAccessPointsOutput: points::list;
        put_access_point_policy(PutAccessPointPolicyInput) -> PutAccessPointPolicyOutput: policy::put;
        get_access_point_policy(GetAccessPointPolicyInput) -> GetAccessPointPolicyOutput: policy::get;
        delete_access_point_policy(DeleteAccessPointPolicyInput) -> DeleteAccessPointPolicyOutput: policy::delete;
        get_access_point_policy_status(GetAccessPointPolicyStatusInput) -> GetAccessPointPolicyStatusOutput: policy::status;
        tag_resource(TagResourceInput) -> TagResourceOutput: tags::tag;
        untag_resource(UntagResourceInput) -> UntagResourceOutput: tags::untag;
        list_tags_for_resource(ListTagsForResourceInput) -> ListTagsForResourceOutput: tags::list;
        create_multi_region_access_point(CreateMultiRegionAccessPointInput) -> CreateMultiRegionAccessPointOutput: multi::create;
        delete_multi_region_access_point(DeleteMultiRegionAccessPointInput) -> DeleteMultiRegionAccessPointOutput: multi::delete;
        describe_multi_region_access_point_operation(DescribeMultiRegionAccessPointOperationInput) -> DescribeMultiRegionAccessPointOperationOutput:
            requests::describe;
        get_multi_region_access_point(GetMultiRegionAccessPointInput) -> GetMultiRegionAccessPointOutput: multi::get;
        list_multi_region_access_points(ListMultiRegionAccessPointsInput) -> ListMultiRegionAccessPointsOutput: multi::list;
        put_multi_region_access_point_policy(PutMultiRegionAccessPointPolicyInput) -> PutMultiRegionAccessPointPolicyOutput: multi::put_policy;
        get_multi_region_access_point_policy(GetMultiRegionAccessPointPolicyInput) -> GetMultiRegionAccessPointPolicyOutput: multi::get_policy;
        get_multi_region_access_point_policy_status(GetMultiRegionAccessPointPolicyStatusInput) -> GetMultiRegionAccessPointPolicyStatusOutput:
            multi::policy_status;
        get_multi_region_access_point_routes(GetMultiRegionAccessPointRoutesInput) -> GetMultiRegionAccessPointRoutesOutput: multi::get_routes;
        submit_multi_region_access_point_routes(SubmitMultiRegionAccessPointRoutesInput) -> SubmitMultiRegionAccessPointRoutesOutput:
            multi::submit_routes;
        put_storage_lens_configuration(PutStorageLensConfigurationInput) -> PutStorageLensConfigurationOutput: lens::put;
        get_storage_lens_configuration(GetStorageLensConfigurationInput) -> GetStorageLensConfigurationOutput: lens::get;
        delete_storage_lens_configuration(DeleteStorageLensConfigurationInput) -> DeleteStorageLensConfigurationOutput: lens::delete;
        list_storage_lens_configurations(ListStorageLensConfigurationsInput) -> ListStorageLensConfigurationsOutput: lens::list;
        put_storage_lens_configuration_tagging(PutStorageLensConfigurationTaggingInput) -> PutStorageLensConfigurationTaggingOutput: lens::put_tags;
        get_storage_lens_configuration_tagging(GetStorageLensConfigurationTaggingInput) -> GetStorageLensConfigurationTaggingOutput: lens::get_tags;
        delete_storage_lens_configuration_tagging(DeleteStorageLensConfigurationTaggingInput) -> DeleteStorageLensConfigurationTaggingOutput:
            lens::delete_tags;
        create_job(CreateJobInput) -> CreateJobOutput: jobs::create;
        describe_job(DescribeJobInput) -> DescribeJobOutput: jobs::describe;
        list_jobs(ListJobsInput) -> ListJobsOutput: jobs::list;
        update_job_priority(UpdateJobPriorityInput) -> UpdateJobPriorityOutput: jobs::update_priority;
        update_job_status(UpdateJobStatusInput) -> UpdateJobStatusOutput: jobs::update_status;
        put_job_tagging(PutJobTaggingInput) -> PutJobTaggingOutput: jobs::put_tags;
        get_job_tagging(GetJobTaggingInput) -> GetJobTaggingOutput: jobs::get_tags;
        delete_job_tagging(DeleteJobTaggingInput) -> DeleteJobTaggingOutput: jobs::delete_tags;
        create_access_grants_instance(CreateAccessGrantsInstanceInput) -> CreateAccessGrantsInstanceOutput: grants::instance::create;
        get_access_grants_instance(GetAccessGrantsInstanceInput) -> GetAccessGrantsInstanceOutput: grants::instance::get;
        delete_access_grants_instance(DeleteAccessGrantsInstanceInput) -> DeleteAccessGrantsInstanceOutput: grants::instance::delete;
        list_access_grants_instances(ListAccessGrantsInstancesInput) -> ListAccessGrantsInstancesOutput: grants::instance::list;
        get_access_grants_instance_for_prefix(GetAccessGrantsInstanceForPrefixInput) -> GetAccessGrantsInstanceForPrefixOutput: grants::instance::for_prefix;
        put_access_grants_instance_resource_policy(PutAccessGrantsInstanceResourcePolicyInput) -> PutAccessGrantsInstanceResourcePolicyOutput: grants::instance::put_policy;
        get_access_grants_instance_resource_policy(GetAccessGrantsInstanceResourcePolicyInput) -> GetAccessGrantsInstanceResourcePolicyOutput: grants::instance::get_policy;
        delete_access_grants_instance_resource_policy(DeleteAccessGrantsInstanceResourcePolicyInput) -> DeleteAccessGrantsInstanceResourcePolicyOutput: grants::instance::delete_policy;
        create_access_grants_location(CreateAccessGrantsLocationInput) -> CreateAccessGrantsLocationOutput: grants::locations::create;
        get_access_grants_location(GetAccessGrantsLocationInput) -> GetAccessGrantsLocationOutput: grants::locations::get;
        update_access_grants_location(UpdateAccessGrantsLocationInput) -> UpdateAccessGrantsLocationOutput: grants::locations::update;
        delete_access_grants_location(DeleteAccessGrantsLocationInput) -> DeleteAccessGrantsLocationOutput: grants::locations::delete;
        list_access_grants_locations(ListAccessGrantsLocationsInput) -> ListAccessGrantsLocationsOutput: grants::locations::list;
        create_access_grant(CreateAccessGrantInput) -> CreateAccessGrantOutput: grants::grants::create;
        get_access_grant(GetAccessGrantInput) -> GetAccessGrantOutput: grants::grants::get;
        delete_access_grant(DeleteAccessGrantInput) -> DeleteAccessGrantOutput: grants::grants::delete;
        list_access_grants(ListAccessGrantsInput) -> ListAccessGrantsOutput: grants::grants::list;
        get_data_access(GetDataAccessInput) -> GetDataAccessOutput: grants::access::get;
        list_caller_access_grants(ListCallerAccessGrantsInput) -> ListCallerAccessGrantsOutput: grants::access::list;
        create_storage_lens_group(CreateStorageLensGroupInput) -> CreateStorageLensGroupOutput: groups::create;
        get_storage_lens_group(GetStorageLensGroupInput) -> GetStorageLensGroupOutput: groups::get;
        list_storage_lens_groups(ListStorageLensGroupsInput) -> ListStorageLensGroupsOutput: groups::list;
        update_storage_lens_group(UpdateStorageLensGroupInput) -> UpdateStorageLensGroupOutput: groups::update;
        delete_storage_lens_group(DeleteStorageLensGroupInput) -> DeleteStorageLensGroupOutput: groups::delete;
    }
}
