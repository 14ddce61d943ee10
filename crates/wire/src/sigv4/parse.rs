//! Reads the credentials that a request presents, before any secret is known.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, DATE};
use percent_encoding::percent_decode_str;

use super::canonical::decode;
use super::date::{parse_amz_date, parse_date_header};
use super::{
    Algorithm, Component, Location, MAX_EXPIRES, Presented, RequestParts, Scope, SigError, SignedRequest, SignedV2,
};
use crate::headers::{AMZ_DATE, REGION_SET, SECURITY_TOKEN};

/// Reads the credentials that a request presents.
///
/// # Errors
/// What is wrong with their form. Whether they are true, [`super::verify`] tells.
pub fn parse<'a>(parts: &RequestParts<'a>) -> Result<Presented<'a>, SigError> {
    let query = QueryFields::find(parts.raw_query);
    match parts.header(AUTHORIZATION) {
        Some(_) if query.version4() || query.version2() => Err(SigError::SeveralMechanisms),
        Some(header) => authorization(header.trim_ascii(), parts),
        None if query.version4() && query.version2() => Err(SigError::SeveralMechanisms),
        None if query.version4() => presigned(&query, parts).map(Presented::Presigned),
        None => match query.access_key_v2 {
            Some(access_key) => {
                let token =
                    query.session_token.map(text).or_else(|| query_value(parts.raw_query, "x-amz-security-token"));
                Ok(Presented::V2(SignedV2 {
                    location: Location::Query,
                    access_key: text(access_key),
                    signature: query.signature_v2.map(text),
                    expires: query.expires_v2.map(text),
                    session_token: token.or_else(|| parts.header(SECURITY_TOKEN).map(Cow::from)),
                }))
            }
            None => Ok(Presented::None),
        },
    }
}

/// Reads an `Authorization` header. Its parts are separated by commas, white space, or both.
fn authorization<'a>(header: &'a str, parts: &RequestParts<'a>) -> Result<Presented<'a>, SigError> {
    let (scheme, rest) = header.split_once([' ', '\t']).unwrap_or((header, ""));
    if scheme.is_empty() {
        return Ok(Presented::None);
    }
    let parts_at = |separator: char| move |part: &'a str| part.split(separator);
    let tokens = || rest.split(',').flat_map(parts_at(' ')).flat_map(parts_at('\t')).filter(|token| !token.is_empty());
    let Some(algorithm) = Algorithm::from_name(scheme) else {
        return match scheme {
            "AWS" => match rest.rsplit_once(':') {
                Some((access_key, signature)) => Ok(Presented::V2(SignedV2 {
                    location: Location::Header,
                    access_key: access_key.trim().into(),
                    signature: Some(signature.trim().into()),
                    expires: None,
                    session_token: parts.header(SECURITY_TOKEN).map(Cow::from),
                })),
                None => Err(SigError::MalformedV2 { header: header.to_owned() }),
            },
            "AWS3" | "AWS3-HTTPS" => {
                let access_key = tokens().find_map(|token| token.strip_prefix("AWSAccessKeyId=")).unwrap_or_default();
                Ok(Presented::Older { access_key: access_key.into() })
            }
            _ if scheme.starts_with("AWS4-") => {
                Err(SigError::UnsupportedAlgorithm { algorithm: scheme.to_owned(), location: Location::Header })
            }
            _ => Ok(Presented::Other { scheme }),
        };
    };

    let (mut credential, mut signature, mut signed_headers) = ("", "", "");
    for token in tokens() {
        match token.split_once('=') {
            Some(("Credential", value)) => credential = value,
            Some(("Signature", value)) => signature = value,
            Some(("SignedHeaders", value)) => signed_headers = value,
            Some(_) => {}
            None => return Err(SigError::NotKeyValue { part: token.to_owned(), header: header.to_owned() }),
        }
    }
    let date = parts.header(AMZ_DATE).or_else(|| parts.header(DATE));
    let present = [
        (Component::Credential, !credential.is_empty()),
        (Component::Signature, !signature.is_empty()),
        (Component::SignedHeaders, !signed_headers.is_empty()),
        (Component::Date, date.is_some()),
    ];
    let (Some(date), true) = (date, present.iter().all(|(_, present)| *present)) else {
        let missing = present.into_iter().filter(|(_, present)| !present).map(|(component, _)| component).collect();
        return Err(SigError::MissingComponents { missing, header: header.to_owned() });
    };
    let timestamp = if parts.headers.contains_key(AMZ_DATE) {
        parse_amz_date(date.trim_ascii())
    } else {
        parse_date_header(date.trim_ascii())
    };
    let timestamp =
        timestamp.ok_or_else(|| SigError::MalformedDate { date: date.to_owned(), location: Location::Header })?;
    let (access_key, scope) = credential_of(credential.into(), algorithm, Location::Header)?;
    Ok(Presented::Header(SignedRequest {
        location: Location::Header,
        algorithm,
        access_key,
        scope,
        signed_headers: signed_headers.into(),
        signature: signature.into(),
        timestamp,
        expires: None,
        session_token: parts.header(SECURITY_TOKEN).map(Cow::from),
        region_set: parts.header(REGION_SET).map(Cow::from),
    }))
}

