//! Conditions of reads and writes (RFC 9110 section 13; S3 User Guide, "Add preconditions to S3 operations with conditional requests").

use kumoi_core::Fault;
use kumoi_model::Timestamp;

use crate::errors::{no_such_key, not_modified, precondition_failed};
use crate::tables::Object;

/// The conditions of a read.
#[derive(Debug, Default)]
pub(crate) struct Conditions<'a> {
    pub(crate) if_match: Option<&'a str>,
    pub(crate) if_none_match: Option<&'a str>,
    pub(crate) if_modified_since: Option<Timestamp>,
    pub(crate) if_unmodified_since: Option<Timestamp>,
}

impl Conditions<'_> {
    /// Checks them in the order of RFC 9110 section 13.2.2: a condition on the tag goes before one on the time.
    pub(crate) fn check(&self, object: &Object) -> Result<(), Fault> {
        let modified = object.modified / 1_000_000;
        match (self.if_match, self.if_unmodified_since) {
            (Some(tags), _) if !matches(tags, &object.etag) => return Err(precondition_failed()),
            (None, Some(moment)) if modified > seconds(moment) => return Err(precondition_failed()),
            _ => {}
        }
        match (self.if_none_match, self.if_modified_since) {
            (Some(tags), _) if matches(tags, &object.etag) => Err(not_modified(object)),
            (None, Some(moment)) if modified <= seconds(moment) => Err(not_modified(object)),
            _ => Ok(()),
        }
    }
}

fn seconds(moment: Timestamp) -> i64 {
    moment.micros().div_euclid(1_000_000)
}

/// Whether one of a list of entity tags is this one, or any will do.
fn matches(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_matches('"') == etag)
}

/// Checks the conditions of a write against the object that is there.
pub(crate) fn of_write(
    object: Option<&Object>,
    key: &str,
    if_match: Option<&str>,
    if_none_match: Option<&str>,
) -> Result<(), Fault> {
    match (if_match, object) {
        (Some(_), None) => return Err(no_such_key(key)),
        (Some(tags), Some(object)) if !matches(tags, &object.etag) => return Err(precondition_failed()),
        _ => {}
    }
    match (if_none_match, object) {
        (Some(tags), Some(object)) if matches(tags, &object.etag) => Err(precondition_failed()),
        _ => Ok(()),
    }
}
