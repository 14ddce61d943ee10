//! Requests a second, side by side.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::load::{self, Round};
use crate::{items, objects};
use kumoi_tests::Failure;
use kumoi_tests::process::Server;
use kumoi_tests::requests::{self, MESSAGE};
use kumoi_tests::s3;

/// How long and how hard.
pub(crate) struct Plan {
    /// Connections at a time.
    pub(crate) connections: usize,
    /// Rounds on each server.
    pub(crate) rounds: usize,
    /// How long a round takes.
    pub(crate) round: Duration,
    /// What the names of the workloads to run contain.
    pub(crate) only: String,
}

/// How one server did.
#[derive(Debug, Serialize)]
pub(crate) struct Side {
    /// Requests (or pairs) a second, over all rounds.
    pub(crate) per_second: f64,
    /// Median of the time that each took, in microseconds.
    pub(crate) p50_micros: u32,
    /// 99 of 100 took no longer, in microseconds.
    pub(crate) p99_micros: u32,
    /// Processor time of the server for each, in microseconds.
    pub(crate) cpu_micros: f64,
    /// Memory of the server after the last round, in KiB.
    pub(crate) resident_kib: u64,
}

/// How both did.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// What was asked.
    pub(crate) name: &'static str,
    /// kumoi.
    pub(crate) kumoi: Side,
    /// The bare server, with the same requests.
    pub(crate) bare: Side,
    /// The first by the second, requests a second.
    pub(crate) ratio: f64,
    /// What the ratio must reach.
    pub(crate) target: f64,
}

/// The workloads.
#[derive(Clone, Copy)]
enum Workload {
    Identity,
    Send,
    ReceiveAndDelete,
    Get(usize),
    Put(usize),
    PutChunked(usize),
    GetItem,
    PutItem,
    Query,
    TransactWrite,
}

/// Bytes of the bodies of objects, small and large.
const SMALL: usize = 1 << 10;
const LARGE: usize = 8 << 20;

/// Connections at a time where bodies are large: more add nothing but memory.
const FEW: usize = 8;

impl Workload {
    fn connections(self, plan: &Plan) -> usize {
        match self {
            Self::Get(LARGE) | Self::Put(LARGE) | Self::PutChunked(LARGE) => plan.connections.min(FEW),
            _ => plan.connections,
        }
    }
}

/// Measures all workloads.
pub(crate) async fn measure(binary: &Path, plan: &Plan) -> Result<Vec<Comparison>, Failure> {
    let workloads = [
        ("GetCallerIdentity", Workload::Identity, 0.65),
        ("SendMessage, 1 KiB", Workload::Send, 0.5),
        ("ReceiveMessage + DeleteMessage", Workload::ReceiveAndDelete, 0.2),
        ("GetObject, 1 KiB", Workload::Get(SMALL), 0.55),
        ("PutObject, 1 KiB", Workload::Put(SMALL), 0.4),
        ("GetObject, 8 MiB", Workload::Get(LARGE), 0.8),
        ("PutObject, 8 MiB", Workload::Put(LARGE), 0.5),
        ("PutObject, 8 MiB, aws-chunked", Workload::PutChunked(LARGE), 0.5),
        ("GetItem", Workload::GetItem, 0.55),
        ("PutItem", Workload::PutItem, 0.45),
        ("Query, 100 items", Workload::Query, 0.2),
        ("TransactWriteItems, 10 items", Workload::TransactWrite, 0.1),
    ];
    let mut all = Vec::new();
    for (name, workload, target) in workloads.into_iter().filter(|(name, ..)| name.contains(&plan.only)) {
        eprintln!("{name} …");
        let (kumoi, bare) = (Server::kumoi(binary)?, crate::bare::start()?);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let (mut prefill, connections) = (5000, workload.connections(plan));
        // The first round of each only warms up.
        for round in 0..=plan.rounds {
            let mut queue = None;
            let requests = match workload {
                Workload::Identity => vec![requests::get_caller_identity(&kumoi.authority)?],
                Workload::Send => {
                    let queue = requests::fresh_queue(&kumoi.authority).await?;
                    vec![requests::send_message(&kumoi.authority, &queue)?]
                }
                Workload::ReceiveAndDelete => {
                    let filled = queue.insert(requests::fresh_queue(&kumoi.authority).await?);
                    let batch = requests::send_batch(&kumoi.authority, filled, MESSAGE)?;
                    load::times(&kumoi, &batch, connections, prefill / 10).await?;
                    vec![requests::receive_message(&kumoi.authority, filled)?]
                }
                Workload::Get(size) => vec![objects::stored(&kumoi, size).await?],
                Workload::Put(size) => objects::puts(&kumoi, size, connections, s3::put).await?,
                Workload::PutChunked(size) => {
                    let chunked = |authority: &str, target: &str, body| s3::put_chunked(authority, target, &body);
                    objects::puts(&kumoi, size, connections, chunked).await?
                }
                Workload::GetItem => items::gets(&kumoi, connections).await?,
                Workload::PutItem => items::puts(&kumoi, connections).await?,
                Workload::Query => vec![items::query(&kumoi).await?],
                Workload::TransactWrite => items::transactions(&kumoi, connections).await?,
            };
            let theirs_now = load::repeat(&bare, &requests, connections, plan.round).await?;
            let ours_now = match &queue {
                Some(queue) => {
                    let drained = load::drain(&kumoi, queue, connections).await?;
                    let rate = drained.count as f64 / drained.elapsed.as_secs_f64().max(1e-9);
                    prefill = ((rate * plan.round.as_secs_f64()) as usize).max(1000);
                    drained
                }
                None => load::repeat(&kumoi, &requests, connections, plan.round).await?,
            };
            if round > 0 {
                ours.push(ours_now);
                theirs.push(theirs_now);
            }
        }
        let (ours, theirs) = (side(ours, &kumoi), side(theirs, &bare));
        let ratio = ours.per_second / theirs.per_second.max(1e-9);
        all.push(Comparison { name, kumoi: ours, bare: theirs, ratio, target });
    }
    Ok(all)
}

fn side(rounds: Vec<Round>, server: &Server) -> Side {
    let count: usize = rounds.iter().map(|round| round.count).sum();
    let seconds: f64 = rounds.iter().map(|round| round.elapsed.as_secs_f64()).sum();
    let cpu: f64 = rounds.iter().map(|round| round.cpu.as_secs_f64()).sum();
    let mut latencies: Vec<u32> = rounds.into_iter().flat_map(|round| round.latencies).collect();
    latencies.sort_unstable();
    let at = |share: f64| latencies.get((latencies.len() as f64 * share) as usize).copied().unwrap_or(0);
    Side {
        per_second: count as f64 / seconds.max(1e-9),
        p50_micros: at(0.5),
        p99_micros: at(0.99),
        cpu_micros: cpu * 1e6 / count.max(1) as f64,
        resident_kib: server.resident(),
    }
}
