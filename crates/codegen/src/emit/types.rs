//! Structures and unions, their fields, and how they become values and are read from them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use kumoi_model::{Kind, Member, ShapeId, Structure};

use super::Emitter;
use crate::names::{camel, identifier};
use crate::plan::details;

/// What a type needs to be part of a record.
const SERDE: [&str; 2] = ["::serde::Serialize", "::serde::Deserialize"];

/// A field of a structure.
struct Field<'a> {
    index: u16,
    member: &'a Member,
    name: String,
    kind: String,
    sensitive: bool,
}

impl Emitter<'_> {
    fn fields<'s>(&self, id: ShapeId, members: impl Iterator<Item = (u16, &'s Member)>) -> Vec<Field<'s>> {
        let mut taken = BTreeSet::new();
        members
            .map(|(index, member)| {
                let mut name = identifier(&member.name);
                while !taken.insert(name.clone()) {
                    name.push('_');
                }
                let mut kind = self.member_type(member);
                if self.plan.boxed(id, member) {
                    kind = format!("::std::boxed::Box<{kind}>");
                }
                let sensitive = self.service.shape(member.shape).is_some_and(|shape| shape.sensitive);
                Field { index, member, name, kind, sensitive }
            })
            .collect()
    }

    pub(super) fn structure(&mut self, id: ShapeId, name: &str, structure: &Structure) -> fmt::Result {
        // An error's message is the fault's own.
        let fields = match structure.error {
            Some(_) => self.fields(id, details(self.service, id).into_iter()),
            None => self.fields(id, structure.members.iter().enumerate().map(|(index, member)| (index as u16, member))),
        };
        writeln!(self.out, "/// {}", self.describe(id, name))?;
        let mut derives = vec!["Clone"];
        let redacted = fields.iter().any(|field| field.sensitive);
        if !redacted {
            derives.push("Debug");
        }
        if self.has_default(id, &mut BTreeMap::new()) {
            derives.push("Default");
        }
        derives.push("PartialEq");
        let stored = self.plan.stored.contains(&id);
        if stored {
            derives.extend(SERDE);
        }
        writeln!(self.out, "#[derive({})]\npub struct {name} {{", derives.join(", "))?;
        for Field { member, name, kind, .. } in &fields {
            let optional = if member.required { kind.clone() } else { format!("::core::option::Option<{kind}>") };
            writeln!(self.out, "/// `{}`.", member.name)?;
            match stored {
                true if member.required => writeln!(self.out, "#[serde(rename = {:?})]", member.name)?,
                true => {
                    let skip = "skip_serializing_if = \"::core::option::Option::is_none\"";
                    writeln!(self.out, "#[serde(rename = {:?}, {skip})]", member.name)?;
                }
                false => {}
            }
            writeln!(self.out, "pub {name}: {optional},")?;
        }
        writeln!(self.out, "}}")?;
        if redacted {
            self.redacted_debug(name, &fields)?;
        }
        self.structure_from_value(name, &fields)?;
        self.structure_into_value(name, &fields)
    }

    /// `Debug` that keeps what is sensitive out of logs.
    fn redacted_debug(&mut self, name: &str, fields: &[Field<'_>]) -> fmt::Result {
        writeln!(
            self.out,
            "impl ::core::fmt::Debug for {name} {{\n\
             fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{\n\
             f.debug_struct({name:?})"
        )?;
        for Field { name, sensitive, .. } in fields {
            let label = name.trim_start_matches("r#");
            match sensitive {
                true => writeln!(self.out, ".field({label:?}, &\"***\")")?,
                false => writeln!(self.out, ".field({label:?}, &self.{name})")?,
            }
        }
        writeln!(self.out, ".finish()\n}}\n}}")
    }

    fn structure_from_value(&mut self, name: &str, fields: &[Field<'_>]) -> fmt::Result {
        writeln!(
            self.out,
            "impl ::kumoi_model::FromValue for {name} {{\n\
             fn from_value(value: &::kumoi_model::Value) -> ::core::result::Result<Self, ::kumoi_model::ConvertError> {{"
        )?;
        let binding = if fields.is_empty() { "_" } else { "reader" };
        writeln!(self.out, "let {binding} = ::kumoi_model::StructReader::new({name:?}, value)?;\nOk(Self {{")?;
        for Field { index, member, name, .. } in fields {
            match member.required {
                true => writeln!(self.out, "{name}: reader.required({index}, {:?})?,", member.name)?,
                false => writeln!(self.out, "{name}: reader.optional({index})?,")?,
            }
        }
        writeln!(self.out, "}})\n}}\n}}")
    }

    fn structure_into_value(&mut self, name: &str, fields: &[Field<'_>]) -> fmt::Result {
        writeln!(
            self.out,
            "impl ::kumoi_model::IntoValue for {name} {{\nfn into_value(self) -> ::kumoi_model::Value {{"
        )?;
        if fields.is_empty() {
            return writeln!(self.out, "::kumoi_model::Value::Struct(::kumoi_model::Struct::new())\n}}\n}}");
        }
        writeln!(self.out, "let mut members = ::kumoi_model::Struct::with_capacity({});", fields.len())?;
        for Field { index, member, name, .. } in fields {
            match member.required {
                true => writeln!(self.out, "members.set({index}, ::kumoi_model::IntoValue::into_value(self.{name}));")?,
                false => writeln!(
                    self.out,
                    "if let Some(member) = self.{name} {{ members.set({index}, ::kumoi_model::IntoValue::into_value(member)); }}"
                )?,
            }
        }
        writeln!(self.out, "::kumoi_model::Value::Struct(members)\n}}\n}}")
    }

    pub(super) fn union(&mut self, id: ShapeId, name: &str, structure: &Structure) -> fmt::Result {
        let fields =
            self.fields(id, structure.members.iter().enumerate().map(|(index, member)| (index as u16, member)));
        let redacted = fields.iter().any(|field| field.sensitive);
        let debug = if redacted { "" } else { "Debug, " };
        writeln!(self.out, "/// {}", self.describe(id, name))?;
        let serde = if self.plan.stored.contains(&id) { format!(", {}", SERDE.join(", ")) } else { String::new() };
        writeln!(self.out, "#[derive(Clone, {debug}PartialEq{serde})]\npub enum {name} {{")?;
        for field in &fields {
            writeln!(self.out, "/// `{}`.\n{}({}),", field.member.name, camel(&field.member.name), field.kind)?;
        }
        writeln!(self.out, "}}")?;
        if redacted {
            writeln!(
                self.out,
                "impl ::core::fmt::Debug for {name} {{\n\
                 fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{\nf.write_str({:?})\n}}\n}}",
                format!("{name}(***)")
            )?;
        }
        writeln!(
            self.out,
            "impl ::kumoi_model::FromValue for {name} {{\n\
             fn from_value(value: &::kumoi_model::Value) -> ::core::result::Result<Self, ::kumoi_model::ConvertError> {{\n\
             let (index, value) = ::kumoi_model::StructReader::new({name:?}, value)?.only()?;\nmatch index {{"
        )?;
        for field in &fields {
            let variant = camel(&field.member.name);
            writeln!(self.out, "{} => ::kumoi_model::FromValue::from_value(value).map(Self::{variant}),", field.index)?;
        }
        writeln!(
            self.out,
            "_ => Err(::kumoi_model::ConvertError {{ wanted: {name:?}, problem: \"a member that the model lacks\" }}),\n}}\n}}\n}}"
        )?;
        writeln!(
            self.out,
            "impl ::kumoi_model::IntoValue for {name} {{\nfn into_value(self) -> ::kumoi_model::Value {{\n\
             let (index, value) = match self {{"
        )?;
        for field in &fields {
            let variant = camel(&field.member.name);
            let index = field.index;
            writeln!(self.out, "Self::{variant}(member) => ({index}, ::kumoi_model::IntoValue::into_value(member)),")?;
        }
        writeln!(
            self.out,
            "}};\nlet mut members = ::kumoi_model::Struct::with_capacity(1);\nmembers.set(index, value);\n\
             ::kumoi_model::Value::Struct(members)\n}}\n}}"
        )
    }

    /// An input or output that the model does not have.
    pub(super) fn empty(&mut self, name: &str) -> fmt::Result {
        writeln!(self.out, "/// Nothing.\n#[derive(Clone, Debug, Default, PartialEq)]\npub struct {name} {{}}")?;
        self.structure_from_value(name, &[])?;
        self.structure_into_value(name, &[])
    }

    fn member_type(&self, member: &Member) -> String {
        if member.streaming && self.service.shape(member.shape).is_some_and(|shape| shape.kind == Kind::Blob) {
            return "::kumoi_model::ByteStream".to_owned();
        }
        self.shape_type(member.shape, 0)
    }

    fn shape_type(&self, id: ShapeId, depth: usize) -> String {
        let Some(shape) = self.service.shape(id) else { return "()".to_owned() };
        // Lists and maps that hold each other without a structure between have no type in Rust.
        if depth > 16 {
            return "::kumoi_model::generated::Document".to_owned();
        }
        let optional = |kind: String| if shape.sparse { format!("::core::option::Option<{kind}>") } else { kind };
        match &shape.kind {
            Kind::Structure(_) if self.plan.raw.contains(&id) => "::kumoi_model::Value".to_owned(),
            Kind::Structure(structure) if structure.event_stream => "::kumoi_model::ByteStream".to_owned(),
            Kind::Structure(_) => self.plan.types.get(&id).cloned().unwrap_or_else(|| camel(&shape.name)),
            Kind::List { member, .. } => {
                format!("::std::vec::Vec<{}>", optional(self.shape_type(member.shape, depth + 1)))
            }
            Kind::Map { value, .. } => {
                let value = optional(self.shape_type(value.shape, depth + 1));
                format!("::std::collections::BTreeMap<::std::string::String, {value}>")
            }
            Kind::String => "::std::string::String".to_owned(),
            Kind::Integer => "i32".to_owned(),
            Kind::Long => "i64".to_owned(),
            Kind::Float => "f32".to_owned(),
            Kind::Double => "f64".to_owned(),
            Kind::Boolean => "bool".to_owned(),
            Kind::Blob if shape.streaming => "::kumoi_model::ByteStream".to_owned(),
            Kind::Blob => "::kumoi_model::generated::Bytes".to_owned(),
            Kind::Timestamp => "::kumoi_model::Timestamp".to_owned(),
            Kind::Document => "::kumoi_model::generated::Document".to_owned(),
        }
    }

    /// Whether a structure has a default: all that is required in it has one.
    fn has_default(&self, id: ShapeId, known: &mut BTreeMap<ShapeId, bool>) -> bool {
        if let Some(&known) = known.get(&id) {
            return known;
        }
        let Some(structure) = self.service.structure(id).filter(|structure| !structure.union) else { return false };
        // A structure that requires itself could not be written down; until shown otherwise it has no default.
        known.insert(id, false);
        let mut required = structure.members.iter().filter(|member| member.required);
        let has = required.all(|member| {
            let shape = self.service.shape(member.shape);
            match shape.map(|shape| &shape.kind) {
                Some(Kind::Structure(_)) if self.plan.raw.contains(&member.shape) => false,
                Some(Kind::Structure(inner)) => !inner.event_stream && self.has_default(member.shape, known),
                Some(Kind::Blob) => !member.streaming && !shape.is_some_and(|shape| shape.streaming),
                _ => true,
            }
        });
        known.insert(id, has);
        has
    }
}
