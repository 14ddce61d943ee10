//! Known bytes, every type, every fault, random splits.

use bytes::Bytes;
use kumoi_model::Timestamp;
use proptest::prelude::*;

use super::*;

fn decode(bytes: &[u8]) -> Result<Vec<Message>, EventStreamError> {
    let mut decoder = Decoder::new();
    decoder.push(bytes);
    let mut messages = Vec::new();
    while let Some(message) = decoder.next_message()? {
        messages.push(message);
    }
    decoder.finish()?;
    Ok(messages)
}

/// Puts both checksums right, so that what lies beneath is tested.
fn mend(mut bytes: Vec<u8>) -> Vec<u8> {
    let prelude = crc32fast::hash(&bytes[..8]).to_be_bytes();
    bytes[8..12].copy_from_slice(&prelude);
    let end = bytes.len() - 4;
    let message = crc32fast::hash(&bytes[..end]).to_be_bytes();
    bytes[end..].copy_from_slice(&message);
    bytes
}

/// Vectors of the event stream specification, as AWS's SDKs test them.
#[test]
fn known_bytes() {
    for (message, hex) in [
        (Message::default(), "000000100000000005c248eb7d98c8ff"),
        (Message::new(&b"{'foo':'bar'}"[..]), "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936"),
        (
            Message::new(&b"{'foo':'bar'}"[..]).with_string("content-type", "application/json"),
            "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a276\
             26172277d8d9c08b1",
        ),
    ] {
        let bytes = hex::decode(hex).unwrap();
        assert_eq!(hex::encode(message.to_bytes().unwrap()), hex);
        assert_eq!(decode(&bytes), Ok(vec![message]));
    }
}

fn all_types() -> Message {
    Message::new(&b"payload"[..])
        .with("true", HeaderValue::Bool(true))
        .with("false", HeaderValue::Bool(false))
        .with("byte", HeaderValue::Byte(-1))
        .with("short", HeaderValue::Short(-300))
        .with("integer", HeaderValue::Integer(-70_000))
        .with("long", HeaderValue::Long(i64::MIN))
        .with("bytes", HeaderValue::Bytes(Bytes::from_static(b"\0\xff")))
        .with_string("string", "雲居")
        .with("timestamp", HeaderValue::Timestamp(Timestamp::from_millis(-1)))
        .with("uuid", HeaderValue::Uuid([7; 16]))
}

#[test]
fn every_type_goes_both_ways() {
    assert_eq!(decode(&all_types().to_bytes().unwrap()), Ok(vec![all_types()]));
    assert_eq!(all_types().string("string"), Some("雲居"));
    assert_eq!(all_types().string("byte"), None);
}

#[test]
fn every_bit_counts() {
    let bytes = all_types().to_bytes().unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(&changed).is_err(), "bit {bit}");
    }
}

#[test]
fn lengths_that_lie_are_refused_from_the_prelude() {
    for (total, headers, error) in [
        (0_u32, 0_u32, EventStreamError::InvalidLength),
        (15, 0, EventStreamError::InvalidLength),
        (16, 1, EventStreamError::InvalidLength),
        (u32::MAX, 0, EventStreamError::PayloadTooLong),
        (u32::MAX, u32::MAX, EventStreamError::HeadersTooLong),
        (16 + 131_073, 131_073, EventStreamError::HeadersTooLong),
        (16 + 25_165_825, 0, EventStreamError::PayloadTooLong),
    ] {
        let mut prelude = [total.to_be_bytes(), headers.to_be_bytes()].concat();
        prelude.extend_from_slice(&crc32fast::hash(&prelude).to_be_bytes());
        assert_eq!(decode(&prelude), Err(error), "{total} {headers}");
    }
    let bytes = all_types().to_bytes().unwrap();
    assert_eq!(decode(&bytes[..bytes.len() - 1]), Err(EventStreamError::Incomplete));
}

#[test]
fn malformed_headers_are_refused() {
    for header in [
        &b"\x00\x00"[..],
        b"\x01",
        b"\x01a",
        b"\x01a\x0a",
        b"\x01a\x04\0\0",
        b"\x01a\x07\0\x02b",
        b"\x01a\x07\0\x01\xff",
        b"\x05a\x00",
    ] {
        let mut bytes = Message::new(header.to_vec()).to_bytes().unwrap().to_vec();
        bytes[7] = u8::try_from(header.len()).unwrap();
        assert_eq!(decode(&mend(bytes)), Err(EventStreamError::InvalidHeader), "{header:?}");
    }
    let mut bytes = Message::new(&b"\x01a\x00\x01a\x00"[..]).to_bytes().unwrap().to_vec();
    bytes[7] = 6;
    assert_eq!(decode(&mend(bytes)), Err(EventStreamError::DuplicateHeader));
}

