//! The worked examples of the S3 documentation, every fault, and random splits.

use bytes::Bytes;
use kumoi_model::{ByteStream, StreamError};
use proptest::prelude::*;

use super::*;
use crate::sigv4::{Algorithm, Location, Scope, SignedRequest, SigningKey, parse_amz_date};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/// Signatures of the documentation's two examples: the request, the three chunks, the trailer.
const PLAIN: [&str; 4] = [
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
];
const WITH_TRAILER: [&str; 4] = [
    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
];
const TRAILER: &str = "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730\
                       629a2e4a59689829ca17fe2e435\r\n";

fn signed(algorithm: Algorithm, seed: &str) -> SignedRequest<'static> {
    SignedRequest {
        location: Location::Header,
        algorithm,
        access_key: "AKIAIOSFODNN7EXAMPLE".into(),
        scope: Scope {
            date: "20130524".into(),
            region: (algorithm == Algorithm::Hmac).then(|| "us-east-1".into()),
            service: "s3".into(),
            terminator: "aws4_request".into(),
        },
        signed_headers: "host".into(),
        signature: seed.to_owned().into(),
        timestamp: parse_amz_date("20130524T000000Z").unwrap(),
        expires: None,
        session_token: None,
        region_set: None,
    }
}

fn verifier(seed: &str) -> ChunkVerifier {
    let signed = signed(Algorithm::Hmac, seed);
    ChunkVerifier::new(&signed, SigningKey::for_request(&signed, SECRET).unwrap())
}

fn config(marker: PayloadMarker, decoded_length: u64, trailers: &[&str], verifier: Option<ChunkVerifier>) -> Config {
    Config { marker, decoded_length, trailers: trailers.iter().map(|name| (*name).to_owned()).collect(), verifier }
}

/// The documentation's body: 65 KiB of the letter a, in chunks of 64 KiB and 1 KiB.
fn documented(signatures: &[&str; 4], end: &str) -> String {
    let [_, first, second, last] = signatures;
    format!(
        "10000;chunk-signature={first}\r\n{}\r\n400;chunk-signature={second}\r\n{}\r\n0;\
         chunk-signature={last}\r\n{end}",
        "a".repeat(65536),
        "a".repeat(1024)
    )
}

type Decoded = Result<(Vec<u8>, Vec<(String, String)>), ChunkError>;

/// Decodes a body that arrives in pieces of those sizes, and then whole.
fn decode_in(config: Config, body: &[u8], pieces: &[usize]) -> Decoded {
    let mut decoder = Decoder::new(config);
    let (mut rest, mut payload) = (Bytes::copy_from_slice(body), Vec::new());
    for size in pieces.iter().copied().chain([usize::MAX]) {
        let mut piece = rest.split_to(size.min(rest.len()));
        while let Some(bytes) = decoder.next_piece(&mut piece)? {
            payload.extend_from_slice(&bytes);
        }
    }
    Ok((payload, decoder.finish()?))
}

fn decode_all(config: Config, body: &str) -> Decoded {
    decode_in(config, body.as_bytes(), &[])
}

#[test]
fn the_documented_upload() {
    let body = documented(&PLAIN, "\r\n");
    assert_eq!(body.len(), 66_824, "the documented Content-Length");
    let config = || config(PayloadMarker::StreamingHmac, 66_560, &[], Some(verifier(PLAIN[0])));
    let (payload, trailers) = decode_all(config(), &body).unwrap();
    assert_eq!((payload, trailers), (vec![b'a'; 66_560], vec![]));

    let mismatch = |body: String| matches!(decode_all(config(), &body), Err(ChunkError::SignatureMismatch { .. }));
    assert!(mismatch(body.replacen("aa", "ba", 1)), "data of a chunk");
    for signature in &PLAIN[1..] {
        assert!(mismatch(body.replace(signature, PLAIN[0])), "signature {signature}");
    }
    assert_eq!(
        decode_all(config(), &body.replace(&format!(";chunk-signature={}", PLAIN[2]), "")),
        Err(ChunkError::MissingSignature)
    );
}

