//! Generates the typed face of S3 Control from its model.

fn main() {
    let data_source = ["DataSourceId", "DataSourceType"];
    kumoi_codegen::Generator::new("s3control")
        .operations(&[
            "PutPublicAccessBlock",
            "GetPublicAccessBlock",
            "DeletePublicAccessBlock",
            "CreateAccessPoint",
            "GetAccessPoint",
            "DeleteAccessPoint",
            "ListAccessPoints",
            "PutAccessPointPolicy",
            "GetAccessPointPolicy",
            "DeleteAccessPointPolicy",
            "GetAccessPointPolicyStatus",
            "TagResource",
            "UntagResource",
            "ListTagsForResource",
            "CreateMultiRegionAccessPoint",
            "DeleteMultiRegionAccessPoint",
            "DescribeMultiRegionAccessPointOperation",
            "GetMultiRegionAccessPoint",
            "ListMultiRegionAccessPoints",
            "PutMultiRegionAccessPointPolicy",
            "GetMultiRegionAccessPointPolicy",
            "GetMultiRegionAccessPointPolicyStatus",
            "GetMultiRegionAccessPointRoutes",
            "SubmitMultiRegionAccessPointRoutes",
            "PutStorageLensConfiguration",
            "GetStorageLensConfiguration",
            "DeleteStorageLensConfiguration",
            "ListStorageLensConfigurations",
            "PutStorageLensConfigurationTagging",
            "GetStorageLensConfigurationTagging",
            "DeleteStorageLensConfigurationTagging",
            "CreateJob",
            "DescribeJob",
            "ListJobs",
            "UpdateJobPriority",
            "UpdateJobStatus",
            "PutJobTagging",
            "GetJobTagging",
            "DeleteJobTagging",
            "CreateAccessGrantsInstance",
            "GetAccessGrantsInstance",
            "DeleteAccessGrantsInstance",
            "ListAccessGrantsInstances",
            "GetAccessGrantsInstanceForPrefix",
            "PutAccessGrantsInstanceResourcePolicy",
            "GetAccessGrantsInstanceResourcePolicy",
            "DeleteAccessGrantsInstanceResourcePolicy",
            "CreateAccessGrantsLocation",
            "GetAccessGrantsLocation",
            "UpdateAccessGrantsLocation",
            "DeleteAccessGrantsLocation",
            "ListAccessGrantsLocations",
            "CreateAccessGrant",
            "GetAccessGrant",
            "DeleteAccessGrant",
            "ListAccessGrants",
            "GetDataAccess",
            "ListCallerAccessGrants",
            "CreateStorageLensGroup",
            "GetStorageLensGroup",
            "ListStorageLensGroups",
            "UpdateStorageLensGroup",
            "DeleteStorageLensGroup",
        ])
        .stored(&[
            "PublicAccessBlockConfiguration",
            "Tag",
            "StorageLensConfiguration",
            "StorageLensTag",
            "CreateMultiRegionAccessPointInput",
            "DeleteMultiRegionAccessPointInput",
            "PutMultiRegionAccessPointPolicyInput",
            "CreateJobRequest",
            "Grantee",
            "StorageLensGroup",
        ])
        // There are no private networks to tell requests of, and scopes are for directory buckets.
        .ignores("CreateAccessPoint", &["VpcConfiguration", "Scope"])
        .ignores("ListAccessPoints", &data_source)
        // Audit trails, and applications of IAM Identity Center, are not built.
        .ignores("GetDataAccess", &["AuditContext"])
        .ignores("ListAccessGrants", &["ApplicationArn"])
        .ignores("ListCallerAccessGrants", &["AllowedByApplication"])
        // What S3 does not take of the operations that jobs run, or not any more.
        .ignores(
            "CreateJob",
            &[
                "Operation.S3PutObjectCopy.AnnotationDirective",
                "Operation.S3PutObjectCopy.RequesterPays",
                "Operation.S3PutObjectCopy.NewObjectMetadata.ContentLength",
                "Operation.S3PutObjectCopy.NewObjectMetadata.ContentMD5",
                "Operation.S3PutObjectCopy.NewObjectMetadata.RequesterCharged",
                "Operation.S3PutObjectCopy.ObjectLockEventHold",
                "Operation.S3PutObjectCopy.ObjectLockEventHoldDuration",
                "Operation.S3PutObjectRetention.Retention.EventHold",
                "Operation.S3PutObjectRetention.Retention.EventHoldDuration",
            ],
        )
        .write();
}
