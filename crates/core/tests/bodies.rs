//! Bodies that are streamed, with a small service that borrows the model of STS: `GetAccessKeyInfo` takes a string that tells it what to do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use kumoi_core::body::{Body, Watch};
use kumoi_core::*;
use kumoi_model::{ByteStream, Struct, Value};
use kumoi_store::*;
use parking_lot::Mutex;

/// Sizes of bodies that stay in the record, and that become a blob.
const SMALL: usize = 8 << 10;
const LARGE: usize = 100 << 10;

/// What takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

static BODIES: Table<String, Body> = Table::world("test", "bodies");

/// Adds up the bytes, and does not want to see a 13.
#[derive(Default)]
struct Sum(u64);

impl Watch for Sum {
    type Seen = u64;

    fn see(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.0 += bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        if bytes.contains(&13) { Err(Fault::new("Unlucky", 400, true, "13")) } else { Ok(()) }
    }

    fn end(self, _md5: [u8; 16]) -> Result<u64, Fault> {
        Ok(self.0)
    }
}

#[derive(Default)]
struct Keeper {
    stream: Mutex<Option<ByteStream>>,
    read: Mutex<Vec<u8>>,
    runs: AtomicU32,
}

static DESCRIPTOR: Descriptor = Descriptor {
    model: "sts",
    operations: &[OperationSpec { name: "GetAccessKeyInfo", ignored: &[] }],
    validation: ValidationStyle::Listed { code: "ValidationError" },
};

impl Service for Keeper {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn call<'a>(&'a self, cx: &'a Cx, _operation: &'a str, input: &'a Value) -> Future<'a, Reply<Value>> {
        Box::pin(async move {
            let command = input.as_struct().and_then(|members| members.get(0)).and_then(Value::as_str).unwrap();
            let (verb, name) = command.split_once("__").unwrap();
            let name = name.trim_end_matches('_').to_owned();
            let scope = Scope::world();
            let run = self.runs.fetch_add(1, Ordering::SeqCst);
            match verb {
                "put" | "fail" | "lose" => {
                    let stream = self.stream.lock().clone();
                    let received = cx.receive(stream.as_ref(), Sum::default)?;
                    assert_eq!(received.seen % 256, received.size % 256, "every byte is a 1");
                    let body = cx.keep(&received).await?;
                    cx.tx().put(&scope, &BODIES, &name, &body).await?;
                    if verb == "fail" {
                        return Err(Fault::new("Told", 400, true, "as told").into());
                    }
                    if verb == "lose" && run < 5 {
                        return Err(StoreError::Conflict.into());
                    }
                }
                "copy" => {
                    let body = cx.tx().get(&scope, &BODIES, &name).await?.unwrap();
                    cx.share(&body).await?;
                    cx.tx().put(&scope, &BODIES, &format!("{name}copy"), &body).await?;
                }
                "read" => {
                    let body = cx.tx().get(&scope, &BODIES, &name).await?.unwrap();
                    let size = if name == "small" { SMALL } else { LARGE } as u64;
                    let mut pieces = cx.read(vec![(body.clone(), 1..2), (body, 2..size)]).await?.take().unwrap();
                    let mut all = Vec::new();
                    while let Some(Ok(piece)) = pieces.next().await {
                        all.extend_from_slice(&piece);
                    }
                    *self.read.lock() = all;
                }
                _ => {
                    let body = cx.tx().get(&scope, &BODIES, &name).await?.unwrap();
                    cx.tx().delete(&scope, &BODIES, &name).await?;
                    cx.discard(&body).await?;
                }
            }
            Ok(Value::Struct(Struct::new()))
        })
    }
}

struct House {
    kernel: Arc<Kernel>,
    keeper: Arc<Keeper>,
}

impl House {
    async fn open(config: StoreConfig) -> Self {
        let keeper = Arc::new(Keeper::default());
        let registry = Registry::new(vec![keeper.clone()]);
        let store = Store::open(config).await.unwrap();
        Self { kernel: Kernel::start(store, registry, Settings::default()).await.unwrap(), keeper }
    }

    async fn ask(&self, world: &str, verb: &str, name: &str) -> Result<Value, String> {
        let mut members = Struct::new();
        // The model wants 16 characters.
        members.set(0, Value::String(format!("{verb}__{name:_<16}")));
        let (model, operation) = Kernel::operation("sts", "GetAccessKeyInfo").unwrap();
        let call = Call {
            world: self.kernel.worlds().get(&WorldId::new(world).unwrap()).unwrap(),
            scope: Scope::new("000000000000", "us-east-1"),
            principal: Arc::new(Principal::root("aws", "000000000000")),
            access_key: None,
            source_arn: None,
            request_id: "r".into(),
            endpoint: Endpoint { scheme: "http", host: Arc::from("localhost") },
            client: None,
            website: None,
            model,
            operation,
            input: Value::Struct(members),
        };
        self.kernel.dispatch(call).await.result.map_err(|fault| fault.code().to_owned())
    }

    async fn put(&self, verb: &str, name: &str, size: usize) -> Result<Value, String> {
        let pieces = vec![1_u8; size].chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect::<Vec<_>>();
        *self.keeper.stream.lock() = Some(ByteStream::new(futures_util::stream::iter(pieces), None));
        self.ask("default", verb, name).await
    }

    async fn blobs(&self) -> usize {
        self.kernel.store().blobs().all().await.unwrap().len()
    }

