//! `ExpressionAttributeNames` and `ExpressionAttributeValues`: what the placeholders of a request's expressions stand for.

use std::collections::{BTreeMap, BTreeSet};

use crate::lexer::is_placeholder;
use crate::{Attribute, Invalid};

/// Bytes of a placeholder, its sign included.
const MAX_KEY: usize = 255;

/// The placeholders of one request. All of its expressions are parsed with the same, which then knows those that none has used.
#[derive(Clone, Debug, Default)]
pub struct Placeholders {
    names: BTreeMap<String, String>,
    values: BTreeMap<String, Attribute>,
    used_names: BTreeSet<String>,
    used_values: BTreeSet<String>,
}

impl Placeholders {
    /// Those that a request has. Fails on a parameter that is there and empty, and on a placeholder that no expression could have.
    pub fn new(
        names: Option<BTreeMap<String, String>>,
        values: Option<BTreeMap<String, Attribute>>,
    ) -> Result<Self, Invalid> {
        if let Some(names) = &names {
            check_keys("ExpressionAttributeNames", '#', names.keys())?;
            if let Some((key, _)) = names.iter().find(|(_, name)| name.is_empty()) {
                let message =
                    format!("ExpressionAttributeNames contains invalid value: Empty attribute name for key {key}");
                return Err(Invalid::new(message));
            }
        }
        if let Some(values) = &values {
            check_keys("ExpressionAttributeValues", ':', values.keys())?;
        }
        Ok(Self {
            names: names.unwrap_or_default(),
            values: values.unwrap_or_default(),
            used_names: BTreeSet::new(),
            used_values: BTreeSet::new(),
        })
    }

    /// To be called when all expressions of the request are parsed: fails if one of the placeholders is in none.
    pub fn check_unused(&self) -> Result<(), Invalid> {
        let unused = |parameter: &str, keys: Vec<&str>| {
            if keys.is_empty() {
                return Ok(());
            }
            let keys = keys.join(", ");
            Err(Invalid::new(format!("Value provided in {parameter} unused in expressions: keys: {{{keys}}}")))
        };
        let names = self.names.keys().filter(|key| !self.used_names.contains(*key)).map(String::as_str).collect();
        unused("ExpressionAttributeNames", names)?;
        let values = self.values.keys().filter(|key| !self.used_values.contains(*key)).map(String::as_str).collect();
        unused("ExpressionAttributeValues", values)
    }

    pub(crate) fn name(&mut self, key: &str) -> Option<&str> {
        let name = self.names.get(key)?;
        self.used_names.insert(key.to_string());
        Some(name)
    }

    pub(crate) fn value(&mut self, key: &str) -> Option<&Attribute> {
        let value = self.values.get(key)?;
        self.used_values.insert(key.to_string());
        Some(value)
    }
}

fn check_keys<'a>(parameter: &str, sign: char, keys: impl Iterator<Item = &'a String>) -> Result<(), Invalid> {
    let mut any = false;
    for key in keys {
        any = true;
        if key.len() > MAX_KEY {
            return Err(Invalid::new(format!(
                "{parameter} contains invalid key: The expression attribute map contains a key that is too long; key: \"{key}\", length: {}",
                key.len()
            )));
        }
        if !is_placeholder(key, sign) {
            return Err(Invalid::new(format!("{parameter} contains invalid key: Syntax error; key: \"{key}\"")));
        }
    }
    if any { Ok(()) } else { Err(Invalid::new(format!("{parameter} must not be empty"))) }
}
