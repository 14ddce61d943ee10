//! The policy of a form: what it may hold, and until when (S3 API Reference, "POST Policy").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kumoi_model::Timestamp;
use serde_json::Value;

use super::{Fields, FormError};

/// A policy document.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    expiration: Timestamp,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq)]
enum Condition {
    /// A field, in lower case, has this value, or one that begins with it. Kept as the policy has it, for those whom it refuses.
    Field { exactly: bool, name: String, value: String, told: String },
    /// The file has so many bytes.
    Length(u64, u64),
    /// What can never be met.
    Never(String),
}

/// Fields of which a policy need not speak.
const FREE: [&str; 5] = ["awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"];

impl Policy {
    /// Reads a policy, in base64 as forms have it.
    ///
    /// # Errors
    /// [`FormError::Policy`].
    pub fn read(encoded: &str) -> Result<Self, FormError> {
        let refuse = |why: &str| FormError::Policy(why.to_owned());
        let compact: String = encoded.split_ascii_whitespace().collect();
        let json = STANDARD.decode(compact).map_err(|_| refuse("Invalid JSON."))?;
        let document: Value = serde_json::from_slice(&json).map_err(|_| refuse("Invalid JSON."))?;
        let Value::Object(document) = document else { return Err(refuse("Invalid JSON.")) };
        if let Some(other) = document.keys().find(|key| !matches!(key.as_str(), "expiration" | "conditions")) {
            return Err(FormError::Policy(format!("Unexpected: '{other}'")));
        }
        let expiration = document.get("expiration").ok_or_else(|| refuse("Policy missing expiration."))?;
        let conditions = document.get("conditions").ok_or_else(|| refuse("Policy missing conditions."))?;
        let expiration = expiration.as_str().unwrap_or_default();
        let expiration = moment(expiration)
            .ok_or_else(|| FormError::Policy(format!("Invalid 'expiration' value: '{expiration}'")))?;
        let Value::Array(conditions) = conditions else {
            return Err(refuse("Invalid 'conditions' value: must be a List."));
        };
        let conditions = conditions.iter().map(condition).collect::<Result<_, _>>()?;
        Ok(Self { expiration, conditions })
    }

    /// Checks the fields of a form that is posted to `bucket` now. Returns how many bytes the file may have, at least and at most.
    ///
    /// # Errors
    /// The policy is over, a condition is not met, or a field has none.
    pub fn check(&self, fields: &Fields, bucket: &str, now: Timestamp) -> Result<(u64, u64), FormError> {
        if now >= self.expiration {
            return Err(FormError::Expired);
        }
        let mut range = (0, u64::MAX);
        for condition in &self.conditions {
            match condition {
                Condition::Length(least, most) => range = (range.0.max(*least), range.1.min(*most)),
                Condition::Never(told) => return Err(FormError::Condition(told.clone())),
                Condition::Field { exactly, name, value, told } => {
                    let refused = || FormError::Condition(told.clone());
                    let mut sent = fields.all(name).chain((name == "bucket").then_some(bucket)).peekable();
                    // Whatever begins with nothing may be left out, too.
                    if sent.peek().is_none() && (*exactly || !value.is_empty()) {
                        return Err(refused());
                    }
                    if !sent.all(|sent| if *exactly { sent == value } else { begins(name, sent, value) }) {
                        return Err(refused());
                    }
                }
            }
        }
        match fields.iter().map(|(name, _)| name).find(|name| !self.covers(name)) {
            Some(extra) => Err(FormError::Extra(extra.to_owned())),
            None => Ok(range),
        }
    }

    /// Whether a field may be there. Checksums of the file prove themselves.
    fn covers(&self, field: &str) -> bool {
        let spoken = |condition: &Condition| matches!(condition, Condition::Field { name, .. } if name == field);
        FREE.contains(&field)
            || field.starts_with("x-ignore-")
            || field.starts_with("x-amz-checksum-")
            || self.conditions.iter().any(spoken)
    }
}

/// Whether a value begins with a prefix; of content types separated by commas, whether all do.
fn begins(name: &str, sent: &str, prefix: &str) -> bool {
    match name {
        "content-type" => sent.split(',').all(|one| one.trim().starts_with(prefix)),
        _ => sent.starts_with(prefix),
    }
}

/// The moment that an ISO 8601 date in UTC names.
fn moment(text: &str) -> Option<Timestamp> {
    let zulu = text.ends_with('Z') && text.contains('T');
    let moment: jiff::Timestamp = zulu.then(|| text.parse().ok()).flatten()?;
    Some(Timestamp::from_seconds(moment.as_second()))
}