#[test]
fn what_does_not_fit_is_not_encoded() {
    let encode = |message: Message| message.to_bytes().unwrap_err();
    assert_eq!(encode(Message::default().with_string("", "")), EventStreamError::InvalidHeader);
    assert_eq!(encode(Message::default().with_string("n".repeat(256), "")), EventStreamError::HeaderTooLong);
    assert_eq!(encode(Message::default().with_string("n", "v".repeat(32_768))), EventStreamError::HeaderTooLong);
    assert_eq!(
        encode(Message::default().with_string("n", "v").with_string("n", "v")),
        EventStreamError::DuplicateHeader
    );
    assert_eq!(encode(Message::new(vec![0; MAX_PAYLOAD + 1])), EventStreamError::PayloadTooLong);
    let many =
        (0..5).fold(Message::default(), |message, number| message.with_string(number.to_string(), "v".repeat(32_767)));
    assert_eq!(encode(many), EventStreamError::HeadersTooLong);
}

proptest! {
    #[test]
    fn random_splits_decode_alike(
        pieces in prop::collection::vec(1_usize..60, 0..30),
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..5),
    ) {
        let mut bytes = Vec::new();
        let message = |payload: Vec<u8>| Message { payload: payload.into(), ..all_types() };
        let messages: Vec<Message> = payloads.into_iter().map(message).collect();
        for message in &messages {
            message.encode(&mut bytes).unwrap();
        }
        let (mut decoder, mut rest, mut read) = (Decoder::new(), bytes.as_slice(), Vec::new());
        for size in pieces.into_iter().chain([usize::MAX]) {
            let (piece, behind) = rest.split_at(size.min(rest.len()));
            rest = behind;
            decoder.push(piece);
            while let Some(message) = decoder.next_message().unwrap() {
                read.push(message);
            }
        }
        prop_assert_eq!(decoder.finish(), Ok(()));
        prop_assert_eq!(read, messages);
    }

    #[test]
    fn random_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), headers in 0_u8..40) {
        let _ = decode(&bytes);
        // Mended, most of them reach the headers.
        if bytes.len() >= 16 {
            let total = u32::try_from(bytes.len()).unwrap().to_be_bytes();
            bytes[..4].copy_from_slice(&total);
            bytes[4..8].copy_from_slice(&[0, 0, 0, headers]);
            let _ = decode(&mend(bytes));
        }
    }
}

/// The events of `SelectObjectContent`, as the API Reference's "Appendix: SelectObjectContent Response" shows them.
#[test]
fn events_of_a_model() {
    use kumoi_model::{Catalog, Protocol, Struct, Value};

    let service = Catalog::get().load("s3").unwrap();
    let operation = service.operation("SelectObjectContent").unwrap();
    let output = service.structure(operation.output.unwrap()).unwrap();
    let stream = service.structure(output.members[0].shape).unwrap();
    let structure = |member, value| {
        let mut members = Struct::new();
        members.set(member, value);
        Value::Struct(members)
    };
    let encode = |name: &str, members: Value| {
        let (index, _) = stream.member(name).unwrap();
        encode_event(service, Protocol::RestXml, operation, &structure(index, members)).unwrap()
    };
    let records = encode("Records", structure(0, Value::Blob(Bytes::from_static(b"a,b"))));
    assert_eq!(&records.payload[..], b"a,b");
    assert_eq!(records.string(":event-type"), Some("Records"));
    assert_eq!(records.string(":content-type"), Some("application/octet-stream"));
    assert_eq!(records.string(":message-type"), Some("event"));
    let stats = encode("Stats", structure(0, structure(0, Value::Int(512))));
    assert!(stats.payload.ends_with(b"<Stats><BytesScanned>512</BytesScanned></Stats>"));
    assert_eq!(stats.string(":content-type"), Some("text/xml"));
    let end = encode("End", Value::Struct(Struct::new()));
    assert_eq!((end.payload.len(), end.headers.len()), (0, 2));
    assert!(encode_event(service, Protocol::RestXml, operation, &Value::Struct(Struct::new())).is_err());
    let error = decode(&encode_error_message("CastFailed", "text").unwrap()).unwrap();
    assert_eq!(error[0].string(":message-type"), Some("error"));
    assert_eq!(error[0].string(":error-code"), Some("CastFailed"));
}
