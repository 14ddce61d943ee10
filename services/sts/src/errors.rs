//! Errors that the model does not list.

use kumoi_core::Fault;

/// An input that the model allows and the operation does not.
pub(crate) fn validation(message: impl Into<String>) -> Fault {
    Fault::new("ValidationError", 400, true, message)
}

/// Session tags that contradict each other.
pub(crate) fn invalid_parameter(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterValue", 400, true, message)
}

/// The caller may not do this, whatever its policies say.
pub(crate) fn access_denied(message: impl Into<String>) -> Fault {
    Fault::new("AccessDenied", 403, true, message)
}
