//! The query protocols: a form in, XML out. EC2's variant differs in names and in the frame of its answers.

mod decode;
mod encode;

pub(crate) use decode::decode;
pub(crate) use encode::{encode, encode_error};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `aws.protocols#awsQuery`.
    Aws,
    /// `aws.protocols#ec2Query`.
    Ec2,
}
