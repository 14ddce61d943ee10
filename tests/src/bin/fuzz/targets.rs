//! The decoders.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use kumoi_model::{ByteStream, Protocol, format};
use kumoi_store::{Fsync, Scope, Store, StoreConfig, Table, WorldId};
use kumoi_tests::random::Random;
use kumoi_wire::sigv4::{self, PayloadMarker, RequestParts};
use kumoi_wire::{Body, Labels, Limits, Request, Router, chunked, eventstream};

use crate::corpus::{self, Cbor, Form, Json, Query, Xml};

/// A decoder, and what to feed it with.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// A well-formed document.
    pub(crate) document: fn(&mut Random) -> Vec<u8>,
    /// Mends what would otherwise be refused at once: checksums.
    pub(crate) repair: fn(Vec<u8>, &mut Random) -> Vec<u8>,
    /// Decodes.
    pub(crate) decode: fn(&[u8]),
}

/// All of them. The first byte of a request document chooses the operation.
pub(crate) const TARGETS: [Target; 13] = [
    Target {
        name: "json",
        document: |r| request::<Json>("dynamodb", r),
        repair: as_is,
        decode: |i| decode("dynamodb", Protocol::AwsJson, i),
    },
    Target {
        name: "restjson",
        document: |r| request::<Json>("lambda", r),
        repair: as_is,
        decode: |i| decode("lambda", Protocol::RestJson, i),
    },
    Target {
        name: "query",
        document: |r| request::<Query>("cloudformation", r),
        repair: as_is,
        decode: |i| decode("cloudformation", Protocol::AwsQuery, i),
    },
    Target {
        name: "ec2",
        document: |r| request::<Query>("ec2", r),
        repair: as_is,
        decode: |i| decode("ec2", Protocol::Ec2Query, i),
    },
    Target {
        name: "xml",
        document: |r| request::<Xml>("s3control", r),
        repair: as_is,
        decode: |i| decode("s3control", Protocol::RestXml, i),
    },
    Target {
        name: "cbor",
        document: |r| request::<Cbor>("cloudwatch", r),
        repair: as_is,
        decode: |i| decode("cloudwatch", Protocol::RpcV2Cbor, i),
    },
    Target { name: "sigv4", document: signature, repair: as_is, decode: parse_signature },
    Target { name: "route", document: path, repair: as_is, decode: route },
    Target { name: "chunked", document: chunks, repair: as_is, decode: decode_chunks },
    Target { name: "eventstream", document: events, repair: mend_events, decode: decode_events },
    Target { name: "model", document: model, repair: as_is, decode: decode_model },
    Target { name: "snapshot", document: snapshot, repair: mend_snapshot, decode: load_snapshot },
    Target { name: "log", document: log, repair: mend_log, decode: recover_log },
];

fn as_is(input: Vec<u8>, _: &mut Random) -> Vec<u8> {
    input
}

/// What a form holds when it is written.
trait Written: Form + Default {
    fn bytes(self) -> Vec<u8>;
}

