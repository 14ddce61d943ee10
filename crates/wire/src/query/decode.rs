//! From a form to values.
//!
//! Keys are paths such as `Filter.1.Value.2`. Sorted by their segments, all keys below one path stand together, so that a path is a
//! slice of the pairs and no tree needs to be built.

use kumoi_model::{Kind, Member, Service, Struct, Structure, TimestampFormat, Value};

use super::Dialect;
use crate::context::{Context, find_member, unique_keys};
use crate::form::{self, Pair};
use crate::timestamp::Offsets;
use crate::{DecodeError, Limits, names, text};

/// Reads `structure` from the form `body`; parameters that it lacks (`Action`, `Version`, and unknown ones) are skipped.
pub(crate) fn decode(
    service: &Service,
    dialect: Dialect,
    structure: &Structure,
    body: &[u8],
    limits: &Limits,
) -> Result<Struct, DecodeError> {
    let mut pairs = form::parse(body, limits)?;
    if pairs.iter().any(|(key, _)| key.bytes().filter(|byte| *byte == b'.').count() > usize::from(limits.max_depth)) {
        return Err(DecodeError::TooMuch("depth of nesting"));
    }
    pairs.sort_by(|(a, _), (b, _)| a.split('.').cmp(b.split('.')));
    let cx = Context::new(service, limits);
    Reader { cx: &cx, dialect }.structure(structure, Node { pairs: &pairs, prefix: 0 }, 0)
}

/// All pairs at or below one path; `prefix` is the length of that path and of the dot behind it.
#[derive(Clone, Copy)]
struct Node<'a> {
    pairs: &'a [Pair<'a>],
    prefix: usize,
}

impl<'a> Node<'a> {
    /// The value at the path itself; the first one where a client sent several.
    fn value(self) -> Option<&'a str> {
        let (key, value) = self.pairs.first()?;
        (key.len() < self.prefix).then_some(value)
    }

    /// The next segment of each key, with the pairs below it.
    fn children(self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        let prefix = self.prefix;
        self.pairs.chunk_by(move |a, b| segment(a, prefix) == segment(b, prefix)).filter_map(move |pairs| {
            let segment = segment(pairs.first()?, prefix)?;
            Some((segment, Node { pairs, prefix: prefix + segment.len() + 1 }))
        })
    }

    fn child(self, name: &str) -> Option<Node<'a>> {
        self.children().find(|(segment, _)| *segment == name).map(|(_, node)| node)
    }

    /// Children named by number, in the order of the numbers. Gaps are allowed.
    fn numbered(self) -> Result<Vec<Node<'a>>, DecodeError> {
        let mut items = Vec::new();
        for (segment, node) in self.children() {
            let number: u32 = segment
                .parse()
                .map_err(|_| DecodeError::body("Found an illegal key where a list index was expected"))?;
            items.push((number, node));
        }
        items.sort_by_key(|(number, _)| *number);
        Ok(items.into_iter().map(|(_, node)| node).collect())
    }
}

/// The segment of a key that begins at `prefix`; `None` when the key ends before.
fn segment<'a>((key, _): &'a Pair<'a>, prefix: usize) -> Option<&'a str> {
    key.get(prefix..).map(|rest| rest.split_once('.').map_or(rest, |(segment, _)| segment))
}

struct Reader<'a> {
    cx: &'a Context<'a>,
    dialect: Dialect,
}

