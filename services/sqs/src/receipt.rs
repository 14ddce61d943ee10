//! Receipt handles: which message, and which time it was received.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kumoi_core::Fault;

use crate::errors::receipt_handle_is_invalid;
use crate::queue::Located;
use crate::tables::MessageKey;

/// The first bytes of every handle, `AQEB` in base64.
const MARK: [u8; 3] = [1, 1, 1];

const LENGTH: usize = 3 + 8 + 8 + 8 + 8 + 4 + 4;

/// What a handle says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// The queue's number, which a purge does not change.
    pub(crate) queue: u64,
    pub(crate) key: MessageKey,
    /// How often the message had been received, this time included.
    pub(crate) received: u32,
}

impl Receipt {
    /// The handle.
    pub(crate) fn text(&self) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(MARK);
        bytes.extend(self.queue.to_be_bytes());
        bytes.extend(self.key.0.to_be_bytes());
        bytes.extend(self.key.1.to_be_bytes());
        bytes.extend(self.key.2.to_be_bytes());
        bytes.extend(self.received.to_be_bytes());
        bytes.extend(checksum(&bytes).to_be_bytes());
        STANDARD.encode(bytes)
    }

    /// Reads a handle; `None` when it was not made here.
    fn parse(text: &str) -> Option<Self> {
        if text.len() > 2 * LENGTH {
            return None;
        }
        let bytes = STANDARD.decode(text).ok().filter(|bytes| bytes.len() == LENGTH)?;
        let (content, sum) = bytes.split_last_chunk::<4>()?;
        if u32::from_be_bytes(*sum) != checksum(content) {
            return None;
        }
        let rest = content.strip_prefix(&MARK)?;
        let (queue, rest) = rest.split_first_chunk::<8>()?;
        let (contents, rest) = rest.split_first_chunk::<8>()?;
        let (sent, rest) = rest.split_first_chunk::<8>()?;
        let (sequence, rest) = rest.split_first_chunk::<8>()?;
        let (received, _) = rest.split_first_chunk::<4>()?;
        let key = (u64::from_be_bytes(*contents), i64::from_be_bytes(*sent), u64::from_be_bytes(*sequence));
        Some(Self { queue: u64::from_be_bytes(*queue), key, received: u32::from_be_bytes(*received) })
    }

    /// Reads a handle that a client uses on a queue.
    pub(crate) fn read(at: &Located, text: &str) -> Result<Self, Fault> {
        match Self::parse(text) {
            None => Err(receipt_handle_is_invalid(format!(
                "The input receipt handle \"{text}\" is not a valid receipt handle."
            ))),
            Some(receipt) if receipt.queue != at.queue.id => {
                Err(receipt_handle_is_invalid(format!("The receipt handle \"{text}\" is not valid for this queue.")))
            }
            Some(receipt) => Ok(receipt),
        }
    }
}

/// FNV-1a: tells handles from other base64, no secret.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_read_back() {
        let receipt = Receipt { queue: 7, key: (9, 1_700_000_000_000_000, u64::MAX), received: 3 };
        let text = receipt.text();
        assert!(text.starts_with("AQEB"));
        assert_eq!(Receipt::parse(&text), Some(receipt));
        assert_ne!(text, Receipt { received: 4, ..receipt }.text());
    }

    #[test]
    fn what_is_no_handle() {
        let text = Receipt { queue: 7, key: (9, 1, 2), received: 3 }.text();
        let mut changed = text.clone().into_bytes();
        changed[10] ^= 1;
        for text in
            ["", "fake", "AQEB", text.trim_start_matches('A'), &String::from_utf8(changed).unwrap(), &"A".repeat(5000)]
        {
            assert_eq!(Receipt::parse(text), None, "{text}");
        }
    }
}
