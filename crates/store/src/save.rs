//! Saved worlds.
//!
//! The format, version 2. Numbers are little-endian.
//!
//! | Part | Bytes |
//! |---|---|
//! | header | the 8 bytes `KUMOISAV`, the version as `u32` |
//! | block, any number | length of the body as `u32` (never 0), CRC-32 of the body as `u32`, the body |
//! | end of the entries | `u32` 0, the number of entries as `u64`, CRC-32 of those 8 bytes as `u32` |
//! | blobs | the number of blobs as `u64`, CRC-32 of those 8 bytes as `u32` |
//! | blob, as many | its id, 16 bytes; blocks as above, whose bodies are its bytes; `u32` 0 |
//!
//! Version 1 ends with the entries.
//!
//! A body is entries, one after the other: length of the key as `u32`, length of the value as `u32`, the key, the value. Keys are stored
//! keys (see the module `raw`), each greater than the one before it; index entries and counters are saved like records.

use std::io::{Read, Write};
use std::sync::Arc;

use crate::blobs::{self, BlobId, Blobs, Hold, Staged};
use crate::engine::{AnyEngine, Engine, Snapshot, Write as Change};
use crate::raw::{MAX_KEY, RawKey, Value};
use crate::tx::MAX_RECORD;
use crate::worlds::WorldId;
use crate::{Store, StoreError, Tx};

/// The version of the format that is written, and the newest that is read.
pub const SAVE_VERSION: u32 = 2;

const MAGIC: [u8; 8] = *b"KUMOISAV";
/// A block is closed when it has grown to this size.
const BLOCK: usize = 1 << 20;
/// No block is larger: it may have one entry of the largest size when it is almost full.
const MAX_BLOCK: usize = BLOCK + 8 + MAX_KEY + MAX_RECORD;
const PAGE: usize = 256;

/// What was saved or loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaveStats {
    /// Entries: records, index entries and counters.
    pub entries: u64,
    /// Bytes of the stream.
    pub bytes: u64,
}

struct Out<'a> {
    out: &'a mut (dyn Write + Send),
    bytes: u64,
}

impl Out<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.out.write_all(bytes)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn count(&mut self, count: u64) -> Result<(), StoreError> {
        let count = count.to_le_bytes();
        self.put(&count)?;
        self.put(&crc32fast::hash(&count).to_le_bytes())
    }

    fn block(&mut self, body: &mut Vec<u8>) -> Result<(), StoreError> {
        if !body.is_empty() {
            self.put(&length(body.len())?)?;
            self.put(&crc32fast::hash(body).to_le_bytes())?;
            self.put(body)?;
            body.clear();
        }
        Ok(())
    }
}

fn length(size: usize) -> Result<[u8; 4], StoreError> {
    match u32::try_from(size) {
        Ok(size) => Ok(size.to_le_bytes()),
        Err(_) => Err(StoreError::TooLarge { what: "a block", size, limit: MAX_BLOCK }),
    }
}

/// How often a save begins again because a blob went while it began.
const ATTEMPTS: u32 = 20;

/// A snapshot of a world, and its blobs, which stay while it is saved.
async fn held(store: &Store, world: &WorldId) -> Result<(Tx, Vec<(BlobId, u64)>, Hold), StoreError> {
    'attempts: for _ in 0..ATTEMPTS {
        let tx = store.begin(world)?;
        let ids = blobs::named(&tx).await?;
        let hold = store.blobs().hold(ids.clone());
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            // One that was removed before it was held is named by no later snapshot.
            let Some(size) = store.blobs().size(id).await? else { continue 'attempts };
            found.push((id, size));
        }
        return Ok((tx, found, hold));
    }
    Err(StoreError::corrupt("a blob that the world names is gone"))
}

