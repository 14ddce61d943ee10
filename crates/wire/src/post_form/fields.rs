//! The fields of a form, and who signed it.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::FormError;
use crate::sigv4::{Location, Presented, SigError, SignedV2, SigningKey, matches_v2, read_form};

/// Bytes that names and values of all fields before the file may have together.
pub const MAX_FIELD_BYTES: usize = 20 << 10;

/// Fields that there may be, as even one without a byte takes some memory.
const MAX_FIELDS: usize = 1000;

/// Fields that become headers of a `PUT` under their own names. All `x-amz-*` do, but those of the signature.
const HEADERS: [&str; 7] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-md5",
    "content-type",
    "expires",
];

/// Fields of the signature, which are about the form and not about the object.
const ABOUT_THE_FORM: [&str; 6] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-content-sha256",
];

/// Names, in lower case since their case means nothing, and values, in the order sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    pairs: Vec<(String, String)>,
    bytes: usize,
}

impl Fields {
    /// Adds a field.
    ///
    /// # Errors
    /// [`FormError::FieldsTooLong`] when they are too many, [`FormError::Malformed`] when the value is no text.
    pub fn add(&mut self, name: &str, value: &[u8]) -> Result<(), FormError> {
        self.bytes += name.len() + value.len();
        if self.bytes > MAX_FIELD_BYTES || self.pairs.len() >= MAX_FIELDS {
            return Err(FormError::FieldsTooLong);
        }
        let value = std::str::from_utf8(value).map_err(|_| FormError::Malformed)?;
        self.pairs.push((name.to_ascii_lowercase(), value.to_owned()));
        Ok(())
    }

    /// The first value of a name in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// All values of a name in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(found, _)| *found == name).map(|(_, value)| value)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Puts the file's name, without the directories that some browsers send, in the place of `${filename}`.
    pub fn name_file(&mut self, filename: &str) {
        let filename = filename.rsplit(['/', '\\']).next().unwrap_or_default();
        for (name, value) in &mut self.pairs {
            if name != "policy" && value.contains("${filename}") {
                *value = value.replace("${filename}", filename);
            }
        }
    }

    /// The key of the object.
    ///
    /// # Errors
    /// There is none.
    pub fn key(&self) -> Result<&str, FormError> {
        match self.get("key") {
            None => Err(FormError::Missing("key")),
            Some("") => Err(FormError::EmptyKey),
            Some(key) => Ok(key),
        }
    }

    /// The headers of the `PUT` that would do the same.
    ///
    /// # Errors
    /// A value that no header can have.
    pub fn headers(&self) -> Result<HeaderMap, FormError> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.iter() {
            let name = match name {
                "acl" => "x-amz-acl",
                name if HEADERS.contains(&name) => name,
                name if name.starts_with("x-amz-") && !ABOUT_THE_FORM.contains(&name) => name,
                _ => continue,
            };
            let unusable = || FormError::Unusable(name.to_owned(), value.to_owned());
            let name = HeaderName::try_from(name).map_err(|_| unusable())?;
            let value = HeaderValue::from_bytes(value.trim().as_bytes()).map_err(|_| unusable())?;
            headers.append(name, value);
        }
        Ok(headers)
    }
}

/// The credentials that a form presents, with the policy that they signed; none without a policy.
///
/// # Errors
/// A field is missing, or the credentials are malformed.
pub fn presented(fields: &Fields) -> Result<Result<Presented<'_>, SigError>, FormError> {
    let version4 =
        ["x-amz-algorithm", "x-amz-credential", "x-amz-signature"].iter().any(|name| fields.get(name).is_some());
    let key = fields.get("awsaccesskeyid");
    if fields.get("policy").is_none() {
        return match version4 || key.is_some() || fields.get("signature").is_some() {
            true => Err(FormError::Missing("policy")),
            false => Ok(Ok(Presented::None)),
        };
    }
    if version4 {
        let field = |name, told| fields.get(name).ok_or(FormError::Missing(told));
        let signed = read_form(
            field("x-amz-algorithm", "X-Amz-Algorithm")?,
            field("x-amz-credential", "X-Amz-Credential")?,
            field("x-amz-date", "X-Amz-Date")?,
            field("x-amz-signature", "X-Amz-Signature")?,
            fields.get("x-amz-security-token"),
        );
        return Ok(signed.map(Presented::Presigned));
    }
    Ok(Ok(Presented::V2(SignedV2 {
        location: Location::Query,
        access_key: key.ok_or(FormError::Missing("AWSAccessKeyId"))?.into(),
        signature: Some(fields.get("signature").ok_or(FormError::Missing("Signature"))?.into()),
        expires: None,
        session_token: fields.get("x-amz-security-token").map(Into::into),
    })))
}

