//! Which function answers which operation.

/// Gives the table to another macro.
macro_rules! operations {
    ($with:ident) => {
        $with! {
            put_bucket_tagging(PutBucketTaggingInput) -> PutBucketTaggingOutput: config::tagging::put;
            get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput: config::tagging::get;
            delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput: config::delete::<api::Tagging, _, _>;
            put_bucket_policy(PutBucketPolicyInput) -> PutBucketPolicyOutput: config::policy::put;
            get_bucket_policy_status(GetBucketPolicyStatusInput) -> GetBucketPolicyStatusOutput: config::policy::status;
            get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput: config::policy::get;
            delete_bucket_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput: config::delete::<config::policy::Policy, _, _>;
            put_bucket_ownership_controls(PutBucketOwnershipControlsInput) -> PutBucketOwnershipControlsOutput: config::access::put_ownership;
            get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput: config::access::get_ownership;
            delete_bucket_ownership_controls(DeleteBucketOwnershipControlsInput) -> DeleteBucketOwnershipControlsOutput: config::access::delete_ownership;
            put_bucket_cors(PutBucketCorsInput) -> PutBucketCorsOutput: config::cors::put;
            get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput: config::cors::get;
            delete_bucket_cors(DeleteBucketCorsInput) -> DeleteBucketCorsOutput: config::delete::<api::CORSConfiguration, _, _>;
            put_bucket_encryption(PutBucketEncryptionInput) -> PutBucketEncryptionOutput: config::encryption::put;
            get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput: config::encryption::get;
            delete_bucket_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput:
                config::delete::<api::ServerSideEncryptionConfiguration, _, _>;
            put_bucket_website(PutBucketWebsiteInput) -> PutBucketWebsiteOutput: config::website::put;
            get_bucket_website(GetBucketWebsiteInput) -> GetBucketWebsiteOutput: config::website::get;
            delete_bucket_website(DeleteBucketWebsiteInput) -> DeleteBucketWebsiteOutput:
                config::delete::<api::WebsiteConfiguration, _, _>;
            put_bucket_replication(PutBucketReplicationInput) -> PutBucketReplicationOutput: config::replication::put;
            get_bucket_replication(GetBucketReplicationInput) -> GetBucketReplicationOutput: config::replication::get;
            delete_bucket_replication(DeleteBucketReplicationInput) -> DeleteBucketReplicationOutput:
                config::delete::<api::ReplicationConfiguration, _, _>;
            put_public_access_block(PutPublicAccessBlockInput) -> PutPublicAccessBlockOutput: config::access::put_block;
            get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput: config::access::get_block;
            delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput: config::access::delete_block;
            put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput) -> PutBucketLifecycleConfigurationOutput:
                config::lifecycle::put;
            get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput:
                config::lifecycle::get;
            delete_bucket_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput:
                config::lifecycle::delete;
            put_bucket_logging(PutBucketLoggingInput) -> PutBucketLoggingOutput: config::logging::put;
            get_bucket_logging(GetBucketLoggingInput) -> GetBucketLoggingOutput: config::logging::get;
            put_bucket_notification_configuration(PutBucketNotificationConfigurationInput) -> PutBucketNotificationConfigurationOutput:
                config::notification::put;
            get_bucket_notification_configuration(GetBucketNotificationConfigurationInput) -> GetBucketNotificationConfigurationOutput:
                config::notification::get;
            put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput: config::versioning::put;
            get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput: config::versioning::get;
            put_object_lock_configuration(PutObjectLockConfigurationInput) -> PutObjectLockConfigurationOutput: config::lock::put;
            get_object_lock_configuration(GetObjectLockConfigurationInput) -> GetObjectLockConfigurationOutput: config::lock::get;
            put_bucket_request_payment(PutBucketRequestPaymentInput) -> PutBucketRequestPaymentOutput: config::payment::put_payment;
            get_bucket_request_payment(GetBucketRequestPaymentInput) -> GetBucketRequestPaymentOutput: config::payment::get_payment;
            put_bucket_accelerate_configuration(PutBucketAccelerateConfigurationInput) -> PutBucketAccelerateConfigurationOutput:
                config::payment::put_acceleration;
            get_bucket_accelerate_configuration(GetBucketAccelerateConfigurationInput) -> GetBucketAccelerateConfigurationOutput:
                config::payment::get_acceleration;
            put_bucket_abac(PutBucketAbacInput) -> PutBucketAbacOutput: config::access::put_abac;
            get_bucket_abac(GetBucketAbacInput) -> GetBucketAbacOutput: config::access::get_abac;
            put_bucket_inventory_configuration(PutBucketInventoryConfigurationInput) -> PutBucketInventoryConfigurationOutput:
                inventory::put;
            get_bucket_inventory_configuration(GetBucketInventoryConfigurationInput) -> GetBucketInventoryConfigurationOutput:
                config::named::inventory::get;
            delete_bucket_inventory_configuration(DeleteBucketInventoryConfigurationInput) -> DeleteBucketInventoryConfigurationOutput:
                inventory::delete;
            list_bucket_inventory_configurations(ListBucketInventoryConfigurationsInput) -> ListBucketInventoryConfigurationsOutput:
                config::named::inventory::list;
            put_bucket_analytics_configuration(PutBucketAnalyticsConfigurationInput) -> PutBucketAnalyticsConfigurationOutput:
                config::named::analytics::put;
            get_bucket_analytics_configuration(GetBucketAnalyticsConfigurationInput) -> GetBucketAnalyticsConfigurationOutput:
                config::named::analytics::get;
            delete_bucket_analytics_configuration(DeleteBucketAnalyticsConfigurationInput) -> DeleteBucketAnalyticsConfigurationOutput:
                config::named::analytics::delete;
            list_bucket_analytics_configurations(ListBucketAnalyticsConfigurationsInput) -> ListBucketAnalyticsConfigurationsOutput:
                config::named::analytics::list;
            put_bucket_metrics_configuration(PutBucketMetricsConfigurationInput) -> PutBucketMetricsConfigurationOutput:
                config::named::metrics::put;
            get_bucket_metrics_configuration(GetBucketMetricsConfigurationInput) -> GetBucketMetricsConfigurationOutput:
                config::named::metrics::get;
            delete_bucket_metrics_configuration(DeleteBucketMetricsConfigurationInput) -> DeleteBucketMetricsConfigurationOutput:
                config::named::metrics::delete;
            list_bucket_metrics_configurations(ListBucketMetricsConfigurationsInput) -> ListBucketMetricsConfigurationsOutput:
                config::named::metrics::list;
            put_bucket_intelligent_tiering_configuration(PutBucketIntelligentTieringConfigurationInput) -> PutBucketIntelligentTieringConfigurationOutput:
                config::named::tiering::put;
            get_bucket_intelligent_tiering_configuration(GetBucketIntelligentTieringConfigurationInput) -> GetBucketIntelligentTieringConfigurationOutput:
                config::named::tiering::get;
            delete_bucket_intelligent_tiering_configuration(DeleteBucketIntelligentTieringConfigurationInput) -> DeleteBucketIntelligentTieringConfigurationOutput:
                config::named::tiering::delete;
            list_bucket_intelligent_tiering_configurations(ListBucketIntelligentTieringConfigurationsInput) -> ListBucketIntelligentTieringConfigurationsOutput:
                config::named::tiering::list;
        }
    };
}

pub(crate) use operations;
