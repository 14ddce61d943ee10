//! What can go wrong, and errors on their way to a client.

use std::borrow::Cow;
use std::fmt;

use kumoi_model::{Protocol, ShapeId, Struct};

/// Why a request could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The body is not of the form that the protocol and the shape ask for.
    Body(Cow<'static, str>),
    /// The body is no document of the protocol at all; says where.
    Syntax(String),
    /// A header, label or query parameter is not of the form that its shape asks for.
    Binding(Cow<'static, str>),
    /// The path is no text once it is decoded.
    Path,
    /// A bound of [`Limits`](crate::Limits) was passed; names which.
    TooMuch(&'static str),
    /// The operation does not take this `Content-Type`.
    UnsupportedMediaType,
    /// The operation cannot answer in what `Accept` asks for.
    NotAcceptable,
    /// The caller's fault, not the client's: the model refers to a shape it lacks, or a stream was given where bytes are needed.
    Internal(&'static str),
}

impl DecodeError {
    /// A malformed body.
    pub(crate) fn body(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Body(message.into())
    }

    /// A malformed header, label or query parameter.
    pub(crate) fn binding(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Binding(message.into())
    }

    /// The error as the protocol names it.
    pub fn to_wire(&self, protocol: Protocol) -> WireError {
        // "SerializationException", and no word more: so do the services that speak AWS JSON.
        let message = match (protocol, self) {
            (Protocol::AwsJson, Self::Syntax(_)) => String::new(),
            _ => self.to_string(),
        };
        let (code, status) = match self {
            Self::UnsupportedMediaType => ("UnsupportedMediaTypeException", 415),
            Self::NotAcceptable => ("NotAcceptableException", 406),
            Self::Internal(_) => ("InternalFailure", 500),
            Self::Body(_) | Self::Syntax(_) | Self::Binding(_) | Self::Path | Self::TooMuch(_) => {
                (self.malformed_code(protocol), 400)
            }
        };
        WireError::new(code, status, message)
    }

    fn malformed_code(&self, protocol: Protocol) -> &'static str {
        match (protocol, self) {
            (Protocol::AwsQuery, _) => "MalformedInput",
            (Protocol::Ec2Query, _) => "InvalidParameterValue",
            (Protocol::RestXml, Self::Binding(_)) => "InvalidArgument",
            (Protocol::RestXml, Self::Path) => "InvalidURI",
            (Protocol::RestXml, _) => "MalformedXML",
            _ => "SerializationException",
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(message) | Self::Binding(message) => f.write_str(message),
            Self::Syntax(message) => f.write_str(message),
            Self::Path => f.write_str("Couldn't parse the specified URI."),
            Self::TooMuch(what) => write!(f, "The request exceeds the allowed {what}"),
            Self::UnsupportedMediaType => f.write_str("The content type of the request is not supported"),
            Self::NotAcceptable => f.write_str("None of the acceptable content types can be produced"),
            Self::Internal(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Why an output could not be encoded. Always a mistake of the service that made the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// A value is not of the kind that its shape asks for; names the shape.
    Mismatch(String),
    /// A value cannot be written where it is bound, such as a line break in a header; names the member.
    Unwritable(String),
    /// Nested deeper than 256 levels.
    TooDeep,
    /// The model refers to a shape that it lacks.
    BrokenModel,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch(shape) => write!(f, "the value is no {shape}"),
            Self::Unwritable(member) => write!(f, "the value of {member} cannot be written where it is bound"),
            Self::TooDeep => f.write_str("the output is nested too deep"),
            Self::BrokenModel => f.write_str("the model refers to a shape that it lacks"),
        }
    }
}

impl std::error::Error for EncodeError {}

/// An error as a client will see it.
#[derive(Clone, Debug, PartialEq)]
pub struct WireError {
    /// Name of the error shape, or of an error common to all services: `QueueDoesNotExist`, `SerializationException`.
    pub code: Cow<'static, str>,
    /// Code in the query protocols and in `x-amzn-query-error`, where it differs: `AWS.SimpleQueueService.NonExistentQueue`.
    pub query_code: Option<Cow<'static, str>>,
    /// Text for people.
    pub message: String,
    /// HTTP status.
    pub status: u16,
    /// The sender is at fault, else the service.
    pub sender: bool,
    /// The modelled error structure, when it is one.
    pub shape: Option<ShapeId>,
    /// Members of that structure besides the message.
    pub members: Struct,
    /// Elements that no model names, written to XML documents.
    pub details: Vec<(&'static str, String)>,
    /// Headers of the answer, by name in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The answer to a HEAD request: no body.
    pub head: bool,
}

impl WireError {
    /// An error that no model names. The sender is at fault when `status` is below 500.
    pub fn new(code: impl Into<Cow<'static, str>>, status: u16, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            query_code: None,
            message: message.into(),
            status,
            sender: status < 500,
            shape: None,
            members: Struct::new(),
            details: Vec::new(),
            headers: Vec::new(),
            head: false,
        }
    }

    /// The code as the query protocols and REST-XML write it.
    pub fn query_code(&self) -> &str {
        self.query_code.as_deref().unwrap_or(&self.code)
    }
}
