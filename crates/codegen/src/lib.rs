//! From a service's model to Rust: the typed face of a coded service, written by its build script.
//!
//! ```no_run
//! kumoi_codegen::Generator::new("sqs")
//!     .operations(&["CreateQueue", "SendMessage"])
//!     .ignores("CreateQueue", &["tags"])
//!     .write();
//! ```
//!
//! The crate then includes the code, `mod api { include!(concat!(env!("OUT_DIR"), "/api.rs")); }`, and gets
//!
//! * an `Input` and an `Output` struct an operation, and the structures and unions that they hold;
//! * the trait `Api` with one method an operation, and `dispatch`, which calls the method of an operation by name;
//! * `errors`, with a constructor for every error of the model;
//! * `OPERATIONS`, for the service's descriptor.
//!
//! A crate with several services has a file for each ([`Generator::file`]), and includes each in a module of its own.
//!
//! A required member has its plain type, any other is an `Option`; strings with a set of values stay strings, since clients may
//! be newer than the model. The generated code is never edited and never committed.

mod emit;
mod names;
mod plan;

use std::path::Path;
use std::{env, fmt, fs};

use kumoi_model::{Catalog, Kind, Service, ShapeId};

/// Why nothing could be generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerateError(String);

impl fmt::Display for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for GenerateError {}

/// Generates the typed face of one service. See the [crate](self) for what comes out.
#[derive(Clone, Debug)]
pub struct Generator {
    model: String,
    operations: Wanted,
    ignored: Vec<(String, Vec<String>)>,
    stored: Vec<String>,
    raw: Vec<String>,
    file: String,
}

#[derive(Clone, Debug)]
enum Wanted {
    All,
    Named(Vec<String>),
}

