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
        ])
        .stored(&[
            "PublicAccessBlockConfiguration",
            "Tag",
            "StorageLensConfiguration",
            "StorageLensTag",
            "CreateMultiRegionAccessPointInput",
            "DeleteMultiRegionAccessPointInput",
            "PutMultiRegionAccessPointPolicyInput",
        ])
        // There are no private networks to tell requests of, and scopes are for directory buckets.
        .ignores("CreateAccessPoint", &["VpcConfiguration", "Scope"])
        .ignores("ListAccessPoints", &data_source)
        .write();
}
