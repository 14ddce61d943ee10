//! Tokens of OpenID Connect providers: JSON Web Tokens (RFC 7519).
//!
//! Claims and dates are read here. The signature is not checked before IAM can hold providers and their keys.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kumoi_core::Fault;
use kumoi_model::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::api::errors;

/// What STS needs of a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) subject: String,
    /// The audience, or the authorized party when there is one, as `AssumeRoleWithWebIdentity` answers it.
    pub(crate) audience: String,
    /// The issuer without its scheme, as IAM names providers.
    pub(crate) issuer: String,
    pub(crate) source_identity: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) transitive: Vec<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    azp: Option<String>,
    exp: f64,
    nbf: Option<f64>,
    #[serde(rename = "https://aws.amazon.com/source_identity")]
    source_identity: Option<String>,
    #[serde(rename = "https://aws.amazon.com/tags")]
    tags: Option<Tags>,
}

/// Session tags in a token: "Pass session tags using AssumeRoleWithWebIdentity" of the IAM User Guide.
#[derive(Deserialize)]
struct Tags {
    #[serde(default)]
    principal_tags: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    transitive_tag_keys: Vec<String>,
}

/// Reads a token and checks its dates at `now`.
pub(crate) fn read(token: &str, now: Timestamp) -> Result<Token, Fault> {
    let malformed = || {
        errors::invalid_identity_token_exception(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        )
    };
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(malformed());
    };
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).map_err(|_| malformed())?;
    let claims: Claims = serde_json::from_slice(&claims)
        .map_err(|_| errors::invalid_identity_token_exception("Missing a required claim: iss, sub, aud or exp"))?;
    let seconds = now.seconds as f64;
    if claims.exp <= seconds {
        let message = format!(
            "Token expired: current date/time {} must be before the expiration date/time{}",
            now.seconds, claims.exp as i64
        );
        return Err(errors::expired_token_exception(message));
    }
    if claims.nbf.is_some_and(|not_before| not_before > seconds) {
        return Err(errors::invalid_identity_token_exception("The token is not valid yet"));
    }
    let audience = match (claims.azp, claims.aud) {
        (Some(party), _) => party,
        (None, Value::String(audience)) => audience,
        (None, Value::Array(audiences)) => {
            audiences.first().and_then(Value::as_str).map(str::to_owned).ok_or_else(malformed)?
        }
        _ => return Err(malformed()),
    };
    let tags = claims.tags.unwrap_or(Tags { principal_tags: BTreeMap::new(), transitive_tag_keys: Vec::new() });
    Ok(Token {
        subject: claims.sub,
        audience,
        issuer: claims.iss.trim_start_matches("https://").to_owned(),
        source_identity: claims.source_identity,
        tags: tags
            .principal_tags
            .into_iter()
            .filter_map(|(key, values)| Some((key, values.into_iter().next()?)))
            .collect(),
        transitive: tags.transitive_tag_keys,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn claims_are_read() {
        let text = token(r#"{"iss":"https://id.example/a","sub":"user-1","aud":["app"],"exp":2000}"#);
        let token = read(&text, Timestamp::from_seconds(1000)).unwrap();
        assert_eq!((token.subject.as_str(), token.audience.as_str()), ("user-1", "app"));
        assert_eq!(token.issuer, "id.example/a");
    }

    #[test]
    fn an_old_token_is_expired() {
        let text = token(r#"{"iss":"i","sub":"user-1","aud":"app","exp":2000}"#);
        assert_eq!(read(&text, Timestamp::from_seconds(2000)).unwrap_err().code(), "ExpiredTokenException");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "a.b", "a.b.c.d", "e30.!.x", &token("{}"), &token("[")] {
            assert!(read(text, Timestamp::default()).is_err(), "{text}");
        }
    }
}
