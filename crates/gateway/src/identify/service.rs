//! Which of AWS's services a request is for.

use http::HeaderName;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use kumoi_model::Catalog;
use kumoi_wire::TARGET;
use kumoi_wire::sigv4::SignedRequest;

use super::hosts::HostFacts;
use crate::accept::Head;
use crate::failure::Failure;
use crate::services::{Known, Services};

/// Finds the service that a request is for; several, the likeliest first, where the head alone does not tell.
///
/// # Errors
/// The request names one that there is not.
pub(super) fn find<'a>(
    services: &'a Services,
    head: &Head,
    host: &HostFacts<'_>,
    signed: Option<&SignedRequest<'_>>,
    form: Option<&[u8]>,
) -> Result<Vec<&'a Known>, Failure> {
    let catalog = Catalog::get();
    let scope = signed.map(|signed| &*signed.scope.service);
    if let Some(name) = scope {
        // Names under which S3's own operations are signed for some kinds of buckets.
        let name = if matches!(name, "s3express" | "s3-object-lambda") { "s3" } else { name };
        let family = services.of(catalog.by_signing_name(name));
        if !family.is_empty() {
            return Ok(narrow(family, name, head, host, form));
        }
    }
    if let Some((prefix, _)) = named(head) {
        let family = services.of(catalog.by_target_prefix(prefix));
        if !family.is_empty() {
            return Ok(narrow(family, prefix, head, host, form));
        }
    }
    if let Some(name) = host.service {
        // Endpoint prefixes are shared as signing names are.
        let family = services.of(catalog.by_endpoint_prefix(name));
        if !family.is_empty() {
            return Ok(narrow(family, name, head, host, form));
        }
    }
    if let Some(action) = action(head, form) {
        return by_action(services, head, &action, form).map(|known| vec![known]);
    }
    if let Some(name) = scope {
        let message =
            format!("No service of AWS signs its requests as \"{name}\". Check the credential scope of the client.");
        return Err(Failure::plain(404, "UnknownService", message));
    }
    if head.headers.contains_key(TARGET) {
        return Err(Failure::plain(
            404,
            "UnknownOperationException",
            "No service has operations of this X-Amz-Target.",
        ));
    }
    let unsigned = bearer(services, head).or_else(|| sign_in(services, head)).or_else(|| services.get("s3"));
    Ok(unsigned.into_iter().collect())
}

/// Services that take bearer tokens (`smithy.api#httpBearerAuth`) in place of signatures.
const BEARER: [&str; 4] = ["account-access-runtime", "bedrock", "bedrock-runtime", "codecatalyst"];

/// The service that a request with a bearer token is for, by its path: the token itself says nothing.
fn bearer<'a>(services: &'a Services, head: &Head) -> Option<&'a Known> {
    let (scheme, _) = head.header(AUTHORIZATION)?.split_once(' ')?;
    let mut asked = BEARER.iter().filter(|_| scheme.eq_ignore_ascii_case("bearer")).filter_map(|id| services.get(id));
    asked.find(|known| has_route(known, head))
}

/// The service that people sign in with, which by nature nobody signs for: a bearer token, or a JSON document to one of their paths.
fn sign_in<'a>(services: &'a Services, head: &Head) -> Option<&'a Known> {
    let bearer = head.headers.contains_key("x-amz-sso_bearer_token");
    let json = head.header(CONTENT_TYPE).is_some_and(|media| media.starts_with("application/json"));
    let asked = ["sso", "sso-oidc", "signin"].into_iter().filter(|_| bearer || json).filter_map(|id| services.get(id));
    asked.into_iter().find(|known| has_route(known, head))
}

const AMZ_USER_AGENT: HeaderName = HeaderName::from_static("x-amz-user-agent");

/// Whether the client's software says that it is the one of that service: SDKs put `api/{service id}#{version}` into `User-Agent`, each
/// with another sign for the spaces of the id.
fn is_client_of(known: &Known, head: &Head) -> bool {
    let letters =
        |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let agents = [USER_AGENT, AMZ_USER_AGENT].into_iter().filter_map(|name| head.header(name));
    let mut ids = agents
        .flat_map(str::split_ascii_whitespace)
        .filter_map(|word| word.strip_prefix("api/"))
        .map(|id| id.split_once('#').map_or(id, |(id, _)| id));
    ids.any(|id| letters(id) == letters(&known.entry.service_id))
}

/// Prefix and operation in `X-Amz-Target: {Prefix}.{Operation}` or in the path `/service/{Prefix}/operation/{Operation}`.
fn named(head: &Head) -> Option<(&str, &str)> {
    match head.header(TARGET) {
        Some(target) => target.rsplit_once('.'),
        None => {
            let mut segments = head.raw_path().rsplit('/');
            let operation = segments.next()?;
            (segments.next()? == "operation").then_some(())?;
            let prefix = segments.next()?;
            (segments.next()? == "service").then_some((prefix, operation))
        }
    }
}

