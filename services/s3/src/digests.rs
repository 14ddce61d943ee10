//! What is computed of a body while it arrives: a checksum, and besides this its MD5, which is the entity tag. Each is compared with what the client says.
//!
//! S3 User Guide, "Checking object integrity in Amazon S3": a client sends the checksum in a header before the body, or in one behind it; where it
//! sends none, S3 computes a CRC-64/NVME.

use std::hash::Hasher as _;

use aws_lc_rs::digest::{self, Context};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, Digest as Crc};
use kumoi_core::body::Watch;
use kumoi_core::{Fault, Sent};
use kumoi_model::{Operation, Trailers};
use md5::{Digest as _, Md5};
use twox_hash::{XxHash64, xxhash3_64, xxhash3_128};

use crate::errors::{bad_digest, bad_md5, entity_too_large, invalid_digest, invalid_request};
use crate::tables::{Algorithm, Checksum};

/// The largest body of one request, in bytes.
const MAX_BODY: u64 = 5 << 30;

impl Algorithm {
    /// Every algorithm.
    pub(crate) const ALL: [Self; 10] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
        Self::Md5,
        Self::XxHash64,
        Self::XxHash3,
        Self::XxHash128,
    ];

    /// Its name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
            Self::Md5 => "MD5",
            Self::XxHash64 => "XXHASH64",
            Self::XxHash3 => "XXHASH3",
            Self::XxHash128 => "XXHASH128",
        }
    }

    /// Bytes of a checksum.
    fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme | Self::XxHash64 | Self::XxHash3 => 8,
            Self::Md5 | Self::XxHash128 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// Whether an upload must have announced it for its parts to have it: so it is with those that S3 learned in 2026.
    pub(crate) fn must_be_announced(self) -> bool {
        !self.is_linear() && !matches!(self, Self::Sha1 | Self::Sha256)
    }

    /// Whether the checksum of a whole follows from those of its parts, which is so with CRCs alone.
    pub(crate) fn is_linear(self) -> bool {
        matches!(self, Self::Crc32 | Self::Crc32c | Self::Crc64Nvme)
    }

    fn of_name(name: &str) -> Option<Self> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// The header that carries it, in lower case.
    fn header(self) -> String {
        format!("x-amz-checksum-{}", self.name().to_ascii_lowercase())
    }

    fn start(self) -> Running {
        match self {
            Self::Crc32 => Running::Crc32(Crc::new(CrcAlgorithm::Crc32IsoHdlc)),
            Self::Crc32c => Running::Crc32(Crc::new(CrcAlgorithm::Crc32Iscsi)),
            Self::Crc64Nvme => Running::Crc64(Crc::new(CrcAlgorithm::Crc64Nvme)),
            Self::Sha1 => Running::Sha(Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY)),
            Self::Sha256 => Running::Sha(Context::new(&digest::SHA256)),
            Self::Sha512 => Running::Sha(Context::new(&digest::SHA512)),
            Self::Md5 => Running::Md5,
            Self::XxHash64 => Running::XxHash64(XxHash64::with_seed(0)),
            Self::XxHash3 => Running::XxHash3(Box::default()),
            Self::XxHash128 => Running::XxHash128(Box::default()),
        }
    }
}

/// A checksum that is being computed.
enum Running {
    Crc32(Crc),
    Crc64(Crc),
    Sha(Context),
    /// Computed beside, as of every body.
    Md5,
    XxHash64(XxHash64),
    XxHash3(Box<xxhash3_64::Hasher>),
    XxHash128(Box<xxhash3_128::Hasher>),
}

impl Running {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc32(crc) | Self::Crc64(crc) => crc.update(bytes),
            Self::Sha(context) => context.update(bytes),
            Self::Md5 => {}
            Self::XxHash64(hasher) => hasher.write(bytes),
            Self::XxHash3(hasher) => hasher.write(bytes),
            Self::XxHash128(hasher) => hasher.write(bytes),
        }
    }

    /// In base64, numbers with the highest byte first; `md5` is that of the same bytes.
    fn finish(self, md5: [u8; 16]) -> String {
        match self {
            // The value stands in the lower half.
            Self::Crc32(crc) => STANDARD.encode((crc.finalize() as u32).to_be_bytes()),
            Self::Crc64(crc) => STANDARD.encode(crc.finalize().to_be_bytes()),
            Self::Sha(context) => STANDARD.encode(context.finish()),
            Self::Md5 => STANDARD.encode(md5),
            Self::XxHash64(hasher) => STANDARD.encode(hasher.finish().to_be_bytes()),
            Self::XxHash3(hasher) => STANDARD.encode(hasher.finish().to_be_bytes()),
            Self::XxHash128(hasher) => STANDARD.encode(hasher.finish_128().to_be_bytes()),
        }
    }
}

