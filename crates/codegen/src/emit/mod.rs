//! Writing the code.
//!
//! Paths to types outside the file are absolute, since AWS has structures named `Option` and `Box`.

mod types;

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use kumoi_model::{Service, ShapeId};

use crate::names::{identifier, snake};
use crate::plan::Plan;

/// The whole file.
pub(crate) fn emit(service: &Service, plan: &Plan<'_>, ignored: &[Vec<String>]) -> String {
    let mut out = String::new();
    let mut emitter = Emitter { service, plan, out: &mut out };
    // A string takes any text, so writing cannot fail.
    let _ = emitter.file(ignored);
    out
}

struct Emitter<'a> {
    service: &'a Service,
    plan: &'a Plan<'a>,
    out: &'a mut String,
}

impl Emitter<'_> {
    fn file(&mut self, ignored: &[Vec<String>]) -> fmt::Result {
        writeln!(self.out, "pub use generated::*;\n")?;
        writeln!(
            self.out,
            "#[allow(dead_code, clippy::large_enum_variant, clippy::upper_case_acronyms, reason = \"a service uses what it needs, by the names of the model\")]"
        )?;
        writeln!(self.out, "mod generated {{")?;
        self.table(ignored)?;
        self.face()?;
        self.dispatch()?;
        for (&id, name) in &self.plan.types {
            if let Some(structure) = self.service.structure(id) {
                // The events of a stream: the stream itself is a `ByteStream` in the structure that has it.
                let union = structure.union || structure.event_stream;
                if union { self.union(id, name, structure)? } else { self.structure(id, name, structure)? }
            }
        }
        for (name, target) in &self.plan.aliases {
            match target.and_then(|id| self.plan.types.get(&id)) {
                Some(shared) => writeln!(self.out, "/// The same as [`{shared}`].\npub type {name} = {shared};")?,
                None => self.empty(name)?,
            }
        }
        self.errors()?;
        writeln!(self.out, "}}")
    }

    /// `MODEL` and `OPERATIONS`.
    fn table(&mut self, ignored: &[Vec<String>]) -> fmt::Result {
        writeln!(self.out, "/// The id of the model.\npub const MODEL: &str = {:?};", self.service.id)?;
        writeln!(self.out, "/// The operations that are built.")?;
        writeln!(self.out, "pub const OPERATIONS: &[::kumoi_core::OperationSpec] = &[")?;
        for (planned, ignored) in self.plan.operations.iter().zip(ignored) {
            let name = &planned.operation.name;
            writeln!(self.out, "::kumoi_core::OperationSpec {{ name: {name:?}, ignored: &{ignored:?} }},")?;
        }
        writeln!(self.out, "];")
    }

    /// The trait.
    fn face(&mut self) -> fmt::Result {
        writeln!(self.out, "/// The operations of {}, one method each.", self.service.full_name)?;
        writeln!(self.out, "pub trait Api: ::core::marker::Send + ::core::marker::Sync + 'static {{")?;
        for planned in &self.plan.operations {
            let method = identifier(&planned.operation.name);
            writeln!(self.out, "/// `{}`.", planned.operation.name)?;
            writeln!(
                self.out,
                "fn {method}(&self, cx: &::kumoi_core::Cx, input: {}) -> impl ::core::future::Future<Output = ::kumoi_core::Reply<{}>> + ::core::marker::Send;",
                planned.input, planned.output
            )?;
        }
        writeln!(self.out, "}}")
    }

    fn dispatch(&mut self) -> fmt::Result {
        writeln!(self.out, "/// Runs the operation of that name on its typed input.")?;
        writeln!(
            self.out,
            "pub fn dispatch<'a, T: Api>(api: &'a T, cx: &'a ::kumoi_core::Cx, operation: &'a str, input: &'a ::kumoi_model::Value) \
             -> ::core::pin::Pin<::std::boxed::Box<dyn ::core::future::Future<Output = ::kumoi_core::Reply<::kumoi_model::Value>> + ::core::marker::Send + 'a>> {{\n\
             use ::kumoi_model::{{FromValue as _, IntoValue as _}};\n\
             match operation {{"
        )?;
        for planned in &self.plan.operations {
            let method = identifier(&planned.operation.name);
            writeln!(
                self.out,
                "{:?} => ::std::boxed::Box::pin(async move {{ Ok(api.{method}(cx, {}::from_value(input)?).await?.into_value()) }}),",
                planned.operation.name, planned.input
            )?;
        }
        writeln!(
            self.out,
            "_ => ::std::boxed::Box::pin(async move {{ Err(::kumoi_core::Fault::not_implemented(MODEL, operation).into()) }}),\n}}\n}}"
        )
    }

    fn errors(&mut self) -> fmt::Result {
        writeln!(self.out, "/// The errors of the model.\npub mod errors {{")?;
        let mut taken = BTreeSet::new();
        for &id in &self.plan.errors {
            let Some(shape) = self.service.shape(id) else { continue };
            let Some(error) = self.service.structure(id).and_then(|structure| structure.error.as_ref()) else {
                continue;
            };
            let name = snake(&shape.name);
            if !taken.insert(name.clone()) {
                continue;
            }
            let function = identifier(&shape.name);
            let mut fault =
                format!("::kumoi_core::Fault::new({:?}, {}, {}, message)", shape.name, error.status, error.sender);
            if error.code != shape.name {
                let _ = write!(fault, ".with_query_code({:?})", error.code);
            }
            let (code, status) = (&shape.name, error.status);
            writeln!(
                self.out,
                "/// `{code}`, status {status}.\n\
                 pub fn {function}(message: impl ::core::convert::Into<::std::string::String>) -> ::kumoi_core::Fault {{\n{fault}\n}}"
            )?;
            if let Some(details) = self.plan.types.get(&id) {
                writeln!(
                    self.out,
                    "/// `{code}`, status {status}, with its further members.\n\
                     pub fn {name}_with(message: impl ::core::convert::Into<::std::string::String>, details: super::{details}) -> ::kumoi_core::Fault {{\n\
                     match ::kumoi_model::IntoValue::into_value(details) {{\n\
                     ::kumoi_model::Value::Struct(members) => {function}(message).with_members(members),\n\
                     _ => {function}(message),\n}}\n}}"
                )?;
            }
        }
        writeln!(self.out, "}}")
    }

    /// The line of documentation of a type.
    fn describe(&self, id: ShapeId, name: &str) -> String {
        for planned in &self.plan.operations {
            let operation = &planned.operation.name;
            if planned.input == name {
                return format!("What goes into `{operation}`.");
            }
            if planned.output == name {
                return format!("What comes out of `{operation}`.");
            }
        }
        let shape = self.service.shape(id).map_or(name, |shape| shape.name.as_str());
        match self.service.structure(id) {
            Some(structure) if structure.union => format!("`{shape}`: one of its members."),
            Some(structure) if structure.error.is_some() => format!("What `{shape}` tells beyond its message."),
            _ => format!("`{shape}`."),
        }
    }
}