fn has_operation(known: &Known, name: &str) -> bool {
    known.load().is_some_and(|(model, _)| model.operation(name).is_some())
}

/// Whether the service has a URI template for the request.
fn has_route(known: &Known, head: &Head) -> bool {
    template(known, head).is_some()
}

/// Whether the service has a URI template for the request that ends in a slash if, and only if, the request's path does.
fn has_exact_route(known: &Known, head: &Head) -> bool {
    let slash = |template: &str| template.split('?').next().is_some_and(|path| path.ends_with('/'));
    template(known, head).is_some_and(|template| slash(template) == head.raw_path().ends_with('/'))
}

fn template<'a>(known: &'a Known, head: &Head) -> Option<&'a str> {
    let (model, router) = known.load()?;
    let (index, _) = router.route(&head.method, head.raw_path(), head.query(), &head.headers)?;
    model.operations.get(index).map(|operation| operation.uri.as_str())
}

/// Which of a family a request is for, the likeliest first. `name` is the name that they share.
fn narrow<'a>(
    mut family: Vec<&'a Known>,
    name: &str,
    head: &Head,
    host: &HostFacts<'_>,
    form: Option<&[u8]>,
) -> Vec<&'a Known> {
    if family.len() < 2 {
        return family;
    }
    if let Some((prefix, operation)) = named(head) {
        keep(&mut family, |known| known.entry.target_prefix.as_deref() == Some(prefix));
        keep(&mut family, |known| has_operation(known, operation));
    }
    if let Some(endpoint) = host.service {
        keep(&mut family, |known| known.entry.endpoint_prefix == endpoint);
    }
    let action = action(head, form);
    let by_path = action.is_none() && family.iter().any(|known| known.speaks_rest());
    if let Some(action) = action {
        keep(&mut family, Known::speaks_query);
        if let Some(version) = parameter(head, form, "Version") {
            keep(&mut family, |known| known.entry.api_version == version);
        }
        keep(&mut family, |known| has_operation(known, &action));
    } else if by_path {
        // S3's buckets match any path, so its relatives are asked first.
        family.sort_by_key(|known| known.entry.id == "s3");
        keep(&mut family, |known| known.speaks_rest() || head.raw_path() == "/");
        keep_routed(&mut family, head);
        keep(&mut family, |known| is_client_of(known, head));
    }
    // The one that gave the family its name goes first, when nothing tells them apart.
    family.sort_by_key(|known| known.entry.id != name);
    if !by_path {
        family.truncate(1);
    }
    family
}

/// Keeps those that match, or all when none does.
fn keep(family: &mut Vec<&Known>, matches: impl Fn(&Known) -> bool) {
    if family.len() > 1 && family.iter().any(|known| matches(known)) {
        family.retain(|known| matches(known));
    }
}

/// Keeps the services that have a URI template for the request. S3, at the end, only counts when no other has one; its control plane only
/// below the path that all of its templates share, which is thereby no bucket's name.
fn keep_routed(family: &mut Vec<&Known>, head: &Head) {
    let control = head.raw_path().starts_with("/v20180820/");
    keep(family, |known| control == (known.entry.id == "s3control"));
    keep(family, |known| has_route(known, head));
    keep(family, |known| has_exact_route(known, head));
    if family.len() > 1 {
        keep(family, |known| known.entry.id != "s3");
    }
}

/// The service that has `Action`, in the `Version` that the form names. Without a version it is the one that the path or SQS knows.
fn by_action<'a>(services: &'a Services, head: &Head, action: &str, form: Option<&[u8]>) -> Result<&'a Known, Failure> {
    let version = parameter(head, form, "Version");
    let has = |known: &&Known| has_operation(known, action);
    let found = match &version {
        Some(version) => {
            services.iter().filter(|known| known.speaks_query() && known.entry.api_version == *version).find(has)
        }
        // Only SQS's clients ever left it out, on queue URLs.
        None => services.get("sqs").filter(has),
    };
    found.ok_or_else(|| {
        let version = version.unwrap_or_default();
        Failure::plain(400, "InvalidAction", format!("Could not find operation {action} for version {version}"))
    })
}

/// `Action` of a query request.
fn action(head: &Head, form: Option<&[u8]>) -> Option<String> {
    parameter(head, form, "Action")
}

/// A parameter of a query request, in the form or else in the query string.
fn parameter(head: &Head, form: Option<&[u8]>, name: &str) -> Option<String> {
    let find = |text: &[u8]| {
        let pair =
            text.split(|byte| *byte == b'&').find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
        // Names of actions and versions need no encoding; what is encoded is none.
        std::str::from_utf8(pair).ok().filter(|value| value.len() <= 128 && !value.contains('%')).map(str::to_owned)
    };
    form.and_then(find).or_else(|| find(head.query().as_bytes()))
}
