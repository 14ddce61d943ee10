//! A closed loop: so many connections, each with one request under way at a time.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde_json::json;

use kumoi_tests::Failure;
use kumoi_tests::http::{Connection, Template};
use kumoi_tests::process::Server;
use kumoi_tests::requests;

/// What a round came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Round {
    /// Requests, or pairs of them, that were answered.
    pub(crate) count: usize,
    /// How long that took.
    pub(crate) elapsed: Duration,
    /// How long each took, in microseconds.
    pub(crate) latencies: Vec<u32>,
    /// Processor time of the server.
    pub(crate) cpu: Duration,
}

/// Repeats requests for a while: each connection one of these.
pub(crate) async fn repeat(
    server: &Server,
    templates: &[Template],
    connections: usize,
    time: Duration,
) -> Result<Round, Failure> {
    let (templates, next): (Arc<[_]>, _) = (templates.into(), AtomicUsize::new(0));
    run(server, connections, move |mut connection| {
        let (templates, mine) = (templates.clone(), next.fetch_add(1, Ordering::Relaxed));
        async move {
            let template = templates.get(mine % templates.len().max(1)).ok_or("no request to repeat")?;
            let (end, mut latencies) = (Instant::now() + time, Vec::new());
            loop {
                let start = Instant::now();
                if start >= end {
                    return Ok(latencies);
                }
                connection.drain(template).await?;
                latencies.push(micros(start));
            }
        }
    })
    .await
}

/// Sends a request so many times in all.
pub(crate) async fn times(
    server: &Server,
    template: &Template,
    connections: usize,
    times: usize,
) -> Result<Round, Failure> {
    let (template, left) = (Arc::new(template.clone()), Arc::new(AtomicUsize::new(times)));
    run(server, connections, move |mut connection| {
        let (template, left) = (template.clone(), left.clone());
        async move {
            let mut latencies = Vec::new();
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                let start = Instant::now();
                connection.repeat(&template).await?;
                latencies.push(micros(start));
            }
            Ok(latencies)
        }
    })
    .await
}

/// Sends the requests of these numbers, each once.
pub(crate) async fn each(
    server: &Server,
    numbers: Range<usize>,
    connections: usize,
    request: impl Fn(usize) -> Result<Template, Failure> + Send + Sync + 'static,
) -> Result<(), Failure> {
    let bar = Arc::new(ProgressBar::new(numbers.len() as u64));
    let (end, next, request) = (numbers.end, Arc::new(AtomicUsize::new(numbers.start)), Arc::new(request));
    let shown = bar.clone();
    run(server, connections, move |mut connection| {
        let (next, request, bar) = (next.clone(), request.clone(), bar.clone());
        async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return Ok(Vec::new());
                }
                connection.drain(&request(number)?).await?;
                bar.inc(1);
            }
        }
    })
    .await?;
    shown.finish_and_clear();
    Ok(())
}

/// Receives and deletes messages until the queue is empty.
pub(crate) async fn drain(server: &Server, queue: &str, connections: usize) -> Result<Round, Failure> {
    let authority: Arc<str> = server.authority.as_str().into();
    let receive = Arc::new(requests::receive_message(&authority, queue)?);
    let queue: Arc<str> = queue.into();
    run(server, connections, move |mut connection| {
        let (authority, queue, receive) = (authority.clone(), queue.clone(), receive.clone());
        async move {
            let mut latencies = Vec::new();
            loop {
                let start = Instant::now();
                let Some(handle) = requests::receipt_handle(&connection.repeat(&receive).await?)? else {
                    return Ok(latencies);
                };
                let input = json!({ "QueueUrl": &*queue, "ReceiptHandle": handle });
                connection.repeat(&requests::sqs(&authority, "DeleteMessage", &input)?).await?;
                latencies.push(micros(start));
            }
        }
    })
    .await
}

async fn run<F, T>(server: &Server, connections: usize, task: F) -> Result<Round, Failure>
where
    F: Fn(Connection) -> T,
    T: Future<Output = Result<Vec<u32>, Failure>> + Send + 'static,
{
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(&server.authority).await?);
    }
    let (start, cpu) = (Instant::now(), server.cpu());
    let tasks: Vec<_> = open.into_iter().map(|connection| tokio::spawn(task(connection))).collect();
    let mut round = Round::default();
    for task in tasks {
        round.latencies.extend(task.await??);
    }
    round.elapsed = start.elapsed();
    round.cpu = server.cpu().saturating_sub(cpu);
    round.count = round.latencies.len();
    Ok(round)
}

fn micros(start: Instant) -> u32 {
    u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX)
}
