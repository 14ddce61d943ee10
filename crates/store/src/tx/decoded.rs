//! Decoded forms of records that are read again and again.
//!
//! A record's bytes never change: a new state has new bytes. So what they decode to can be kept beside them, and whoever finds the same bytes
//! (the same allocation, not just an equal one) takes that. Nothing is ever stale, and any slot can be emptied at any time. Each thread keeps
//! its own: one for all would have them wait for each other to count the users of what they share.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;

use crate::raw::Value;

/// How many forms a thread keeps at most. A power of two.
const SLOTS: usize = 64;

/// The largest record whose form is kept, in bytes as stored.
const MAX_KEPT: usize = 64 << 10;

/// Holding the bytes keeps their address from being used for others.
struct Slot {
    bytes: Value,
    form: Arc<dyn Any + Send + Sync>,
}

thread_local! {
    /// A few decoded records, each in the slot that the address of its bytes says.
    static KNOWN: RefCell<[Option<Slot>; SLOTS]> = const { RefCell::new([const { None }; SLOTS]) };
}

fn slot(bytes: &Value) -> usize {
    // Allocations are 16 bytes apart at least; the multiplication (Fibonacci hashing) spreads the rest over the top bits.
    let address = bytes.as_ptr().addr() as u64 >> 4;
    (address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SLOTS.trailing_zeros())) as usize
}

/// What these bytes decode to, if this thread knows.
pub(super) fn get<R: Any + Send + Sync>(bytes: &Value) -> Option<Arc<R>> {
    let form = KNOWN.with_borrow(|known| {
        let slot = known.get(slot(bytes))?.as_ref()?;
        Arc::ptr_eq(&slot.bytes, bytes).then(|| slot.form.clone())
    })?;
    form.downcast().ok()
}

/// Keeps what these bytes decode to, in place of what was in the slot.
pub(super) fn keep<R: Any + Send + Sync>(bytes: Value, form: Arc<R>) {
    if bytes.len() > MAX_KEPT {
        return;
    }
    let before = KNOWN.with_borrow_mut(|known| known.get_mut(slot(&bytes))?.replace(Slot { bytes, form }));
    // Freed when nobody looks at the slots.
    drop(before);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_and_type_are_found_again() {
        let (bytes, equal) = (Value::from(*b"record"), Value::from(*b"record"));
        keep(bytes.clone(), Arc::new(7_u64));
        assert_eq!(get::<u64>(&bytes).as_deref(), Some(&7));
        assert_eq!(get::<u64>(&equal), None, "equal bytes of another allocation");
        assert_eq!(get::<String>(&bytes), None, "another type");
        let large = Value::from(vec![0; MAX_KEPT + 1]);
        keep(large.clone(), Arc::new(7_u64));
        assert_eq!(get::<u64>(&large), None);
    }
}
