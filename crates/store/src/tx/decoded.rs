//! Decoded forms of records that are read again and again.
//!
//! A record's bytes never change: a new state has new bytes. So what they decode to can be kept beside them, and whoever finds the same bytes
//! (the same allocation, not just an equal one) takes that. Nothing is ever stale, and any slot can be emptied at any time.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::raw::Value;

/// How many forms are kept at most. A power of two.
const SLOTS: usize = 64;

/// The largest record whose form is kept, in bytes as stored.
const MAX_KEPT: usize = 64 << 10;

/// Holding the bytes keeps their address from being used for others.
struct Slot {
    bytes: Value,
    form: Arc<dyn Any + Send + Sync>,
}

/// A few decoded records, each in the slot that the address of its bytes says.
pub(crate) struct Decoded {
    slots: [Mutex<Option<Slot>>; SLOTS],
}

impl Default for Decoded {
    fn default() -> Self {
        Self { slots: std::array::from_fn(|_| Mutex::new(None)) }
    }
}

impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decoded")
    }
}

impl Decoded {
    fn slot(&self, bytes: &Value) -> Option<&Mutex<Option<Slot>>> {
        // Allocations are 16 bytes apart at least; the multiplication (Fibonacci hashing) spreads the rest over the top bits.
        let address = bytes.as_ptr().addr() as u64 >> 4;
        let top = address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SLOTS.trailing_zeros());
        self.slots.get(usize::try_from(top).ok()?)
    }

    /// What these bytes decode to, if that is known.
    pub(super) fn get<R: Any + Send + Sync>(&self, bytes: &Value) -> Option<Arc<R>> {
        let slot = self.slot(bytes)?.lock();
        let form = slot.as_ref().filter(|slot| Arc::ptr_eq(&slot.bytes, bytes))?.form.clone();
        drop(slot);
        form.downcast().ok()
    }

    /// Keeps what these bytes decode to, in place of what was in the slot.
    pub(super) fn keep<R: Any + Send + Sync>(&self, bytes: Value, form: Arc<R>) {
        if bytes.len() > MAX_KEPT {
            return;
        }
        let Some(slot) = self.slot(&bytes) else { return };
        let before = slot.lock().replace(Slot { bytes, form });
        // Freed without the lock.
        drop(before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_and_type_are_found_again() {
        let decoded = Decoded::default();
        let (bytes, equal) = (Value::from(*b"record"), Value::from(*b"record"));
        decoded.keep(bytes.clone(), Arc::new(7_u64));
        assert_eq!(decoded.get::<u64>(&bytes).as_deref(), Some(&7));
        assert_eq!(decoded.get::<u64>(&equal), None, "equal bytes of another allocation");
        assert_eq!(decoded.get::<String>(&bytes), None, "another type");
        let large = Value::from(vec![0; MAX_KEPT + 1]);
        decoded.keep(large.clone(), Arc::new(7_u64));
        assert_eq!(decoded.get::<u64>(&large), None);
    }
}