impl Written for Json {
    fn bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

impl Written for Xml {
    fn bytes(self) -> Vec<u8> {
        format!("<Input>{}</Input>", self.0).into_bytes()
    }
}

impl Written for Query {
    fn bytes(self) -> Vec<u8> {
        format!("Action=A&Version=1{}", self.text).into_bytes()
    }
}

impl Written for Cbor {
    fn bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Two bytes that choose the operation, then a document of its input.
fn request<F: Written>(service: &str, random: &mut Random) -> Vec<u8> {
    let Some(service) = corpus::service(service) else { return Vec::new() };
    let at = corpus::operation(service, random);
    let mut form = F::default();
    if let Some(input) = service.operations.get(at).and_then(|operation| operation.input) {
        corpus::write(&mut form, service, input, random, 0);
    }
    let mut document = u16::try_from(at).unwrap_or(0).to_le_bytes().to_vec();
    document.extend(form.bytes());
    document
}

fn decode(service: &str, protocol: Protocol, input: &[u8]) {
    let (Some(service), Some((choice, body))) = (corpus::service(service), input.split_first_chunk::<2>()) else {
        return;
    };
    let at = usize::from(u16::from_le_bytes(*choice)) % service.operations.len().max(1);
    let Some(operation) = service.operations.get(at) else { return };
    let mut labels = Labels::none();
    for label in operation.uri.split(['{', '}']).skip(1).step_by(2) {
        labels.push(label.trim_end_matches('+'), "a%2Fb");
    }
    let bytes = Bytes::copy_from_slice(body);
    let streams = kumoi_wire::streams_request(service, operation);
    let body = if streams { Body::Stream(ByteStream::from_bytes(bytes)) } else { Body::Bytes(bytes) };
    let headers = HeaderMap::new();
    let request = Request { method: &Method::POST, raw_path: "/", query: "", headers: &headers, body };
    let Ok(value) = kumoi_wire::decode(service, protocol, operation, request, &labels, &Limits::default()) else {
        return;
    };
    // What is decoded goes to the validator next.
    if let Some(shape) = operation.input {
        let _ = kumoi_model::validate::validate(service, shape, &value);
    }
}

fn signature(random: &mut Random) -> Vec<u8> {
    const SEEDS: [&str; 3] = [
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7\n\n20150830T123600Z",
        "\nX-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20150830%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00&X-Amz-Security-Token=t\n",
        "AWS4-ECDSA-P256-SHA256 Credential=A/20150830/iam/aws4_request, SignedHeaders=host;x-amz-region-set, Signature=3045\na=b\n20150830T123600Z",
    ];
    SEEDS.get(random.below(SEEDS.len())).copied().unwrap_or_default().into()
}

/// Lines: the header, the query, the date.
fn parse_signature(input: &[u8]) {
    let mut lines = input.splitn(3, |&byte| byte == b'\n');
    let mut headers = HeaderMap::new();
    let mut header = |name: &'static str, value: &[u8]| {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    let authorization = lines.next().unwrap_or_default();
    if !authorization.is_empty() {
        header("authorization", authorization);
    }
    let query = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    header("x-amz-date", lines.next().unwrap_or_default());
    header("host", b"localhost");
    let parts = RequestParts { method: "GET", raw_path: "/", raw_query: &query, headers: &headers, authority: None };
    if let Ok(presented) = sigv4::parse(&parts) {
        let _ = presented.access_key();
    }
}

fn path(random: &mut Random) -> Vec<u8> {
    let Some(service) = corpus::service("lambda") else { return Vec::new() };
    service
        .operations
        .get(corpus::operation(service, random))
        .map(|operation| operation.uri.clone().into_bytes())
        .unwrap_or_default()
}

fn route(input: &[u8]) {
    let Some(service) = corpus::service("lambda") else { return };
    let text = String::from_utf8_lossy(input);
    let (path, query) = text.split_once('?').unwrap_or((&text, ""));
    let _ = Router::new(service).route(&Method::GET, path, query, &HeaderMap::new());
}

fn chunks(_: &mut Random) -> Vec<u8> {
    b"5;chunk-signature=00\r\nhello\r\n0;chunk-signature=00\r\nx-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:00\r\n\r\n".to_vec()
}

fn decode_chunks(input: &[u8]) {
    for marker in [PayloadMarker::StreamingUnsignedTrailer, PayloadMarker::StreamingHmacTrailer] {
        let config = chunked::Config {
            marker,
            decoded_length: 5,
            trailers: vec!["x-amz-checksum-crc32".into()],
            verifier: None,
        };
        let mut decoder = chunked::Decoder::new(config);
        let whole = Bytes::copy_from_slice(input);
        // In two pieces, so that lines are torn.
        let mut rest = whole.clone();
        let mut first = rest.split_to(whole.len() / 2);
        let mut pieces = || -> Result<(), chunked::ChunkError> {
            while decoder.next_piece(&mut first)?.is_some() {}
            while decoder.next_piece(&mut rest)?.is_some() {}
            decoder.finish().map(drop)
        };
        let _ = pieces();
    }
}

fn events(random: &mut Random) -> Vec<u8> {
    let mut all = Vec::new();
    for _ in 0..=random.below(3) {
        let message =
            eventstream::Message::new("{}").with_string(":event-type", "chunk").with_string(":message-type", "event");
        let _ = message.encode(&mut all);
    }
    all
}

/// Makes the checksums true along the lengths that are there.
fn mend_events(mut input: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let mut at = 0;
    while random.below(8) > 0 {
        let Some(prelude) = input.get(at..at + 8) else { break };
        let sum = crc32fast::hash(prelude);
        let length = prelude.first_chunk::<4>().map_or(0, |length| u32::from_be_bytes(*length)) as usize;
        put(&mut input, at + 8, &sum.to_be_bytes());
        let Some(message) = length.checked_sub(4).and_then(|body| input.get(at..at + body)) else { break };
        let sum = crc32fast::hash(message);
        put(&mut input, at + length - 4, &sum.to_be_bytes());
        at += length.max(16);
    }
    input
}

fn put(input: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = input.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

fn decode_events(input: &[u8]) {
    let mut decoder = eventstream::Decoder::new();
    decoder.push(input);
    while let Ok(Some(_)) = decoder.next_message() {}
    let _ = decoder.finish();
}

fn model(_: &mut Random) -> Vec<u8> {
    corpus::service("sqs").map(format::encode).unwrap_or_default()
}

fn decode_model(input: &[u8]) {
    let _ = format::decode(input);
    let _ = format::decode_index(input);
    let _ = format::unpack(input);
}

static RECORDS: Table<String, String> = Table::world("fuzz", "records");

fn blocking<T>(work: impl Future<Output = T>) -> Option<T> {
    Some(tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?.block_on(work))
}

fn snapshot(random: &mut Random) -> Vec<u8> {
    let save = async {
        let (store, world) = (Store::open(StoreConfig::memory()).await.ok()?, WorldId::default());
        let tx = store.begin(&world).ok()?;
        for number in 0..random.below(5) {
            tx.put(&Scope::world(), &RECORDS, &format!("key-{number}"), &"value".to_owned()).await.ok()?;
        }
        store.commit(tx).await.ok()?;
        let mut out = Vec::new();
        store.save(&world, &mut out).await.ok()?;
        Some(out)
    };
    blocking(save).flatten().unwrap_or_default()
}

/// Makes the checksums of blocks true along the lengths that are there. A block is `tag` bytes, its length, its checksum, its body.
fn mend_blocks(mut input: Vec<u8>, random: &mut Random, start: usize, tag: usize) -> Vec<u8> {
    let mut at = start + tag;
    while random.below(8) > 0 {
        let Some(length) = input.get(at..at + 4).and_then(<[u8]>::first_chunk::<4>) else { break };
        let length = u32::from_le_bytes(*length) as usize;
        let Some(body) = input.get(at + 8..at + 8 + length).filter(|_| length > 0) else { break };
        let sum = crc32fast::hash(body);
        put(&mut input, at + 4, &sum.to_le_bytes());
        at += 8 + length + tag;
    }
    input
}

/// The format is described in `kumoi_store::save`.
fn mend_snapshot(input: Vec<u8>, random: &mut Random) -> Vec<u8> {
    mend_blocks(input, random, 12, 0)
}

fn load_snapshot(input: &[u8]) {
    blocking(async {
        let Ok(store) = Store::open(StoreConfig::memory()).await else { return };
        let _ = store.load(&WorldId::default(), &mut &*input).await;
    });
}

/// A data directory with some commits in its log, file by file.
static DIRECTORY: LazyLock<Vec<(String, Vec<u8>)>> =
    LazyLock::new(|| blocking(directory()).flatten().unwrap_or_default());

async fn directory() -> Option<Vec<(String, Vec<u8>)>> {
    let folder = tempfile::tempdir().ok()?;
    let (store, world) = (Store::open(StoreConfig::disk(folder.path(), Fsync::Never)).await.ok()?, WorldId::default());
    for number in 0..5 {
        let tx = store.begin(&world).ok()?;
        tx.put(&Scope::world(), &RECORDS, &format!("key-{number}"), &"value".to_owned()).await.ok()?;
        store.commit(tx).await.ok()?;
    }
    store.fork(&world, &WorldId::new("copy").ok()?).await.ok()?;
    store.flush().await.ok()?;
    // As a crash leaves it: the log is not yet folded into the base.
    let files = std::fs::read_dir(folder.path()).ok()?.filter_map(Result::ok);
    Some(
        files
            .filter_map(|file| Some((file.file_name().into_string().ok()?, std::fs::read(file.path()).ok()?)))
            .collect(),
    )
}

fn log(_: &mut Random) -> Vec<u8> {
    DIRECTORY.iter().find(|(name, _)| name.starts_with("log-")).map(|(_, bytes)| bytes.clone()).unwrap_or_default()
}

fn mend_log(mut input: Vec<u8>, random: &mut Random) -> Vec<u8> {
    if let Some(header) = input.get(..20) {
        let sum = crc32fast::hash(header);
        put(&mut input, 20, &sum.to_le_bytes());
    }
    mend_blocks(input, random, 24, 4)
}

fn recover_log(input: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    for (name, bytes) in DIRECTORY.iter().filter(|(name, _)| name != "LOCK") {
        let bytes = if name.starts_with("log-") { input } else { bytes };
        if std::fs::write(folder.path().join(name), bytes).is_err() {
            return;
        }
    }
    blocking(async {
        // A torn end is cut off, anything else refused; what is recovered can be read.
        let Ok(store) = Store::open(StoreConfig::disk(folder.path(), Fsync::Never)).await else { return };
        for world in store.worlds() {
            let _ = store.diff(&WorldId::default(), &world.id, 100).await;
        }
        store.close().await;
    });
}
