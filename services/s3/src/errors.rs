//! S3's errors, as the API Reference lists them under "Error responses".

use kumoi_core::Fault;
use kumoi_model::validate::{Constraint, Violation};

use crate::api::errors;
use crate::tables::Object;

pub(crate) fn refused(code: &'static str, status: u16, message: impl Into<String>) -> Fault {
    Fault::new(code, status, true, message)
}

pub(crate) fn no_such_bucket() -> Fault {
    errors::no_such_bucket("The specified bucket does not exist")
}

pub(crate) fn no_such_key(key: &str) -> Fault {
    errors::no_such_key("The specified key does not exist.").with_detail("Key", key)
}

pub(crate) fn no_such_version(key: &str, id: &str) -> Fault {
    let fault = refused("NoSuchVersion", 404, "The specified version does not exist.");
    fault.with_detail("Key", key).with_detail("VersionId", id)
}

pub(crate) fn method_not_allowed(resource: &'static str) -> Fault {
    let fault = refused("MethodNotAllowed", 405, "The specified method is not allowed against this resource.");
    fault.with_detail("Method", "GET").with_detail("ResourceType", resource).with_header("allow", "DELETE")
}

pub(crate) fn denied(message: impl Into<String>) -> Fault {
    errors::access_denied(message)
}

pub(crate) fn bad_request(message: impl Into<String>) -> Fault {
    refused("BadRequest", 400, message)
}

pub(crate) fn invalid_tag(message: impl Into<String>) -> Fault {
    refused("InvalidTag", 400, message)
}

pub(crate) fn operation_aborted() -> Fault {
    let message =
        "A conflicting conditional operation is currently in progress against this resource. Please try again.";
    refused("OperationAborted", 409, message)
}

pub(crate) fn no_such_annotation() -> Fault {
    errors::no_such_annotation("The specified annotation does not exist on this object.")
}

pub(crate) fn invalid_annotation_name() -> Fault {
    errors::invalid_annotation_name("The annotation name you provided is invalid.")
}

pub(crate) fn annotation_name_too_long() -> Fault {
    errors::annotation_name_too_long("The annotation name exceeds 512 bytes.")
}

pub(crate) fn annotation_limit_exceeded() -> Fault {
    let message = "The request would exceed the maximum number of annotations allowed per object.";
    errors::annotation_limit_exceeded(message)
}

pub(crate) fn invalid_prefix() -> Fault {
    errors::invalid_prefix("The annotation prefix you provided is invalid.")
}

pub(crate) fn unsupported_media_type() -> Fault {
    errors::unsupported_media_type("The annotation payload is not valid UTF-8 encoded text.")
}

pub(crate) fn no_such_lock() -> Fault {
    refused("NoSuchObjectLockConfiguration", 404, "The specified object does not have a ObjectLock configuration")
}

pub(crate) fn invalid_encryption_algorithm() -> Fault {
    refused(
        "InvalidEncryptionAlgorithmError",
        400,
        "The encryption request you specified is not valid. The valid value is AES256.",
    )
}

pub(crate) fn acl_not_supported() -> Fault {
    refused("AccessControlListNotSupported", 400, "The bucket does not allow ACLs")
}

pub(crate) fn acl_against_ownership() -> Fault {
    refused(
        "InvalidBucketAclWithObjectOwnership",
        400,
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    )
}