pub(crate) async fn save(
    store: &Store,
    world: &WorldId,
    out: &mut (dyn Write + Send),
) -> Result<SaveStats, StoreError> {
    let (tx, blobs, _hold) = held(store, world).await?;
    let mut out = Out { out, bytes: 0 };
    out.put(&MAGIC)?;
    out.put(&SAVE_VERSION.to_le_bytes())?;
    let (mut body, mut entries, mut last) = (Vec::new(), 0_u64, None::<RawKey>);
    loop {
        let page = tx.snapshot().entries(last.as_ref(), PAGE).await?;
        let Some((key, _)) = page.last() else { break };
        last = Some(key.clone());
        for (key, value) in &page {
            body.extend_from_slice(&length(key.bytes().len())?);
            body.extend_from_slice(&length(value.len())?);
            body.extend_from_slice(key.bytes());
            body.extend_from_slice(value);
            entries += 1;
            if body.len() >= BLOCK {
                out.block(&mut body)?;
            }
        }
        // Others are served between pages.
        tokio::task::yield_now().await;
    }
    out.block(&mut body)?;
    out.put(&length(0)?)?;
    out.count(entries)?;
    out.count(blobs.len() as u64)?;
    for (id, size) in blobs {
        out.put(&id.to_bytes())?;
        let mut reader = store.blobs().read(id, 0, size).await?;
        while let Some(piece) = reader.next().await? {
            out.block(&mut piece.to_vec())?;
        }
        out.put(&length(0)?)?;
    }
    out.out.flush()?;
    Ok(SaveStats { entries, bytes: out.bytes })
}

struct In<'a> {
    input: &'a mut (dyn Read + Send),
    bytes: u64,
}

impl In<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(cut_off)?;
        self.bytes += N as u64;
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u32, StoreError> {
        self.take().map(u32::from_le_bytes)
    }

    fn count(&mut self) -> Result<u64, StoreError> {
        let count = self.take::<8>()?;
        if self.number()? != crc32fast::hash(&count) {
            return Err(damaged("the checksum of a number does not match"));
        }
        Ok(u64::from_le_bytes(count))
    }

    /// The next block; `None` at the end of the entries, or of a blob.
    fn block(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let size = self.number()?;
        if size == 0 {
            return Ok(None);
        }
        if usize::try_from(size).is_ok_and(|size| size > MAX_BLOCK) {
            return Err(damaged("a block is too large"));
        }
        let crc = self.number()?;
        // Grows with what is really there, not with the length that the input claims.
        let mut body = Vec::new();
        let read = self.input.take(u64::from(size)).read_to_end(&mut body)?;
        self.bytes += read as u64;
        if body.len() as u64 != u64::from(size) {
            return Err(damaged("it ends early"));
        }
        if crc32fast::hash(&body) != crc {
            return Err(damaged("the checksum of a block does not match"));
        }
        Ok(Some(body))
    }
}

fn damaged(what: &str) -> StoreError {
    StoreError::corrupt(format!("a saved world cannot be read: {what}"))
}

fn cut_off(error: std::io::Error) -> StoreError {
    if error.kind() == std::io::ErrorKind::UnexpectedEof { damaged("it ends early") } else { error.into() }
}

/// Takes an entry off the front of a body.
fn entry(body: &mut &[u8]) -> Option<(RawKey, Value)> {
    let mut size = || {
        let (size, rest) = body.split_first_chunk::<4>()?;
        *body = rest;
        usize::try_from(u32::from_le_bytes(*size)).ok()
    };
    let (key, value) = (size()?, size()?);
    if key > MAX_KEY || value > MAX_RECORD {
        return None;
    }
    let (key, rest) = body.split_at_checked(key)?;
    let (value, rest) = rest.split_at_checked(value)?;
    *body = rest;
    Some((RawKey::stored(key.to_vec()).ok()?, value.into()))
}

