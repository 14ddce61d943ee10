//! Static websites (User Guide, "Hosting a static website using Amazon S3").

use kumoi_core::{Cx, Fault, Reply};

use crate::api;
use crate::errors::{invalid_argument, invalid_request};

/// The most routing rules.
const MAX_RULES: usize = 50;

pub(crate) async fn put(cx: &Cx, input: api::PutBucketWebsiteInput) -> Reply<api::PutBucketWebsiteOutput> {
    let bucket = super::find(cx, &input).await?;
    check(&input.website_configuration)?;
    super::put(cx, &input, bucket, input.website_configuration.clone()).await
}

pub(crate) async fn get(cx: &Cx, input: api::GetBucketWebsiteInput) -> Reply<api::GetBucketWebsiteOutput> {
    let website: api::WebsiteConfiguration = super::require(cx, &input).await?;
    Ok(api::GetBucketWebsiteOutput {
        redirect_all_requests_to: website.redirect_all_requests_to,
        index_document: website.index_document,
        error_document: website.error_document,
        routing_rules: website.routing_rules,
    })
}

fn check(website: &api::WebsiteConfiguration) -> Result<(), Fault> {
    if let Some(all) = &website.redirect_all_requests_to {
        if website.index_document.is_some() || website.error_document.is_some() || website.routing_rules.is_some() {
            return Err(invalid_argument(
                "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
            ));
        }
        return check_protocol(all.protocol.as_deref());
    }
    let index = website.index_document.as_ref().ok_or_else(|| {
        invalid_argument("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty")
    })?;
    if index.suffix.is_empty() || index.suffix.contains('/') {
        return Err(invalid_argument("The IndexDocument Suffix is not well formed"));
    }
    if website.error_document.as_ref().is_some_and(|document| document.key.is_empty()) {
        return Err(invalid_argument("The ErrorDocument Key is not well formed"));
    }
    let rules = website.routing_rules.as_deref().unwrap_or_default();
    if rules.len() > MAX_RULES {
        let message = format!(
            "{} routing rules provided, the number of routing rules in a website configuration is limited to {MAX_RULES}.",
            rules.len()
        );
        return Err(invalid_request(message));
    }
    rules.iter().try_for_each(check_rule)
}

fn check_rule(rule: &api::RoutingRule) -> Result<(), Fault> {
    if let Some(condition) = &rule.condition {
        if condition.http_error_code_returned_equals.is_none() && condition.key_prefix_equals.is_none() {
            return Err(invalid_request(
                "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
            ));
        }
        if let Some(code) = &condition.http_error_code_returned_equals
            && !is_code(code, 400..=599)
        {
            return Err(invalid_request(format!(
                "The provided HTTP error code ({code}) is not valid. Valid codes are 4XX or 5XX."
            )));
        }
    }
    let redirect = &rule.redirect;
    if redirect.replace_key_with.is_some() && redirect.replace_key_prefix_with.is_some() {
        return Err(invalid_request("You can only define ReplaceKeyPrefix or ReplaceKey but not both."));
    }
    if let Some(code) = &redirect.http_redirect_code
        && !is_code(code, 301..=399)
    {
        return Err(invalid_request(format!(
            "The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300."
        )));
    }
    check_protocol(redirect.protocol.as_deref())
}

fn check_protocol(protocol: Option<&str>) -> Result<(), Fault> {
    match protocol {
        None | Some("http" | "https") => Ok(()),
        Some(_) => Err(invalid_request(
            "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.",
        )),
    }
}

/// Whether a text is a status code in that range.
fn is_code(text: &str, range: std::ops::RangeInclusive<u16>) -> bool {
    text.parse().is_ok_and(|code| range.contains(&code))
}
