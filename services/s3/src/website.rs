//! Requests to a bucket's website (User Guide, "Hosting a static website using Amazon S3"): which object a path stands for, redirects, and what is shown
//! of an error. All else is as for other readers.

use kumoi_core::{Cx, Fault, Halt, Reply};
use kumoi_model::{ConvertError, FromValue as _, IntoValue as _, Value};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::errors::{no_such_bucket, refused};
use crate::tables::Bucket;
use crate::{S3, access, api, bucket, config, versions};

/// What a key must not have in a path.
const KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// What no header can have. All else of what a rule puts in place of a key is taken as it is, a query or a fragment included.
const TEXT: &AsciiSet = &CONTROLS.add(b' ');

/// A request to a website.
struct Visit<'a> {
    service: &'a S3,
    cx: &'a Cx,
    operation: &'a str,
    input: &'a Value,
    bucket: Bucket,
    website: api::WebsiteConfiguration,
}

/// Answers a request to a website; `path` is the decoded path.
pub(crate) async fn answer(service: &S3, cx: &Cx, operation: &str, input: &Value, path: &str) -> Reply<Value> {
    let name = api::GetObjectInput::from_value(input)?.bucket;
    let bucket = match bucket::find(cx, &name, None).await {
        Err(Halt::Fault(_)) => return Err(no_such_bucket().with_detail("BucketName", name).into()),
        found => found?,
    };
    let Some(website) = config::get::<api::WebsiteConfiguration>(cx, &bucket).await? else {
        let message = "The specified bucket does not have a website configuration";
        return Err(refused("NoSuchWebsiteConfiguration", 404, message).with_detail("BucketName", name).into());
    };
    let key = path.strip_prefix('/').unwrap_or(path);
    if let Some(all) = &website.redirect_all_requests_to {
        let place = address(cx, all.protocol.as_deref(), Some(&all.host_name));
        return Err(redirect(301, &[&place, "/", &encoded(key)].concat()).into());
    }
    Visit { service, cx, operation, input, bucket, website }.answer(key).await
}