/// The values of the query that belong to a signature, still encoded; the first of each name.
#[derive(Default)]
struct QueryFields<'a> {
    algorithm: Option<&'a str>,
    credential: Option<&'a str>,
    date: Option<&'a str>,
    expires: Option<&'a str>,
    signed_headers: Option<&'a str>,
    signature: Option<&'a str>,
    session_token: Option<&'a str>,
    region_set: Option<&'a str>,
    access_key_v2: Option<&'a str>,
    signature_v2: Option<&'a str>,
    expires_v2: Option<&'a str>,
}

impl<'a> QueryFields<'a> {
    fn find(raw: &'a str) -> Self {
        let mut fields = Self::default();
        if raw.is_empty() {
            return fields;
        }
        for part in raw.split('&') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            // Names are told apart by case, as AWS does.
            let field = match &*decode(name) {
                b"X-Amz-Algorithm" => &mut fields.algorithm,
                b"X-Amz-Credential" => &mut fields.credential,
                b"X-Amz-Date" => &mut fields.date,
                b"X-Amz-Expires" => &mut fields.expires,
                b"X-Amz-SignedHeaders" => &mut fields.signed_headers,
                b"X-Amz-Signature" => &mut fields.signature,
                b"X-Amz-Security-Token" => &mut fields.session_token,
                b"X-Amz-Region-Set" => &mut fields.region_set,
                b"AWSAccessKeyId" => &mut fields.access_key_v2,
                b"Signature" => &mut fields.signature_v2,
                b"Expires" => &mut fields.expires_v2,
                _ => continue,
            };
            field.get_or_insert(value);
        }
        fields
    }

    /// Whether the query presents a signature of version 4, or an attempt at one.
    fn version4(&self) -> bool {
        self.algorithm.is_some() || self.credential.is_some() || self.signature.is_some()
    }

    fn version2(&self) -> bool {
        self.access_key_v2.is_some() && self.signature_v2.is_some()
    }
}

/// Reads the query parameters of a presigned request.
fn presigned<'a>(query: &QueryFields<'a>, parts: &RequestParts<'a>) -> Result<SignedRequest<'a>, SigError> {
    let required = [
        ("X-Amz-Algorithm", query.algorithm),
        ("X-Amz-Credential", query.credential),
        ("X-Amz-Signature", query.signature),
        ("X-Amz-SignedHeaders", query.signed_headers),
        ("X-Amz-Date", query.date),
    ];
    let (Some(algorithm), Some(credential), Some(signature), Some(signed_headers), Some(date)) =
        (query.algorithm, query.credential, query.signature, query.signed_headers, query.date)
    else {
        let missing = required.into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        return Err(SigError::MissingQueryParameters { missing });
    };
    let algorithm = text(algorithm);
    let algorithm = Algorithm::from_name(&algorithm).ok_or_else(|| SigError::UnsupportedAlgorithm {
        algorithm: algorithm.into_owned(),
        location: Location::Query,
    })?;
    let (access_key, scope) = credential_of(text(credential), algorithm, Location::Query)?;
    let date = text(date);
    let timestamp = parse_amz_date(&date)
        .ok_or_else(|| SigError::MalformedDate { date: date.into_owned(), location: Location::Query })?;
    let token = query.session_token.map(text);
    Ok(SignedRequest {
        location: Location::Query,
        algorithm,
        access_key,
        scope,
        signed_headers: text(signed_headers),
        signature: text(signature),
        timestamp,
        expires: query.expires.map(|value| expires(&text(value))).transpose()?,
        session_token: token.or_else(|| parts.header(SECURITY_TOKEN).map(Cow::from)),
        region_set: query.region_set.map(text).or_else(|| parts.header(REGION_SET).map(Cow::from)),
    })
}

