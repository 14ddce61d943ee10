//! Items in the text of an object: a line of DynamoDB JSON each, or a row of CSV.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use kumoi_expressions::{Attribute, Item};

use crate::json;
use crate::table::TableRecord;
use crate::table::schema::KeyType;

/// Records that are read at a time.
const MAX_RECORDS: usize = 500;

/// The most columns of a row.
const MAX_COLUMNS: usize = 4096;

/// Records of a part of an object.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Records {
    /// The items; `None` for what is none.
    pub(super) items: Vec<Option<Item>>,
    /// Bytes that they take.
    pub(super) taken: usize,
}

/// Reads lines of DynamoDB JSON. The last may lack its end if the part is the last.
pub(super) fn lines(text: &[u8], last: bool) -> Records {
    let mut records = Records::default();
    while records.items.len() < MAX_RECORDS {
        let rest = text.get(records.taken..).unwrap_or_default();
        let (line, length) = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => (rest.get(..end).unwrap_or_default(), end + 1),
            None if last && !rest.is_empty() => (rest, rest.len()),
            None => break,
        };
        records.taken += length;
        let line = line.trim_ascii();
        if !line.is_empty() {
            records.items.push(json::read_line(line));
        }
    }
    records
}

/// How rows are read.
pub(super) struct Rows<'a> {
    pub(super) table: &'a TableRecord,
    pub(super) delimiter: u8,
}

impl Rows<'_> {
    /// Reads rows, the first of which has the names of the columns if they are not known yet.
    pub(super) fn read(&self, text: &[u8], last: bool, header: &mut Option<Vec<String>>) -> Records {
        let mut records = Records::default();
        let mut reader = ReaderBuilder::new().delimiter(self.delimiter).build();
        while records.items.len() < MAX_RECORDS {
            let rest = text.get(records.taken..).unwrap_or_default();
            let (row, length) = match row(&mut reader, rest, last) {
                Row::Read(row, length) => (row, length),
                Row::Bad(length) => {
                    records.taken += length;
                    records.items.push(None);
                    continue;
                }
                Row::None => break,
            };
            records.taken += length;
            match (row, &mut *header) {
                (Some(row), Some(names)) => records.items.push(self.item(names, row)),
                (Some(row), none @ None) => *none = Some(row),
                (None, _) => records.items.push(None),
            }
        }
        records
    }

    /// The item of a row: attributes of keys have their types, all others are strings.
    fn item(&self, names: &[String], row: Vec<String>) -> Option<Item> {
        if names.len() != row.len() {
            return None;
        }
        let attributes = names.iter().zip(row).map(|(name, text)| {
            let value = match self.kind(name) {
                Some(KeyType::N) => Attribute::N(text.trim().parse().ok()?),
                Some(KeyType::B) => Attribute::B(STANDARD.decode(text.trim()).ok()?.into()),
                Some(KeyType::S) | None => Attribute::S(text),
            };
            Some((name.clone(), value))
        });
        attributes.collect()
    }

    fn kind(&self, name: &str) -> Option<KeyType> {
        let keys = std::iter::once(&self.table.key).chain(self.table.indexes.iter().map(|index| &index.key));
        keys.flat_map(|key| key.attributes()).find(|attribute| attribute.name == name).map(|attribute| attribute.kind)
    }
}

/// What comes next in a text.
enum Row {
    /// A row, unless it is no text, and its length.
    Read(Option<Vec<String>>, usize),
    /// One with too many columns, and the length of what was seen of it.
    Bad(usize),
    /// No whole row.
    None,
}

fn row(reader: &mut Reader, text: &[u8], last: bool) -> Row {
    reader.reset();
    // No row is longer unpacked than it is quoted.
    let (mut out, mut ends) = (vec![0; text.len().saturating_add(1)], vec![0; 64]);
    let (mut read, mut written, mut fields) = (0, 0, 0);
    loop {
        let input = text.get(read..).unwrap_or_default();
        if input.is_empty() && !last {
            return Row::None;
        }
        let (Some(free), Some(free_ends)) = (out.get_mut(written..), ends.get_mut(fields..)) else { return Row::None };
        let (result, taken, put, ended) = reader.read_record(input, free, free_ends);
        read += taken;
        written += put;
        fields += ended;
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull => out.resize(out.len().saturating_mul(2), 0),
            ReadRecordResult::OutputEndsFull if ends.len() >= MAX_COLUMNS => return Row::Bad(read),
            ReadRecordResult::OutputEndsFull => ends.resize(ends.len().saturating_mul(2), 0),
            ReadRecordResult::End => return Row::None,
            ReadRecordResult::Record => break,
        }
    }
    let mut begin = 0;
    let field = |end: &usize| {
        let field = out.get(begin..*end)?;
        begin = *end;
        std::str::from_utf8(field).ok().map(str::to_owned)
    };
    Row::Read(ends.iter().take(fields).map(field).collect(), read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_json() {
        let text = b"{\"Item\":{\"p\":{\"S\":\"a\"}}}\n\n{\"Item\":\r\n{\"Item\":{\"p\":{\"S\":\"b\"}}}";
        let records = lines(text, false);
        assert_eq!(records.items.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
        let rest = lines(&text[records.taken..], true);
        assert_eq!((rest.items.len(), rest.taken), (1, text.len() - records.taken));
        assert_eq!(lines(b"", true), Records::default());
    }

    fn rows(text: &[u8], last: bool) -> (Vec<Option<Vec<String>>>, usize) {
        let (mut reader, mut rows, mut taken) = (Reader::new(), Vec::new(), 0);
        loop {
            match row(&mut reader, &text[taken..], last) {
                Row::Read(row, length) => (rows.push(row), taken += length),
                _ => return (rows, taken),
            };
        }
    }

    #[test]
    fn rows_of_csv() {
        let row = |fields: &[&str]| Some(fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>());
        let text = b"a,b\r\n1,\"x\ny\"\r\n\r\n2,\"\"\"\"";
        let (read, taken) = rows(text, false);
        assert_eq!(read, [row(&["a", "b"]), row(&["1", "x\ny"])]);
        let (rest, _) = rows(&text[taken..], true);
        assert_eq!(rest, [row(&["2", "\""])]);
        assert_eq!(rows(b"", true), (vec![], 0));
        assert_eq!(rows(b"a\n", true).0, [row(&["a"])]);
        assert_eq!(rows(b"\xff\n", true).0, [None]);
    }
}
