//! `multipart/form-data` (RFC 7578, on RFC 2046), taken apart as it arrives. Nothing is held but the head of a part, and as much of a
//! body as could be the beginning of a boundary.

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

use super::FormError;

/// Bytes that the head of one part may have.
const MAX_HEAD: usize = 8 << 10;

/// Bytes that may stand before the first boundary.
const MAX_PREAMBLE: usize = 4 << 10;

/// Characters that a boundary may have; RFC 2046 allows 70.
const MAX_BOUNDARY: usize = 200;

/// What the head of a part says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// The name of the file that it is of, where the client says.
    pub filename: Option<String>,
}

/// What comes next in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A part begins.
    Part(Part),
    /// More of the part's bytes.
    Data(Bytes),
    /// The part is over.
    PartEnd,
    /// The form is over; what may follow means nothing.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first boundary.
    Preamble,
    /// Behind a boundary: a line's end, or the two hyphens of the last one.
    Boundary,
    /// In the head of a part.
    Head,
    /// In the body of a part.
    Body,
    /// Behind a part whose end is still to be told.
    Between,
    /// Behind the last boundary.
    Ended,
}

/// Takes a body apart.
#[derive(Debug)]
pub struct Parser {
    delimiter: Finder<'static>,
    buffer: BytesMut,
    state: State,
}

/// The boundary that a `Content-Type` of `multipart/form-data` names; `None` when it is another type, or names none.
pub fn boundary(content_type: &str) -> Option<String> {
    let (media, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    if !media.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parameter(parameters, "boundary")?;
    (1..=MAX_BOUNDARY).contains(&value.len()).then_some(value)
}

impl Parser {
    /// For a body with that boundary.
    pub fn new(boundary: &str) -> Self {
        let delimiter = Finder::new(&["\r\n--", boundary].concat()).into_owned();
        // A boundary stands at the beginning of a line; so does the first, before which there is no other.
        Self { delimiter, buffer: BytesMut::from("\r\n"), state: State::Preamble }
    }

    /// Adds what has arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.state != State::Ended {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// What comes next; `None` when more has to arrive first.
    ///
    /// # Errors
    /// [`FormError::Malformed`].
    pub fn event(&mut self) -> Result<Option<Event>, FormError> {
        loop {
            let step = match self.state {
                State::Preamble => self.preamble()?,
                State::Boundary => self.boundary()?,
                State::Head => return self.head(),
                State::Body => return Ok(self.body()),
                State::Between => {
                    self.state = State::Boundary;
                    return Ok(Some(Event::PartEnd));
                }
                State::Ended => return Ok(Some(Event::End)),
            };
            if !step {
                return Ok(None);
            }
        }
    }

    fn preamble(&mut self) -> Result<bool, FormError> {
        if let Some(at) = self.delimiter.find(&self.buffer) {
            self.skip(at + self.delimiter.needle().len());
            self.state = State::Boundary;
            return Ok(true);
        }
        if self.buffer.len() > MAX_PREAMBLE { Err(FormError::Malformed) } else { Ok(false) }
    }

    fn boundary(&mut self) -> Result<bool, FormError> {
        if self.buffer.starts_with(b"--") {
            self.state = State::Ended;
            self.buffer.clear();
            return Ok(true);
        }
        // White space that transport may have added is no part of the boundary.
        let padding = self.buffer.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        match self.buffer.get(padding..padding + 2) {
            Some(b"\r\n") => {
                self.skip(padding + 2);
                self.state = State::Head;
                Ok(true)
            }
            None if padding <= MAX_HEAD => Ok(false),
            _ => Err(FormError::Malformed),
        }
    }

    fn head(&mut self) -> Result<Option<Event>, FormError> {
        // A part without headers has no name.
        if self.buffer.starts_with(b"\r\n") {
            return Err(FormError::Malformed);
        }
        let Some(end) = memchr::memmem::find(&self.buffer, b"\r\n\r\n") else {
            return if self.buffer.len() > MAX_HEAD { Err(FormError::Malformed) } else { Ok(None) };
        };
        if end > MAX_HEAD {
            return Err(FormError::Malformed);
        }
        let head = self.buffer.split_to(end);
        self.skip(4);
        let head = std::str::from_utf8(&head).map_err(|_| FormError::Malformed)?;
        let part = head.split("\r\n").find_map(disposition).ok_or(FormError::Malformed)?;
        // An empty body is followed by the boundary's line at once.
        self.state = State::Body;
        Ok(Some(Event::Part(part)))
    }

    fn body(&mut self) -> Option<Event> {
        let needle = self.delimiter.needle().len();
        let (data, whole) = match self.delimiter.find(&self.buffer) {
            Some(at) => (at, true),
            None => (self.buffer.len().saturating_sub(needle - 1), false),
        };
        let data = self.buffer.split_to(data).freeze();
        if whole {
            self.skip(needle);
            self.state = State::Between;
        }
        match (data.is_empty(), whole) {
            (false, _) => Some(Event::Data(data)),
            (true, true) => {
                self.state = State::Boundary;
                Some(Event::PartEnd)
            }
            (true, false) => None,
        }
    }

    fn skip(&mut self, bytes: usize) {
        drop(self.buffer.split_to(bytes.min(self.buffer.len())));
    }
}

/// The part that a `Content-Disposition: form-data` names.
fn disposition(line: &str) -> Option<Part> {
    let (name, value) = line.split_once(':')?;
    if !name.trim().eq_ignore_ascii_case("content-disposition") {
        return None;
    }
    let (kind, parameters) = value.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    Some(Part { name: parameter(parameters, "name")?, filename: parameter(parameters, "filename") })
}

/// The value of a parameter, quoted or not. Within quotes a backslash only escapes a quote: browsers send paths of files as they are.
fn parameter(parameters: &str, name: &str) -> Option<String> {
    let mut rest = parameters;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        let (found, value) = rest.split_once('=')?;
        let (text, after) = match value.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let end = value.find(';').unwrap_or(value.len());
                let (text, after) = value.split_at_checked(end)?;
                (text.trim().to_owned(), after)
            }
        };
        if found.trim().eq_ignore_ascii_case(name) {
            return Some(text);
        }
        rest = after;
    }
}