/// Proves that a policy, in base64 as it was sent, was signed with a secret. `key` gives the key for a signature of version 4.
///
/// # Errors
/// The signature is another.
pub fn proves(
    presented: &Presented<'_>,
    policy: &str,
    secret: &str,
    key: impl FnOnce() -> Result<SigningKey, SigError>,
) -> Result<(), SigError> {
    let (access_key, provided, good) = match presented {
        Presented::V2(signed) => {
            let provided = signed.signature.as_deref().unwrap_or_default();
            (&signed.access_key, provided, matches_v2(secret, policy.as_bytes(), provided))
        }
        Presented::Header(signed) | Presented::Presigned(signed) => {
            (&signed.access_key, &*signed.signature, key()?.verifies(policy.as_bytes(), &signed.signature))
        }
        _ => return Err(SigError::UnsupportedScheme),
    };
    if good {
        return Ok(());
    }
    Err(SigError::Mismatch(Box::new(crate::sigv4::Mismatch {
        access_key: access_key.to_string(),
        provided: provided.to_owned(),
        canonical_request: None,
        string_to_sign: policy.to_owned(),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            fields.add(name, value.as_bytes()).unwrap();
        }
        fields
    }

    #[test]
    fn fields_become_headers() {
        let fields = fields(&[
            ("Key", "a"),
            ("ACL", "private"),
            ("Content-Type", "text/plain"),
            ("X-Amz-Meta-A", "1"),
            ("x-amz-date", "20260101T000000Z"),
            ("x-ignore-b", "2"),
            ("submit", "Upload"),
        ]);
        let headers = fields.headers().unwrap();
        assert_eq!(headers.len(), 3);
        assert_eq!(
            (&headers["x-amz-acl"], &headers["x-amz-meta-a"]),
            (&"private".parse().unwrap(), &"1".parse().unwrap())
        );
        assert_eq!(fields.key(), Ok("a"));
    }

    #[test]
    fn the_name_of_the_file_is_put_in() {
        let mut fields =
            fields(&[("key", "up/${filename}"), ("x-amz-meta-n", "${filename}"), ("policy", "${filename}")]);
        fields.name_file("C:\\dir\\cat.jpg");
        assert_eq!(fields.key(), Ok("up/cat.jpg"));
        assert_eq!((fields.get("x-amz-meta-n"), fields.get("policy")), (Some("cat.jpg"), Some("${filename}")));
    }

    #[test]
    fn fields_are_bounded() {
        let mut fields = Fields::default();
        fields.add("a", &vec![b'x'; MAX_FIELD_BYTES - 1]).unwrap();
        assert_eq!(fields.add("b", b""), Err(FormError::FieldsTooLong));
        assert_eq!(Fields::default().add("a", b"\xff"), Err(FormError::Malformed));
    }

    #[test]
    fn credentials_must_be_whole() {
        assert_eq!(presented(&fields(&[("key", "a")])), Ok(Ok(Presented::None)));
        for (pairs, missing) in [
            (&[("policy", "p")][..], "AWSAccessKeyId"),
            (&[("policy", "p"), ("AWSAccessKeyId", "k")], "Signature"),
            (&[("signature", "s"), ("AWSAccessKeyId", "k")], "policy"),
            (&[("policy", "p"), ("x-amz-signature", "s")], "X-Amz-Algorithm"),
        ] {
            assert_eq!(presented(&fields(pairs)), Err(FormError::Missing(missing)));
        }
    }

    /// The example of "Browser-based uploads using POST" for Signature Version 2.
    #[test]
    fn a_signature_of_version_2_is_proved() {
        let policy = "eyAiZXhwaXJhdGlvbiI6ICIyMDA3LTEyLTAxVDEyOjAwOjAwLjAwMFoiLAogICJjb25kaXRpb25zIjogWwogICAgeyJidWNrZXQiOiAiam9obnNtaXRoIn0sCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci9lcmljLyJdLAogICAgeyJhY2wiOiAicHVibGljLXJlYWQifSwKICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL2pvaG5zbWl0aC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwKICAgIFsic3RhcnRzLXdpdGgiLCAiJENvbnRlbnQtVHlwZSIsICJpbWFnZS8iXSwKICAgIHsieC1hbXotbWV0YS11dWlkIjogIjE0MzY1MTIzNjUxMjc0In0sCiAgICBbInN0YXJ0cy13aXRoIiwgIiR4LWFtei1tZXRhLXRhZyIsICIiXQogIF0KfQo=";
        let proved = |signature: &str, secret: &str| {
            let form = fields(&[("policy", policy), ("AWSAccessKeyId", "k"), ("signature", signature)]);
            let presented = presented(&form).unwrap().unwrap();
            proves(&presented, policy, secret, || Err(SigError::UnusableSecret))
        };
        let (secret, signature) = ("uV3F3YluFJax1cknvbcGwgjvx4QpvB+leU8dUj2o", "0RavWzkygo6QX9caELEqKi9kDbU=");
        assert_eq!(proved(signature, secret), Ok(()));
        assert!(matches!(proved(signature, "other"), Err(SigError::Mismatch(_))));
        assert!(matches!(proved("AAAA", secret), Err(SigError::Mismatch(_))));
    }
}