#[test]
fn the_documented_upload_with_trailer() {
    let config = || {
        config(PayloadMarker::StreamingHmacTrailer, 66_560, &["x-amz-checksum-crc32c"], Some(verifier(WITH_TRAILER[0])))
    };
    let expected = (vec![b'a'; 66_560], vec![("x-amz-checksum-crc32c".to_owned(), "sOO8/Q==".to_owned())]);
    // With and without the line ends that clients differ in.
    for end in [
        TRAILER.to_owned(),
        format!("{TRAILER}\r\n"),
        format!("\r\n{TRAILER}"),
        format!("\r\n{TRAILER}\r\n\r\n"),
        TRAILER.trim_end().to_owned(),
    ] {
        assert_eq!(decode_all(config(), &documented(&WITH_TRAILER, &end)), Ok(expected.clone()), "{end:?}");
    }
    let refused = |end: String| decode_all(config(), &documented(&WITH_TRAILER, &end)).unwrap_err();
    assert!(matches!(refused(TRAILER.replace("sOO8", "sOO9")), ChunkError::SignatureMismatch { .. }));
    assert!(matches!(refused(TRAILER.replace("d81f", "d81e")), ChunkError::SignatureMismatch { .. }));
    assert_eq!(refused("x-amz-checksum-crc32c:sOO8/Q==\r\n\r\n".into()), ChunkError::MissingSignature);
    assert_eq!(refused("\r\n".into()), ChunkError::MalformedTrailer);
    assert_eq!(refused(format!("x-amz-checksum-sha1:AAAA\r\n{TRAILER}")), ChunkError::MalformedTrailer);
    assert_eq!(refused(format!("no colon\r\n{TRAILER}")), ChunkError::MalformedTrailer);
}

#[test]
fn sigv4a_chunks_are_verified() {
    let seed = "30".repeat(70);
    let signed = signed(Algorithm::Ecdsa, &seed);
    let key = SigningKey::for_request(&signed, SECRET).unwrap();
    // A second verifier makes the strings to sign, as a client would.
    let mut chain = ChunkVerifier::new(&signed, key.clone());
    let mut next = |string: String| {
        let signature = format!("{:*<144}", key.sign(string.as_bytes()).unwrap());
        chain.check(string, &signature).unwrap();
        (signature, chain.chunk_string(&hex_of("")), chain.trailer_string("x-amz-checksum-crc32:AAAA\n"))
    };
    let (data, empty, _) = next(ChunkVerifier::new(&signed, key.clone()).chunk_string(&hex_of("hello")));
    let (last, _, trailer) = next(empty);
    let (trailer, _, _) = next(trailer);
    let body = format!(
        "5;chunk-signature={data}\r\nhello\r\n0;\
         chunk-signature={last}\r\nx-amz-checksum-crc32:AAAA\r\nx-amz-trailer-signature:{trailer}\r\n\r\n"
    );
    let config = || {
        config(
            PayloadMarker::StreamingEcdsaTrailer,
            5,
            &["x-amz-checksum-crc32"],
            Some(ChunkVerifier::new(&signed, key.clone())),
        )
    };
    assert_eq!(decode_all(config(), &body).unwrap().0, b"hello");
    assert!(matches!(decode_all(config(), &body.replace("hello", "hullo")), Err(ChunkError::SignatureMismatch { .. })));
    assert!(matches!(decode_all(config(), &body.replace("AAAA", "AAAB")), Err(ChunkError::SignatureMismatch { .. })));
}

fn hex_of(text: &str) -> String {
    crate::sigv4::hex_sha256(text.as_bytes())
}

#[test]
fn unsigned_chunks_and_their_faults() {
    let big = "b".repeat(8192);
    let good = format!("2000\r\n{big}\r\n3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n");
    let decode = |body: &str, length| {
        decode_all(config(PayloadMarker::StreamingUnsignedTrailer, length, &["x-amz-checksum-crc32"], None), body)
    };
    assert_eq!(decode(&good, 8195).unwrap().0.len(), 8195);
    for (body, error) in [
        (good.replace("\r\n3\r\n", "\r\n+3\r\n"), ChunkError::MalformedChunk),
        (good.replace("\r\n3\r\n", "\r\n\r\n"), ChunkError::MalformedChunk),
        (good.replace("\r\n3\r\n", "\r\nffffffffffffffffff\r\n"), ChunkError::MalformedChunk),
        (good.replace("\r\n3\r\n", "\r\nffffffffffffffff\r\n"), ChunkError::WrongLength),
        (good.replace("abc", "abcd"), ChunkError::MalformedChunk),
        (good.replace("3\r\nabc", "4\r\nabcd"), ChunkError::WrongLength),
        (good.replace("3\r\nabc", "2\r\nab"), ChunkError::WrongLength),
        (good.replace("3\r\nabc", "2\r\nab\r\n1\r\nc"), ChunkError::ChunkTooSmall { chunk: 2, size: 2 }),
        (format!("{good}more"), ChunkError::TrailingData),
        (good.replace("0\r\nx-amz", &format!("0{}\r\nx-amz", " ".repeat(MAX_CHUNK_LINE))), ChunkError::LineTooLong),
        (good.replace("AAAA", &"A".repeat(MAX_TRAILER_BYTES)), ChunkError::LineTooLong),
        (
            good.replace("x-amz-checksum-crc32:AAAA", "x-amz-checksum-crc32:AAAA\r\nx-amz-checksum-crc32:AAAA"),
            ChunkError::MalformedTrailer,
        ),
        (good.chars().take(good.len() / 2).collect(), ChunkError::Incomplete),
        (String::new(), ChunkError::Incomplete),
    ] {
        assert_eq!(decode(&body, 8195), Err(error), "{}", body.trim_start_matches('b'));
    }
    // A variant without a trailer does not take one.
    let plain = config(PayloadMarker::StreamingHmac, 0, &[], None);
    assert_eq!(decode_all(plain, "0;chunk-signature=00\r\na:b\r\n\r\n"), Err(ChunkError::MalformedTrailer));
}