impl Generator {
    /// For the service of that id in `models/`. No operation is wanted yet.
    pub fn new(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            operations: Wanted::Named(Vec::new()),
            ignored: Vec::new(),
            stored: Vec::new(),
            raw: Vec::new(),
            file: "api.rs".to_owned(),
        }
    }

    /// Wants every operation of the model.
    pub fn all_operations(mut self) -> Self {
        self.operations = Wanted::All;
        self
    }

    /// Wants these operations.
    pub fn operations(mut self, names: &[&str]) -> Self {
        let mut list = match self.operations {
            Wanted::Named(list) => list,
            Wanted::All => Vec::new(),
        };
        list.extend(names.iter().map(|name| (*name).to_owned()));
        self.operations = Wanted::Named(list);
        self
    }

    /// Declares input members that an operation accepts and does not honour yet, as dotted paths of member names. A path with `=VALUE` behind it
    /// means that value of a text alone.
    pub fn ignores(mut self, operation: &str, members: &[&str]) -> Self {
        self.ignored.push((operation.to_owned(), members.iter().map(|member| (*member).to_owned()).collect()));
        self
    }

    /// Shapes that the service keeps in records as they are: they and what they hold get serde's traits, with the member names of the model. The
    /// crate needs `serde`.
    pub fn stored(mut self, shapes: &[&str]) -> Self {
        self.stored.extend(shapes.iter().map(|name| (*name).to_owned()));
        self
    }

    /// Structures and unions that have no type of their own: where one stands in an input or output, it is a `kumoi_model::Value`, and the service
    /// reads it by itself. For shapes that its clients can get wrong in ways that AWS tells apart, and a typed face cannot.
    pub fn raw(mut self, shapes: &[&str]) -> Self {
        self.raw.extend(shapes.iter().map(|name| (*name).to_owned()));
        self
    }

    /// The name of the file, `api.rs` unless told otherwise. A crate that has several services writes a file for each.
    pub fn file(mut self, name: &str) -> Self {
        name.clone_into(&mut self.file);
        self
    }

    /// Writes the file into the build's output folder. For build scripts: a failure is told to cargo, and fails the build.
    pub fn write(self) {
        let model =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").join(&self.model).with_extension("model");
        tell(&format!("cargo::rerun-if-changed={}", model.display()));
        tell("cargo::rerun-if-changed=build.rs");
        let written = match env::var_os("OUT_DIR") {
            Some(folder) => self.write_to(Path::new(&folder)),
            None => Err("OUT_DIR is not set: this is for build scripts".to_owned()),
        };
        if let Err(error) = written {
            tell(&format!("cargo::error={error}"));
        }
    }

    /// Writes the file into a folder.
    fn write_to(&self, folder: &Path) -> Result<(), String> {
        let code = self.generate().map_err(|error| error.to_string())?;
        fs::write(folder.join(&self.file), code).map_err(|error| error.to_string())
    }

    /// The code itself.
    pub fn generate(&self) -> Result<String, GenerateError> {
        let service = Catalog::get()
            .load(&self.model)
            .ok_or_else(|| GenerateError(format!("there is no model of {:?}", self.model)))?;
        let operations = self.wanted(service)?;
        let ignored = self.checked_ignored(service, &operations)?;
        let (stored, raw) = (self.shapes(service, &self.stored)?, self.shapes(service, &self.raw)?);
        if let Some(other) = raw.iter().position(|&id| service.structure(id).is_none()) {
            let name = self.raw.get(other).map_or("", String::as_str);
            return Err(GenerateError(format!("{name} is no structure or union of {}", self.model)));
        }
        let plan = plan::Plan::new(service, &operations, &stored, raw);
        Ok(emit::emit(service, &plan, &ignored))
    }

    /// Indexes of the wanted operations, in order and each once.
    fn wanted(&self, service: &Service) -> Result<Vec<usize>, GenerateError> {
        let mut indexes = match &self.operations {
            Wanted::All => (0..service.operations.len()).collect(),
            Wanted::Named(names) => names
                .iter()
                .map(|name| {
                    let index = service.by_name.get(name).map(|index| *index as usize);
                    index.ok_or_else(|| GenerateError(format!("the model of {} has no operation {name}", self.model)))
                })
                .collect::<Result<Vec<_>, _>>()?,
        };
        indexes.sort_unstable();
        indexes.dedup();
        Ok(indexes)
    }

    /// The shapes of these names.
    fn shapes(&self, service: &Service, names: &[String]) -> Result<Vec<ShapeId>, GenerateError> {
        let shapes = names.iter().map(|name| {
            let found = service.shapes.iter().position(|shape| shape.name == *name);
            let found = found.and_then(|index| ShapeId::try_from(index).ok());
            found.ok_or_else(|| GenerateError(format!("the model of {} has no shape {name}", self.model)))
        });
        shapes.collect()
    }

    /// The ignored paths of each wanted operation.
    fn checked_ignored(&self, service: &Service, wanted: &[usize]) -> Result<Vec<Vec<String>>, GenerateError> {
        let mut lists = vec![Vec::new(); wanted.len()];
        for (name, paths) in &self.ignored {
            let at = wanted.iter().position(|&index| service.operations.get(index).is_some_and(|op| op.name == *name));
            let operation = service.operation(name);
            let (Some(list), Some(operation)) = (at.and_then(|at| lists.get_mut(at)), operation) else {
                let problem = format!("members of {name} are ignored, which is no wanted operation of {}", self.model);
                return Err(GenerateError(problem));
            };
            for path in paths {
                let member = path.split_once('=').map_or(path.as_str(), |(member, _)| member);
                if !operation.input.is_some_and(|input| has_member(service, input, member)) {
                    return Err(GenerateError(format!("the input of {name} has no member {path}")));
                }
                list.push(path.clone());
            }
        }
        Ok(lists)
    }
}

/// Whether a shape has the member of that dotted path; lists and maps are walked through.
fn has_member(service: &Service, mut id: ShapeId, path: &str) -> bool {
    for name in path.split('.') {
        id = through(service, id);
        match service.structure(id).and_then(|structure| structure.member(name)) {
            Some((_, member)) => id = member.shape,
            None => return false,
        }
    }
    true
}

/// The shape that the lists and maps around it hold. Shapes can hold each other in a circle, so the steps are bounded.
fn through(service: &Service, mut id: ShapeId) -> ShapeId {
    for _ in 0..16 {
        match service.shape(id).map(|shape| &shape.kind) {
            Some(Kind::List { member, .. }) => id = member.shape,
            Some(Kind::Map { value, .. }) => id = value.shape,
            _ => break,
        }
    }
    id
}

/// A line for cargo.
#[expect(clippy::print_stdout, reason = "cargo reads what a build script prints")]
fn tell(line: &str) {
    println!("{line}");
}

#[cfg(test)]
mod tests;
