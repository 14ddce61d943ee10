//! The errors of the service. Modelled ones come from the model; `ValidationException` is not among them, though it is the usual one.

use kumoi_core::{Fault, ValidationStyle};
use kumoi_expressions::Invalid;

pub(crate) use crate::api::errors::*;

const VALIDATION: &str = "ValidationException";

/// Violated constraints of the model are listed, all in one message.
pub(crate) const STYLE: ValidationStyle = ValidationStyle::Listed { code: VALIDATION };

/// `ValidationException`, 400.
pub(crate) fn validation(message: impl Into<String>) -> Fault {
    Fault::new(VALIDATION, 400, true, message)
}

/// `ValidationException` in its older form.
pub(crate) fn invalid(reason: impl std::fmt::Display) -> Fault {
    validation(format!("One or more parameter values were invalid: {reason}"))
}

/// What is wrong with a value or an expression.
pub(crate) fn refuse(invalid: Invalid) -> Fault {
    validation(invalid.into_message())
}

/// What operations on items answer when there is no such table.
pub(crate) fn no_such_resource() -> Fault {
    resource_not_found_exception("Requested resource not found")
}

/// What operations on tables answer when there is no such table.
pub(crate) fn no_such_table(name: &str) -> Fault {
    resource_not_found_exception(format!("Requested resource not found: Table: {name} not found"))
}

/// What operations on backups answer when there is no such table.
pub(crate) fn table_not_found(name: &str) -> Fault {
    table_not_found_exception(format!("Table not found: {name}"))
}

/// `PointInTimeRecoveryUnavailableException`: the table has it not enabled.
pub(crate) fn recovery_unavailable(name: &str) -> Fault {
    point_in_time_recovery_unavailable_exception(format!("Point in time recovery is not enabled for table '{name}'"))
}

/// `ResourceInUseException` of a table that is on its way from one state to another.
pub(crate) fn in_use(state: &str, name: &str) -> Fault {
    resource_in_use_exception(format!(
        "Attempt to change a resource which is still in use: Table is being {state}: {name}"
    ))
}

/// `AccessDeniedException`, 400: an error of all services, which no model lists.
pub(crate) fn access_denied(message: impl Into<String>) -> Fault {
    Fault::new("AccessDeniedException", 400, true, message)
}
