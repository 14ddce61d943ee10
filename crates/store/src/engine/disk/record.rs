//! The records of the log.
//!
//! A record is a kind and its content; a name is its length as one byte and its bytes. Numbers are little-endian.
//!
//! | Kind | Content |
//! |---|---|
//! | `01` commit | world; for each change: length of the key as `u32`, length of the value as `u32` (`FFFFFFFF`: removed), the key, the value |
//! | `02` create | world |
//! | `03` fork | from, to |
//! | `04` reset | world |
//! | `05` drop | world |
//! | `06` replace | to, from: the world `from` takes the name `to` |

use crate::StoreError;
use crate::raw::{RawKey, Value};
use crate::worlds::WorldId;

const COMMIT: u8 = 1;
const CREATE: u8 = 2;
const FORK: u8 = 3;
const RESET: u8 = 4;
const DROP: u8 = 5;
const REPLACE: u8 = 6;
const REMOVED: u32 = u32::MAX;

/// A change that the log keeps, on its way there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Record<'a> {
    Commit(&'a WorldId, &'a [(RawKey, Option<Value>)]),
    Create(&'a WorldId),
    Fork { from: &'a WorldId, to: &'a WorldId },
    Reset(&'a WorldId),
    Drop(&'a WorldId),
    Replace { to: &'a WorldId, from: &'a WorldId },
}

/// A change that came back from the log.
#[derive(Debug, PartialEq)]
pub(super) enum Replayed {
    Commit(WorldId, Vec<(RawKey, Option<Value>)>),
    Create(WorldId),
    Fork { from: WorldId, to: WorldId },
    Reset(WorldId),
    Drop(WorldId),
    Replace { to: WorldId, from: WorldId },
}

impl Record<'_> {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Record::Commit(world, changes) => {
                out.push(COMMIT);
                put_name(world, out);
                for (key, value) in *changes {
                    put_size(key.bytes().len(), out);
                    match value {
                        Some(value) => put_size(value.len(), out),
                        None => out.extend_from_slice(&REMOVED.to_le_bytes()),
                    }
                    out.extend_from_slice(key.bytes());
                    out.extend_from_slice(value.as_deref().unwrap_or_default());
                }
            }
            Record::Create(world) => put_names(CREATE, &[world], out),
            Record::Fork { from, to } => put_names(FORK, &[from, to], out),
            Record::Reset(world) => put_names(RESET, &[world], out),
            Record::Drop(world) => put_names(DROP, &[world], out),
            Record::Replace { to, from } => put_names(REPLACE, &[to, from], out),
        }
    }
}

fn put_names(kind: u8, names: &[&WorldId], out: &mut Vec<u8>) {
    out.push(kind);
    for name in names {
        put_name(name, out);
    }
}

// INVARIANT(world-name): names have at most 63 bytes, keys and records are bounded far below 4 GiB.
fn put_name(name: &WorldId, out: &mut Vec<u8>) {
    out.push(u8::try_from(name.as_str().len()).unwrap_or(u8::MAX));
    out.extend_from_slice(name.as_str().as_bytes());
}

fn put_size(size: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(size).unwrap_or(REMOVED).to_le_bytes());
}

/// Reads a record.
pub(super) fn decode(bytes: &[u8]) -> Result<Replayed, StoreError> {
    let malformed = || StoreError::corrupt("a record of the log has no valid form");
    let (kind, mut rest) = bytes.split_first().ok_or_else(malformed)?;
    let mut name = || {
        let (length, after) = rest.split_first()?;
        let (name, after) = after.split_at_checked(usize::from(*length))?;
        rest = after;
        WorldId::stored(std::str::from_utf8(name).ok()?).ok()
    };
    let record = match *kind {
        COMMIT => {
            let world = name().ok_or_else(malformed)?;
            return Ok(Replayed::Commit(world, changes(rest).ok_or_else(malformed)?));
        }
        CREATE => name().map(Replayed::Create),
        FORK => name().zip(name()).map(|(from, to)| Replayed::Fork { from, to }),
        RESET => name().map(Replayed::Reset),
        DROP => name().map(Replayed::Drop),
        REPLACE => name().zip(name()).map(|(to, from)| Replayed::Replace { to, from }),
        _ => None,
    };
    record.filter(|_| rest.is_empty()).ok_or_else(malformed)
}

fn changes(mut rest: &[u8]) -> Option<Vec<(RawKey, Option<Value>)>> {
    let mut changes = Vec::new();
    while !rest.is_empty() {
        let (key, after) = rest.split_first_chunk::<4>()?;
        let (value, after) = after.split_first_chunk::<4>()?;
        let (key, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*key)).ok()?)?;
        let size = u32::from_le_bytes(*value);
        let (value, after) = match size {
            REMOVED => (None, after),
            size => {
                let (value, after) = after.split_at_checked(usize::try_from(size).ok()?)?;
                (Some(Value::from(value)), after)
            }
        };
        rest = after;
        changes.push((RawKey::stored(key.to_vec()).ok()?, value));
    }
    Some(changes)
}
