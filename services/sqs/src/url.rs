//! Queue URLs: written in the form that the operator chose, read in any form.
//!
//! The option `SQS_ENDPOINT_STRATEGY` is one of
//!
//! | Value | URL |
//! |---|---|
//! | `dynamic` (default) | `http://HOST-OF-THE-REQUEST/ACCOUNT/NAME` |
//! | `standard` | `http://sqs.REGION.localhost.localstack.cloud:PORT/ACCOUNT/NAME` |
//! | `domain` | `http://REGION.queue.localhost.localstack.cloud:PORT/ACCOUNT/NAME`; in `us-east-1` without the Region |
//! | `path` | `http://HOST-OF-THE-REQUEST/queue/REGION/ACCOUNT/NAME` |

use kumoi_core::{Cx, Endpoint, OptionEffect};
use kumoi_store::Scope;

const DOMAIN: &str = "localhost.localstack.cloud";

/// What a queue URL names. Parts that it leaves out are those of the caller.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    pub(crate) region: Option<&'a str>,
    pub(crate) account: Option<&'a str>,
    pub(crate) name: &'a str,
}

/// Reads a queue URL, a path, or a bare name; `None` when there is no name in it.
pub(crate) fn parse(url: &str) -> Option<Named<'_>> {
    let (host, path) = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').unwrap_or((rest, "")),
        None => ("", url),
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut segments = path.split('/').rev().filter(|segment| !segment.is_empty());
    let name = segments.next()?;
    let account = segments.next().filter(|account| is_account(account));
    let before = segments.next();
    let in_path = account.and(before).filter(|region| segments.next() == Some("queue") && is_region(region));
    Some(Named { region: in_path.or_else(|| region_of_host(host)), account, name })
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `eu-west-1`, `us-gov-east-1`, …: a word, more words, a number.
fn is_region(text: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let number = |end: &str| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit());
    text.bytes().all(valid) && text.rsplit_once('-').is_some_and(|(start, end)| start.contains('-') && number(end))
}

/// `sqs.REGION.…` and `REGION.queue.…`.
fn region_of_host(host: &str) -> Option<&str> {
    let mut labels = host.split('.');
    let region = match (labels.next(), labels.next()) {
        (Some("sqs"), Some(region)) | (Some(region), Some("queue")) => region,
        _ => return None,
    };
    is_region(region).then_some(region)
}

/// The option that says how queue URLs are written.
pub(crate) const STRATEGY: &str = "SQS_ENDPOINT_STRATEGY";

/// What it can be.
pub(crate) const STRATEGIES: OptionEffect = OptionEffect::OneOf {
    values: &["dynamic", "standard", "domain", "path"],
    otherwise: "it is none of dynamic, standard, domain and path: queue URLs are dynamic",
};

/// The URL of a queue, in the form that the operator chose.
pub(crate) fn format(cx: &Cx, scope: &Scope, name: &str) -> String {
    let strategy = cx.settings().options.get(STRATEGY).map_or("dynamic", String::as_str);
    format_as(strategy, cx.endpoint(), scope, name)
}

fn format_as(strategy: &str, endpoint: &Endpoint, scope: &Scope, name: &str) -> String {
    let Endpoint { scheme, host } = endpoint;
    let Scope { account, region } = scope;
    // An IPv6 address has colons of its own, and a bracket after the last.
    let port =
        host.rsplit_once(':').map(|(_, port)| port).filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    match strategy {
        "standard" => format!("{scheme}://sqs.{region}.{DOMAIN}{port}/{account}/{name}"),
        "domain" if &**region == "us-east-1" => format!("{scheme}://queue.{DOMAIN}{port}/{account}/{name}"),
        "domain" => format!("{scheme}://{region}.queue.{DOMAIN}{port}/{account}/{name}"),
        "path" => format!("{scheme}://{host}/queue/{region}/{account}/{name}"),
        _ => format!("{scheme}://{host}/{account}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<'a>(region: Option<&'a str>, account: Option<&'a str>, name: &'a str) -> Option<Named<'a>> {
        Some(Named { region, account, name })
    }

    #[test]
    fn every_form_is_read() {
        let account = Some("000000000000");
        for (url, expected) in [
            ("http://localhost:4566/000000000000/q", named(None, account, "q")),
            ("http://localhost:4566/queue/eu-west-1/000000000000/q.fifo", named(Some("eu-west-1"), account, "q.fifo")),
            ("https://sqs.us-west-2.amazonaws.com/000000000000/q", named(Some("us-west-2"), account, "q")),
            (
                "http://sqs.eu-west-1.localhost.localstack.cloud:4566/000000000000/q",
                named(Some("eu-west-1"), account, "q"),
            ),
            (
                "http://eu-west-1.queue.localhost.localstack.cloud:4566/000000000000/q",
                named(Some("eu-west-1"), account, "q"),
            ),
            ("http://queue.localhost.localstack.cloud:4566/000000000000/q", named(None, account, "q")),
            ("http://[::1]:4566/000000000000/q/", named(None, account, "q")),
            ("http://localhost:4566/queue/q", named(None, None, "q")),
            ("/000000000000/q", named(None, account, "q")),
            ("000000000000/q", named(None, account, "q")),
            ("q", named(None, None, "q")),
            ("http://localhost:4566", None),
            ("http://localhost:4566/", None),
            ("", None),
            ("///", None),
        ] {
            assert_eq!(parse(url), expected, "{url}");
        }
    }

    #[test]
    fn every_strategy_is_written_and_read_back() {
        let endpoint = Endpoint { scheme: "http", host: "127.0.0.1:4567".into() };
        let scope = Scope::new("000000000000", "eu-west-1");
        for (strategy, url) in [
            ("dynamic", "http://127.0.0.1:4567/000000000000/q"),
            ("standard", "http://sqs.eu-west-1.localhost.localstack.cloud:4567/000000000000/q"),
            ("domain", "http://eu-west-1.queue.localhost.localstack.cloud:4567/000000000000/q"),
            ("path", "http://127.0.0.1:4567/queue/eu-west-1/000000000000/q"),
        ] {
            assert_eq!(format_as(strategy, &endpoint, &scope, "q"), url);
            let read = parse(url).unwrap();
            assert_eq!((read.account, read.name), (Some("000000000000"), "q"));
            assert_eq!(read.region, (strategy != "dynamic").then_some("eu-west-1"));
        }
    }
}
