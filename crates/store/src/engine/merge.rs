//! Reading several ordered sources as one.

use crate::StoreError;
use crate::raw::Value;

/// An ordered source of entries; a value of `None` hides the key in the sources after it.
pub(crate) type Source<'a, K> = Box<dyn Iterator<Item = Result<(K, Option<Value>), StoreError>> + 'a>;

/// Visits the entries of all sources in order, those of the earlier source where several have a key, until `each` says to stop.
pub(crate) fn merge<K: Ord>(
    mut sources: Vec<Source<'_, K>>,
    reverse: bool,
    mut each: impl FnMut(K, Value) -> bool,
) -> Result<(), StoreError> {
    let mut heads = Vec::with_capacity(sources.len());
    for source in &mut sources {
        heads.push(source.next().transpose()?);
    }
    loop {
        let mut first: Option<(usize, &K)> = None;
        for (at, head) in heads.iter().enumerate() {
            let Some((key, _)) = head else { continue };
            let better = first.is_none_or(|(_, best)| if reverse { key > best } else { key < best });
            if better {
                first = Some((at, key));
            }
        }
        let Some((at, _)) = first else { return Ok(()) };
        let Some((key, value)) = heads.get_mut(at).and_then(Option::take) else { return Ok(()) };
        for (other, (head, source)) in heads.iter_mut().zip(&mut sources).enumerate() {
            let same = head.as_ref().is_some_and(|(next, _)| *next == key);
            if other == at || same {
                *head = source.next().transpose()?;
            }
        }
        if let Some(value) = value
            && !each(key, value)
        {
            return Ok(());
        }
    }
}
