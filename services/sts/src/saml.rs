//! SAML 2.0 responses, as `AssumeRoleWithSAML` takes them.
//!
//! Issuer, subject, audience, attributes and dates are read here: "Configure SAML assertions for the authentication response" of
//! the IAM User Guide. The signature is not checked before IAM can hold providers and their certificates.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kumoi_core::Fault;
use kumoi_model::Timestamp;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::api::errors;

/// What STS needs of an assertion.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Assertion {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// `transient`, `persistent`, or the full format when it is another.
    pub(crate) subject_type: String,
    /// The recipient of the subject's confirmation, which the answer calls its audience.
    pub(crate) audience: String,
    pub(crate) session_name: String,
    pub(crate) duration: Option<i32>,
    pub(crate) source_identity: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) transitive: Vec<String>,
    roles: Vec<String>,
    not_on_or_after: Option<String>,
}

impl Assertion {
    /// Whether one of its role attributes pairs the role with the provider, in either order.
    pub(crate) fn grants(&self, role: &str, provider: &str) -> bool {
        self.roles.iter().any(|pair| {
            pair.split_once(',').is_some_and(|(a, b)| {
                let (a, b) = (a.trim(), b.trim());
                (a == role && b == provider) || (a == provider && b == role)
            })
        })
    }
}

/// The deepest nesting of elements that is read.
const MAX_DEPTH: usize = 64;

const ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";
const FORMAT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:";

/// Reads a base64 response and checks its date at `now`.
pub(crate) fn read(encoded: &str, now: Timestamp) -> Result<Assertion, Fault> {
    let invalid = || errors::invalid_identity_token_exception("Invalid SAML response");
    let bytes = STANDARD.decode(encoded.split_ascii_whitespace().collect::<String>()).map_err(|_| invalid())?;
    let text = std::str::from_utf8(&bytes).map_err(|_| invalid())?;
    let assertion = parse(text).ok_or_else(invalid)?;
    let expires = assertion.not_on_or_after.as_deref().map(str::parse::<jiff::Timestamp>);
    match expires {
        Some(Ok(expires)) if expires.as_second() <= now.seconds => {
            return Err(errors::expired_token_exception("Response has expired"));
        }
        Some(Err(_)) => return Err(invalid()),
        _ => {}
    }
    if assertion.subject.is_empty() || assertion.session_name.is_empty() {
        let message = "RoleSessionName is required in AuthnResponse";
        return Err(errors::invalid_identity_token_exception(message));
    }
    Ok(assertion)
}

/// Walks the document once. The path of open elements is a list, so nesting costs no stack; documents with a DTD are refused.
fn parse(text: &str) -> Option<Assertion> {
    let mut reader = Reader::from_str(text);
    let mut found = Assertion::default();
    let mut open: Vec<String> = Vec::new();
    let mut attribute = String::new();
    let mut content = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) => {
                if open.len() >= MAX_DEPTH {
                    return None;
                }
                let name = local(&element);
                opened(&name, &element, &mut found, &mut attribute);
                open.push(name);
                content.clear();
            }
            Event::Empty(element) => opened(&local(&element), &element, &mut found, &mut attribute),
            Event::Text(piece) => content.push_str(&piece),
            Event::GeneralRef(entity) => {
                content.push_str(quick_xml::escape::resolve_predefined_entity(&entity)?);
            }
            Event::End(_) => {
                let name = open.pop()?;
                let inside_assertion = open.iter().any(|element| element == "Assertion");
                closed(&name, inside_assertion, content.trim(), &attribute, &mut found);
                content.clear();
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            _ => {}
        }
    }
    open.is_empty().then_some(found)
}

fn local(element: &BytesStart<'_>) -> String {
    element.local_name().as_ref().to_owned()
}

fn opened(name: &str, element: &BytesStart<'_>, found: &mut Assertion, attribute: &mut String) {
    let value = |wanted: &str| {
        let attribute = element.try_get_attribute(wanted).ok().flatten()?;
        Some(attribute.value.into_owned())
    };
    match name {
        "Attribute" => *attribute = value("Name").unwrap_or_default(),
        "NameID" => {
            let format = value("Format").unwrap_or_default();
            found.subject_type = format.strip_prefix(FORMAT).unwrap_or(&format).to_owned();
        }
        "SubjectConfirmationData" => {
            found.audience = value("Recipient").unwrap_or_default();
            found.not_on_or_after = value("NotOnOrAfter");
        }
        _ => {}
    }
}

fn closed(name: &str, inside_assertion: bool, content: &str, attribute: &str, found: &mut Assertion) {
    match name {
        "Issuer" if inside_assertion || found.issuer.is_empty() => found.issuer = content.to_owned(),
        "NameID" => found.subject = content.to_owned(),
        "AttributeValue" => {
            let Some(attribute) = attribute.strip_prefix(ATTRIBUTES) else { return };
            match attribute {
                "Role" => found.roles.push(content.to_owned()),
                "RoleSessionName" => found.session_name = content.to_owned(),
                "SessionDuration" => found.duration = content.parse().ok().filter(|d| (900..=43_200).contains(d)),
                "SourceIdentity" => found.source_identity = Some(content.to_owned()),
                "TransitiveTagKeys" => found.transitive.push(content.to_owned()),
                other => {
                    if let Some(key) = other.strip_prefix("PrincipalTag:") {
                        found.tags.insert(key.to_owned(), content.to_owned());
                    }
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/reader";
    const PROVIDER: &str = "arn:aws:iam::123456789012:saml-provider/idp";

    fn response() -> String {
        STANDARD.encode(format!(
            r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">
            <saml:Issuer>outer</saml:Issuer><saml:Assertion><saml:Issuer>https://idp.example</saml:Issuer><saml:Subject>
            <saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">a&amp;b</saml:NameID>
            <saml:SubjectConfirmation><saml:SubjectConfirmationData NotOnOrAfter="2030-01-01T00:00:00Z" Recipient="https://signin.aws.amazon.com/saml"/></saml:SubjectConfirmation></saml:Subject>
            <saml:AttributeStatement><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role"><saml:AttributeValue>{ROLE},{PROVIDER}</saml:AttributeValue></saml:Attribute>
            <saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName"><saml:AttributeValue>alice</saml:AttributeValue></saml:Attribute>
            </saml:AttributeStatement></saml:Assertion></samlp:Response>"#
        ))
    }

    #[test]
    fn an_assertion_is_read() {
        let found = read(&response(), Timestamp::from_seconds(1_700_000_000)).unwrap();
        assert_eq!((found.issuer.as_str(), found.subject.as_str()), ("https://idp.example", "a&b"));
        assert_eq!((found.subject_type.as_str(), found.session_name.as_str()), ("persistent", "alice"));
        assert_eq!(found.audience, "https://signin.aws.amazon.com/saml");
        assert!(found.grants(ROLE, PROVIDER) && !found.grants(ROLE, ROLE));
    }

    #[test]
    fn an_old_response_is_expired() {
        let error = read(&response(), Timestamp::from_seconds(2_000_000_000)).unwrap_err();
        assert_eq!(error.code(), "ExpiredTokenException");
    }

    #[test]
    fn hostile_documents_are_refused() {
        for text in ["<a>".repeat(100_000), "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".to_owned(), "<a></b>".to_owned()]
        {
            assert!(read(&STANDARD.encode(text), Timestamp::default()).is_err());
        }
    }
}
