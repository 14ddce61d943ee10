//! What a request gets that never becomes a call.

use kumoi_core::Front;
use kumoi_model::{Protocol, Service};
use kumoi_wire::WireError;

use crate::body::BodyError;
use crate::identify::Target;

/// Why a request is refused before it reaches a service.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The service is known: the error goes out in its own form.
    Service {
        /// The service.
        service: &'static Service,
        /// The protocol that the client speaks.
        protocol: Protocol,
        /// The operation, once that is known, too.
        operation: Option<usize>,
        /// The error.
        error: Box<WireError>,
    },
    /// No service is known: a JSON document that most clients can read.
    Plain {
        /// HTTP status.
        status: u16,
        /// The code, in AWS's manner.
        code: &'static str,
        /// What a person should do.
        message: String,
    },
}

impl Failure {
    /// An error in the form of a service.
    pub(crate) fn service(service: &'static Service, protocol: Protocol, error: WireError) -> Self {
        Self::Service { service, protocol, operation: None, error: Box::new(error) }
    }

    /// An error in the form of the service that a request is for.
    pub(crate) fn at(target: &Target<'_>, error: WireError) -> Self {
        let (service, operation) = (target.model, Some(target.index));
        Self::Service { service, protocol: target.protocol, operation, error: Box::new(error) }
    }

    /// An error for whoever asked.
    pub(crate) fn plain(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self::Plain { status, code, message: message.into() }
    }

    /// The same, in the form of the service that the request is for.
    pub(crate) fn of(self, target: &Target<'_>) -> Self {
        match self {
            Self::Plain { status, code, message } => Self::at(target, WireError::new(code, status, message)),
            known @ Self::Service { .. } => known,
        }
    }

    /// A body that could not be read, as the front of its service has it.
    pub(crate) fn unreadable(error: BodyError, front: Option<&Front>) -> Self {
        match front {
            Some(front) if error == BodyError::Encoding => Self::plain(500, front.encoding, error.to_string()),
            _ => error.into(),
        }
    }

    /// Status and code.
    pub(crate) fn told(&self) -> (u16, &str) {
        match self {
            Self::Service { error, .. } => (error.status, &error.code),
            Self::Plain { status, code, .. } => (*status, code),
        }
    }

    /// Model id of the service and name of the operation, as far as they are known.
    pub(crate) fn target(&self) -> (&str, &str) {
        match self {
            Self::Service { service, operation, .. } => {
                let operation = operation.and_then(|index| service.operations.get(index));
                (&service.id, operation.map_or("", |operation| &operation.name))
            }
            Self::Plain { .. } => ("", ""),
        }
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        let (status, code) = match error {
            BodyError::TooLarge(_) => (413, "RequestEntityTooLarge"),
            BodyError::TooSlow => (408, "RequestTimeout"),
            BodyError::Broken => (400, "IncompleteBody"),
            BodyError::Encoding => (400, "SerializationException"),
        };
        Self::plain(status, code, error.to_string())
    }
}
