//! The model of a service: operations and shapes, as plain data.

use std::collections::HashMap;

/// Index of a shape in [`Service::shapes`].
pub type ShapeId = u32;

/// A wire protocol of AWS, as named by the Smithy specifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// `aws.protocols#awsJson1_0` and `awsJson1_1`: RPC over JSON, selected by `X-Amz-Target`.
    AwsJson,
    /// `aws.protocols#awsQuery`: form in, XML out.
    AwsQuery,
    /// `aws.protocols#ec2Query`: EC2's variant of the query protocol.
    Ec2Query,
    /// `aws.protocols#restJson1`: resources over HTTP with JSON bodies.
    RestJson,
    /// `aws.protocols#restXml`: resources over HTTP with XML bodies.
    RestXml,
    /// `smithy.protocols#rpcv2Cbor`: RPC over CBOR, selected by the path.
    RpcV2Cbor,
}

/// Everything the wire and the validator need to know of one AWS service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// The name of the service in the published package, such as `sqs` or `elbv2`. Unique.
    pub id: String,
    /// The Smithy service id, such as `SQS` or `Elastic Load Balancing v2`.
    pub service_id: String,
    /// The full marketing name.
    pub full_name: String,
    /// The API version, such as `2012-11-05`; the `Version` of a query request.
    pub api_version: String,
    /// First label of the service's host names.
    pub endpoint_prefix: String,
    /// The service name in the credential scope of a signature.
    pub signing_name: String,
    /// `X-Amz-Target` is this, a dot and the operation's name.
    pub target_prefix: Option<String>,
    /// `1.0` or `1.1` for awsJson.
    pub json_version: Option<String>,
    /// Every protocol that the service speaks, preferred first.
    pub protocols: Vec<Protocol>,
    /// XML namespace of responses.
    pub xml_namespace: Option<String>,
    /// Whether errors carry `x-amzn-query-error` (`aws.protocols#awsQueryCompatible`).
    pub query_compatible: bool,
    /// Operations, sorted by name.
    pub operations: Vec<Operation>,
    /// Shapes, referred to by index.
    pub shapes: Vec<Shape>,
    /// Operation name to its index in `operations`.
    pub by_name: HashMap<String, u32>,
}

/// One operation of a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Operation {
    /// The name, such as `SendMessage`.
    pub name: String,
    /// HTTP method, such as `POST`.
    pub method: String,
    /// URI template, such as `/{Bucket}/{Key+}?list-type=2`.
    pub uri: String,
    /// Status of a successful response.
    pub status: u16,
    /// Input structure.
    pub input: Option<ShapeId>,
    /// Output structure.
    pub output: Option<ShapeId>,
    /// Element around the result in awsQuery, such as `SendMessageResult`.
    pub result_wrapper: Option<String>,
    /// Root element of the request body in restXml, when the input itself is the body.
    pub input_root: Option<XmlRoot>,
    /// Modelled error structures.
    pub errors: Vec<ShapeId>,
    /// `endpoint.hostPrefix`, such as `{AccountId}.`.
    pub host_prefix: Option<String>,
    /// The operation takes unsigned requests (`authtype: none`).
    pub unsigned: bool,
    /// The request body needs a checksum.
    pub checksum_required: bool,
    /// Member of the input that names the checksum algorithm of the request.
    pub checksum_member: Option<String>,
    /// Paging facts, where the package has them.
    pub paginator: Option<Paginator>,
}

/// Root element of a restXml request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct XmlRoot {
    /// Element name.
    pub name: String,
    /// Its namespace.
    pub namespace: Option<String>,
}

/// How an operation pages. Paths are JMESPath expressions as published.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paginator {
    /// Input members that carry the token.
    pub input_token: Vec<String>,
    /// Output paths that give the next one.
    pub output_token: Vec<String>,
    /// Input member that limits a page.
    pub limit_key: Option<String>,
    /// Output paths of the listed things.
    pub result_key: Vec<String>,
}

/// A shape: its kind and its constraints.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Name in the model.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Smallest length (string, blob, list, map) or value (numbers).
    pub min: Option<f64>,
    /// Largest length or value.
    pub max: Option<f64>,
    /// Regular expression of a string, in the dialect of the published model.
    pub pattern: Option<String>,
    /// Allowed strings; empty when the string is free.
    pub enumeration: Vec<String>,
    /// Timestamp format fixed by the shape.
    pub timestamp_format: Option<TimestampFormat>,
    /// A list or map that may hold nulls.
    pub sparse: bool,
    /// A blob or structure sent as a stream (`streaming: true`).
    pub streaming: bool,
    /// `requiresLength`: a streaming blob whose length must be known.
    pub requires_length: bool,
    /// A member or shape marked sensitive: never logged.
    pub sensitive: bool,
    /// Name of the element in XML, when the shape itself fixes it (`locationName` on the shape).
    pub location_name: Option<String>,
    /// XML namespace fixed by the shape.
    pub xml_namespace: Option<XmlNamespace>,
}

