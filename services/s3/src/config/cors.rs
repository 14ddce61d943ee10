//! Cross-origin resource sharing (User Guide, "Using cross-origin resource sharing (CORS)").

use kumoi_core::{Cx, Fault, Reply};

use crate::api;
use crate::errors::{invalid_argument, invalid_request};

/// The most rules of a bucket.
const MAX_RULES: usize = 100;

const METHODS: [&str; 5] = ["GET", "PUT", "HEAD", "POST", "DELETE"];

pub(crate) async fn put(cx: &Cx, input: api::PutBucketCorsInput) -> Reply<api::PutBucketCorsOutput> {
    let bucket = super::find(cx, &input).await?;
    check(&input.cors_configuration.cors_rules)?;
    super::put(cx, &input, bucket, input.cors_configuration.clone()).await
}

pub(crate) async fn get(cx: &Cx, input: api::GetBucketCorsInput) -> Reply<api::GetBucketCorsOutput> {
    let cors: api::CORSConfiguration = super::require(cx, &input).await?;
    Ok(api::GetBucketCorsOutput { cors_rules: Some(cors.cors_rules) })
}

fn check(rules: &[api::CORSRule]) -> Result<(), Fault> {
    if rules.len() > MAX_RULES {
        return Err(invalid_request("The number of CORS rules should not exceed allowed limit of 100 rules."));
    }
    for rule in rules {
        if rule.id.as_ref().is_some_and(|id| id.chars().count() > 255) {
            return Err(invalid_argument("ID length should not exceed allowed limit of 255"));
        }
        if let Some(method) = rule.allowed_methods.iter().find(|method| !METHODS.contains(&method.as_str())) {
            return Err(invalid_request(format!(
                "Found unsupported HTTP method in CORS config. Unsupported method is {method}"
            )));
        }
        let starred = |text: &&String| text.matches('*').count() > 1;
        if let Some(origin) = rule.allowed_origins.iter().find(starred) {
            return Err(invalid_request(format!("AllowedOrigin \"{origin}\" can not have more than one wildcard.")));
        }
        if let Some(header) = rule.allowed_headers.iter().flatten().find(starred) {
            return Err(invalid_request(format!("AllowedHeader \"{header}\" can not have more than one wildcard.")));
        }
        if let Some(header) = rule.expose_headers.iter().flatten().find(|header| header.contains('*')) {
            return Err(invalid_request(format!(
                "ExposeHeader \"{header}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
            )));
        }
    }
    Ok(())
}

/// The headers of an answer to a request from `origin`, by the first rule that allows it: `None` where no rule does. `method` and `headers` are those
/// of the request, or those that a preflight asks for.
#[expect(dead_code, reason = "the gateway does not ask yet")]
pub(crate) fn answer(
    rules: &[api::CORSRule],
    origin: &str,
    method: &str,
    headers: &[&str],
) -> Option<Vec<(&'static str, String)>> {
    let allowed = rules.iter().find_map(|rule| Some((rule, allowing(rule, origin, method, headers)?)));
    let (rule, pattern) = allowed?;
    let mut answer = Vec::new();
    match pattern {
        "*" => answer.push(("access-control-allow-origin", "*".to_owned())),
        _ => {
            answer.push(("access-control-allow-origin", origin.to_owned()));
            answer.push(("access-control-allow-credentials", "true".to_owned()));
        }
    }
    answer.push(("access-control-allow-methods", rule.allowed_methods.join(", ")));
    if !headers.is_empty() {
        answer.push(("access-control-allow-headers", headers.join(", ").to_ascii_lowercase()));
    }
    if let Some(exposed) = rule.expose_headers.as_ref().filter(|exposed| !exposed.is_empty()) {
        answer.push(("access-control-expose-headers", exposed.join(", ")));
    }
    if let Some(seconds) = rule.max_age_seconds {
        answer.push(("access-control-max-age", seconds.to_string()));
    }
    answer.push(("vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method".to_owned()));
    Some(answer)
}

/// The origin of a rule that allows the request, as the rule has it.
fn allowing<'a>(rule: &'a api::CORSRule, origin: &str, method: &str, headers: &[&str]) -> Option<&'a str> {
    let allows = |header: &&str| {
        let header = header.to_ascii_lowercase();
        rule.allowed_headers.iter().flatten().any(|pattern| matches(&pattern.to_ascii_lowercase(), &header))
    };
    let pattern = rule.allowed_origins.iter().find(|pattern| matches(pattern, origin))?;
    let allowed = rule.allowed_methods.iter().any(|allowed| allowed == method) && headers.iter().all(allows);
    allowed.then_some(pattern.as_str())
}

/// Whether a text is like the pattern, in which one `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => text.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
        None => pattern == text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(origins: &[&str], methods: &[&str], headers: &[&str]) -> api::CORSRule {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        api::CORSRule {
            allowed_origins: owned(origins),
            allowed_methods: owned(methods),
            allowed_headers: Some(owned(headers)),
            ..api::CORSRule::default()
        }
    }

    fn header(answer: &[(&str, String)], name: &str) -> Option<String> {
        answer.iter().find(|(found, _)| *found == name).map(|(_, value)| value.clone())
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("http://*.example.com", "http://a.example.com", true),
            ("http://*.example.com", "http://example.com", false),
            ("start*end", "startend", true),
            ("aba*ba", "aba", false),
            ("same", "same", true),
            ("same", "Same", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn the_first_rule_that_allows_all_answers() {
        let mut rules = vec![rule(&["http://a"], &["PUT"], &["x-amz-*"]), rule(&["*"], &["GET", "PUT"], &[])];
        let first = answer(&rules, "http://a", "PUT", &["X-Amz-Date"]).unwrap();
        assert_eq!(header(&first, "access-control-allow-origin").unwrap(), "http://a");
        assert_eq!(header(&first, "access-control-allow-credentials").unwrap(), "true");
        assert_eq!(header(&first, "access-control-allow-headers").unwrap(), "x-amz-date");
        assert_eq!(header(&first, "access-control-max-age"), None);
        let second = answer(&rules, "http://a", "GET", &[]).unwrap();
        assert_eq!(header(&second, "access-control-allow-origin").unwrap(), "*");
        assert_eq!(header(&second, "access-control-allow-credentials"), None);
        assert_eq!(header(&second, "access-control-allow-methods").unwrap(), "GET, PUT");
        assert_eq!(answer(&rules, "http://b", "PUT", &["x-amz-date"]), None);
        assert_eq!(answer(&rules, "http://b", "DELETE", &[]), None);
        rules[1].expose_headers = Some(vec!["x-a".to_owned(), "x-b".to_owned()]);
        rules[1].max_age_seconds = Some(3);
        let exposed = answer(&rules, "http://b", "GET", &[]).unwrap();
        assert_eq!(header(&exposed, "access-control-expose-headers").unwrap(), "x-a, x-b");
        assert_eq!(header(&exposed, "access-control-max-age").unwrap(), "3");
    }
}
