//! XML text as a sequence of tags and texts, within bounds.
//!
//! Document types are refused, and with them every entity that is not one of the five of XML itself: a request cannot make the
//! parser read files or multiply text.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::DecodeError;
use crate::context::Context;

/// A piece of a document.
#[derive(Debug)]
pub(crate) enum Piece<'a> {
    /// A start tag.
    Open(Tag<'a>),
    /// An end tag.
    Close,
    /// A part of a text; several may follow one another.
    Text(Cow<'a, str>),
    /// The end of the document.
    End,
}

/// A start tag.
#[derive(Debug)]
pub(crate) struct Tag<'a> {
    start: BytesStart<'a>,
}

/// A name without its namespace prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

impl Tag<'_> {
    /// Whether this is the element that a model calls `name`; prefixes, which a client may choose, do not count.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.start.local_name().as_ref() == local(name)
    }

    /// The unescaped value of an attribute, by its name without prefix.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<String>, DecodeError> {
        // Looking for duplicates costs the square of the number of attributes.
        for attribute in self.start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| malformed())?;
            if attribute.key.local_name().as_ref() == local(name) && attribute.key.as_namespace_binding().is_none() {
                let text = quick_xml::escape::unescape(&attribute.value).map_err(|_| malformed())?;
                return Ok(Some(text.into_owned()));
            }
        }
        Ok(None)
    }
}

/// The error for whatever is not well-formed, in S3's words.
pub(crate) fn malformed() -> DecodeError {
    DecodeError::body("The XML you provided was not well-formed or did not validate against our published schema")
}

/// A bounded XML parser.
pub(crate) struct Source<'a> {
    reader: Reader<&'a [u8]>,
    cx: &'a Context<'a>,
    depth: u16,
}

impl<'a> Source<'a> {
    pub(crate) fn new(cx: &'a Context<'a>, text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, cx, depth: 0 }
    }

    /// The next piece that has a meaning; comments and processing instructions have none.
    pub(crate) fn next(&mut self) -> Result<Piece<'a>, DecodeError> {
        loop {
            return Ok(match self.reader.read_event().map_err(|_| malformed())? {
                Event::Start(start) => {
                    self.depth += 1;
                    self.cx.count(self.depth - 1)?;
                    Piece::Open(Tag { start })
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Piece::Close
                }
                Event::Text(text) => Piece::Text(text.xml10_content()),
                Event::CData(text) => Piece::Text(text.xml10_content()),
                Event::GeneralRef(reference) => match reference.resolve_char_ref().map_err(|_| malformed())? {
                    Some(character) => Piece::Text(Cow::Owned(character.to_string())),
                    None => {
                        let name = reference.into_inner();
                        let text = quick_xml::escape::resolve_xml_entity(&name).ok_or_else(malformed)?;
                        Piece::Text(Cow::Borrowed(text))
                    }
                },
                Event::Eof if self.depth == 0 => Piece::End,
                Event::Eof | Event::DocType(_) => return Err(malformed()),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
                Event::Empty(_) => return Err(malformed()),
            });
        }
    }

    /// The root element's tag.
    pub(crate) fn root(&mut self) -> Result<Tag<'a>, DecodeError> {
        loop {
            match self.next()? {
                Piece::Open(tag) => return Ok(tag),
                Piece::Text(text) if is_blank(&text) => {}
                Piece::Text(_) | Piece::Close | Piece::End => return Err(malformed()),
            }
        }
    }

    /// The next child of the element that is open; `None` after the element's end.
    pub(crate) fn child(&mut self) -> Result<Option<Tag<'a>>, DecodeError> {
        loop {
            match self.next()? {
                Piece::Open(tag) => return Ok(Some(tag)),
                Piece::Close => return Ok(None),
                Piece::Text(text) if is_blank(&text) => {}
                Piece::Text(_) | Piece::End => return Err(malformed()),
            }
        }
    }

    /// The text of the element that is open, up to its end.
    pub(crate) fn text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let mut whole = Cow::Borrowed("");
        loop {
            match self.next()? {
                Piece::Text(text) if whole.is_empty() => whole = text,
                Piece::Text(text) => whole.to_mut().push_str(&text),
                Piece::Close => return Ok(whole),
                Piece::Open(_) | Piece::End => return Err(malformed()),
            }
        }
    }

    /// Passes over the element that is open.
    pub(crate) fn skip(&mut self) -> Result<(), DecodeError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if let Piece::End = self.next()? {
                return Err(malformed());
            }
        }
        Ok(())
    }

    /// Checks that nothing follows the root element.
    pub(crate) fn finish(&mut self) -> Result<(), DecodeError> {
        loop {
            match self.next()? {
                Piece::End => return Ok(()),
                Piece::Text(text) if is_blank(&text) => {}
                _ => return Err(malformed()),
            }
        }
    }
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_whitespace())
}