#[test]
fn the_length_must_be_said() {
    let mut headers = HeaderMap::new();
    for value in [None, Some(""), Some("-1"), Some("1e3"), Some("99999999999999999999999")] {
        headers.clear();
        if let Some(value) = value {
            headers.insert("x-amz-decoded-content-length", value.parse().unwrap());
        }
        let config = Config::from_headers(&headers, PayloadMarker::StreamingHmac, None);
        assert_eq!(config.unwrap_err(), ChunkError::MissingDecodedLength, "{value:?}");
    }
    headers.insert("x-amz-decoded-content-length", "12".parse().unwrap());
    headers.insert("x-amz-trailer", "X-Amz-Checksum-CRC32, b,b".parse().unwrap());
    let config = Config::from_headers(&headers, PayloadMarker::StreamingUnsignedTrailer, None).unwrap();
    assert_eq!((config.decoded_length, config.trailers), (12, vec!["b".to_owned(), "x-amz-checksum-crc32".to_owned()]));
}

/// Takes a stream that is never pending to its end.
fn drain(stream: &ByteStream) -> Result<Vec<u8>, StreamError> {
    let (mut chunks, mut out) = (stream.take().unwrap(), Vec::new());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    while let std::task::Poll::Ready(Some(chunk)) = futures_util::Stream::poll_next(chunks.as_mut(), &mut cx) {
        out.extend_from_slice(&chunk?);
    }
    Ok(out)
}

#[test]
fn between_two_streams() {
    let pieces = |body: &str| {
        let pieces: Vec<_> = body.as_bytes().chunks(7).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        ByteStream::new(futures_util::stream::iter(pieces), None)
    };
    let decoder = || Decoder::new(config(PayloadMarker::StreamingUnsignedTrailer, 11, &["x-amz-checksum-crc32"], None));
    let body = "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n";
    let stream = decode(&pieces(body), decoder(), 11);
    let trailers = stream.trailers().clone();
    assert_eq!(stream.length(), Some(11));
    assert_eq!(trailers.get(), None);
    assert_eq!(drain(&stream).unwrap(), b"hello world");
    assert_eq!(trailers.get(), Some(vec![("x-amz-checksum-crc32".to_owned(), "AAAA".to_owned())]));

    let stream = decode(&pieces(body.split_at(10).0), decoder(), 11);
    let trailers = stream.trailers().clone();
    assert_eq!(drain(&stream).unwrap_err().downcast_ref(), Some(&ChunkError::Incomplete));
    assert_eq!(trailers.get(), None);
    let taken = ByteStream::from_bytes(Bytes::new());
    taken.take();
    assert!(drain(&decode(&taken, decoder(), 11)).is_err());
}

proptest! {
    #[test]
    fn random_splits_decode_alike(pieces in prop::collection::vec(0_usize..5000, 0..40)) {
        let names = ["x-amz-checksum-crc32c"];
        let config = config(PayloadMarker::StreamingHmacTrailer, 66_560, &names, Some(verifier(WITH_TRAILER[0])));
        let (payload, trailers) = decode_in(config, documented(&WITH_TRAILER, TRAILER).as_bytes(), &pieces).unwrap();
        prop_assert_eq!(payload.len(), 66_560);
        prop_assert_eq!(trailers.len(), 1);
    }

    #[test]
    fn random_bytes_never_panic(
        body in prop::collection::vec(any::<u8>(), 0..300),
        text in "(0|[0-9a-f]{1,2}|;chunk-signature=00|\r\n|a:b|[ -~]){0,60}",
        pieces in prop::collection::vec(0_usize..20, 0..20),
    ) {
        for body in [body.as_slice(), text.as_bytes()] {
            use PayloadMarker::{StreamingHmac, StreamingHmacTrailer, StreamingUnsignedTrailer};
            for marker in [StreamingHmac, StreamingHmacTrailer, StreamingUnsignedTrailer] {
                for verifier in [|| None, || Some(verifier("00"))] {
                    let split = decode_in(config(marker, 9, &["a"], verifier()), body, &pieces);
                    let whole = decode_in(config(marker, 9, &["a"], verifier()), body, &[]);
                    prop_assert_eq!(split, whole);
                }
            }
        }
    }
}