/// The checksum of all bytes from those of two parts of them, the second of `length` bytes; `None` for algorithms that cannot do that.
pub(crate) fn combined(one: &Checksum, other: &Checksum, length: u64) -> Option<Checksum> {
    let algorithm = one.algorithm;
    let crc = match algorithm {
        Algorithm::Crc32 => CrcAlgorithm::Crc32IsoHdlc,
        Algorithm::Crc32c => CrcAlgorithm::Crc32Iscsi,
        Algorithm::Crc64Nvme => CrcAlgorithm::Crc64Nvme,
        _ => return None,
    };
    let number = |checksum: &Checksum| {
        let bytes = STANDARD.decode(&checksum.value).ok()?;
        Some(bytes.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte)))
    };
    let sum = crc_fast::checksum_combine(crc, number(one)?, number(other)?, length);
    let value = match algorithm {
        Algorithm::Crc64Nvme => STANDARD.encode(sum.to_be_bytes()),
        _ => STANDARD.encode((sum as u32).to_be_bytes()),
    };
    Some(Checksum { algorithm, value })
}

/// The checksum of the checksums of parts.
pub(crate) fn composite<'a>(algorithm: Algorithm, parts: impl ExactSizeIterator<Item = &'a Checksum>) -> Checksum {
    let count = parts.len();
    let sums: Vec<u8> = parts.flat_map(|part| STANDARD.decode(&part.value).unwrap_or_default()).collect();
    let mut running = algorithm.start();
    running.update(&sums);
    Checksum { algorithm, value: format!("{}-{count}", running.finish(Md5::digest(&sums).into())) }
}

/// The entity tag of an object of parts with these tags.
pub(crate) fn tag_of_parts<'a>(tags: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = tags.len();
    let mut md5 = Md5::new();
    tags.for_each(|tag| md5.update(hex::decode(tag).unwrap_or_default()));
    format!("{}-{count}", hex::encode(md5.finalize()))
}

/// What a client says of a body.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    md5: Option<Vec<u8>>,
    checksum: Option<Checksum>,
    /// Of the checksum that may follow the body, or is wanted.
    pub(crate) algorithm: Option<Algorithm>,
}

impl Claims {
    /// The algorithm that the client uses.
    pub(crate) fn given(&self) -> Option<Algorithm> {
        self.checksum.as_ref().map(|checksum| checksum.algorithm).or(self.algorithm)
    }

    /// Reads the headers before the body: `Content-MD5`, the algorithm that is announced, and the checksums.
    pub(crate) fn read(
        md5: Option<&str>,
        announced: Option<&str>,
        checksums: [(Algorithm, Option<&str>); Algorithm::ALL.len()],
    ) -> Result<Self, Fault> {
        let md5 =
            md5.map(|md5| STANDARD.decode(md5).ok().filter(|digest| digest.len() == 16).ok_or_else(invalid_digest));
        let mut given = checksums.into_iter().filter_map(|(algorithm, value)| Some((algorithm, value?)));
        let (first, second) = (given.next(), given.next());
        if second.is_some() {
            return Err(invalid_request(
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
            ));
        }
        let checksum = first.map(|(algorithm, value)| checked(algorithm, value)).transpose()?;
        let algorithm = announced.map(|name| {
            Algorithm::of_name(name).ok_or_else(|| {
                invalid_request(format!(
                    "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [{}]",
                    Algorithm::ALL.map(Algorithm::name).join(", ")
                ))
            })
        });
        Ok(Self { md5: md5.transpose()?, checksum, algorithm: algorithm.transpose()? })
    }
}