/// Reads the fields of a form that belong to a signature of its policy.
///
/// # Errors
/// What is wrong with their form.
pub fn read_form<'a>(
    algorithm: &str,
    credential: &'a str,
    date: &str,
    signature: &'a str,
    session_token: Option<&'a str>,
) -> Result<SignedRequest<'a>, SigError> {
    let location = Location::Query;
    let algorithm = Algorithm::from_name(algorithm)
        .ok_or_else(|| SigError::UnsupportedAlgorithm { algorithm: algorithm.to_owned(), location })?;
    let (access_key, scope) = credential_of(credential.into(), algorithm, location)?;
    let timestamp = parse_amz_date(date).ok_or_else(|| SigError::MalformedDate { date: date.to_owned(), location })?;
    Ok(SignedRequest {
        location,
        algorithm,
        access_key,
        scope,
        signed_headers: "".into(),
        signature: signature.into(),
        timestamp,
        expires: None,
        session_token: session_token.map(Cow::from),
        region_set: None,
    })
}

fn expires(value: &str) -> Result<u32, SigError> {
    let (digits, negative) = value.strip_prefix('-').map_or((value, false), |digits| (digits, true));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SigError::ExpiresNotANumber);
    }
    if negative {
        return Err(SigError::ExpiresNegative);
    }
    // What does not fit the type is too long as well.
    digits.parse().ok().filter(|seconds| *seconds <= MAX_EXPIRES).ok_or(SigError::ExpiresTooLong)
}

/// Takes a credential apart: access key, day, region (SigV4 only), service, terminator.
fn credential_of(
    credential: Cow<'_, str>,
    algorithm: Algorithm,
    location: Location,
) -> Result<(Cow<'_, str>, Scope<'_>), SigError> {
    let elements = match algorithm {
        Algorithm::Hmac => 5,
        Algorithm::Ecdsa => 4,
    };
    let malformed = |credential: &str| SigError::MalformedCredential { credential: credential.to_owned(), location };
    let count = 1 + credential.bytes().filter(|byte| *byte == b'/').count();
    let parts: [Option<Cow<'_, str>>; 5] = match &credential {
        Cow::Borrowed(credential) => take_five(credential.split('/').map(Cow::Borrowed)),
        Cow::Owned(credential) => take_five(credential.split('/').map(|part| Cow::Owned(part.to_owned()))),
    };
    if count != elements || parts.iter().flatten().any(|part| part.is_empty()) {
        return Err(malformed(&credential));
    }
    match parts {
        [Some(access_key), Some(date), region, Some(service), Some(terminator)] => {
            Ok((access_key, Scope { date, region, service, terminator }))
        }
        [Some(access_key), Some(date), Some(service), Some(terminator), None] => {
            Ok((access_key, Scope { date, region: None, service, terminator }))
        }
        _ => Err(malformed(&credential)),
    }
}

fn take_five<'a>(mut parts: impl Iterator<Item = Cow<'a, str>>) -> [Option<Cow<'a, str>>; 5] {
    std::array::from_fn(|_| parts.next())
}

/// A value of the query as text; bytes that are no UTF-8 become replacement characters.
fn text(value: &str) -> Cow<'_, str> {
    if value.contains('+') {
        return String::from_utf8_lossy(&decode(value)).into_owned().into();
    }
    percent_decode_str(value).decode_utf8_lossy()
}

/// The first value of a name in a query, decoded.
pub(super) fn query_value<'a>(raw: &'a str, name: &str) -> Option<Cow<'a, str>> {
    raw.split('&')
        .filter_map(|part| part.split_once('='))
        .find(|(found, _)| *decode(found) == *name.as_bytes())
        .map(|(_, value)| text(value))
}
