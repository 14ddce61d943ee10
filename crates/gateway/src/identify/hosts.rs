//! What a host name says: a service, a region, a bucket, a world.
//!
//! ```text
//! sqs.eu-west-1.amazonaws.com                    service and region, as AWS's own endpoints
//! sqs.eu-west-1.localhost.localstack.cloud:4566  the same under a name that resolves to this machine
//! photos.s3.localhost:4566                       a bucket
//! photos.s3-website.localhost:4566               a bucket as a website
//! photos-123456789012.s3-accesspoint.localhost   an access point, and the account that it belongs to
//! eu-west-1.queue.localhost.localstack.cloud     SQS in its oldest form
//! sqs.eu-west-1.ci-7.world.localhost:4566        any of these in the world `ci-7`
//! ```

use std::net::IpAddr;

use kumoi_model::Catalog;
use kumoi_model::partitions::partitions;

/// What a host name says. All parts borrow from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HostFacts<'a> {
    /// The endpoint prefix of a service, such as `sqs` or `api.ecr`.
    pub(crate) service: Option<&'a str>,
    /// A region.
    pub(crate) region: Option<&'a str>,
    /// The bucket of a virtual-hosted request to S3.
    pub(crate) bucket: Option<&'a str>,
    /// The bucket is asked for as a website.
    pub(crate) website: bool,
    /// What stands in the bucket's place is an access point with its account.
    pub(crate) point: bool,
    /// A world.
    pub(crate) world: Option<&'a str>,
}

/// Ends of the host names under which kumoi is reached; the operator may add others.
const LOCAL: [&str; 2] = ["localhost", "localhost.localstack.cloud"];

/// The host without its port and without the dot of a fully qualified name.
pub(crate) fn without_port(host: &str) -> &str {
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(address, _)| address),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    host.strip_suffix('.').unwrap_or(host)
}

/// Whether a host, without port, is this machine by its name or address alone.
pub(crate) fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost") || ends_with_label(host, "localhost"),
    }
}

/// Whether a host, without port, is a name that stands for this machine wherever it is looked up.
pub(crate) fn is_local_name(host: &str) -> bool {
    LOCAL.iter().any(|name| host.eq_ignore_ascii_case(name) || ends_with_label(host, name))
}

/// Whether a host, without port, is a name under which kumoi is reached, or an address (which no name server can forge).
pub(crate) fn is_own(host: &str, extra: &[String]) -> bool {
    host.parse::<IpAddr>().is_ok()
        || is_local_name(host)
        || extra.iter().any(|name| host.eq_ignore_ascii_case(name) || ends_with_label(host, name))
}

/// Whether no stranger can own that name in the public name system: a single label, as containers have it, or one below a reserved
/// top-level domain (RFC 2606, RFC 6762, and ICANN's `internal`).
pub(crate) fn is_private_name(host: &str) -> bool {
    !host.contains('.') || ["internal", "local", "test"].iter().any(|end| ends_with_label(host, end))
}

fn ends_with_label(host: &str, end: &str) -> bool {
    strip_end(host, end).is_some()
}

/// The labels before `end`, which is compared without regard to case.
fn strip_end<'a>(host: &'a str, end: &str) -> Option<&'a str> {
    let at = host.len().checked_sub(end.len() + 1)?;
    let (labels, rest) = host.split_at_checked(at)?;
    (rest.starts_with('.') && rest.get(1..)?.eq_ignore_ascii_case(end)).then_some(labels)
}

/// Reads a `Host` header in lower case; `extra` are further names of this server.
pub(crate) fn parse<'a>(host: &'a str, extra: &[String]) -> HostFacts<'a> {
    let host = without_port(host);
    let local = LOCAL.iter().copied().chain(extra.iter().map(String::as_str)).find_map(|end| strip_end(host, end));
    if let Some(labels) = local {
        let (labels, world) = take_world(labels);
        return HostFacts { world, ..read(labels) };
    }
    // Addresses, and names that are not AWS's, say nothing.
    let suffixes =
        || partitions().iter().flat_map(|partition| [&partition.dns_suffix, &partition.dual_stack_dns_suffix]);
    match suffixes().filter_map(|end| strip_end(host, end)).min_by_key(|labels| labels.len()) {
        Some(labels) => read(labels),
        None => HostFacts::default(),
    }
}

/// Takes `WORLD.world` from the end.
fn take_world(labels: &str) -> (&str, Option<&str>) {
    match strip_end(labels, "world") {
        Some(rest) => match rest.rsplit_once('.') {
            Some((labels, world)) => (labels, Some(world)),
            None => ("", Some(rest)),
        },
        None => (labels, None),
    }
}

