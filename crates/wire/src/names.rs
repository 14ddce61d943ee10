//! Names and formats on the wire, where place and shape both have a say.

use kumoi_model::{Kind, Location, Member, Service, TimestampFormat};

/// The name of a list's element, or of a map's key or value, where the model states one.
pub(crate) fn explicit_name(member: &Member) -> Option<&str> {
    member.location_name.as_deref()
}

/// The name of a member's element in XML, and of its part of a key in a form. A few old models give the name at the list or map that
/// the member refers to; at a structure it would be the name of a document's root.
pub(crate) fn element_name<'a>(service: &'a Service, member: &'a Member) -> &'a str {
    let at_shape = || match service.shape(member.shape) {
        Some(shape) if matches!(shape.kind, Kind::List { .. } | Kind::Map { .. }) => shape.location_name.as_deref(),
        _ => None,
    };
    member.location_name.as_deref().or_else(at_shape).unwrap_or(&member.name)
}

/// Whether a list or map in the place of `member` stands without a wrapper.
pub(crate) fn is_flattened(service: &Service, member: &Member) -> bool {
    member.flattened
        || service.shape(member.shape).is_some_and(|shape| {
            matches!(shape.kind, Kind::List { flattened: true, .. } | Kind::Map { flattened: true, .. })
        })
}

/// The name of a flattened list's elements. A list shape that is flattened itself, as in the older models, names its elements; where the
/// member flattens it, the member's name counts.
pub(crate) fn flattened_list_name<'a>(service: &'a Service, member: &'a Member) -> &'a str {
    match service.shape(member.shape).map(|shape| &shape.kind) {
        Some(Kind::List { member: element, flattened: true }) => {
            explicit_name(element).unwrap_or(element_name(service, member))
        }
        _ => element_name(service, member),
    }
}

/// The timestamp format of `member`, `default` where neither it nor its shape fixes one.
pub(crate) fn timestamp_format(service: &Service, member: &Member, default: TimestampFormat) -> TimestampFormat {
    member
        .timestamp_format
        .or_else(|| service.shape(member.shape).and_then(|shape| shape.timestamp_format))
        .unwrap_or(default)
}

/// Which members of a structure a body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of them: nested structures, and the protocols that ignore HTTP bindings.
    All,
    /// Those that are not bound to another part of the HTTP message.
    Body,
}

impl Scope {
    pub(crate) fn takes(self, member: &Member) -> bool {
        self == Self::All || member.location == Location::Body
    }
}
