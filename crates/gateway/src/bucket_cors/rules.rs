//! The rules of a bucket: which pages may do what (S3 User Guide, "Elements of a CORS configuration").

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::named::Named;

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) origins: Vec<String>,
    pub(super) methods: Vec<String>,
    pub(super) headers: Vec<String>,
    pub(super) exposed: Vec<String>,
    pub(super) max_age: Option<i64>,
}

/// What a page wants to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'a> {
    pub(super) origin: &'a str,
    pub(super) method: &'a str,
    /// The names of the headers that a preflight asks for, separated by commas.
    pub(super) headers: Option<&'a str>,
}

/// A rule that allows a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Granted {
    /// What a browser is to be told.
    pub(super) headers: HeaderMap,
    /// The rule names no domain: it lets in pages from anywhere.
    pub(super) open: bool,
}

/// The rules in the output of `GetBucketCors`.
pub(super) fn read(output: &Named<'_>) -> Vec<Rule> {
    let rules = output.member("CORSRules");
    let rule = |rule: Named<'_>| Rule {
        origins: rule.texts("AllowedOrigins"),
        methods: rule.texts("AllowedMethods"),
        headers: rule.texts("AllowedHeaders"),
        exposed: rule.texts("ExposeHeaders"),
        max_age: rule.member("MaxAgeSeconds").and_then(|age| age.number()),
    };
    rules.iter().flat_map(Named::items).map(rule).collect()
}

/// What the first rule says that allows a wish; `None` when none does.
pub(super) fn grant(rules: &[Rule], wish: &Wish<'_>) -> Option<Granted> {
    let (rule, origin) = rules.iter().find_map(|rule| Some((rule, allows(rule, wish)?)))?;
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    let any = origin == "*";
    put(ACCESS_CONTROL_ALLOW_ORIGIN, if any { "*" } else { wish.origin });
    put(ACCESS_CONTROL_ALLOW_METHODS, &rule.methods.join(", "));
    if !any {
        put(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    if wish.headers.is_some() {
        put(ACCESS_CONTROL_ALLOW_HEADERS, &asked(wish).collect::<Vec<_>>().join(", "));
    }
    if !rule.exposed.is_empty() {
        put(ACCESS_CONTROL_EXPOSE_HEADERS, &rule.exposed.join(", "));
    }
    if let Some(age) = rule.max_age {
        put(ACCESS_CONTROL_MAX_AGE, &age.to_string());
    }
    put(VARY, "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
    Some(Granted { headers, open: !origin.contains('.') && origin.contains('*') })
}

/// The headers that are asked for, in lower case.
fn asked(wish: &Wish<'_>) -> impl Iterator<Item = String> {
    let names = wish.headers.unwrap_or_default().split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_ascii_lowercase).collect::<Vec<_>>().into_iter()
}

/// The pattern by which a rule lets the origin in, if it allows all the rest, too.
fn allows<'a>(rule: &'a Rule, wish: &Wish<'_>) -> Option<&'a str> {
    let origin = rule.origins.iter().find(|pattern| matches(pattern, wish.origin))?;
    rule.methods.iter().any(|method| method == wish.method).then_some(())?;
    let allowed = |name: String| rule.headers.iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), &name));
    asked(wish).all(allowed).then_some(origin)
}

/// Whether a text is of a pattern, in which one asterisk stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(origin: &str, method: &str) -> Rule {
        Rule { origins: vec![origin.into()], methods: vec![method.into()], ..Rule::default() }
    }

    fn granted(rules: &[Rule], origin: &str, method: &str, headers: Option<&str>) -> Option<Granted> {
        grant(rules, &Wish { origin, method, headers })
    }

    #[test]
    fn origins_are_matched() {
        for (pattern, origin, expected) in [
            ("https://a.example", "https://a.example", true),
            ("https://a.example", "https://b.example", false),
            ("https://*.example", "https://a.example", true),
            ("start*end", "startend", true),
            ("start*end", "start1end", true),
            ("start*end", "0start1end", false),
            ("aba*aba", "aba", false),
            ("*", "null", true),
            ("*suffix", "foo.suffix.get", false),
            ("prefix*", "prefix", true),
        ] {
            assert_eq!(granted(&[rule(pattern, "GET")], origin, "GET", None).is_some(), expected, "{pattern} {origin}");
        }
    }

    #[test]
    fn the_first_rule_that_allows_all_speaks() {
        let rules = [
            rule("https://a.example", "PUT"),
            Rule {
                headers: vec!["X-Amz-*".into(), "content-type".into()],
                exposed: vec!["ETag".into(), "x-amz-meta-a".into()],
                max_age: Some(3000),
                ..rule("https://a.example", "GET")
            },
            rule("*", "GET"),
        ];
        let told =
            |granted: &Granted, name: &str| granted.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let found = granted(&rules, "https://a.example", "GET", Some("x-amz-date, Content-Type")).unwrap();
        for (name, value) in [
            ("access-control-allow-origin", Some("https://a.example")),
            ("access-control-allow-methods", Some("GET")),
            ("access-control-allow-headers", Some("x-amz-date, content-type")),
            ("access-control-allow-credentials", Some("true")),
            ("access-control-expose-headers", Some("ETag, x-amz-meta-a")),
            ("access-control-max-age", Some("3000")),
            ("vary", Some("Origin, Access-Control-Request-Headers, Access-Control-Request-Method")),
        ] {
            assert_eq!(told(&found, name).as_deref(), value, "{name}");
        }
        assert!(!found.open);
        let any = granted(&rules, "https://b.example", "GET", None).unwrap();
        assert_eq!(told(&any, "access-control-allow-origin").as_deref(), Some("*"));
        assert_eq!(told(&any, "access-control-allow-credentials"), None);
        assert!(any.open);
        assert_eq!(granted(&rules, "https://a.example", "GET", Some("authorization")), None);
        assert_eq!(granted(&rules, "https://b.example", "DELETE", None), None);
    }
}