/// An XML namespace declaration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct XmlNamespace {
    /// The URI.
    pub uri: String,
    /// The prefix, if it is declared with one.
    pub prefix: Option<String>,
}

/// What a shape is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A structure, union, or modelled error.
    Structure(Structure),
    /// An ordered list.
    List {
        /// Shape and wire name of an element.
        member: Member,
        /// Elements stand without a wrapper.
        flattened: bool,
    },
    /// A map with string keys.
    Map {
        /// Key.
        key: Member,
        /// Value.
        value: Member,
        /// Entries stand without a wrapper.
        flattened: bool,
    },
    /// UTF-8 text.
    String,
    /// 32 bit signed (also byte and short).
    Integer,
    /// 64 bit signed.
    Long,
    /// 32 bit IEEE.
    Float,
    /// 64 bit IEEE.
    Double,
    /// `true` or `false`.
    Boolean,
    /// Bytes.
    Blob,
    /// A moment.
    Timestamp,
    /// Free-form JSON-like data (`document: true`).
    Document,
}

/// Members and traits of a structure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Structure {
    /// Members in the order of the model.
    pub members: Vec<Member>,
    /// Exactly one member is set.
    pub union: bool,
    /// The member that is the body, by index.
    pub payload: Option<u16>,
    /// The structure is an event stream (a union of events).
    pub event_stream: bool,
    /// The structure is an event of a stream.
    pub event: bool,
    /// Set on modelled errors.
    pub error: Option<ErrorTrait>,
}

/// The facts of a modelled error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorTrait {
    /// Code on the wire: the `error.code` trait, else the shape's name.
    pub code: String,
    /// HTTP status.
    pub status: u16,
    /// Caused by the sender (else by the service).
    pub sender: bool,
    /// A retry may help.
    pub retryable: bool,
}

/// Where a member travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Location {
    /// In the body.
    #[default]
    Body,
    /// In the path, replacing `{name}`.
    Uri,
    /// In the query string (a map: all that is not bound otherwise).
    QueryString,
    /// In one header.
    Header,
    /// In all headers with a prefix (a map).
    Headers,
    /// The HTTP status.
    StatusCode,
}

/// How a timestamp is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampFormat {
    /// RFC 3339, UTC, such as `2015-01-25T08:00:00Z`.
    Iso8601,
    /// IMF-fixdate of RFC 9110.
    Rfc822,
    /// Seconds since 1970, with a fraction.
    UnixTimestamp,
}

/// A reference to a shape from a structure, list or map, with what the place adds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member {
    /// Member name; `member`, `key` or `value` in lists and maps.
    pub name: String,
    /// The shape.
    pub shape: ShapeId,
    /// Must be present.
    pub required: bool,
    /// Where it travels.
    pub location: Location,
    /// Name on the wire, where it differs from `name`.
    pub location_name: Option<String>,
    /// EC2's own name in requests (`queryName`).
    pub query_name: Option<String>,
    /// `flattened` on the member itself.
    pub flattened: bool,
    /// Written as an attribute of its parent's element.
    pub xml_attribute: bool,
    /// Namespace of its element.
    pub xml_namespace: Option<XmlNamespace>,
    /// Timestamp format fixed by the member.
    pub timestamp_format: Option<TimestampFormat>,
    /// `streaming` on the member.
    pub streaming: bool,
    /// A client fills it with a fresh UUID.
    pub idempotency_token: bool,
    /// JSON inside a string or a base64 header (`jsonvalue`).
    pub json_value: bool,
    /// Part of the host name.
    pub host_label: bool,
    /// Travels in an event's headers.
    pub event_header: bool,
    /// Is an event's payload.
    pub event_payload: bool,
    /// Absent means null rather than the type's zero (`box`).
    pub boxed: bool,
}

impl Service {
    /// The operation of that name.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.by_name.get(name).and_then(|&index| self.operations.get(index as usize))
    }

    /// The shape at `id`; every id inside a loaded model is valid, which the loader checks.
    pub fn shape(&self, id: ShapeId) -> Option<&Shape> {
        self.shapes.get(id as usize)
    }

    /// The structure at `id`, when it is one.
    pub fn structure(&self, id: ShapeId) -> Option<&Structure> {
        match self.shape(id).map(|shape| &shape.kind) {
            Some(Kind::Structure(structure)) => Some(structure),
            _ => None,
        }
    }

    /// The shape of that name, by a linear search: for tools and build scripts.
    pub fn shape_named(&self, name: &str) -> Option<(ShapeId, &Shape)> {
        self.shapes.iter().enumerate().find(|(_, shape)| shape.name == name).map(|(id, shape)| (id as ShapeId, shape))
    }
}

impl Structure {
    /// The member of that name with its index.
    pub fn member(&self, name: &str) -> Option<(u16, &Member)> {
        self.members
            .iter()
            .enumerate()
            .find(|(_, member)| member.name == name)
            .map(|(index, member)| (index as u16, member))
    }
}

impl Member {
    /// The name on the wire.
    pub fn wire_name(&self) -> &str {
        self.location_name.as_deref().unwrap_or(&self.name)
    }
}
