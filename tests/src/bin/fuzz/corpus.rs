//! Well-formed documents of chance, with the names of a model in them.

use kumoi_model::{Catalog, Kind, Service, ShapeId};
use kumoi_tests::random::Random;

/// Nesting of generated documents.
const DEPTH: usize = 8;

/// The service of that id; empty when there is none, which the run would show by doing nothing.
pub(crate) fn service(id: &str) -> Option<&'static Service> {
    Catalog::get().load(id)
}

/// An operation of a service, by chance.
pub(crate) fn operation(service: &Service, random: &mut Random) -> usize {
    random.below(service.operations.len())
}

fn scalar(random: &mut Random) -> &'static str {
    const SCALARS: [&str; 8] = ["0", "1", "-1", "3.5", "true", "text", "2026-11-21T00:00:00Z", "AAECAw=="];
    SCALARS.get(random.below(SCALARS.len())).copied().unwrap_or_default()
}

/// Walks a shape and writes it in some form.
pub(crate) trait Form {
    /// A structure or map: names and shapes of members.
    fn members(&mut self, members: &[(String, ShapeId)], write: &mut dyn FnMut(&mut Self, &str, ShapeId));
    /// A list of elements of a shape.
    fn list(&mut self, count: usize, element: ShapeId, write: &mut dyn FnMut(&mut Self, &str, ShapeId));
    /// A scalar; `text` unless the shape is of numbers or truth values.
    fn scalar(&mut self, scalar: &str, text: bool);
}

/// Writes a value of a shape.
pub(crate) fn write<F: Form>(form: &mut F, service: &Service, shape: ShapeId, random: &mut Random, depth: usize) {
    let Some(kind) = service.shape(shape).map(|shape| &shape.kind).filter(|_| depth < DEPTH) else {
        return form.scalar("x", true);
    };
    match kind {
        Kind::Structure(structure) => {
            let all: Vec<(String, ShapeId)> = structure
                .members
                .iter()
                .filter(|_| random.below(3) == 0)
                .take(6)
                .map(|member| (member.wire_name().to_owned(), member.shape))
                .collect();
            form.members(&all, &mut |form, _, shape| write(form, service, shape, random, depth + 1));
        }
        Kind::Map { value, .. } => {
            let entries = vec![("key".to_owned(), value.shape); random.below(3)];
            form.members(&entries, &mut |form, _, shape| write(form, service, shape, random, depth + 1));
        }
        Kind::List { member, .. } => {
            let count = random.below(3);
            form.list(count, member.shape, &mut |form, _, shape| write(form, service, shape, random, depth + 1));
        }
        kind => form.scalar(scalar(random), matches!(kind, Kind::String | Kind::Blob)),
    }
}

/// JSON.
#[derive(Default)]
pub(crate) struct Json(pub(crate) String);

impl Form for Json {
    fn members(&mut self, members: &[(String, ShapeId)], write: &mut dyn FnMut(&mut Self, &str, ShapeId)) {
        self.0.push('{');
        for (at, (name, shape)) in members.iter().enumerate() {
            self.0.push_str(if at == 0 { "\"" } else { ",\"" });
            self.0.push_str(name);
            self.0.push_str("\":");
            write(self, name, *shape);
        }
        self.0.push('}');
    }

    fn list(&mut self, count: usize, element: ShapeId, write: &mut dyn FnMut(&mut Self, &str, ShapeId)) {
        self.0.push('[');
        for at in 0..count {
            if at > 0 {
                self.0.push(',');
            }
            write(self, "member", element);
        }
        self.0.push(']');
    }

    fn scalar(&mut self, scalar: &str, text: bool) {
        let bare = !text && (scalar == "true" || scalar.parse::<f64>().is_ok());
        self.0.push_str(&if bare { scalar.to_owned() } else { format!("\"{scalar}\"") });
    }
}

/// XML, without the outermost element.
#[derive(Default)]
pub(crate) struct Xml(pub(crate) String);

impl Xml {
    fn element(&mut self, name: &str, shape: ShapeId, write: &mut dyn FnMut(&mut Self, &str, ShapeId)) {
        self.0.push_str(&format!("<{name}>"));
        write(self, name, shape);
        self.0.push_str(&format!("</{name}>"));
    }
}

impl Form for Xml {
    fn members(&mut self, members: &[(String, ShapeId)], write: &mut dyn FnMut(&mut Self, &str, ShapeId)) {
        for (name, shape) in members {
            self.element(name, *shape, write);
        }
    }

    fn list(&mut self, count: usize, element: ShapeId, write: &mut dyn FnMut(&mut Self, &str, ShapeId)) {
        for _ in 0..count {
            self.element("member", element, write);
        }
    }

    fn scalar(&mut self, scalar: &str, _: bool) {
        self.0.push_str(scalar);
    }
}

/// A form of names with dots.
#[derive(Default)]
pub(crate) struct Query {
    pub(crate) text: String,
    prefix: String,
}

impl Query {
    fn below(&mut self, part: &str, step: impl FnOnce(&mut Self)) {
        let length = self.prefix.len();
        if length > 0 {
            self.prefix.push('.');
        }
        self.prefix.push_str(part);
        step(self);
        self.prefix.truncate(length);
    }
}

impl Form for Query {
    fn members(&mut self, members: &[(String, ShapeId)], write: &mut dyn FnMut(&mut Self, &str, ShapeId)) {
        for (name, shape) in members {
            self.below(name, |form| write(form, name, *shape));
        }
    }

    fn list(&mut self, count: usize, element: ShapeId, write: &mut dyn FnMut(&mut Self, &str, ShapeId)) {
        for at in 1..=count {
            self.below(&format!("member.{at}"), |form| write(form, "member", element));
        }
    }

    fn scalar(&mut self, scalar: &str, _: bool) {
        self.text.push_str(&format!("&{}={scalar}", self.prefix));
    }
}

/// CBOR.
#[derive(Default)]
pub(crate) struct Cbor(pub(crate) Vec<u8>);

impl Cbor {
    fn text(&mut self, text: &str) {
        // A string of up to 255 bytes: major type 3 with a one-byte length (RFC 8949, 3).
        self.0.extend([0x78, u8::try_from(text.len()).unwrap_or(u8::MAX)]);
        self.0.extend(text.bytes().take(255));
    }
}

impl Form for Cbor {
    fn members(&mut self, members: &[(String, ShapeId)], write: &mut dyn FnMut(&mut Self, &str, ShapeId)) {
        self.0.push(0xbf);
        for (name, shape) in members {
            self.text(name);
            write(self, name, *shape);
        }
        self.0.push(0xff);
    }

    fn list(&mut self, count: usize, element: ShapeId, write: &mut dyn FnMut(&mut Self, &str, ShapeId)) {
        self.0.push(0x9f);
        (0..count).for_each(|_| write(self, "member", element));
        self.0.push(0xff);
    }

    fn scalar(&mut self, scalar: &str, text: bool) {
        match scalar {
            "true" if !text => self.0.push(0xf5),
            "3.5" if !text => self.0.extend([0xf9, 0x43, 0x00]),
            "0" | "1" if !text => self.0.push(u8::from(scalar == "1")),
            "-1" if !text => self.0.extend([0xc1, 0x20]),
            _ => self.text(scalar),
        }
    }
}
