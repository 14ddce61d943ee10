//! The errors of the service: "Error responses" of the S3 API Reference, and those of single operations.

use kumoi_core::Fault;
use kumoi_model::validate::{Constraint, Violation};

fn refused(code: &'static str, status: u16, message: impl Into<String>) -> Fault {
    Fault::new(code, status, true, message)
}

pub(crate) fn access_denied() -> Fault {
    refused("AccessDenied", 403, "Access Denied")
}

pub(crate) fn invalid_request(message: impl Into<String>) -> Fault {
    refused("InvalidRequest", 400, message)
}

pub(crate) fn invalid_uri() -> Fault {
    refused("InvalidURI", 400, "Couldn't parse the specified URI.")
}

pub(crate) fn invalid_token() -> Fault {
    refused("InvalidArgument", 400, "The continuation token provided is incorrect")
}

pub(crate) fn invalid_tag(message: &'static str) -> Fault {
    refused("InvalidTag", 400, message)
}

pub(crate) fn malformed_policy(message: impl Into<String>) -> Fault {
    refused("MalformedPolicy", 400, message)
}

pub(crate) fn no_such_bucket() -> Fault {
    refused("NoSuchBucket", 404, "The specified bucket does not exist")
}

pub(crate) fn no_such_block() -> Fault {
    crate::api::errors::no_such_public_access_block_configuration("The public access block configuration was not found")
}

pub(crate) fn no_such_point(name: &str) -> Fault {
    refused("NoSuchAccessPoint", 404, "The specified accesspoint does not exist").with_detail("AccessPointName", name)
}

pub(crate) fn no_such_point_policy(name: &str) -> Fault {
    let fault = refused("NoSuchAccessPointPolicy", 404, "The specified accesspoint policy does not exist");
    fault.with_detail("AccessPointName", name)
}

pub(crate) fn point_exists(name: &str) -> Fault {
    let message = "Your previous request to create the named accesspoint succeeded and you already own it.";
    refused("AccessPointAlreadyOwnedByYou", 409, message).with_detail("AccessPointName", name)
}

pub(crate) fn no_such_resource() -> Fault {
    refused("NoSuchResource", 404, "The specified resource doesn't exist.")
}

pub(crate) fn no_such_multi() -> Fault {
    refused("NoSuchMultiRegionAccessPoint", 404, "The specified Multi-Region Access Point does not exist")
}

pub(crate) fn no_such_request() -> Fault {
    refused("NoSuchAsyncRequest", 404, "The specified request was not found.")
}

pub(crate) fn no_such_configuration() -> Fault {
    refused("NoSuchConfiguration", 404, "The specified configuration does not exist.")
}

pub(crate) fn conflict(message: &'static str) -> Fault {
    refused("OperationAborted", 409, message)
}

pub(crate) fn method_not_allowed() -> Fault {
    refused("MethodNotAllowed", 405, "The specified method is not allowed against this resource.")
}

/// The service's words for a violated constraint of its model; values are for the operations to judge.
pub(crate) fn word(violation: &Violation) -> Option<Fault> {
    match violation.kind {
        Constraint::Required if violation.path == "accountId" => Some(invalid_request("Missing account ID")),
        Constraint::Required => Some(refused(
            "MalformedXML",
            400,
            "The XML you provided was not well-formed or did not validate against our published schema",
        )),
        _ => None,
    }
}
