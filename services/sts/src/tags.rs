//! Session tags: "Pass session tags in AWS STS" of the IAM User Guide.

use std::collections::BTreeMap;

use kumoi_core::Fault;
use kumoi_core::identity::Session;

use crate::api::Tag;
use crate::errors::invalid_parameter;

/// The tags of a new session: those of the request, and those that the calling session passes on.
pub(crate) fn session_tags(
    caller: Option<&Session>,
    tags: Vec<Tag>,
    transitive: Vec<String>,
) -> Result<(BTreeMap<String, String>, Vec<String>), Fault> {
    // Keys are compared without regard to case, and kept as they were given.
    let mut given = BTreeMap::new();
    for tag in tags {
        if tag.key.to_lowercase().starts_with("aws:") {
            return Err(invalid_parameter("'aws:' prefixed tag keys are not allowed for user use."));
        }
        if given.insert(tag.key.to_lowercase(), (tag.key, tag.value)).is_some() {
            let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(invalid_parameter(message));
        }
    }
    if transitive.iter().any(|key| !given.contains_key(&key.to_lowercase())) {
        let message = "The specified transitive tag key must be included in the requested tags.";
        return Err(invalid_parameter(message));
    }
    let mut passed_on = transitive;
    if let Some(caller) = caller {
        for key in &caller.transitive {
            let Some(value) = caller.tags.get(key) else { continue };
            if given.insert(key.to_lowercase(), (key.clone(), value.clone())).is_some() {
                let message = "One of the specified transitive tag keys can't be set because it conflicts with a \
                               transitive tag key from the calling session.";
                return Err(invalid_parameter(message));
            }
            passed_on.push(key.clone());
        }
    }
    Ok((given.into_values().collect(), passed_on))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag { key: key.into(), value: value.into() }
    }

    #[test]
    fn transitive_tags_pass_on_and_cannot_be_overwritten() {
        let (tags, transitive) =
            session_tags(None, vec![tag("Team", "red"), tag("Cost", "1")], vec!["Team".into()]).unwrap();
        let caller = Session { tags, transitive, ..Session::default() };
        let (tags, transitive) = session_tags(Some(&caller), vec![tag("Stage", "test")], vec![]).unwrap();
        assert_eq!(tags.keys().collect::<Vec<_>>(), ["Stage", "Team"]);
        assert_eq!(transitive, ["Team"]);
        let conflict = session_tags(Some(&caller), vec![tag("team", "blue")], vec![]).unwrap_err();
        assert!(conflict.message().starts_with("One of the specified transitive tag keys"));
    }

    #[test]
    fn keys_differ_in_more_than_case() {
        let twice = session_tags(None, vec![tag("Team", "a"), tag("team", "b")], vec![]).unwrap_err();
        assert_eq!(twice.code(), "InvalidParameterValue");
    }

    #[test]
    fn a_transitive_key_needs_its_tag() {
        assert!(session_tags(None, vec![], vec!["Team".into()]).is_err());
    }
}
