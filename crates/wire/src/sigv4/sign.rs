//! A small signer: for kumoi's own client, its bench and its tests.

use http::{HeaderMap, HeaderName, HeaderValue};
use kumoi_model::Timestamp;

use super::canonical::{canonical_request, encode, string_to_sign};
use super::date::format_amz_date;
use super::{Algorithm, Location, PathStyle, RequestParts, Scope, SigError, SignedRequest, SigningKey, TERMINATOR};

/// What to sign with.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The access key id.
    pub access_key: &'a str,
    /// The secret access key.
    pub secret: &'a str,
    /// The session token of temporary credentials.
    pub session_token: Option<&'a str>,
}

/// Signs requests for one place at one moment.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// What to sign with.
    pub credentials: Credentials<'a>,
    /// What to sign for.
    pub algorithm: Algorithm,
    /// The region; SigV4A's region set.
    pub region: &'a str,
    /// The service's signing name.
    pub service: &'a str,
    /// How the path is signed.
    pub style: PathStyle,
    /// When.
    pub now: Timestamp,
}

impl Signer<'_> {
    /// Signs a request in its headers: adds `x-amz-date`, `x-amz-security-token`, `x-amz-region-set` and
    /// `authorization` to `headers`, and `x-amz-content-sha256` for S3, covers all headers that are there, and returns
    /// the signature. `Host` must be there. `payload` is the body's SHA-256 in hexadecimal digits, or a marker such as
    /// `UNSIGNED-PAYLOAD`.
    ///
    /// # Errors
    /// [`SigError::UnusableSecret`] when the credentials cannot be put into a header or yield no key.
    pub fn sign(
        &self,
        method: &str,
        raw_path: &str,
        raw_query: &str,
        headers: &mut HeaderMap,
        payload: &str,
    ) -> Result<String, SigError> {
        let mut add = |name: &'static str, value: &str| {
            let value = HeaderValue::from_str(value).map_err(|_| SigError::UnusableSecret)?;
            headers.insert(HeaderName::from_static(name), value);
            Ok(())
        };
        add("x-amz-date", &format_amz_date(self.now))?;
        if let Some(token) = self.credentials.session_token {
            add("x-amz-security-token", token)?;
        }
        if self.algorithm == Algorithm::Ecdsa {
            add("x-amz-region-set", self.region)?;
        }
        if self.style == PathStyle::S3 {
            add("x-amz-content-sha256", payload)?;
        }
        let mut names: Vec<&str> =
            headers.keys().map(HeaderName::as_str).filter(|name| *name != "authorization").collect();
        names.sort_unstable();
        let mut signed = self.unsigned(Location::Header, names.join(";"));
        let parts = RequestParts { method, raw_path, raw_query, headers, authority: None };
        let signature = self.signature(&signed, &parts, payload)?;
        signed.signature = signature.clone().into();
        let authorization = format!(
            "{} Credential={}/{}, SignedHeaders={}, Signature={signature}",
            self.algorithm.name(),
            self.credentials.access_key,
            signed.scope,
            signed.signed_headers
        );
        let authorization = HeaderValue::from_str(&authorization).map_err(|_| SigError::UnusableSecret)?;
        headers.insert(http::header::AUTHORIZATION, authorization);
        Ok(signature)
    }

    /// Presigns a request for `expires` seconds: returns the whole query, the signature included. Covers all of
    /// `headers`, among which `Host` must be. `payload` is as for [`Signer::sign`]; S3's is `UNSIGNED-PAYLOAD`.
    ///
    /// # Errors
    /// [`SigError::UnusableSecret`] when the credentials yield no key.
    pub fn presign(
        &self,
        method: &str,
        raw_path: &str,
        raw_query: &str,
        headers: &HeaderMap,
        payload: &str,
        expires: u32,
    ) -> Result<String, SigError> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        let signed = self.unsigned(Location::Query, names.join(";"));
        let mut query = raw_query.to_owned();
        let mut add = |name: &str, value: &str| {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(name);
            query.push('=');
            query.push_str(&encode(value.as_bytes()));
        };
        add("X-Amz-Algorithm", self.algorithm.name());
        add("X-Amz-Credential", &format!("{}/{}", self.credentials.access_key, signed.scope));
        add("X-Amz-Date", &format_amz_date(self.now));
        add("X-Amz-Expires", &expires.to_string());
        if self.algorithm == Algorithm::Ecdsa {
            add("X-Amz-Region-Set", self.region);
        }
        if let Some(token) = self.credentials.session_token {
            add("X-Amz-Security-Token", token);
        }
        add("X-Amz-SignedHeaders", &signed.signed_headers);
        let parts = RequestParts { method, raw_path, raw_query: &query, headers, authority: None };
        let signature = self.signature(&signed, &parts, payload)?;
        query.push_str("&X-Amz-Signature=");
        query.push_str(&signature);
        Ok(query)
    }

    fn signature(
        &self,
        signed: &SignedRequest<'_>,
        parts: &RequestParts<'_>,
        payload: &str,
    ) -> Result<String, SigError> {
        let canonical = canonical_request(signed, parts, payload, self.style);
        SigningKey::for_request(signed, self.credentials.secret)?.sign(string_to_sign(signed, &canonical).as_bytes())
    }

    /// What the request will say of its signature, before there is one.
    fn unsigned(&self, location: Location, signed_headers: String) -> SignedRequest<'_> {
        let region = (self.algorithm == Algorithm::Hmac).then(|| self.region.into());
        let date = format_amz_date(self.now).split('T').next().unwrap_or_default().to_owned();
        SignedRequest {
            location,
            algorithm: self.algorithm,
            access_key: self.credentials.access_key.into(),
            scope: Scope { date: date.into(), region, service: self.service.into(), terminator: TERMINATOR.into() },
            signed_headers: signed_headers.into(),
            signature: "".into(),
            timestamp: self.now,
            expires: None,
            session_token: None,
            region_set: None,
        }
    }
}
