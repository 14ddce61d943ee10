//! What a request gets that never becomes a call.

use std::sync::Arc;

use kumoi_model::{Protocol, Service};
use kumoi_wire::WireError;

use crate::body::BodyError;

/// Why a request is refused before it reaches a service.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The service is known: the error goes out in its own form.
    Service {
        /// The service.
        service: Arc<Service>,
        /// The protocol that the client speaks.
        protocol: Protocol,
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
    pub(crate) fn of(service: &Arc<Service>, protocol: Protocol, error: WireError) -> Self {
        Self::Service { service: service.clone(), protocol, error: Box::new(error) }
    }

    /// An error for whoever asked.
    pub(crate) fn plain(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self::Plain { status, code, message: message.into() }
    }

    /// The same, in the form of a service that is known by now.
    pub(crate) fn in_form_of(self, service: &Arc<Service>, protocol: Protocol) -> Self {
        match self {
            Self::Plain { status, code, message } => Self::of(service, protocol, WireError::new(code, status, message)),
            known @ Self::Service { .. } => known,
        }
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        let (status, code) = match error {
            BodyError::TooLarge(_) => (413, "RequestEntityTooLarge"),
            BodyError::TooSlow => (408, "RequestTimeout"),
            BodyError::Broken => (400, "IncompleteBody"),
        };
        Self::plain(status, code, error.to_string())
    }
}
