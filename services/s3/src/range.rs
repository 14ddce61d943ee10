//! The `Range` header: one range of bytes (RFC 9110 section 14).

use std::ops::Range;

use kumoi_core::Fault;

use crate::errors::invalid_range;

/// The part of a body of `size` bytes that a header asks for. `None` for the whole: what is no range of bytes, or several of them, is
/// ignored, as S3 does.
pub(crate) fn read(header: &str, size: u64) -> Result<Option<Range<u64>>, Fault> {
    let Some((first, last)) = header.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let (first, last) = (first.trim(), last.trim());
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // Too many digits are more than any size.
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    if !digits(first) || !digits(last) || (first.is_empty() && last.is_empty()) {
        return Ok(None);
    }
    let range = match (first.is_empty(), last.is_empty()) {
        (true, _) => size.saturating_sub(number(last))..size,
        (false, true) => number(first)..size,
        (false, false) if number(last) < number(first) => return Ok(None),
        (false, false) => number(first)..number(last).saturating_add(1).min(size),
    };
    if range.start >= range.end { Err(invalid_range()) } else { Ok(Some(range)) }
}

/// `Content-Range` of a part.
pub(crate) fn content_range(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let of = |header: &str| read(header, 10).unwrap();
        assert_eq!(of("bytes=0-0"), Some(0..1));
        assert_eq!(of("bytes=2-5"), Some(2..6));
        assert_eq!(of("bytes=2-99999999999999999999999"), Some(2..10));
        assert_eq!(of("bytes=7-"), Some(7..10));
        assert_eq!(of("bytes=-3"), Some(7..10));
        assert_eq!(of("bytes=-30"), Some(0..10));
        for ignored in ["", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "items=0-1", "bytes=0-1,3-4"] {
            assert_eq!(of(ignored), None, "{ignored}");
        }
        for refused in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(read(refused, 10).unwrap_err().code(), "InvalidRange", "{refused}");
        }
        assert_eq!(read("bytes=0-", 0).unwrap_err().status(), 416);
        assert_eq!(content_range(&(2..6), 10), "bytes 2-5/10");
    }
}
