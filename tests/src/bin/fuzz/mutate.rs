//! Small damage to documents.

use kumoi_tests::random::Random;

/// Inputs do not grow beyond this, in bytes.
const LONGEST: usize = 1 << 16;

/// What decoders of all kinds stumble over.
const TOKENS: [&[u8]; 40] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b":",
    b",",
    b"null",
    b"true",
    b"-0",
    b"1e999",
    b"-9223372036854775809",
    b"NaN",
    b"<",
    b"/>",
    b"</a>",
    b"<![CDATA[",
    b"<!--",
    b"&amp;",
    b"&#x110000;",
    b"<!DOCTYPE a [",
    b"xmlns=\"\"",
    b"%",
    b"%zz",
    b"%00",
    b"&",
    b"=",
    b".1",
    b".999999999",
    b".entry.1.key",
    b"\r\n",
    b"0\r\n\r\n",
    b";chunk-signature=",
    b"ffffffffffffffff",
    b"\xff",
    b"\xed\xa0\x80",
    b"\x9f\x9f\x9f",
    b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
];

/// Damages a document in up to six places; one in ten stays as it is.
pub(crate) fn mutate(mut document: Vec<u8>, random: &mut Random) -> Vec<u8> {
    if random.below(10) == 0 {
        return document;
    }
    for _ in 0..=random.below(6) {
        let at = random.below(document.len() + 1);
        let end = (at + random.below(16)).min(document.len());
        match random.below(8) {
            0 => document.truncate(at),
            1 => drop(document.drain(at..end)),
            2 => insert(&mut document, at, TOKENS.get(random.below(TOKENS.len())).copied().unwrap_or_default(), 1),
            // Nesting, and long runs.
            3 => insert(
                &mut document,
                at,
                TOKENS.get(random.below(TOKENS.len())).copied().unwrap_or_default(),
                1 << random.below(13),
            ),
            4 => {
                let part = document.get(at..end).unwrap_or_default().to_vec();
                insert(&mut document, at, &part, 1 << random.below(8));
            }
            5 => {
                if let Some(byte) = document.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            6 => {
                if let Some(byte) = document.get_mut(at) {
                    *byte = random.number() as u8;
                }
            }
            _ => {
                let count = random.below(8);
                let bytes = random.bytes(count);
                insert(&mut document, at, &bytes, 1);
            }
        }
    }
    document.truncate(LONGEST);
    document
}

fn insert(document: &mut Vec<u8>, at: usize, part: &[u8], times: usize) {
    let times = times.min(LONGEST / part.len().max(1));
    document.splice(at..at, part.repeat(times));
}
