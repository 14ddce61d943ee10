//! From values to XML elements.

use kumoi_model::{Kind, Member, Service, Shape, Struct, Structure, TimestampFormat, Value, XmlNamespace};

use super::Writer;
use crate::names::Scope;
use crate::timestamp::{self, Millis};
use crate::{EncodeError, names, text};

/// Deepest nesting of an output. Services bound what they store, so that only a mistake of theirs gets here.
const MAX_DEPTH: u16 = 256;

/// Writes the members of `structure` that `scope` takes, without an element around them.
pub(crate) fn write_members(
    out: &mut Writer,
    service: &Service,
    structure: &Structure,
    scope: Scope,
    members: &Struct,
) -> Result<(), EncodeError> {
    Encoder { out, service }.structure(structure, scope, members, 0)
}

/// Writes the root element `name` with the members of `structure` that are bound to the body.
pub(crate) fn write_structure_root(
    out: &mut Writer,
    service: &Service,
    name: &str,
    namespace: Option<&XmlNamespace>,
    structure: &Structure,
    members: &Struct,
) -> Result<(), EncodeError> {
    out.open(name);
    if let Some(namespace) = namespace {
        out.namespace(namespace);
    }
    write_members(out, service, structure, Scope::Body, members)?;
    out.close(name);
    Ok(())
}

/// Writes the value of a payload member as the root element `name`.
pub(crate) fn write_member_root(
    out: &mut Writer,
    service: &Service,
    name: &str,
    namespace: Option<&XmlNamespace>,
    member: &Member,
    value: &Value,
) -> Result<(), EncodeError> {
    Encoder { out, service }.element(name, namespace, member, value, 0)
}

struct Encoder<'a> {
    out: &'a mut Writer,
    service: &'a Service,
}

impl<'a> Encoder<'a> {
    /// The element or elements of a member.
    fn member(&mut self, member: &Member, value: &Value, depth: u16) -> Result<(), EncodeError> {
        let shape = self.shape(member)?;
        if names::is_flattened(self.service, member) {
            match (value, &shape.kind) {
                (Value::List(items), Kind::List { member: element, .. }) => {
                    let name = names::flattened_list_name(self.service, member);
                    for item in items {
                        self.element(name, self.namespace(element), element, item, depth + 1)?;
                    }
                    return Ok(());
                }
                (Value::Map(entries), Kind::Map { key, value, .. }) => {
                    let name = names::element_name(self.service, member);
                    return self.entries(name, self.namespace(member), key, value, entries, depth);
                }
                _ => {}
            }
        }
        let name = names::element_name(self.service, member);
        self.element(name, self.namespace(member), member, value, depth)
    }

    /// One element named `name` that holds the value of `member`.
    fn element(
        &mut self,
        name: &str,
        namespace: Option<&XmlNamespace>,
        member: &Member,
        value: &Value,
        depth: u16,
    ) -> Result<(), EncodeError> {
        if depth > MAX_DEPTH {
            return Err(EncodeError::TooDeep);
        }
        let shape = self.shape(member)?;
        self.out.open(name);
        if let Some(namespace) = namespace {
            self.out.namespace(namespace);
        }
        match (value, &shape.kind) {
            (Value::Null, _) => {}
            (Value::String(text), Kind::String) => self.out.text(text),
            (Value::Struct(members), Kind::Structure(structure)) => {
                self.structure(structure, Scope::All, members, depth)?
            }
            (Value::List(items), Kind::List { member: element, .. }) => {
                let item_name = names::explicit_name(element).unwrap_or("member");
                for item in items {
                    self.element(item_name, self.namespace(element), element, item, depth + 1)?;
                }
            }
            (Value::Map(entries), Kind::Map { key, value, .. }) => {
                self.entries("entry", None, key, value, entries, depth)?;
            }
            _ => {
                let text = self.scalar(member, shape, value)?;
                self.out.text(&text);
            }
        }
        self.out.close(name);
        Ok(())
    }

    /// Attributes first, since they belong into the start tag, then elements.
    fn structure(
        &mut self,
        structure: &Structure,
        scope: Scope,
        members: &Struct,
        depth: u16,
    ) -> Result<(), EncodeError> {
        let mut elements = Vec::with_capacity(members.len());
        for (index, value) in members.iter().filter(|(_, value)| **value != Value::Null) {
            let member = structure.members.get(usize::from(index)).ok_or(EncodeError::BrokenModel)?;
            if !scope.takes(member) {
                continue;
            }
            if member.xml_attribute {
                let text = self.scalar(member, self.shape(member)?, value)?;
                self.out.attribute(names::element_name(self.service, member), &text);
            } else {
                elements.push((member, value));
            }
        }
        elements.into_iter().try_for_each(|(member, value)| self.member(member, value, depth + 1))
    }

    fn entries(
        &mut self,
        name: &str,
        namespace: Option<&XmlNamespace>,
        key: &Member,
        value: &Member,
        entries: &[(String, Value)],
        depth: u16,
    ) -> Result<(), EncodeError> {
        let key_name = names::explicit_name(key).unwrap_or("key");
        let value_name = names::explicit_name(value).unwrap_or("value");
        for (entry_key, entry_value) in entries {
            self.out.open(name);
            if let Some(namespace) = namespace {
                self.out.namespace(namespace);
            }
            self.out.open(key_name);
            if let Some(namespace) = self.namespace(key) {
                self.out.namespace(namespace);
            }
            self.out.text(entry_key);
            self.out.close(key_name);
            self.element(value_name, self.namespace(value), value, entry_value, depth + 2)?;
            self.out.close(name);
        }
        Ok(())
    }

    fn scalar(&self, member: &Member, shape: &Shape, value: &Value) -> Result<String, EncodeError> {
        let format = names::timestamp_format(self.service, member, TimestampFormat::Iso8601);
        let mut text = String::new();
        // S3's documents have the milliseconds also where they are none, and the published package does not tell.
        if let (Value::Timestamp(moment), TimestampFormat::Iso8601, "s3") = (value, format, self.service.id.as_str()) {
            timestamp::write_date_time(&mut text, *moment, Millis::Always);
            return Ok(text);
        }
        text::write(&mut text, value, &shape.kind, format).ok_or_else(|| EncodeError::Mismatch(shape.name.clone()))?;
        Ok(text)
    }

    fn shape(&self, member: &Member) -> Result<&'a Shape, EncodeError> {
        self.service.shape(member.shape).ok_or(EncodeError::BrokenModel)
    }

    /// The declaration at the member's place; else the one of its shape, when it declares a prefix that attributes inside need.
    fn namespace<'m>(&self, member: &'m Member) -> Option<&'m XmlNamespace>
    where
        'a: 'm,
    {
        let at_shape = || {
            let declared = self.service.shape(member.shape)?.xml_namespace.as_ref()?;
            declared.prefix.is_some().then_some(declared)
        };
        member.xml_namespace.as_ref().or_else(at_shape)
    }
}
