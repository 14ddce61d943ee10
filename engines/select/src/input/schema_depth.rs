//! How deep the schema of a Parquet file is nested: the library reads it with a recursion that has no bound of its own.
//!
//! The metadata is a structure in Thrift's compact protocol (Apache Thrift, "Thrift Compact protocol encoding"). Field 2 is the list of the
//! schema's elements in depth-first order; field 5 of each is the number of its children.

/// Nesting of structures and lists that is passed over.
const MAX_SKIPPED: u32 = 16;

/// The depth of the schema; `None` if the metadata is malformed.
pub(super) fn schema_depth(metadata: &[u8]) -> Option<usize> {
    let mut reader = Compact { rest: metadata };
    let mut field = 0;
    loop {
        let kind = reader.field(&mut field)?;
        match (field, kind) {
            (2, LIST) => return reader.schema(),
            (_, STOP) => return None,
            _ => reader.skip(kind, 0)?,
        }
    }
}

const STOP: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const STRUCT: u8 = 12;

struct Compact<'a> {
    rest: &'a [u8],
}

impl Compact<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn advance(&mut self, length: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(length).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// The type of the next field, whose number is told relative to the one before.
    fn field(&mut self, number: &mut u64) -> Option<u8> {
        let byte = self.byte()?;
        let (delta, kind) = (byte >> 4, byte & 0x0F);
        if kind != STOP {
            *number = if delta == 0 { self.varint()? >> 1 } else { *number + u64::from(delta) };
        }
        Some(kind)
    }

    /// Length and type of a list.
    fn list(&mut self) -> Option<(u64, u8)> {
        let byte = self.byte()?;
        let length = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
        Some((length, byte & 0x0F))
    }

    // INVARIANT(depth): bounded by MAX_SKIPPED.
    fn skip(&mut self, kind: u8, depth: u32) -> Option<()> {
        if depth > MAX_SKIPPED {
            return None;
        }
        match kind {
            TRUE | FALSE => Some(()),
            BYTE => self.advance(1),
            4..=6 => self.varint().map(drop),
            DOUBLE => self.advance(8),
            BINARY => {
                let length = self.varint()?;
                self.advance(length)
            }
            LIST | SET => {
                let (length, kind) = self.list()?;
                for _ in 0..length {
                    match kind {
                        // Inside a list, they have a byte of their own.
                        TRUE | FALSE => self.advance(1)?,
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
                Some(())
            }
            STRUCT => {
                let mut number = 0;
                loop {
                    match self.field(&mut number)? {
                        STOP => return Some(()),
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
            }
            _ => None,
        }
    }

    fn schema(&mut self) -> Option<usize> {
        let (length, kind) = self.list()?;
        if kind != STRUCT {
            return None;
        }
        // How many children of each group that is open are still to come.
        let (mut open, mut deepest) = (Vec::new(), 0);
        for _ in 0..length {
            let mut children = 0;
            let mut number = 0;
            loop {
                match (self.field(&mut number)?, number) {
                    (STOP, _) => break,
                    (4..=6, 5) => children = self.varint()? >> 1,
                    (kind, _) => self.skip(kind, 0)?,
                }
            }
            while open.last() == Some(&0) {
                open.pop();
            }
            if let Some(siblings) = open.last_mut() {
                *siblings -= 1;
            }
            if children > 0 {
                open.push(children);
                deepest = deepest.max(open.len());
            }
        }
        Some(deepest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metadata with a schema of elements that have so many children each.
    fn metadata(children: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x15, 2, 0x19, 0xFC, children.len() as u8];
        for &count in children {
            bytes.extend([0x48, 1, b'x']);
            if count > 0 {
                bytes.extend([0x15, count * 2]);
            }
            bytes.push(STOP);
        }
        bytes
    }

    #[test]
    fn depths() {
        assert_eq!(schema_depth(&metadata(&[2, 0, 0])), Some(1));
        assert_eq!(schema_depth(&metadata(&[2, 1, 0, 0])), Some(2));
        assert_eq!(schema_depth(&metadata(&[1, 1, 1, 1, 0])), Some(4));
        assert_eq!(schema_depth(&metadata(&[2, 1, 0, 1, 1, 0])), Some(3));
        for broken in [&[][..], &[0], &[0x19], &[0x19, 0x1C, 0x48, 9], &[0xFF; 40]] {
            assert_eq!(schema_depth(broken), None);
        }
    }
}
