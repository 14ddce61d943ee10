//! JSON bodies: awsJson1.0, awsJson1.1 and REST-JSON.

use kumoi_model::Member;

use crate::names::Scope;

mod decode;
mod encode;
mod scalar;
mod visitor;

pub(crate) use decode::{check_document, decode_member, decode_structure};
pub(crate) use encode::{error_body, write_member, write_structure};

/// What the JSON protocols differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// awsJson: members have their own names, whatever other protocols of the service call them, and all are in the body.
    Aws,
    /// REST-JSON: members have the names that the model binds them to.
    Rest,
}

impl Dialect {
    fn name(self, member: &Member) -> &str {
        match self {
            Self::Aws => &member.name,
            Self::Rest => member.wire_name(),
        }
    }

    /// Which members of an input or output are in the body.
    fn scope(self) -> Scope {
        match self {
            Self::Aws => Scope::All,
            Self::Rest => Scope::Body,
        }
    }
}
