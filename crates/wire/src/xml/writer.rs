//! Well-formed XML 1.0 text.

use kumoi_model::XmlNamespace;

/// Writes elements one after another. Names come from models and are written as they are; text and attribute values are escaped.
pub(crate) struct Writer {
    out: String,
    /// A start tag was written up to its `>`.
    in_tag: bool,
}

impl Writer {
    /// Starts a document.
    pub(crate) fn new() -> Self {
        let mut out = String::with_capacity(512);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        Self { out, in_tag: false }
    }

    pub(crate) fn open(&mut self, name: &str) {
        self.end_tag();
        self.out.push('<');
        self.out.push_str(name);
        self.in_tag = true;
    }

    pub(crate) fn open_with_namespace(&mut self, name: &str, uri: Option<&str>) {
        self.open(name);
        if let Some(uri) = uri {
            self.attribute("xmlns", uri);
        }
    }

    /// Adds an attribute to the element just opened; without one there is nothing that could carry it.
    pub(crate) fn attribute(&mut self, name: &str, value: &str) {
        if !self.in_tag {
            return;
        }
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(&mut self.out, value, true);
        self.out.push('"');
    }

    /// Declares a namespace on the element just opened.
    pub(crate) fn namespace(&mut self, namespace: &XmlNamespace) {
        match namespace.prefix.as_deref() {
            Some(prefix) if !prefix.is_empty() => self.attribute(&format!("xmlns:{prefix}"), &namespace.uri),
            _ => self.attribute("xmlns", &namespace.uri),
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.end_tag();
            escape(&mut self.out, text, false);
        }
    }

    pub(crate) fn close(&mut self, name: &str) {
        if std::mem::take(&mut self.in_tag) {
            self.out.push_str("/>");
            return;
        }
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// An element that holds only text.
    pub(crate) fn element(&mut self, name: &str, text: &str) {
        self.open(name);
        self.text(text);
        self.close(name);
    }

    /// A mark for [`Writer::rewind`].
    pub(crate) fn mark(&self) -> (usize, bool) {
        (self.out.len(), self.in_tag)
    }

    /// Drops what was written since `mark`.
    pub(crate) fn rewind(&mut self, (length, in_tag): (usize, bool)) {
        self.out.truncate(length);
        self.in_tag = in_tag;
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    fn end_tag(&mut self) {
        if std::mem::take(&mut self.in_tag) {
            self.out.push('>');
        }
    }
}

/// Text as XML and HTML have it between elements and in quoted attributes.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(&mut out, text, true);
    out
}

/// Escapes what has a meaning in XML, and what a parser would normalise away; replaces what XML 1.0 cannot carry at all.
fn escape(out: &mut String, text: &str, attribute: bool) {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'&' | b'<' | b'>' | b'"')) {
        out.push_str(text);
        return;
    }
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\n' if attribute => out.push_str("&#xA;"),
            '\t' if attribute => out.push_str("&#x9;"),
            '\u{85}' => out.push_str("&#x85;"),
            '\u{2028}' => out.push_str("&#x2028;"),
            '\t' | '\n' => out.push(character),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
}