pub(crate) async fn load(
    engine: &Arc<AnyEngine>,
    blobs: &Blobs,
    world: &WorldId,
    input: &mut (dyn Read + Send),
) -> Result<SaveStats, StoreError> {
    let mut input = In { input, bytes: 0 };
    if input.take::<8>()? != MAGIC {
        return Err(damaged("it is not one"));
    }
    let version = match input.number()? {
        0 => return Err(damaged("it has no version")),
        found @ ..=SAVE_VERSION => found,
        found => return Err(StoreError::TooNew { found, supported: SAVE_VERSION }),
    };
    // Filled out of sight, then put in place in one step.
    let hidden = hidden_world(engine).await?;
    let unfinished = Unfinished { engine, world: Some(hidden.clone()) };
    let filled = async {
        let entries = fill(engine, &hidden, &mut input).await?;
        // Held until the world is in place.
        let taken = if version >= 2 { take_blobs(blobs, &mut input).await? } else { Taken::default() };
        taken.new.iter().for_each(|blob| blob.keep(true));
        engine.replace(world, &hidden).await?;
        Ok(SaveStats { entries, bytes: input.bytes })
    };
    let outcome = filled.await;
    if outcome.is_err() {
        // The first error is the one to tell.
        let _ = engine.drop_world(&hidden).await;
    }
    unfinished.done();
    outcome
}

/// Drops the world that is being filled when the caller gives up.
struct Unfinished<'a> {
    engine: &'a Arc<AnyEngine>,
    world: Option<WorldId>,
}

impl Unfinished<'_> {
    fn done(mut self) {
        self.world = None;
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        let Some(world) = self.world.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let engine = Arc::clone(self.engine);
            // If even that fails, the next start does it.
            runtime.spawn(async move { engine.drop_world(&world).await });
        }
    }
}

async fn hidden_world(engine: &AnyEngine) -> Result<WorldId, StoreError> {
    let mut number = 0;
    loop {
        let hidden = WorldId::hidden(number);
        match engine.create(&hidden).await {
            Err(StoreError::WorldExists(_)) => number += 1,
            Err(error) => return Err(error),
            Ok(()) => return Ok(hidden),
        }
    }
}

async fn fill(engine: &AnyEngine, world: &WorldId, input: &mut In<'_>) -> Result<u64, StoreError> {
    let (mut entries, mut last) = (0_u64, None::<RawKey>);
    while let Some(body) = input.block()? {
        let mut rest = body.as_slice();
        let mut changes = Vec::new();
        while !rest.is_empty() {
            let (key, value) = entry(&mut rest).ok_or_else(|| damaged("an entry has no valid form"))?;
            if last.as_ref().is_some_and(|last| *last >= key) {
                return Err(damaged("entries are out of order"));
            }
            last = Some(key.clone());
            changes.push((key, Change::Put(value)));
            entries += 1;
        }
        loop {
            // Nobody else writes here: only a test engine gives conflicts.
            match engine.commit(engine.begin(world, false)?, changes.clone()).await {
                Err(StoreError::Conflict) => {}
                outcome => break outcome?,
            }
        }
        tokio::task::yield_now().await;
    }
    if input.count()? != entries {
        return Err(damaged("the number of entries does not match"));
    }
    Ok(entries)
}

/// The blobs of a saved world.
#[derive(Default)]
struct Taken {
    /// Those that were not there. They are removed again unless they are kept.
    new: Vec<Staged>,
    /// Those that were there: the same bytes, by the same name.
    known: Vec<Hold>,
}

/// Stores the blobs of the input.
async fn take_blobs(blobs: &Blobs, input: &mut In<'_>) -> Result<Taken, StoreError> {
    let mut taken = Taken::default();
    for _ in 0..input.count()? {
        let id = BlobId::from_bytes(input.take()?);
        let hold = blobs.hold(vec![id]);
        if blobs.size(id).await?.is_some() {
            while input.block()?.is_some() {}
            taken.known.push(hold);
            continue;
        }
        let mut writer = blobs.write_as(id).await?;
        while let Some(body) = input.block()? {
            writer.write(body.into()).await?;
        }
        taken.new.push(writer.finish().await?);
    }
    Ok(taken)
}
