//! Documents: "Grammar of the IAM JSON policy language" in the IAM guide.

use crate::condition::Condition;
use crate::json::Json;
use crate::pattern::{Pattern, Variables};
use crate::policy::{Choice, Text};
use crate::principal::Named;
use crate::{Effect, Policy, PolicyError, Statement, Version};

/// The longest text that is looked at, in bytes. No limit of AWS's is above 32 KiB; white space does not count for some.
pub const MAX_TEXT: usize = 128 * 1024;

type Object = Vec<(String, Json)>;

pub(crate) fn policy(text: &str) -> Result<Policy, PolicyError> {
    if text.len() > MAX_TEXT {
        return Err(PolicyError::TooLarge);
    }
    if !text.starts_with('{') {
        return Err(PolicyError::NotAnObject);
    }
    let Ok(Json::Object(fields)) = serde_json::from_str(text) else { return Err(PolicyError::Json) };
    let (mut version, mut id, mut statements) = (Version::V2008, None, None);
    for (name, value) in fields {
        match name.as_str() {
            "Version" => version = read_version(&value)?,
            "Id" => id = Some(string(value)?.into()),
            "Statement" => statements = Some(value),
            _ => return Err(PolicyError::UnknownField(name)),
        }
    }
    let list = match statements.ok_or(PolicyError::MissingField("Statement"))? {
        Json::List(list) if list.is_empty() => return Err(PolicyError::NoStatement),
        Json::List(list) => list,
        one => vec![one],
    };
    let statements = list.into_iter().map(|item| statement(item, version)).collect::<Result<_, _>>()?;
    Ok(Policy { version, id, statements })
}

fn read_version(value: &Json) -> Result<Version, PolicyError> {
    match value {
        Json::Text(text) if text == "2012-10-17" => Ok(Version::V2012),
        Json::Text(text) if text == "2008-10-17" => Ok(Version::V2008),
        _ => Err(PolicyError::InvalidVersion),
    }
}

fn statement(value: Json, version: Version) -> Result<Statement, PolicyError> {
    let Json::Object(fields) = value else { return Err(PolicyError::Syntax) };
    let (in_resources, in_conditions) = match version {
        Version::V2008 => (Variables::Off, Variables::Off),
        Version::V2012 => (Variables::InResource, Variables::On),
    };
    let (mut sid, mut effect, mut principals, mut actions, mut resources) = (None, None, None, None, None);
    let mut conditions = Box::default();
    for (name, value) in fields {
        let not = name.starts_with("Not");
        match name.as_str() {
            "Sid" => sid = Some(string(value)?.into()),
            "Effect" => effect = Some(read_effect(value)?),
            "Principal" | "NotPrincipal" => once(&mut principals, Choice { not, list: read_principals(value)? })?,
            "Action" | "NotAction" => {
                let list = strings(value)?.into_iter().map(action).collect::<Result<_, _>>()?;
                once(&mut actions, Choice { not, list })?;
            }
            "Resource" | "NotResource" => {
                let read = |text| resource(text, in_resources);
                let list = strings(value)?.into_iter().map(read).collect::<Result<_, _>>()?;
                once(&mut resources, Choice { not, list })?;
            }
            "Condition" => conditions = read_conditions(value, in_conditions)?,
            _ => return Err(PolicyError::UnknownField(name)),
        }
    }
    Ok(Statement {
        sid,
        effect: effect.ok_or(PolicyError::MissingField("Effect"))?,
        principals: some(principals, "Principal")?,
        actions: some(actions, "Action")?.ok_or(PolicyError::MissingField("Action"))?,
        resources: some(resources, "Resource")?,
        conditions,
    })
}

/// An element and its opposite exclude each other.
fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), PolicyError> {
    slot.replace(value).map_or(Ok(()), |_| Err(PolicyError::Syntax))
}

/// An element without a value is as good as absent.
fn some<T>(choice: Option<Choice<T>>, field: &'static str) -> Result<Option<Choice<T>>, PolicyError> {
    match choice {
        Some(choice) if choice.list.is_empty() => Err(PolicyError::MissingField(field)),
        choice => Ok(choice),
    }
}