fn condition(value: &Value) -> Result<Condition, FormError> {
    let refuse = |why: &str| Err(FormError::Policy(why.to_owned()));
    match value {
        Value::Object(pairs) => {
            let mut pairs = pairs.iter();
            let (Some((name, value)), None) = (pairs.next(), pairs.next()) else {
                return refuse("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
            };
            let Value::String(value) = value else {
                return refuse("Invalid Simple-Condition: value must be a string.");
            };
            let told = told("eq", &format!("${name}"), value);
            Ok(Condition::Field { exactly: true, name: name.to_ascii_lowercase(), value: value.clone(), told })
        }
        Value::Array(items) => listed(items),
        _ => refuse("Invalid Condition: must be an object or a list."),
    }
}

fn listed(items: &[Value]) -> Result<Condition, FormError> {
    let [operator, first, second] = items else {
        return Err(FormError::Policy("Invalid Condition: wrong number of arguments.".to_owned()));
    };
    let operator = operator.as_str().unwrap_or_default().to_ascii_lowercase();
    if operator == "content-length-range" {
        let refused =
            || FormError::Policy("Invalid content-length-range: the limits must be whole numbers.".to_owned());
        return Ok(Condition::Length(number(first).ok_or_else(refused)?, number(second).ok_or_else(refused)?));
    }
    let never = || Condition::Never(Value::Array(items.to_vec()).to_string());
    Ok(match (operator.as_str(), first, second) {
        ("eq" | "starts-with", Value::String(name), Value::String(value)) => match name.strip_prefix('$') {
            Some(field) => Condition::Field {
                exactly: operator == "eq",
                name: field.to_ascii_lowercase(),
                value: value.clone(),
                told: told(&operator, name, value),
            },
            None => never(),
        },
        _ => never(),
    })
}

/// A whole number, also as text.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

/// A condition as a refusal quotes it.
fn told(operator: &str, name: &str, value: &str) -> String {
    let quoted = [operator, name, value].map(|text| Value::from(text).to_string());
    format!("[{}]", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(conditions: &str) -> Result<Policy, FormError> {
        document(&format!(r#"{{"expiration": "2026-01-01T00:00:00.000Z", "conditions": [{conditions}]}}"#))
    }

    fn document(text: &str) -> Result<Policy, FormError> {
        Policy::read(&STANDARD.encode(text))
    }

    fn check(conditions: &str, fields: &[(&str, &str)]) -> Result<(u64, u64), FormError> {
        let mut sent = Fields::default();
        fields.iter().for_each(|(name, value)| sent.add(name, value.as_bytes()).unwrap());
        policy(conditions)?.check(&sent, "photos", Timestamp::from_seconds(1_700_000_000))
    }

    #[test]
    fn conditions_are_met_or_not() {
        let refused = |told: &str| Err(FormError::Condition(told.to_owned()));
        let extra = |name: &str| Err(FormError::Extra(name.to_owned()));
        let all = Ok((0, u64::MAX));
        for (conditions, fields, expected) in [
            (r#"{"bucket": "photos"}"#, &[][..], all.clone()),
            (r#"{"bUcKeT": "photos"}, ["StArTs-WiTh", "$KeY", "a"]"#, &[("kEy", "ab")], all.clone()),
            (r#"{"bucket": "other"}"#, &[], refused(r#"["eq", "$bucket", "other"]"#)),
            (r#"["eq", "$key", "a"]"#, &[("key", "a")], all.clone()),
            (r#"["eq", "$key", "a"]"#, &[("key", "ab")], refused(r#"["eq", "$key", "a"]"#)),
            (r#"["eq", "$key", "a"]"#, &[("key", "a"), ("key", "b")], refused(r#"["eq", "$key", "a"]"#)),
            (r#"["starts-with", "$key", ""]"#, &[], all.clone()),
            (r#"["starts-with", "$key", "a"]"#, &[], refused(r#"["starts-with", "$key", "a"]"#)),
            (r#"["starts-with", "$key", "\\$a"]"#, &[("key", r"\$ab")], all.clone()),
            (r#"["starts-with", "$Content-Type", "image/"]"#, &[("content-type", "image/a, image/b")], all.clone()),
            (
                r#"["starts-with", "$Content-Type", "image/"]"#,
                &[("content-type", "image/a,text/b")],
                refused(r#"["starts-with", "$Content-Type", "image/"]"#),
            ),
            ("", &[("key", "a")], extra("key")),
            ("", &[("x-ignore-a", "a"), ("policy", ""), ("AWSAccessKeyId", ""), ("x-amz-signature", "")], all.clone()),
            ("", &[("x-amz-checksum-sha256", "a")], all),
            (r#"["content-length-range", 1, "10"], ["content-length-range", 0, 5]"#, &[], Ok((1, 5))),
            (r#"["ends-with", "$key", "a"]"#, &[("key", "a")], refused(r#"["ends-with","$key","a"]"#)),
            (r#"["eq", "key", "a"]"#, &[("key", "a")], refused(r#"["eq","key","a"]"#)),
        ] {
            assert_eq!(check(conditions, fields), expected, "{conditions} {fields:?}");
        }
    }

    #[test]
    fn a_policy_ends() {
        let policy = policy("").unwrap();
        let end = Timestamp::from_seconds(1_767_225_600);
        assert!(policy.check(&Fields::default(), "b", end.plus_seconds(-1)).is_ok());
        assert_eq!(policy.check(&Fields::default(), "b", end), Err(FormError::Expired));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in [
            "",
            "[]",
            "{",
            r#"{"conditions": []}"#,
            r#"{"expiration": "2026-01-01T00:00:00Z"}"#,
            r#"{"EXPIRATION": "2026-01-01T00:00:00Z", "conditions": []}"#,
            r#"{"expiration": "2026-01-01 00:00:00.000000+00:00", "conditions": []}"#,
            r#"{"expiration": "2026-01-01T00:00:00Z", "conditions": [{}]}"#,
            r#"{"expiration": "2026-01-01T00:00:00Z", "conditions": [{"a": "b", "c": "d"}]}"#,
            r#"{"expiration": "2026-01-01T00:00:00Z", "conditions": [{"a": 201}]}"#,
            r#"{"expiration": "2026-01-01T00:00:00Z", "conditions": [["content-length-range", 0]]}"#,
            r#"{"expiration": "2026-01-01T00:00:00Z", "conditions": [["content-length-range", -1, 0]]}"#,
        ] {
            assert!(matches!(document(text), Err(FormError::Policy(_))), "{text}");
        }
        assert!(Policy::read("no base64!").is_err());
    }
}