/// Checks the digests of a document, which some operations must have (User Guide, "Checking object integrity in Amazon S3").
pub(crate) fn check_document(operation: &Operation, sent: Sent<'_>) -> Result<(), Fault> {
    let takes = operation.checksum_required || operation.checksum_member.is_some();
    let Some(document) = sent.document.filter(|_| takes) else { return Ok(()) };
    let md5 = (sent.header)("content-md5");
    let checksums = Algorithm::ALL.map(|algorithm| (algorithm, (sent.header)(&algorithm.header())));
    if md5.is_none() && checksums.iter().all(|(_, value)| value.is_none()) {
        // An access control list can be named in a header, without a document.
        return if operation.checksum_required && !document.is_empty() { Err(missing_digest()) } else { Ok(()) };
    }
    let claims = Claims::read(md5, (sent.header)("x-amz-sdk-checksum-algorithm"), checksums)?;
    let mut digesting = Digesting::new(claims, None, None);
    digesting.see(document)?;
    digesting.end(Md5::digest(document).into()).map(drop)
}

fn missing_digest() -> Fault {
    invalid_request("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
}

/// A checksum that has the form of one.
fn checked(algorithm: Algorithm, value: &str) -> Result<Checksum, Fault> {
    let valid = STANDARD.decode(value).is_ok_and(|bytes| bytes.len() == algorithm.length());
    match valid {
        true => Ok(Checksum { algorithm, value: value.to_owned() }),
        false => Err(invalid_request(format!("Value for {} header is invalid.", algorithm.header()))),
    }
}

/// What became of a body.
#[derive(Debug)]
pub(crate) struct Digests {
    /// In hexadecimal digits.
    pub(crate) md5: String,
    /// That is kept with the bytes.
    pub(crate) checksum: Checksum,
    /// That the client uses, where it is another.
    pub(crate) other: Option<Checksum>,
    /// Whether the client said what it should be.
    pub(crate) given: bool,
}

/// Computes and compares.
pub(crate) struct Digesting {
    claims: Claims,
    trailers: Option<Trailers>,
    kept: (Algorithm, Running),
    other: Option<(Algorithm, Running)>,
    size: u64,
}

impl Digesting {
    /// Computes the checksum that the client uses, and, where that is to be another, the one that is `kept`.
    pub(crate) fn new(claims: Claims, trailers: Option<Trailers>, kept: Option<Algorithm>) -> Self {
        let given = claims.given();
        let kept = kept.or(given).unwrap_or(Algorithm::Crc64Nvme);
        let start = |algorithm: Algorithm| (algorithm, algorithm.start());
        let other = given.filter(|given| *given != kept).map(start);
        Self { claims, trailers, kept: start(kept), other, size: 0 }
    }
}

impl Watch for Digesting {
    type Seen = Digests;

    fn see(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.size += bytes.len() as u64;
        if self.size > MAX_BODY {
            return Err(entity_too_large());
        }
        self.kept.1.update(bytes);
        if let Some((_, other)) = &mut self.other {
            other.update(bytes);
        }
        Ok(())
    }

    fn end(self, md5: [u8; 16]) -> Result<Digests, Fault> {
        if self.claims.md5.is_some_and(|claimed| claimed != md5) {
            return Err(bad_md5());
        }
        let finish = |(algorithm, running): (Algorithm, Running)| Checksum { algorithm, value: running.finish(md5) };
        let (kept, other) = (finish(self.kept), self.other.map(finish));
        let used = other.as_ref().unwrap_or(&kept);
        let claimed = match self.claims.checksum {
            Some(checksum) => Some(checksum),
            None => trailing(self.trailers.and_then(|trailers| trailers.get()).unwrap_or_default())?,
        };
        let given = claimed.is_some();
        if let Some(claimed) = claimed {
            if claimed.algorithm != used.algorithm {
                return Err(invalid_request(
                    "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
                ));
            }
            if claimed.value != used.value {
                return Err(bad_digest(used.algorithm.name()));
            }
        }
        Ok(Digests { md5: hex::encode(md5), checksum: kept, other, given })
    }
}

/// The checksum among the headers behind a body.
fn trailing(headers: Vec<(String, String)>) -> Result<Option<Checksum>, Fault> {
    let checksum = headers.into_iter().find_map(|(name, value)| {
        let algorithm = Algorithm::ALL.into_iter().find(|algorithm| algorithm.header() == name)?;
        Some((algorithm, value))
    });
    checksum.map(|(algorithm, value)| checked(algorithm, value.trim())).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the algorithms for `123456789`.
    const KNOWN: [(Algorithm, &str); 10] = [
        (Algorithm::Crc32, "y/Q5Jg=="),
        (Algorithm::Crc32c, "4waSgw=="),
        (Algorithm::Crc64Nvme, "rosUhgp5mIg="),
        (Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
        (Algorithm::Sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
        (Algorithm::Sha512, "2eZ2LdHI6vbWGzxhkvxAjU1tXxF20MKRabwk5xw/J0rSf81YEbMT1oH35V7ALXPUmclUVba1u1A6z1dPuo/+hQ=="),
        (Algorithm::Md5, "JfnnlDI7RTiF9RgfG2JNCw=="),
        (Algorithm::XxHash64, "jLhB20DmroM="),
        (Algorithm::XxHash3, "ctyxi2ehff8="),
        (Algorithm::XxHash128, "MxGUd+3l3NXpcWQnaB1YYA=="),
    ];

    fn digest(claims: Claims, trailers: &[(&str, &str)]) -> Result<Digests, Fault> {
        let behind = Trailers::default();
        behind.set(trailers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
        let mut digesting = Digesting::new(claims, Some(behind), None);
        digesting.see(b"12345")?;
        digesting.see(b"6789")?;
        digesting.end(Md5::digest(b"123456789").into())
    }

    fn none() -> [(Algorithm, Option<&'static str>); Algorithm::ALL.len()] {
        Algorithm::ALL.map(|algorithm| (algorithm, None))
    }

    #[test]
    fn every_algorithm_is_verified() {
        for (algorithm, value) in KNOWN {
            let header = |value: &'static str| {
                let given = Algorithm::ALL.map(|each| (each, (each == algorithm).then_some(value)));
                Claims::read(None, None, given)
            };
            let digests = digest(header(value).unwrap(), &[]).unwrap();
            assert_eq!((digests.checksum.algorithm, digests.checksum.value.as_str()), (algorithm, value));
            assert_eq!(digests.md5, "25f9e794323b453885f5181f1b624d0b");
            let other: &'static str = Box::leak(flipped(value).into_boxed_str());
            assert_eq!(digest(header(other).unwrap(), &[]).unwrap_err().code(), "BadDigest");
            assert_eq!(header("AAA=").unwrap_err().code(), "InvalidRequest");
            let announced = || Claims::read(None, Some(algorithm.name()), none()).unwrap();
            let name = algorithm.header();
            assert!(digest(announced(), &[(&name, value)]).is_ok());
            assert_eq!(digest(announced(), &[(&name, other)]).unwrap_err().code(), "BadDigest");
        }
    }

    #[test]
    fn stored_names_stay() {
        let names = Algorithm::ALL.map(|algorithm| serde_json::to_string(&algorithm).unwrap());
        let quoted = ["3", "c", "n", "1", "2", "5", "m", "x6", "x3", "x1"].map(|name| format!("\"{name}\""));
        assert_eq!(names, quoted);
    }

    #[test]
    fn of_the_whole_are_crcs_alone() {
        let one = |algorithm: Algorithm, value: &str| Checksum { algorithm, value: value.to_owned() };
        for (algorithm, value) in KNOWN {
            let sum = one(algorithm, value);
            assert_eq!(combined(&sum, &sum, 9).is_some(), algorithm.is_linear());
            let made = composite(algorithm, [&sum, &sum].into_iter());
            assert_eq!((made.type_name(), made.value.ends_with("-2")), ("COMPOSITE", true));
        }
    }

    fn flipped(value: &str) -> String {
        let mut bytes = STANDARD.decode(value).unwrap();
        bytes[0] ^= 1;
        STANDARD.encode(bytes)
    }

    #[test]
    fn the_md5_is_verified_when_it_is_given() {
        let claims = |md5: &str| Claims::read(Some(md5), None, none());
        assert!(digest(claims("JfnnlDI7RTiF9RgfG2JNCw==").unwrap(), &[]).is_ok());
        assert_eq!(digest(claims("AAAAAAAAAAAAAAAAAAAAAA==").unwrap(), &[]).unwrap_err().code(), "BadDigest");
        assert_eq!(claims("short").unwrap_err().code(), "InvalidDigest");
    }

    #[test]
    fn one_checksum_is_enough() {
        let both = Algorithm::ALL.map(|algorithm| (algorithm, Some("AAAAAA==")));
        assert_eq!(Claims::read(None, None, both).unwrap_err().code(), "InvalidRequest");
        assert_eq!(Claims::read(None, Some("CRC16"), none()).unwrap_err().code(), "InvalidRequest");
        let plain = digest(Claims::default(), &[]).unwrap();
        assert_eq!(plain.checksum.algorithm, Algorithm::Crc64Nvme);
    }
}