fn read_effect(value: Json) -> Result<Effect, PolicyError> {
    match string(value)?.as_str() {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        other => Err(PolicyError::InvalidEffect(other.to_owned())),
    }
}

fn read_principals(value: Json) -> Result<Box<[Named]>, PolicyError> {
    let entries: Object = match value {
        Json::Text(text) if text == "*" => return Ok(Box::new([Named::Everyone])),
        Json::Object(entries) => entries,
        Json::Text(text) => return Err(PolicyError::InvalidPrincipal(text)),
        _ => return Err(PolicyError::InvalidPrincipal(String::new())),
    };
    let mut list = Vec::new();
    for (kind, value) in entries {
        let names = strings(value)?;
        if names.is_empty() {
            return Err(PolicyError::InvalidPrincipal(String::new()));
        }
        for name in names {
            list.push(principal(&kind, name)?);
        }
    }
    match list.is_empty() {
        true => Err(PolicyError::InvalidPrincipal(String::new())),
        false => Ok(list.into()),
    }
}

fn principal(kind: &str, name: String) -> Result<Named, PolicyError> {
    match kind {
        "AWS" => Named::aws(&name),
        "Service" if name == "*" => Ok(Named::EveryService),
        _ if name.is_empty() || name.contains('*') => Err(PolicyError::InvalidPrincipal(name)),
        "Service" => Ok(Named::Service(name.into())),
        "Federated" => Ok(Named::Federated(name.into())),
        "CanonicalUser" => Ok(Named::CanonicalUser(name.into())),
        _ => Err(PolicyError::InvalidPrincipal(kind.to_owned())),
    }
}

/// `*`, or a service, a colon and a name.
fn action(text: String) -> Result<Text, PolicyError> {
    let valid = text == "*"
        || text
            .split_once(':')
            .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty() && !name.contains(':'));
    if !valid || text.contains(char::is_whitespace) {
        return Err(PolicyError::InvalidAction(text));
    }
    Ok(Text { pattern: Pattern::new(&text, true, Variables::Off), written: text.into() })
}

/// `*`, or an ARN in which an asterisk may stand for its end.
fn resource(text: String, variables: Variables) -> Result<Text, PolicyError> {
    let parts = text.split(':').count();
    let valid = text == "*" || (text.starts_with("arn:") && (parts >= 6 || text.contains('*')));
    if !valid {
        return Err(PolicyError::InvalidResource(text));
    }
    Ok(Text { pattern: Pattern::new(&text, true, variables), written: text.into() })
}

fn read_conditions(value: Json, variables: Variables) -> Result<Box<[Condition]>, PolicyError> {
    let Json::Object(operators) = value else { return Err(PolicyError::Syntax) };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let Json::Object(keys) = keys else { return Err(PolicyError::Syntax) };
        for (key, values) in keys {
            if key.is_empty() {
                return Err(PolicyError::InvalidConditionKey(key));
            }
            let values = scalars(values)?;
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            conditions.push(Condition::new(&operator, &key, &values, variables)?);
        }
    }
    Ok(conditions.into())
}

fn string(value: Json) -> Result<String, PolicyError> {
    match value {
        Json::Text(text) => Ok(text),
        _ => Err(PolicyError::Syntax),
    }
}

/// A string, or a list of them.
fn strings(value: Json) -> Result<Vec<String>, PolicyError> {
    match value {
        Json::List(list) => list.into_iter().map(string).collect(),
        one => Ok(vec![string(one)?]),
    }
}

/// Values of conditions: numbers and booleans need no quotation marks.
fn scalars(value: Json) -> Result<Vec<String>, PolicyError> {
    let one = |value| match value {
        Json::Text(text) | Json::Scalar(text) => Ok(text),
        Json::Null | Json::List(_) | Json::Object(_) => Err(PolicyError::Syntax),
    };
    match value {
        Json::List(list) => list.into_iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}