pub(crate) fn malformed_acl() -> Fault {
    refused(
        "MalformedACLError",
        400,
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

pub(crate) fn unresolvable_email() -> Fault {
    refused(
        "UnresolvableGrantByEmailAddress",
        400,
        "The e-mail address you provided does not match any account on record.",
    )
}

pub(crate) fn missing_header(message: &str) -> Fault {
    refused("MissingSecurityHeader", 400, message)
}

pub(crate) fn unexpected_content() -> Fault {
    refused("UnexpectedContent", 400, "This request does not support content")
}

pub(crate) fn access_denied() -> Fault {
    errors::access_denied("Access Denied")
}

pub(crate) fn bucket_owned_by_you() -> Fault {
    errors::bucket_already_owned_by_you(
        "Your previous request to create the named bucket succeeded and you already own it.",
    )
}

pub(crate) fn bucket_exists() -> Fault {
    errors::bucket_already_exists(
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and \
         try again.",
    )
}

pub(crate) fn bucket_not_empty() -> Fault {
    refused("BucketNotEmpty", 409, "The bucket you tried to delete is not empty")
}

pub(crate) fn versions_left() -> Fault {
    let message = "The bucket you tried to delete is not empty. You must delete all versions in the bucket.";
    refused("BucketNotEmpty", 409, message)
}

pub(crate) fn invalid_bucket_name() -> Fault {
    refused("InvalidBucketName", 400, "The specified bucket is not valid.")
}

pub(crate) fn missing_namespace() -> Fault {
    let message = "The requested bucket is an account-regional namespace bucket, but your request is missing the required x-amz-bucket-namespace header.";
    refused("MissingNamespaceHeader", 400, message).with_detail("Header", "x-amz-bucket-namespace")
}

pub(crate) fn invalid_namespace() -> Fault {
    let message = "The x-amz-bucket-namespace header does not fit the name of the requested bucket.";
    refused("InvalidNamespaceHeader", 400, message).with_detail("Header", "x-amz-bucket-namespace")
}

pub(crate) fn key_too_long() -> Fault {
    refused("KeyTooLongError", 400, "Your key is too long")
}

pub(crate) fn invalid_location() -> Fault {
    refused("InvalidLocationConstraint", 400, "The specified location-constraint is not valid")
}

/// `constraint` is that of the request, if it has one.
pub(crate) fn illegal_location(constraint: Option<&str>) -> Fault {
    let constraint = constraint.unwrap_or("unspecified");
    let message = format!(
        "The {constraint} location constraint is incompatible for the region specific endpoint this request was sent to."
    );
    refused("IllegalLocationConstraintException", 400, message)
}

pub(crate) fn invalid_range() -> Fault {
    refused("InvalidRange", 416, "The requested range is not satisfiable")
}

pub(crate) fn precondition_failed() -> Fault {
    refused("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold")
}

pub(crate) fn not_modified(object: &Object) -> Fault {
    let fault = refused(NOT_MODIFIED, 304, "Not Modified");
    fault
        .with_header("etag", crate::put::quoted(&object.etag))
        .with_header("last-modified", crate::get::http_date(object.modified))
}

pub(crate) const NOT_MODIFIED: &str = "NotModified";

pub(crate) fn invalid_argument(message: impl Into<String>) -> Fault {
    refused("InvalidArgument", 400, message)
}

pub(crate) fn invalid_request(message: impl Into<String>) -> Fault {
    refused("InvalidRequest", 400, message)
}

pub(crate) fn invalid_bucket_state(message: impl Into<String>) -> Fault {
    refused("InvalidBucketState", 409, message)
}

pub(crate) fn invalid_digest() -> Fault {
    refused("InvalidDigest", 400, "The Content-MD5 you specified was invalid.")
}

pub(crate) fn bad_digest(what: &str) -> Fault {
    refused("BadDigest", 400, format!("The {what} you specified did not match the calculated checksum."))
}

pub(crate) fn bad_checksum_type(own: &str) -> Fault {
    refused("BadDigest", 400, format!("The checksum type you specified is not that of the upload, which is {own}."))
}

pub(crate) fn bad_md5() -> Fault {
    refused("BadDigest", 400, "The Content-MD5 you specified did not match what we received.")
}

pub(crate) fn invalid_part_number() -> Fault {
    invalid_part()
}

pub(crate) fn no_such_upload() -> Fault {
    errors::no_such_upload(
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    )
}

pub(crate) fn invalid_part() -> Fault {
    refused(
        "InvalidPart",
        400,
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the \
         part's entity tag.",
    )
}

pub(crate) fn invalid_part_order() -> Fault {
    refused(
        "InvalidPartOrder",
        400,
        "The list of parts was not in ascending order. Parts must be ordered by part number.",
    )
}

pub(crate) fn entity_too_small() -> Fault {
    refused("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size")
}

pub(crate) fn invalid_storage_class() -> Fault {
    refused("InvalidStorageClass", 400, "The storage class you specified is not valid")
}

pub(crate) fn entity_too_large() -> Fault {
    refused("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size")
}

pub(crate) fn metadata_too_large() -> Fault {
    refused("MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size")
}

pub(crate) fn malformed_xml() -> Fault {
    refused(
        "MalformedXML",
        400,
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

/// S3's words for a violated constraint of its model; values are for the operations to judge.
pub(crate) fn word(violation: &Violation) -> Option<Fault> {
    match violation.kind {
        Constraint::Required if violation.path == "annotationName" => Some(invalid_annotation_name()),
        Constraint::Required if violation.path.to_ascii_lowercase().ends_with(".kmskeyarn") => Some(invalid_request(
            "Requests that modify an object's encryption type to SSE-KMS require an AWS KMS key Amazon Resource Name (ARN). \
             Modify the request to specify a KMS key ARN, and then try again.",
        )),
        // Bucket and key are in every path, so what else is missing stands in a document.
        Constraint::Required => Some(malformed_xml()),
        // A header has no further step; of these members of documents, the operations tell more.
        Constraint::Enum(_) if violation.path.contains('.') => {
            let told = [".locationConstraint", ".protocol", ".filterRules", "Serialization."];
            (!told.iter().any(|part| violation.path.contains(part))).then(malformed_xml)
        }
        Constraint::Elements(_) if violation.path.ends_with(".events") => {
            Some(invalid_argument("A specified event is not supported for notifications."))
        }
        Constraint::Elements(_) if violation.path.contains('.') => Some(malformed_xml()),
        _ => None,
    }
}