impl Visit<'_> {
    async fn answer(&self, key: &str) -> Reply<Value> {
        if let Some(elsewhere) = self.routed(key, None) {
            return Err(elsewhere.into());
        }
        let suffix = self.website.index_document.as_ref().map_or("", |index| index.suffix.as_str());
        let wanted = match key.is_empty() || key.ends_with('/') {
            true => [key, suffix].concat(),
            false => key.to_owned(),
        };
        let fault = match self.show(&wanted).await {
            Err(Halt::Fault(fault)) if (400..600).contains(&fault.status()) => fault,
            other => return other,
        };
        if matches!(fault.status(), 403 | 404) && wanted == key && self.is_folder(key, suffix).await? {
            return Err(redirect(302, &["/", &encoded(key), "/"].concat()).into());
        }
        match self.routed(key, Some(fault.status())) {
            Some(elsewhere) => Err(elsewhere.into()),
            None => Err(self.dressed(fault).await?.into()),
        }
    }

    /// The object under a key, or where it redirects to.
    async fn show(&self, key: &str) -> Reply<Value> {
        let input = self.input_for(key)?;
        access::authorize(self.cx, self.operation, &input, None).await?;
        let object = versions::current(self.cx, &self.bucket, key).await?;
        if let Some(place) = object.and_then(|object| object.headers.website_redirect) {
            return Err(redirect(301, &utf8_percent_encode(&place, TEXT).to_string()).into());
        }
        api::dispatch(self.service, self.cx, self.operation, &input).await
    }

    /// The request, for a key.
    fn input_for(&self, key: &str) -> Result<Value, ConvertError> {
        let key = key.to_owned();
        Ok(match self.operation {
            "HeadObject" => {
                let input = api::HeadObjectInput::from_value(self.input)?;
                api::HeadObjectInput { key, ..input }.into_value()
            }
            _ => {
                let input = api::GetObjectInput::from_value(self.input)?;
                api::GetObjectInput { key, ..input }.into_value()
            }
        })
    }

    /// Whether there is no such object but an index document below it.
    async fn is_folder(&self, key: &str, suffix: &str) -> Reply<bool> {
        let index = [key, "/", suffix].concat();
        Ok(versions::current(self.cx, &self.bucket, key).await?.is_none()
            && versions::current(self.cx, &self.bucket, &index).await?.is_some())
    }

    /// Where the first rule sends a key: before the object is looked for, or after that came to an error.
    fn routed(&self, key: &str, status: Option<u16>) -> Option<Fault> {
        let rules = self.website.routing_rules.as_deref().unwrap_or_default();
        let status = status.map(|status| status.to_string());
        let rule = rules.iter().find(|rule| {
            let condition = rule.condition.as_ref();
            let code = condition.and_then(|condition| condition.http_error_code_returned_equals.as_ref());
            code == status.as_ref() && key.starts_with(prefix(rule))
        })?;
        let to = &rule.redirect;
        let replaced = |text: &str| utf8_percent_encode(text, TEXT).to_string();
        let key = match (&to.replace_key_with, &to.replace_key_prefix_with) {
            (Some(with), _) => replaced(with),
            (None, Some(with)) => {
                let rest = key.strip_prefix(prefix(rule)).unwrap_or(key);
                [replaced(with), encoded(rest)].concat()
            }
            (None, None) => encoded(key),
        };
        let place = address(self.cx, to.protocol.as_deref(), to.host_name.as_deref());
        let code = to.http_redirect_code.as_ref().and_then(|code| code.parse().ok()).unwrap_or(301);
        Some(redirect(code, &[&place, "/", &key].concat()))
    }

    /// An error with the document that the bucket has for errors of clients.
    async fn dressed(&self, fault: Fault) -> Reply<Fault> {
        let Some(document) = self.website.error_document.as_ref().filter(|_| fault.status() < 500) else {
            return Ok(fault);
        };
        let bucket = api::GetObjectInput::from_value(self.input)?.bucket;
        let input = api::GetObjectInput { bucket, key: document.key.clone(), ..api::GetObjectInput::default() };
        let input = input.into_value();
        let found = match access::authorize(self.cx, "GetObject", &input, None).await {
            Ok(_) => api::dispatch(self.service, self.cx, "GetObject", &input).await,
            Err(halt) => Err(halt),
        };
        let page = match found {
            Ok(page) => api::GetObjectOutput::from_value(&page)?,
            // The error is shown plain.
            Err(Halt::Fault(_)) => return Ok(fault),
            Err(halt) => return Err(halt),
        };
        let told = [
            ("content-type", page.content_type),
            ("cache-control", page.cache_control),
            ("content-encoding", page.content_encoding),
            ("content-language", page.content_language),
            ("etag", page.e_tag),
        ];
        let fault = told.into_iter().fold(fault, |fault, (name, value)| match value {
            Some(value) => fault.with_header(name, value),
            None => fault,
        });
        Ok(match page.body {
            Some(body) => fault.with_body(body),
            None => fault,
        })
    }
}

/// The start of the keys that a rule is about.
fn prefix(rule: &api::RoutingRule) -> &str {
    let condition = rule.condition.as_ref();
    condition.and_then(|condition| condition.key_prefix_equals.as_deref()).unwrap_or_default()
}

fn encoded(key: &str) -> String {
    utf8_percent_encode(key, KEY).to_string()
}

/// Protocol and host of a redirect, by default those of the request.
fn address(cx: &Cx, protocol: Option<&str>, host: Option<&str>) -> String {
    let endpoint = cx.endpoint();
    [protocol.unwrap_or(endpoint.scheme), "://", host.unwrap_or(&endpoint.host)].concat()
}

fn redirect(status: u16, place: &str) -> Fault {
    let code = if status == 301 { "MovedPermanently" } else { "Found" };
    refused(code, status, "The resource has moved.").with_header("location", place)
}
