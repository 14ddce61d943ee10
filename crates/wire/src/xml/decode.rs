//! From XML elements to values.

use kumoi_model::{Kind, Member, Service, Struct, Structure, TimestampFormat, Value};

use super::reader::{Source, Tag, malformed};
use crate::context::{Context, find_member, unique_keys};
use crate::names::Scope;
use crate::timestamp::Offsets;
use crate::{DecodeError, Limits, names, text};

/// Reads the members of `structure` that are bound to the body, from a root element of any name. An empty body is an empty structure.
pub(crate) fn decode_structure(
    service: &Service,
    structure: &Structure,
    body: &[u8],
    limits: &Limits,
) -> Result<Struct, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|_| malformed())?;
    if text.trim_ascii().is_empty() {
        return Ok(Struct::new());
    }
    let cx = Context::new(service, limits);
    let mut decoder = Decoder { cx: &cx, source: Source::new(&cx, text) };
    let root = decoder.source.root()?;
    let members = decoder.structure(structure, Scope::Body, &root)?;
    decoder.source.finish()?;
    Ok(members)
}

/// Reads a body that is the value of one member; `None` when it is empty.
pub(crate) fn decode_member(
    service: &Service,
    member: &Member,
    body: &[u8],
    limits: &Limits,
) -> Result<Option<Value>, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|_| malformed())?;
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    let cx = Context::new(service, limits);
    let mut decoder = Decoder { cx: &cx, source: Source::new(&cx, text) };
    let root = decoder.source.root()?;
    let value = decoder.value(member, &root)?;
    decoder.source.finish()?;
    Ok(Some(value))
}

/// Each method that takes a tag stands inside that element and reads to its end. The source bounds the depth.
struct Decoder<'a> {
    cx: &'a Context<'a>,
    source: Source<'a>,
}

impl Decoder<'_> {
    fn structure(&mut self, structure: &Structure, scope: Scope, tag: &Tag<'_>) -> Result<Struct, DecodeError> {
        let service = self.cx.service;
        let mut members = Struct::new();
        for (index, member) in structure.members.iter().enumerate().filter(|(_, member)| member.xml_attribute) {
            if let Some(text) = tag.attribute(names::element_name(service, member))? {
                members.set(index as u16, self.scalar(member, &text)?);
            }
        }
        while let Some(child) = self.source.child()? {
            let found = find_member(structure, |member| {
                scope.takes(member)
                    && !member.xml_attribute
                    && (child.is(names::element_name(service, member))
                        || (names::is_flattened(service, member)
                            && child.is(names::flattened_list_name(service, member))))
            });
            let Some((index, member)) = found else {
                self.source.skip()?;
                continue;
            };
            if names::is_flattened(service, member) {
                self.flattened(&mut members, index, member, &child)?;
            } else {
                let value = self.value(member, &child)?;
                members.set(index, value);
            }
        }
        if structure.union && members.len() != 1 {
            return Err(malformed());
        }
        Ok(members)
    }

    /// Adds one element or entry to a list or map without a wrapper.
    fn flattened(
        &mut self,
        members: &mut Struct,
        index: u16,
        member: &Member,
        tag: &Tag<'_>,
    ) -> Result<(), DecodeError> {
        match &self.cx.shape(member)?.kind {
            Kind::List { member: element, .. } => {
                let item = self.value(element, tag)?;
                match members.get_mut(index) {
                    Some(Value::List(items)) => items.push(item),
                    _ => members.set(index, Value::List(vec![item])),
                }
            }
            Kind::Map { key, value, .. } => {
                let entry = self.entry(key, value)?;
                match members.get_mut(index) {
                    Some(Value::Map(entries)) => entries.push(entry),
                    _ => members.set(index, Value::Map(vec![entry])),
                }
            }
            _ => {
                let value = self.value(member, tag)?;
                members.set(index, value);
            }
        }
        Ok(())
    }

    fn value(&mut self, member: &Member, tag: &Tag<'_>) -> Result<Value, DecodeError> {
        match &self.cx.shape(member)?.kind {
            Kind::Structure(structure) => self.structure(structure, Scope::All, tag).map(Value::Struct),
            Kind::List { member: element, .. } => {
                let name = names::explicit_name(element).unwrap_or("member");
                let mut items = Vec::new();
                while let Some(child) = self.source.child()? {
                    if child.is(name) { items.push(self.value(element, &child)?) } else { self.source.skip()? }
                }
                Ok(Value::List(items))
            }
            Kind::Map { key, value, .. } => {
                let mut entries = Vec::new();
                while let Some(child) = self.source.child()? {
                    if child.is("entry") { entries.push(self.entry(key, value)?) } else { self.source.skip()? }
                }
                Ok(Value::Map(unique_keys(entries)))
            }
            _ => {
                let text = self.source.text()?;
                self.scalar(member, &text)
            }
        }
    }

    fn entry(&mut self, key: &Member, value: &Member) -> Result<(String, Value), DecodeError> {
        let key_name = names::explicit_name(key).unwrap_or("key");
        let value_name = names::explicit_name(value).unwrap_or("value");
        let (mut found_key, mut found_value) = (None, None);
        while let Some(child) = self.source.child()? {
            if child.is(key_name) {
                found_key = Some(self.source.text()?.into_owned());
            } else if child.is(value_name) {
                found_value = Some(self.value(value, &child)?);
            } else {
                self.source.skip()?;
            }
        }
        found_key.zip(found_value).ok_or_else(malformed)
    }

    /// Space around anything but a string has no meaning.
    fn scalar(&self, member: &Member, text: &str) -> Result<Value, DecodeError> {
        let kind = &self.cx.shape(member)?.kind;
        let format = names::timestamp_format(self.cx.service, member, TimestampFormat::Iso8601);
        let value = match kind {
            Kind::Blob => text::parse_base64_spaced(text).map(Value::Blob),
            Kind::String => Some(Value::String(text.to_owned())),
            _ => text::parse(text.trim_ascii(), kind, format, Offsets::Any),
        };
        value.ok_or_else(malformed)
    }
}