/// Reads the labels before the server's own name.
fn read(labels: &str) -> HostFacts<'_> {
    if labels.is_empty() {
        return HostFacts::default();
    }
    if let Some(facts) = s3(labels) {
        return facts;
    }
    // SDKs put an access point in front of whatever endpoint they are given.
    if !labels.contains('.') && access_point(labels).is_some() {
        return HostFacts { service: Some("s3"), bucket: Some(labels), point: true, ..HostFacts::default() };
    }
    let (front, region) = match labels.rsplit_once('.') {
        Some((front, last)) if is_region(last) => (front, Some(last)),
        _ => (labels, None),
    };
    // `eu-west-1.queue` and `queue` are SQS.
    if let Some(region) = strip_end(labels, "queue").filter(|region| is_region(region)) {
        return HostFacts { service: Some("sqs"), region: Some(region), ..HostFacts::default() };
    }
    if front == "queue" {
        return HostFacts { service: Some("sqs"), region, ..HostFacts::default() };
    }
    HostFacts { service: service(front), region, ..HostFacts::default() }
}

/// The endpoint prefix that ends the labels. Labels before it are an operation's own host prefix (`123456789012.s3-control`).
fn service(labels: &str) -> Option<&str> {
    let mut rest = labels.strip_suffix("-fips").unwrap_or(labels);
    loop {
        if Catalog::get().by_endpoint_prefix(rest).next().is_some() {
            return Some(rest);
        }
        (_, rest) = rest.split_once('.')?;
    }
}

/// Name and account of an access point, in the one label that they share.
pub(crate) fn access_point(label: &str) -> Option<(&str, &str)> {
    let (name, account) = label.rsplit_once('-')?;
    (!name.is_empty() && account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some((name, account))
}

/// S3's forms: `s3`, `s3-website`, `s3.REGION`, `s3-REGION`, `s3.dualstack.REGION`, `s3-accelerate`, each with a bucket in front or not. The bucket may
/// contain dots, so the last label that can be S3's own is taken for it.
fn s3(labels: &str) -> Option<HostFacts<'_>> {
    let mut end = labels.len();
    loop {
        let before = labels.get(..end)?;
        let (start, label) =
            before.rfind('.').map_or((0, before), |dot| (dot + 1, before.get(dot + 1..).unwrap_or_default()));
        let after = labels.get(end..)?.trim_start_matches('.');
        let after = after.strip_prefix("dualstack").map_or(after, |rest| rest.trim_start_matches('.'));
        let region = match (label, label.strip_prefix("s3-")) {
            ("s3" | "s3-fips" | "s3-accelerate" | "s3-external-1", _) if after.is_empty() => Some(None),
            ("s3-website", _) if after.is_empty() => Some(None),
            (_, Some(website)) if after.is_empty() && website.strip_prefix("website-").is_some_and(is_region) => {
                Some(website.strip_prefix("website-"))
            }
            ("s3" | "s3-fips" | "s3-website", _) if is_region(after) => Some(Some(after)),
            ("s3-accesspoint" | "s3-accesspoint-fips" | "s3-global", _) if after.is_empty() => Some(None),
            ("s3-accesspoint" | "s3-accesspoint-fips", _) if is_region(after) => Some(Some(after)),
            (_, Some(region)) if after.is_empty() && is_region(region) => Some(Some(region)),
            _ => None,
        };
        if let Some(region) = region {
            let bucket = start.checked_sub(1).and_then(|dot| labels.get(..dot)).filter(|bucket| !bucket.is_empty());
            let website = label.starts_with("s3-website") && bucket.is_some();
            // `ALIAS.mrap.accesspoint.s3-global`
            let bucket = bucket
                .map(|bucket| bucket.strip_suffix(".accesspoint").filter(|_| label == "s3-global").unwrap_or(bucket));
            let point = label.starts_with("s3-accesspoint") && bucket.and_then(access_point).is_some();
            return Some(HostFacts { service: Some("s3"), region, bucket, website, point, world: None });
        }
        end = start.checked_sub(1)?;
    }
}

