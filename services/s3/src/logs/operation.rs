//! What logs call operations: `REST.METHOD.RESOURCE`.

use kumoi_model::Catalog;

/// The resources that operations are about, where their names do not follow from that of the operation.
const RESOURCES: [(&str, &str); 29] = [
    ("CreateBucket", "BUCKET"),
    ("DeleteBucket", "BUCKET"),
    ("HeadBucket", "BUCKET"),
    ("ListObjects", "BUCKET"),
    ("ListObjectsV2", "BUCKET"),
    ("ListObjectVersions", "BUCKETVERSIONS"),
    ("ListMultipartUploads", "UPLOADS"),
    ("CreateMultipartUpload", "UPLOADS"),
    ("ListParts", "UPLOAD"),
    ("CompleteMultipartUpload", "UPLOAD"),
    ("AbortMultipartUpload", "UPLOAD"),
    ("UploadPart", "PART"),
    ("DeleteObjects", "MULTI_OBJECT_DELETE"),
    ("RestoreObject", "RESTORE"),
    ("SelectObjectContent", "SELECT"),
    ("GetObjectAttributes", "OBJECT_ATTRIBUTES"),
    ("GetObjectTagging", "OBJECT_TAGGING"),
    ("PutObjectTagging", "OBJECT_TAGGING"),
    ("DeleteObjectTagging", "OBJECT_TAGGING"),
    ("GetObjectLockConfiguration", "OBJECT_LOCK_CONFIGURATION"),
    ("PutObjectLockConfiguration", "OBJECT_LOCK_CONFIGURATION"),
    ("GetBucketPolicyStatus", "POLICY_STATUS"),
    ("GetPublicAccessBlock", "PUBLIC_ACCESS_BLOCK"),
    ("PutPublicAccessBlock", "PUBLIC_ACCESS_BLOCK"),
    ("DeletePublicAccessBlock", "PUBLIC_ACCESS_BLOCK"),
    ("GetBucketPolicy", "BUCKETPOLICY"),
    ("PutBucketPolicy", "BUCKETPOLICY"),
    ("DeleteBucketPolicy", "BUCKETPOLICY"),
    ("HeadObject", "OBJECT"),
];

/// Resources that are called otherwise than the operations on them.
const RENAMED: [(&str, &str); 2] = [("LOGGING", "LOGGING_STATUS"), ("OBJECT_ACL", "ACL")];

/// How a request came, besides over the REST API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Rest,
    /// By a form in a browser.
    Form,
    Website,
}

/// What logs call an operation.
pub(crate) fn name(operation: &str, way: Way) -> String {
    match operation {
        "CopyObject" => return "REST.COPY.OBJECT".to_owned(),
        "UploadPartCopy" => return "REST.COPY.PART".to_owned(),
        _ => {}
    }
    let model = Catalog::get().load("s3").and_then(|model| model.operation(operation));
    let method = match way {
        Way::Form => "POST",
        Way::Rest | Way::Website => model.map_or("GET", |operation| operation.method.as_str()),
    };
    let interface = if way == Way::Website { "WEBSITE" } else { "REST" };
    [interface, ".", method, ".", &resource(operation)].concat()
}

/// The resource that an operation is about. Most operations on configurations are called like it: `GetBucketCors` is about `CORS`.
fn resource(operation: &str) -> String {
    if let Some((_, resource)) = RESOURCES.iter().find(|(known, _)| *known == operation) {
        return (*resource).to_owned();
    }
    let rest = ["Get", "Put", "Delete", "List"].iter().find_map(|verb| operation.strip_prefix(verb));
    let rest = rest.unwrap_or(operation);
    let rest = rest.strip_prefix("Bucket").unwrap_or(rest);
    let rest = rest.strip_suffix("Configurations").or_else(|| rest.strip_suffix("Configuration")).unwrap_or(rest);
    let mut resource = String::new();
    for (index, letter) in rest.char_indices() {
        if index > 0 && letter.is_ascii_uppercase() {
            resource.push('_');
        }
        resource.push(letter.to_ascii_uppercase());
    }
    match RENAMED.iter().find(|(known, _)| *known == resource) {
        Some((_, name)) => (*name).to_owned(),
        None => resource,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As logs of AWS have them.
    #[test]
    fn names() {
        for (operation, expected) in [
            ("PutObject", "REST.PUT.OBJECT"),
            ("GetObject", "REST.GET.OBJECT"),
            ("HeadObject", "REST.HEAD.OBJECT"),
            ("DeleteObject", "REST.DELETE.OBJECT"),
            ("DeleteObjects", "REST.POST.MULTI_OBJECT_DELETE"),
            ("CopyObject", "REST.COPY.OBJECT"),
            ("ListObjectsV2", "REST.GET.BUCKET"),
            ("ListObjectVersions", "REST.GET.BUCKETVERSIONS"),
            ("CreateMultipartUpload", "REST.POST.UPLOADS"),
            ("UploadPart", "REST.PUT.PART"),
            ("CompleteMultipartUpload", "REST.POST.UPLOAD"),
            ("AbortMultipartUpload", "REST.DELETE.UPLOAD"),
            ("GetBucketAcl", "REST.GET.ACL"),
            ("GetObjectAcl", "REST.GET.ACL"),
            ("GetBucketLogging", "REST.GET.LOGGING_STATUS"),
            ("GetBucketAccelerateConfiguration", "REST.GET.ACCELERATE"),
            ("GetBucketNotificationConfiguration", "REST.GET.NOTIFICATION"),
            ("GetBucketLifecycleConfiguration", "REST.GET.LIFECYCLE"),
            ("GetBucketRequestPayment", "REST.GET.REQUEST_PAYMENT"),
            ("GetBucketOwnershipControls", "REST.GET.OWNERSHIP_CONTROLS"),
            ("GetBucketIntelligentTieringConfiguration", "REST.GET.INTELLIGENT_TIERING"),
            ("ListBucketInventoryConfigurations", "REST.GET.INVENTORY"),
            ("GetBucketPolicy", "REST.GET.BUCKETPOLICY"),
            ("GetBucketPolicyStatus", "REST.GET.POLICY_STATUS"),
            ("GetPublicAccessBlock", "REST.GET.PUBLIC_ACCESS_BLOCK"),
            ("GetObjectLockConfiguration", "REST.GET.OBJECT_LOCK_CONFIGURATION"),
            ("GetBucketTagging", "REST.GET.TAGGING"),
            ("GetObjectTagging", "REST.GET.OBJECT_TAGGING"),
            ("GetBucketVersioning", "REST.GET.VERSIONING"),
            ("RestoreObject", "REST.POST.RESTORE"),
        ] {
            assert_eq!(name(operation, Way::Rest), expected, "{operation}");
        }
        assert_eq!(name("GetObject", Way::Website), "WEBSITE.GET.OBJECT");
        assert_eq!(name("PutObject", Way::Form), "REST.POST.OBJECT");
    }
}
