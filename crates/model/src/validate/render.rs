//! Values as AWS prints them in its messages.

use std::borrow::Cow;

use crate::{Kind, Service, ShapeId, Value};

/// A message repeats at most about this many bytes of a value.
const MAX_RENDERED: usize = 16 << 10;

/// Values nested deeper than this are printed as `...`.
const MAX_DEPTH: usize = 16;

/// A member's name as it stands in a path.
pub(super) fn lower_first(name: &str) -> Cow<'_, str> {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) if first.is_ascii_uppercase() => {
            Cow::Owned(format!("{}{}", first.to_ascii_lowercase(), letters.as_str()))
        }
        _ => Cow::Borrowed(name),
    }
}

/// A value: strings and numbers plainly, lists as `[a, b]`, maps as `{key=value}`, structures as `Name(member=value)`.
pub(super) fn render(service: &Service, id: ShapeId, value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, service, id, value, 0);
    out
}

fn write(out: &mut String, service: &Service, id: ShapeId, value: &Value, depth: usize) {
    let room = MAX_RENDERED.saturating_sub(out.len());
    if room == 0 || depth > MAX_DEPTH {
        if !out.ends_with("...") {
            out.push_str("...");
        }
        return;
    }
    let shape = service.shape(id);
    if depth > 0 && shape.is_some_and(|shape| shape.sensitive) {
        out.push_str("***");
        return;
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&format!("{number:?}")),
        Value::String(text) => match text.char_indices().find(|(at, _)| *at >= room) {
            Some((at, _)) => {
                out.push_str(text.get(..at).unwrap_or_default());
                out.push_str("...");
            }
            None => out.push_str(text),
        },
        // The services are written in Java, and print a buffer as it prints itself.
        Value::Blob(bytes) => {
            out.push_str(&format!("java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", bytes.len()));
        }
        Value::Timestamp(moment) => out.push_str(&moment.seconds.to_string()),
        Value::Document(document) => out.push_str(&document.to_string()),
        Value::Stream(_) => out.push_str("..."),
        Value::List(items) => {
            let element = match shape.map(|shape| &shape.kind) {
                Some(Kind::List { member, .. }) => member.shape,
                _ => id,
            };
            joined(out, ('[', ']'), items, |out, item| write(out, service, element, item, depth + 1));
        }
        Value::Map(entries) => {
            let element = match shape.map(|shape| &shape.kind) {
                Some(Kind::Map { value, .. }) => value.shape,
                _ => id,
            };
            joined(out, ('{', '}'), entries, |out, (key, item)| {
                out.push_str(key);
                out.push('=');
                write(out, service, element, item, depth + 1);
            });
        }
        Value::Struct(members) => {
            let Some(structure) = service.structure(id) else { return };
            out.push_str(shape.map_or("", |shape| &shape.name));
            let set: Vec<_> = members.iter().collect();
            joined(out, ('(', ')'), &set, |out, (index, item)| {
                let Some(member) = structure.members.get(usize::from(*index)) else { return };
                out.push_str(&lower_first(&member.name));
                out.push('=');
                write(out, service, member.shape, item, depth + 1);
            });
        }
    }
}

/// Items between brackets, until the message is long enough.
fn joined<T>(out: &mut String, brackets: (char, char), items: &[T], mut each: impl FnMut(&mut String, &T)) {
    out.push(brackets.0);
    for (index, item) in items.iter().enumerate() {
        if out.len() >= MAX_RENDERED {
            out.push_str("...");
            break;
        }
        if index > 0 {
            out.push_str(", ");
        }
        each(out, item);
    }
    out.push(brackets.1);
}
