//! The errors of the service.
//!
//! Modelled errors come from the model, with the older codes that the query form and the header `x-amzn-query-error` carry. Those
//! that AWS answers without having modelled them are declared here, under the names of its framework in JSON and their old codes
//! in the query form.

use kumoi_core::Fault;
use kumoi_model::validate::{Constraint, Violation};

pub(crate) use crate::api::errors::*;

/// `InvalidParameterValue`, 400.
pub(crate) fn invalid_parameter(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterValueException", 400, true, message).with_query_code("InvalidParameterValue")
}

/// `InvalidParameterValue` in its usual form.
pub(crate) fn invalid_value(value: impl std::fmt::Display, parameter: &str, reason: impl std::fmt::Display) -> Fault {
    invalid_parameter(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
}

/// `InvalidParameterValue` for a parameter of FIFO queues that was sent to a standard queue, or the other way round.
pub(crate) fn wrong_queue_type(value: impl std::fmt::Display, parameter: &str) -> Fault {
    invalid_value(value, parameter, "The request include parameter that is not valid for this queue type.")
}

/// `MissingParameter`, 400.
pub(crate) fn missing_parameter(name: &str) -> Fault {
    let message = format!("The request must contain the parameter {name}.");
    Fault::new("MissingRequiredParameterException", 400, true, message).with_query_code("MissingParameter")
}

/// `QueueDoesNotExist`.
pub(crate) fn no_such_queue() -> Fault {
    queue_does_not_exist("The specified queue does not exist.")
}

/// `InvalidAttributeName`.
pub(crate) fn unknown_attribute(name: &str) -> Fault {
    invalid_attribute_name(format!("Unknown Attribute {name}."))
}

/// `InvalidAttributeValue`.
pub(crate) fn bad_attribute(name: &str) -> Fault {
    invalid_attribute_value(format!("Invalid value for the parameter {name}."))
}

/// `ResourceNotFoundException`.
pub(crate) fn no_such_resource(parameter: &str) -> Fault {
    resource_not_found_exception(format!(
        "The resource that you specified for the {parameter} parameter doesn't exist."
    ))
}

/// The code of an error as entries of batches carry it: the older one.
pub(crate) fn batch_code(fault: &Fault) -> String {
    fault.query_code().unwrap_or(fault.code()).to_owned()
}

/// Words violated constraints of the model as the service does.
///
/// Only what is missing is told from the model. Names and numbers are judged by the operations, which know the words for each; and the
/// model's enumeration of names for `ReceiveMessage` lacks names that the service takes.
pub(crate) fn word(violation: &Violation) -> Option<Fault> {
    if violation.kind != Constraint::Required {
        return None;
    }
    Some(match violation.path.as_str() {
        "attributes" => missing_parameter("Attribute.Name"),
        path => missing_parameter(&parameter_name(path)),
    })
}

/// `entries.1.member.id` is `Entries.1.Id` in the service's words.
fn parameter_name(path: &str) -> String {
    let parts = path.split('.').filter(|part| *part != "member");
    let capital = parts.map(|part| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    });
    capital.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_parameter_is_named_as_in_the_api() {
        let violation = |path: &str, kind| Violation { path: path.to_owned(), value: None, kind };
        let fault = word(&violation("queueName", Constraint::Required)).unwrap();
        assert_eq!(fault.message(), "The request must contain the parameter QueueName.");
        assert_eq!((fault.code(), fault.query_code()), ("MissingRequiredParameterException", Some("MissingParameter")));
        assert_eq!(parameter_name("entries.2.member.id"), "Entries.2.Id");
        assert!(word(&violation("attributeNames", Constraint::Elements(Vec::new()))).is_none());
    }
}
