//! What a signature says of the body: the last line of the canonical request.

use super::{Location, PathStyle, RequestParts, SigError, SignedRequest, sha256};
use crate::headers::CONTENT_SHA256;

/// The meaning of an `x-amz-content-sha256` header (S3 API Reference, "Authenticating Requests: Using the Authorization
/// Header").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadMarker {
    /// The SHA-256 of the body.
    Sha256([u8; 32]),
    /// `UNSIGNED-PAYLOAD`: the body is not covered.
    Unsigned,
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER`: unsigned chunks, then trailing headers.
    StreamingUnsignedTrailer,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`: signed chunks.
    StreamingHmac,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`: signed chunks, then signed trailing headers.
    StreamingHmacTrailer,
    /// `STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD`: signed chunks, SigV4A.
    StreamingEcdsa,
    /// `STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER`: signed chunks, then signed trailing headers, SigV4A.
    StreamingEcdsaTrailer,
    /// `STREAMING-AWS4-HMAC-SHA256-EVENTS`: an event stream of signed messages.
    StreamingHmacEvents,
}

const MARKERS: [(&str, PayloadMarker); 7] = [
    ("UNSIGNED-PAYLOAD", PayloadMarker::Unsigned),
    ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", PayloadMarker::StreamingUnsignedTrailer),
    ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", PayloadMarker::StreamingHmac),
    ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", PayloadMarker::StreamingHmacTrailer),
    ("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", PayloadMarker::StreamingEcdsa),
    ("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER", PayloadMarker::StreamingEcdsaTrailer),
    ("STREAMING-AWS4-HMAC-SHA256-EVENTS", PayloadMarker::StreamingHmacEvents),
];

impl PayloadMarker {
    /// Reads the header's value; `None` when it is neither a marker nor 64 hexadecimal digits.
    pub fn from_value(value: &str) -> Option<Self> {
        if let Some((_, marker)) = MARKERS.iter().find(|(name, _)| *name == value) {
            return Some(*marker);
        }
        let mut hash = [0; 32];
        hex::decode_to_slice(value, &mut hash).ok()?;
        Some(Self::Sha256(hash))
    }

    /// Whether the body comes in `aws-chunked` encoding, for [`crate::chunked`].
    pub fn is_chunked(self) -> bool {
        !matches!(self, Self::Sha256(_) | Self::Unsigned | Self::StreamingHmacEvents)
    }

    /// Whether headers follow the body's last chunk.
    pub fn has_trailer(self) -> bool {
        matches!(self, Self::StreamingUnsignedTrailer | Self::StreamingHmacTrailer | Self::StreamingEcdsaTrailer)
    }

    /// Whether each chunk or event carries a signature of its own.
    pub fn signs_parts(self) -> bool {
        !matches!(self, Self::Sha256(_) | Self::Unsigned | Self::StreamingUnsignedTrailer)
    }
}

/// The body, as far as it is known when the signature is checked.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// The whole body, not hashed yet.
    Bytes(&'a [u8]),
    /// The whole body's SHA-256.
    Digest([u8; 32]),
    /// Still to come. What the request says of its hash is taken at its word; the caller compares when the body has
    /// passed.
    Streamed,
}

/// What the canonical request ends in, and what is known of the body beside it.
pub(super) struct Resolved {
    /// The canonical request's last line.
    pub(super) line: String,
    /// The hash that the client declares and the one that the server computed, where they differ.
    pub(super) mismatch: Option<(String, String)>,
}

/// Decides on the canonical request's last line.
pub(super) fn resolve(
    signed: &SignedRequest<'_>,
    parts: &RequestParts<'_>,
    payload: Payload<'_>,
    style: PathStyle,
) -> Result<Resolved, SigError> {
    let declared = parts.header(CONTENT_SHA256);
    let computed = || match payload {
        Payload::Bytes(bytes) => Some(sha256(bytes)),
        Payload::Digest(digest) => Some(digest),
        Payload::Streamed => None,
    };
    let plain = |line: String| Ok(Resolved { line, mismatch: None });
    if style == PathStyle::Default {
        // The body decides, unless the client said that it does not.
        return match declared {
            Some(value)
                if PayloadMarker::from_value(value)
                    .is_some_and(|marker| !matches!(marker, PayloadMarker::Sha256(_))) =>
            {
                plain(value.to_owned())
            }
            _ => plain(
                computed()
                    .map(hex::encode)
                    .or(declared.map(str::to_owned))
                    .unwrap_or_else(|| "UNSIGNED-PAYLOAD".to_owned()),
            ),
        };
    }
    let Some(value) = declared else {
        return match signed.location {
            Location::Header => Err(SigError::MissingContentSha256),
            Location::Query => plain(
                super::parse::query_value(parts.raw_query, "X-Amz-Content-Sha256")
                    .map_or_else(|| "UNSIGNED-PAYLOAD".to_owned(), String::from),
            ),
        };
    };
    let Some(marker) = PayloadMarker::from_value(value) else {
        return Err(SigError::InvalidContentSha256 { value: value.to_owned() });
    };
    let mismatch = match (marker, computed()) {
        (PayloadMarker::Sha256(declared), Some(computed)) if declared != computed => {
            Some((value.to_owned(), hex::encode(computed)))
        }
        _ => None,
    };
    Ok(Resolved { line: value.to_owned(), mismatch })
}

#[cfg(test)]
mod tests {
    use super::super::hex_sha256;
    use super::*;

    #[test]
    fn markers_and_hashes_are_told_apart() {
        assert_eq!(PayloadMarker::from_value("UNSIGNED-PAYLOAD"), Some(PayloadMarker::Unsigned));
        assert_eq!(PayloadMarker::from_value(&hex_sha256(b"")), Some(PayloadMarker::Sha256(sha256(b""))));
        for value in ["", "unsigned-payload", "STREAMING", "e3b0", hex_sha256(b"").split_at(1).1] {
            assert_eq!(PayloadMarker::from_value(value), None, "{value}");
        }
        for (name, marker) in MARKERS {
            assert_eq!(marker.has_trailer(), name.ends_with("-TRAILER"), "{name}");
            assert_eq!(marker.signs_parts(), name.contains("AWS4"), "{name}");
            assert_eq!(marker.is_chunked(), name.contains("STREAMING") && !name.ends_with("EVENTS"), "{name}");
        }
    }
}
