//! Ranges of addresses: "IP address condition operators" in the IAM guide.

use std::net::IpAddr;

/// A range of IPv4 or IPv6 addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    start: IpAddr,
    prefix: u32,
}

impl Network {
    /// `203.0.113.0/24`, `2001:db8::/32`, or one address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let start: IpAddr = address.parse().ok()?;
        let width = if start.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => prefix.parse().ok()?,
            Some(_) => return None,
        };
        (prefix <= width).then_some(Self { start, prefix })
    }

    /// An address that came over IPv6 but is one of IPv4 (`::ffff:192.0.2.1`) is one of IPv4.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self.start, address.to_canonical()) {
            (IpAddr::V4(start), IpAddr::V4(address)) => {
                (start.to_bits() ^ address.to_bits()).checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(start), IpAddr::V6(address)) => {
                (start.to_bits() ^ address.to_bits()).checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    /// Narrow enough that S3 does not call it public: /8 or more of IPv4, /32 or more of IPv6.
    pub(crate) fn is_narrow(&self) -> bool {
        self.prefix >= if self.start.is_ipv4() { 8 } else { 32 }
    }
}