/// The text up to the closing quote, and what is behind that.
fn unquote(quoted: &str) -> (String, &str) {
    let mut text = String::new();
    let mut rest = quoted;
    while let Some((before, after)) = rest.split_once('"') {
        match before.strip_suffix('\\') {
            Some(before) => {
                text.push_str(before);
                text.push('"');
                rest = after;
            }
            None => {
                text.push_str(before);
                return (text, after);
            }
        }
    }
    text.push_str(rest);
    (text, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Parts = Vec<(Part, Vec<u8>)>;

    /// All parts of a body that arrives in pieces of that many bytes, and whether it came to its end.
    fn parse(body: &[u8], piece: usize) -> Result<(Parts, bool), FormError> {
        let mut parser = Parser::new("B");
        let mut parts = Parts::new();
        for piece in body.chunks(piece.max(1)) {
            parser.feed(piece);
            while let Some(event) = parser.event()? {
                match event {
                    Event::Part(part) => parts.push((part, Vec::new())),
                    Event::Data(data) => parts.last_mut().unwrap().1.extend_from_slice(&data),
                    Event::PartEnd => {}
                    Event::End => return Ok((parts, true)),
                }
            }
        }
        Ok((parts, false))
    }

    fn part(name: &str, filename: Option<&str>) -> Part {
        Part { name: name.into(), filename: filename.map(str::to_owned) }
    }

    const FORM: &[u8] = b"--B\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na\r\n--X\r\n--B \r\n\
        content-type: text/plain\r\ncontent-disposition: form-data; filename=\"C:\\a \\\"b\\\".txt\"; name=file\r\n\r\n\
        \r\n-\r\n--B\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n--B--\r\nrest";

    #[test]
    fn a_form_is_taken_apart_however_it_arrives() {
        let expected = vec![
            (part("key", None), b"a\r\n--X".to_vec()),
            (part("file", Some("C:\\a \"b\".txt")), b"\r\n-".to_vec()),
            (part("", None), Vec::new()),
        ];
        for piece in 1..FORM.len() {
            assert_eq!(parse(FORM, piece), Ok((expected.clone(), true)), "{piece}");
        }
        assert!(!parse(FORM.split_at(FORM.len() - 10).0, 7).unwrap().1, "cut before its end");
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let long = [b"--B\r\n".as_slice(), &[b'x'; MAX_HEAD + 10]].concat();
        for body in [
            b"--B\r\n\r\nhead without a name\r\n--B--".as_slice(),
            b"--B\r\nContent-Disposition: attachment; name=x\r\n\r\n",
            b"--Bx\r\nContent-Disposition: form-data; name=x\r\n\r\n",
            &[b'x'; MAX_PREAMBLE + 10],
            &long,
        ] {
            assert_eq!(parse(body, 100), Err(FormError::Malformed), "{body:?}");
        }
    }

    #[test]
    fn boundaries_are_read() {
        for (sent, expected) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            ("Multipart/Form-Data;charset=utf-8; Boundary=\"a;b\"", Some("a;b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/mixed; boundary=abc", None),
        ] {
            assert_eq!(boundary(sent).as_deref(), expected, "{sent}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_through(data in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'-'), Just(b'A'), any::<u8>()], 0..200), piece in 1usize..64) {
            prop_assume!(memchr::memmem::find(&data, b"\r\n--B").is_none());
            let body = [b"--B\r\nContent-Disposition: form-data; name=f\r\n\r\n".as_slice(), &data, b"\r\n--B--"].concat();
            prop_assert_eq!(parse(&body, piece), Ok((vec![(part("f", None), data)], true)));
        }

        #[test]
        fn nothing_panics(body in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'-'), Just(b'B'), any::<u8>()], 0..200), piece in 1usize..64) {
            let _ = parse(&body, piece);
        }
    }
}
