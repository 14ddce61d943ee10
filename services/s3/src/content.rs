//! The bytes of objects: reading, sharing and discarding them, whether they came as one or in parts.

use std::ops::Range;

use kumoi_core::Cx;
use kumoi_model::ByteStream;
use kumoi_store::StoreError;

use crate::tables::{Content, Object, Piece};

/// The parts of a content that have bytes of a range, each with its own range.
fn parts(object: &Object, wanted: &Range<u64>) -> Vec<(kumoi_core::body::Body, Range<u64>)> {
    let pieces = match &object.content {
        Content::One(body) => return vec![(body.clone(), wanted.clone())],
        Content::Parts(pieces) => pieces,
    };
    let mut start = 0;
    let mut found = Vec::new();
    for Piece { size, body, .. } in pieces {
        let end = start + size;
        let (from, to) = (wanted.start.max(start), wanted.end.min(end));
        if from < to {
            found.push((body.clone(), from - start..to - start));
        }
        start = end;
    }
    found
}

/// Reads a range of an object's bytes.
pub(crate) async fn read(cx: &Cx, object: &Object, wanted: &Range<u64>) -> Result<ByteStream, StoreError> {
    cx.read(parts(object, wanted)).await
}

/// Where a part begins and ends, by its number from 1; `None` when there is none.
pub(crate) fn range_of_part(object: &Object, number: i32) -> Option<Range<u64>> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    match &object.content {
        Content::One(_) => (index == 0).then_some(0..object.size),
        Content::Parts(pieces) => {
            let start = pieces.iter().take(index).map(|piece| piece.size).sum();
            pieces.get(index).map(|piece| start..start + piece.size)
        }
    }
}

/// How many parts an object that was uploaded in parts has.
pub(crate) fn count_of_parts(object: &Object) -> Option<i32> {
    match &object.content {
        Content::One(_) => None,
        Content::Parts(pieces) => i32::try_from(pieces.len()).ok(),
    }
}

/// Notes that there is another object of the same bytes.
pub(crate) async fn share(cx: &Cx, object: &Object) -> Result<(), StoreError> {
    match &object.content {
        Content::One(body) => cx.share(body).await,
        Content::Parts(pieces) => {
            for piece in pieces {
                cx.share(&piece.body).await?;
            }
            Ok(())
        }
    }
}

/// Notes that an object is gone.
pub(crate) async fn discard(cx: &Cx, object: &Object) -> Result<(), StoreError> {
    match &object.content {
        Content::One(body) => cx.discard(body).await,
        Content::Parts(pieces) => {
            for piece in pieces {
                cx.discard(&piece.body).await?;
            }
            Ok(())
        }
    }
}
