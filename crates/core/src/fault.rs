//! How an operation ends when it does not answer.

use std::borrow::Cow;
use std::fmt;

use kumoi_model::{ByteStream, ConvertError, Struct, Timestamp};
use kumoi_store::StoreError;

use crate::body::Preparation;

/// What a handler returns.
pub type Reply<T> = Result<T, Halt>;

/// An error as AWS answers it: code, message, status, whose fault it is.
#[derive(Clone, PartialEq)]
pub struct Fault {
    inner: Box<Inner>,
}

#[derive(Clone, Debug, PartialEq)]
struct Inner {
    code: Cow<'static, str>,
    query_code: Option<Cow<'static, str>>,
    status: u16,
    sender: bool,
    message: String,
    members: Struct,
    details: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<ByteStream>,
}

impl Fault {
    /// A fault with its code (for modelled errors the name of the error's shape), HTTP status, whether the sender is to
    /// blame, and the message that clients see.
    pub fn new(code: impl Into<Cow<'static, str>>, status: u16, sender: bool, message: impl Into<String>) -> Self {
        let inner = Inner {
            code: code.into(),
            query_code: None,
            status,
            sender,
            message: message.into(),
            members: Struct::new(),
            details: Vec::new(),
            headers: Vec::new(),
            body: None,
        };
        Self { inner: Box::new(inner) }
    }

    /// The code that the query protocols use, where it differs (`aws.protocols#awsQueryError`).
    pub fn with_query_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.inner.query_code = Some(code.into());
        self
    }

    /// Further members of a modelled error, by index in its shape.
    pub fn with_members(mut self, members: Struct) -> Self {
        self.inner.members = members;
        self
    }

    /// An element that the error's XML document has besides those of its model, such as `BucketName`.
    pub fn with_detail(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.inner.details.push((name, value.into()));
        self
    }

    /// A header of the answer; `name` is in lower case.
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.inner.headers.push((name, value.into()));
        self
    }

    /// What a website shows in place of the usual page about the error; its headers are those of the fault.
    pub fn with_body(mut self, body: ByteStream) -> Self {
        self.inner.body = Some(body);
        self
    }

    /// 501 for an operation that is not built. The request was understood and valid.
    pub fn not_implemented(service: &str, operation: &str) -> Self {
        let message = format!("kumoi has not built {service}:{operation} yet. `kumoi coverage` lists what works.");
        Self::new("NotImplemented", 501, false, message)
    }

    /// 500 for a failure of kumoi itself; details go to the log, not to the client.
    pub fn internal() -> Self {
        Self::new("InternalFailure", 500, false, "An internal failure occurred; the log of kumoi has the details.")
    }

    /// 503 when a request could not be finished in time, for the client to retry.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new("ServiceUnavailable", 503, false, message)
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.inner.code
    }

    /// The code in the query protocols, where it differs.
    pub fn query_code(&self) -> Option<&str> {
        self.inner.query_code.as_deref()
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.inner.status
    }

    /// Whether the sender is to blame.
    pub fn sender(&self) -> bool {
        self.inner.sender
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// Further members of a modelled error.
    pub fn members(&self) -> &Struct {
        &self.inner.members
    }

    /// Further elements of the document.
    pub fn details(&self) -> &[(&'static str, String)] {
        &self.inner.details
    }

    /// What a website shows.
    pub fn body(&self) -> Option<&ByteStream> {
        self.inner.body.as_ref()
    }

    /// Headers of the answer.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.inner.headers
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.inner.code, self.inner.message)
    }
}

impl std::error::Error for Fault {}

/// Why a handler stopped before an answer.
#[derive(Debug)]
pub enum Halt {
    /// The client gets this error; nothing that the handler wrote is kept.
    Fault(Fault),
    /// The store failed, or the transaction conflicts and runs again.
    Store(StoreError),
    /// Something is to be done before the handler can go on. See [`Cx::receive`](crate::Cx::receive).
    Prepare(Preparation),
    /// There is nothing to answer yet. See [`Cx::wait`](crate::Cx::wait).
    Wait {
        /// Run again at this moment on the world's clock, if nothing that was read changes before.
        wake: Timestamp,
        /// When the handler must answer.
        deadline: Timestamp,
    },
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Halt::Fault(fault)
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Halt::Store(error)
    }
}

impl From<ConvertError> for Halt {
    fn from(error: ConvertError) -> Self {
        // Validation ran before, so this is a disagreement between the model and the generated code.
        tracing::error!(%error, "a validated value did not convert");
        Halt::Fault(Fault::internal())
    }
}