    /// Blobs are removed beside the requests.
    async fn has_blobs(&self, count: usize) {
        let wait = async {
            while self.blobs().await != count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap();
    }
}

#[tokio::test]
async fn bodies_come_back() {
    let house = House::open(StoreConfig::memory()).await;
    for (name, size, blobs) in [("none", 0, 0), ("small", SMALL, 0), ("large", LARGE, 1)] {
        house.put("put", name, size).await.unwrap();
        assert_eq!(house.blobs().await, blobs, "{name}");
    }
    for (name, size) in [("small", SMALL), ("large", LARGE)] {
        house.ask("default", "read", name).await.unwrap();
        assert_eq!(*house.keeper.read.lock(), vec![1; size - 1]);
    }
}

#[tokio::test]
async fn a_stream_is_read_once_however_often_the_handler_runs() {
    let house = House::open(StoreConfig::memory()).await;
    house.put("lose", "large", LARGE).await.unwrap();
    assert_eq!(house.keeper.runs.load(Ordering::SeqCst), 6);
    assert_eq!(house.blobs().await, 1);
}

#[tokio::test]
async fn what_fails_leaves_nothing_behind() {
    let house = House::open(StoreConfig::memory()).await;
    assert_eq!(house.put("fail", "large", LARGE).await.unwrap_err(), "Told");
    let unlucky = vec![Ok(Bytes::from(vec![1; LARGE])), Ok(Bytes::from_static(&[13]))];
    *house.keeper.stream.lock() = Some(ByteStream::new(futures_util::stream::iter(unlucky), None));
    assert_eq!(house.ask("default", "put", "unlucky").await.unwrap_err(), "Unlucky");
    let broken = vec![Ok(Bytes::from(vec![1; LARGE])), Err("gone".into())];
    *house.keeper.stream.lock() = Some(ByteStream::new(futures_util::stream::iter(broken), None));
    assert_eq!(house.ask("default", "put", "broken").await.unwrap_err(), "RequestTimeout");
    assert_eq!(house.blobs().await, 0);
}

#[tokio::test]
async fn a_blob_goes_when_nothing_names_it() {
    let house = House::open(StoreConfig::memory()).await;
    let (default, other) = (WorldId::new("default").unwrap(), WorldId::new("other").unwrap());
    house.put("put", "large", LARGE).await.unwrap();
    house.ask("default", "copy", "large").await.unwrap();
    house.kernel.fork(&default, &other).await.unwrap();
    house.ask("default", "drop", "large").await.unwrap();
    house.ask("default", "drop", "largecopy").await.unwrap();
    house.ask("other", "drop", "large").await.unwrap();
    house.ask("other", "read", "largecopy").await.unwrap();
    assert_eq!(house.blobs().await, 1);
    house.ask("other", "drop", "largecopy").await.unwrap();
    house.has_blobs(0).await;
}

#[tokio::test]
async fn a_blob_goes_with_its_worlds() {
    let house = House::open(StoreConfig::memory()).await;
    let (default, other) = (WorldId::new("default").unwrap(), WorldId::new("other").unwrap());
    house.put("put", "large", LARGE).await.unwrap();
    house.kernel.fork(&default, &other).await.unwrap();
    house.kernel.reset(&default).await.unwrap();
    house.ask("other", "read", "large").await.unwrap();
    house.kernel.drop_world(&other).await.unwrap();
    house.has_blobs(0).await;
}

#[tokio::test]
async fn a_saved_world_has_its_blobs() {
    let house = House::open(StoreConfig::memory()).await;
    let default = WorldId::new("default").unwrap();
    house.put("put", "large", LARGE).await.unwrap();
    let mut saved = Vec::new();
    house.kernel.save(&default, &mut saved).await.unwrap();

    let other = House::open(StoreConfig::memory()).await;
    other.kernel.load(&default, &mut saved.as_slice()).await.unwrap();
    other.ask("default", "read", "large").await.unwrap();
    assert_eq!(*other.keeper.read.lock(), vec![1; LARGE - 1]);
    other.ask("default", "drop", "large").await.unwrap();
    other.has_blobs(0).await;

    // Where the blob is there already it is not stored again, and a load that fails takes nothing away.
    let cut_off = saved.len() - 10;
    assert!(house.kernel.load(&default, &mut &saved[..cut_off]).await.is_err());
    house.ask("default", "read", "large").await.unwrap();
    house.kernel.load(&default, &mut saved.as_slice()).await.unwrap();
    house.ask("default", "read", "large").await.unwrap();
    assert_eq!(house.blobs().await, 1);
    assert!(other.kernel.load(&default, &mut &saved[..cut_off]).await.is_err());
    other.has_blobs(0).await;
}

#[tokio::test]
async fn a_start_removes_what_a_crash_left() {
    let dir = tempfile::tempdir().unwrap();
    let config = || StoreConfig::disk(dir.path(), Fsync::Always);
    let house = House::open(config()).await;
    house.put("put", "large", LARGE).await.unwrap();
    let mut orphan = house.kernel.store().blobs().write().await.unwrap();
    orphan.write(Bytes::from_static(b"orphan")).await.unwrap();
    orphan.finish().await.unwrap().keep(true);
    assert_eq!(house.blobs().await, 2);
    house.kernel.stop().await;
    drop(house);
    let house = House::open(config()).await;
    house.has_blobs(1).await;
    house.ask("default", "read", "large").await.unwrap();
    assert_eq!(house.keeper.read.lock().len(), LARGE - 1);
}
