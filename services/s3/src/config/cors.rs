//! Cross-origin resource sharing (User Guide, "Using cross-origin resource sharing (CORS)"). The gateway, which sees who asks, goes by the rules.

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