fn is_region(label: &str) -> bool {
    // `us-east-1` and its like have two hyphens or more; this spares most labels the regular expressions.
    label.bytes().filter(|byte| *byte == b'-').count() >= 2
        && partitions().iter().any(|partition| partition.matches(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts<'a>(service: &'a str, region: &'a str, bucket: &'a str, world: &'a str) -> HostFacts<'a> {
        let some = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        let (service, region, bucket, world) = (some(service), some(region), some(bucket), some(world));
        HostFacts { service, region, bucket, website: false, point: false, world }
    }

    #[test]
    fn every_form_of_host() {
        let table = [
            ("localhost:4566", facts("", "", "", "")),
            ("127.0.0.1:4566", facts("", "", "", "")),
            ("[::1]:4566", facts("", "", "", "")),
            ("example.com", facts("", "", "", "")),
            ("localhost.localstack.cloud:4566", facts("", "", "", "")),
            ("sqs.us-east-1.amazonaws.com", facts("sqs", "us-east-1", "", "")),
            ("sqs.cn-north-1.amazonaws.com.cn", facts("sqs", "cn-north-1", "", "")),
            ("sqs.eu-west-1.localhost.localstack.cloud:4566", facts("sqs", "eu-west-1", "", "")),
            ("sqs.localhost", facts("sqs", "", "", "")),
            ("sts.amazonaws.com", facts("sts", "", "", "")),
            ("eu-west-1.queue.localhost.localstack.cloud:4566", facts("sqs", "eu-west-1", "", "")),
            ("queue.localhost:4566", facts("sqs", "", "", "")),
            ("s3.localhost:4566", facts("s3", "", "", "")),
            ("s3.eu-west-1.amazonaws.com", facts("s3", "eu-west-1", "", "")),
            ("s3-eu-west-1.amazonaws.com", facts("s3", "eu-west-1", "", "")),
            ("photos.s3.localhost.localstack.cloud:4566", facts("s3", "", "photos", "")),
            ("my.dotted.bucket.s3.eu-west-1.amazonaws.com", facts("s3", "eu-west-1", "my.dotted.bucket", "")),
            ("photos.s3.dualstack.eu-west-1.amazonaws.com", facts("s3", "eu-west-1", "photos", "")),
            ("s3.s3.amazonaws.com", facts("s3", "", "s3", "")),
            ("123456789012.s3-control.us-east-1.amazonaws.com", facts("s3-control", "us-east-1", "", "")),
            ("api.ecr.us-east-1.amazonaws.com", facts("api.ecr", "us-east-1", "", "")),
            ("ci-7.world.localhost:4566", facts("", "", "", "ci-7")),
            ("sqs.us-east-1.ci-7.world.localhost:4566", facts("sqs", "us-east-1", "", "ci-7")),
            ("photos.s3.ci-7.world.localhost.localstack.cloud", facts("s3", "", "photos", "ci-7")),
            ("", facts("", "", "", "")),
            ("...", facts("", "", "", "")),
            (".localhost", facts("", "", "", "")),
        ];
        for (host, expected) in table {
            assert_eq!(parse(host, &[]), expected, "{host}");
        }
    }

    #[test]
    fn websites() {
        for (host, region, bucket) in [
            ("photos.s3-website.localhost.localstack.cloud:4566", None, "photos"),
            ("my.site.s3-website.localhost", None, "my.site"),
            ("photos.s3-website.eu-west-1.localhost", Some("eu-west-1"), "photos"),
            ("photos.s3-website-eu-west-1.amazonaws.com", Some("eu-west-1"), "photos"),
            ("photos.s3-website.eu-central-1.amazonaws.com", Some("eu-central-1"), "photos"),
        ] {
            let found = parse(host, &[]);
            assert!(found.website, "{host}");
            assert_eq!((found.service, found.region, found.bucket), (Some("s3"), region, Some(bucket)), "{host}");
        }
        assert!(!parse("s3-website.localhost", &[]).website, "of no bucket");
        assert!(!parse("s3-website.s3.localhost", &[]).website, "a bucket of that name");
    }

    #[test]
    fn access_points() {
        for (host, region) in [
            ("photos-123456789012.s3-accesspoint.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("photos-123456789012.s3-accesspoint.dualstack.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("photos-123456789012.s3-accesspoint-fips.us-east-1.amazonaws.com", Some("us-east-1")),
            ("photos-123456789012.s3-accesspoint.localhost:4566", None),
            ("photos-123456789012.localhost:4566", None),
        ] {
            let found = parse(host, &[]);
            assert!(found.point, "{host}");
            assert_eq!(
                (found.service, found.region, found.bucket),
                (Some("s3"), region, Some("photos-123456789012")),
                "{host}"
            );
        }
        assert_eq!(parse("mabc.mrap.accesspoint.s3-global.amazonaws.com", &[]), facts("s3", "", "mabc.mrap", ""));
        for host in ["photos-123456789012.s3.localhost", "123456789012.localhost", "-123456789012.localhost"] {
            assert!(!parse(host, &[]).point, "{host}");
        }
    }

    #[test]
    fn the_operators_own_names_count() {
        let extra = ["kumoi.test".to_owned()];
        assert_eq!(parse("photos.s3.kumoi.test:80", &extra), facts("s3", "", "photos", ""));
        assert!(is_own("a.kumoi.test", &extra));
        assert!(is_own("192.168.1.4", &[]));
        assert!(!is_own("evil.example", &extra));
        assert!(!is_own("evillocalhost", &extra));
    }
}
