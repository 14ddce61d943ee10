//! Signing keys, kept: deriving one takes four HMACs or a curve multiplication, and most requests are signed with one that was seen
//! just before.

use std::cell::RefCell;

use kumoi_wire::sigv4::{Algorithm, SigError, SignedRequest, SigningKey};

/// The most keys that a thread keeps; a day, a region or a service more needs another.
const MAX_KEPT: usize = 64;

/// What a key is derived from.
#[derive(PartialEq, Eq)]
struct Origin {
    algorithm: Algorithm,
    /// SigV4A's keys depend on it.
    access_key: String,
    secret: String,
    date: String,
    region: String,
    service: String,
}

impl Origin {
    fn of(signed: &SignedRequest<'_>, secret: &str) -> Self {
        let scoped = signed.algorithm == Algorithm::Hmac;
        let scope = |part: &str| if scoped { part.to_owned() } else { String::new() };
        Self {
            algorithm: signed.algorithm,
            access_key: if scoped { String::new() } else { signed.access_key.clone().into_owned() },
            secret: secret.to_owned(),
            date: scope(&signed.scope.date),
            region: scope(signed.scope.region.as_deref().unwrap_or_default()),
            service: scope(&signed.scope.service),
        }
    }

    fn is(&self, signed: &SignedRequest<'_>, secret: &str) -> bool {
        let same = self.algorithm == signed.algorithm && self.secret == secret;
        same && match signed.algorithm {
            Algorithm::Hmac => {
                self.service == signed.scope.service
                    && self.region == signed.scope.region.as_deref().unwrap_or_default()
                    && self.date == signed.scope.date
            }
            Algorithm::Ecdsa => self.access_key == signed.access_key,
        }
    }
}

/// The key that a request's signature must have been made with.
///
/// # Errors
/// [`SigError::UnusableSecret`] when no key can be derived.
pub(crate) fn of(signed: &SignedRequest<'_>, secret: &str) -> Result<SigningKey, SigError> {
    thread_local! {
        // Each thread has its own, the latest first, so that none waits for another.
        static KEPT: RefCell<Vec<(Origin, SigningKey)>> = const { RefCell::new(Vec::new()) };
    }
    KEPT.with_borrow_mut(|kept| {
        if let Some(at) = kept.iter().position(|(origin, _)| origin.is(signed, secret)) {
            // What is in use stays in front, and what is not is what makes room.
            if let Some(front) = kept.get_mut(..=at) {
                front.rotate_right(1);
            }
            if let Some((_, key)) = kept.first() {
                return Ok(key.clone());
            }
        }
        let key = SigningKey::for_request(signed, secret)?;
        kept.truncate(MAX_KEPT - 1);
        kept.insert(0, (Origin::of(signed, secret), key.clone()));
        Ok(key)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use kumoi_wire::sigv4::{RequestParts, parse};

    use super::*;

    fn signed(scope: &str, check: impl FnOnce(&SignedRequest<'_>)) {
        let value = format!("AWS4-HMAC-SHA256 Credential=test/{scope}/aws4_request, SignedHeaders=host, Signature=00");
        let mut headers = HeaderMap::new();
        headers.insert("authorization", value.parse().unwrap());
        headers.insert("x-amz-date", "20260101T000000Z".parse().unwrap());
        let parts = RequestParts { method: "GET", raw_path: "/", raw_query: "", headers: &headers, authority: None };
        check(parse(&parts).unwrap().signed().unwrap());
    }

    #[test]
    fn a_kept_key_is_the_one_that_would_be_derived() {
        for round in 0..3 {
            for region in 0..70 {
                signed(&format!("20260101/r-{region}/s3"), |request| {
                    for secret in ["test", "other"] {
                        let text = b"text";
                        let fresh = SigningKey::for_request(request, secret).unwrap().sign(text).unwrap();
                        assert!(of(request, secret).unwrap().verifies(text, &fresh), "{round} {region} {secret}");
                        assert!(of(request, secret).unwrap().verifies(text, &fresh), "kept {round} {region} {secret}");
                    }
                });
            }
        }
    }
}