impl Reader<'_> {
    fn structure(&self, structure: &Structure, node: Node<'_>, depth: u16) -> Result<Struct, DecodeError> {
        let mut members = Struct::new();
        for (segment, child) in node.children() {
            let Some((index, member)) = find_member(structure, |member| self.is_named(member, segment)) else {
                continue;
            };
            members.set(index, self.value(member, child, depth + 1)?);
        }
        if structure.union && members.len() != 1 {
            return Err(DecodeError::body("Exactly one member of a union must be set"));
        }
        Ok(members)
    }

    fn is_named(&self, member: &Member, segment: &str) -> bool {
        match self.dialect {
            Dialect::Aws if names::is_flattened(self.cx.service, member) => {
                names::flattened_list_name(self.cx.service, member) == segment
            }
            Dialect::Aws => names::element_name(self.cx.service, member) == segment,
            Dialect::Ec2 => match member.query_name.as_deref() {
                Some(name) => name == segment,
                None => equals_capitalised(names::element_name(self.cx.service, member), segment),
            },
        }
    }

    fn value(&self, member: &Member, node: Node<'_>, depth: u16) -> Result<Value, DecodeError> {
        self.cx.count(depth)?;
        let shape = self.cx.shape(member)?;
        match &shape.kind {
            Kind::Structure(structure) => self.structure(structure, node, depth).map(Value::Struct),
            Kind::List { member: element, .. } => self.list(member, element, node, depth),
            Kind::Map { key, value, .. } => self.map(member, key, value, node, depth),
            kind => {
                let text = node
                    .value()
                    .ok_or_else(|| DecodeError::body("Start of structure or map found where not expected."))?;
                let format = names::timestamp_format(self.cx.service, member, TimestampFormat::Iso8601);
                text::parse(text, kind, format, Offsets::Any).ok_or_else(|| malformed(kind))
            }
        }
    }

    fn list(&self, member: &Member, element: &Member, node: Node<'_>, depth: u16) -> Result<Value, DecodeError> {
        let flattened = self.dialect == Dialect::Ec2 || names::is_flattened(self.cx.service, member);
        // `Name=` is how an empty list travels.
        let items = match node.value() {
            Some("") if node.pairs.len() == 1 => return Ok(Value::List(Vec::new())),
            Some(_) => return Err(DecodeError::body("Unexpected list element termination")),
            None if flattened => node.numbered()?,
            None => {
                let name = names::explicit_name(element).unwrap_or("member");
                node.child(name).map(Node::numbered).transpose()?.unwrap_or_default()
            }
        };
        items.into_iter().map(|item| self.value(element, item, depth + 1)).collect::<Result<_, _>>().map(Value::List)
    }

    fn map(
        &self,
        member: &Member,
        key: &Member,
        value: &Member,
        node: Node<'_>,
        depth: u16,
    ) -> Result<Value, DecodeError> {
        let entries = if names::is_flattened(self.cx.service, member) { Some(node) } else { node.child("entry") };
        let key_name = names::explicit_name(key).unwrap_or("key");
        let value_name = names::explicit_name(value).unwrap_or("value");
        let mut found = Vec::new();
        for entry in entries.map(Node::numbered).transpose()?.unwrap_or_default() {
            let Some(name) = entry.child(key_name).and_then(Node::value) else {
                return Err(DecodeError::body("A map entry has no key"));
            };
            let Some(item) = entry.child(value_name) else { return Err(DecodeError::body("A map entry has no value")) };
            found.push((name.to_owned(), self.value(value, item, depth + 1)?));
        }
        Ok(Value::Map(unique_keys(found)))
    }
}

/// EC2 writes the first letter of every name in upper case.
fn equals_capitalised(name: &str, segment: &str) -> bool {
    let (mut name, mut segment) = (name.chars(), segment.chars());
    match (name.next(), segment.next()) {
        (Some(first), Some(found)) => {
            (first == found || first.to_ascii_uppercase() == found) && name.as_str() == segment.as_str()
        }
        _ => false,
    }
}

fn malformed(kind: &Kind) -> DecodeError {
    DecodeError::body(match kind {
        Kind::Boolean => "The value is not a boolean",
        Kind::Integer | Kind::Long => "The value is not an integer in range",
        Kind::Float | Kind::Double => "The value is not a number",
        Kind::Blob => "The value is not valid base64",
        Kind::Timestamp => "The value is not a timestamp",
        _ => "The value is malformed",
    })
}
