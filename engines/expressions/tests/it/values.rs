//! Short ways to write items.

use kumoi_expressions::{Attribute, Item, Placeholders};

/// A string.
pub fn s(text: &str) -> Attribute {
    Attribute::S(text.into())
}

/// A number.
pub fn n(text: &str) -> Attribute {
    Attribute::N(text.parse().unwrap())
}

/// A list.
pub fn l(elements: impl IntoIterator<Item = Attribute>) -> Attribute {
    Attribute::L(elements.into_iter().collect())
}

/// A map.
pub fn m<const N: usize>(entries: [(&str, Attribute); N]) -> Attribute {
    Attribute::M(item(entries))
}

/// A set of strings.
pub fn ss<const N: usize>(elements: [&str; N]) -> Attribute {
    Attribute::Ss(elements.map(String::from).into())
}

/// A set of numbers.
pub fn ns<const N: usize>(elements: [&str; N]) -> Attribute {
    Attribute::Ns(elements.map(|text| text.parse().unwrap()).into())
}

/// An item.
pub fn item<const N: usize>(entries: [(&str, Attribute); N]) -> Item {
    entries.map(|(name, value)| (name.to_string(), value)).into()
}

/// The names and values that all tables here use.
pub fn placeholders() -> Placeholders {
    let names = [("#a", "a"), ("#name", "name"), ("#dot", "a.b")];
    let values = [
        (":one", n("1")),
        (":two", n("2")),
        (":str", s("dog")),
        (":empty", s("")),
        (":list", l([n("1"), s("x")])),
        (":set", ss(["x", "y"])),
        (":nums", ns(["1", "2"])),
        (":map", m([])),
        (":true", Attribute::Bool(true)),
        (":bin", Attribute::B(bytes::Bytes::from_static(b"do"))),
        (":type", s("N")),
    ];
    let names = names.map(|(key, name)| (key.to_string(), name.to_string())).into();
    let values = values.map(|(key, value)| (key.to_string(), value)).into();
    Placeholders::new(Some(names), Some(values)).unwrap()
}
