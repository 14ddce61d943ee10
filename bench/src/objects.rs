//! Objects of S3: the requests that are measured, listings of a large bucket, and what a small object costs in memory.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;

use crate::figures::{Figure, figure};
use crate::load;
use kumoi_tests::Failure;
use kumoi_tests::http::{Connection, Template};
use kumoi_tests::process::Server;
use kumoi_tests::s3;

const BUCKET: &str = "bench";

/// Connections that fill the bucket.
const FILLERS: usize = 32;

/// Bytes of each object of the bucket that is listed.
const SMALL: usize = 100;

/// Objects after which memory is looked at.
const COUNTED: usize = 200_000;

/// Objects that begin alike.
const ALIKE: usize = 1000;

/// Listings that are measured.
const LISTINGS: usize = 50;

/// Empties kumoi and makes a bucket.
async fn fresh_bucket(server: &Server) -> Result<Connection, Failure> {
    let mut connection = Connection::open(&server.authority).await?;
    connection.admin(&server.authority, "/_kumoi/reset", &json!({})).await?;
    s3::create_bucket(&mut connection, &server.authority, BUCKET).await?;
    Ok(connection)
}

/// Stores an object of that many bytes; how to get it. Its key is its size, which is how the bare server knows what to send.
pub(crate) async fn stored(server: &Server, size: usize) -> Result<Template, Failure> {
    let mut connection = fresh_bucket(server).await?;
    let target = format!("/{BUCKET}/{size}");
    connection.repeat(&s3::put(&server.authority, &target, Bytes::from(vec![b'm'; size]))?).await?;
    s3::get(&server.authority, &target)
}

/// Requests that put an object of that many bytes, each a key of its own.
pub(crate) async fn puts(
    server: &Server,
    size: usize,
    count: usize,
    put: impl Fn(&str, &str, Bytes) -> Result<Template, Failure>,
) -> Result<Vec<Template>, Failure> {
    fresh_bucket(server).await?;
    let body = Bytes::from(vec![b'm'; size]);
    (0..count).map(|number| put(&server.authority, &format!("/{BUCKET}/{number}"), body.clone())).collect()
}

/// Measures listings of a bucket with so many objects, and their memory; 0 leaves it out.
pub(crate) async fn measure(binary: &Path, objects: usize) -> Result<Vec<Figure>, Failure> {
    if objects == 0 {
        return Ok(Vec::new());
    }
    eprintln!("a bucket with {objects} objects …");
    let server = Server::kumoi(binary)?;
    let mut connection = fresh_bucket(&server).await?;
    let authority = server.authority.clone();
    let put = move |target: &str| s3::put(&authority, target, Bytes::from(vec![b'm'; SMALL]));
    let one = put(&format!("/{BUCKET}/a"))?;
    // What a server keeps of its latest requests, and the room that it needs for those under way, is no object's.
    load::times(&server, &one, FILLERS, 20_000).await?;
    let before = server.resident();
    let fill = move |number: usize| put(&format!("/{BUCKET}/prefix-{:06}/key-{number:09}", number / ALIKE));
    let counted = objects.min(COUNTED);
    load::each(&server, 0..counted, FILLERS, fill.clone()).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let each = (server.resident().saturating_sub(before) * 1024) as f64 / counted as f64;
    load::each(&server, counted..objects, FILLERS, fill).await?;

    let mut figures = vec![figure("memory of a small object, beyond it", each - SMALL as f64, "B", Some(1024.0))];
    for (name, query) in [
        ("listing 1000 common prefixes", "list-type=2&delimiter=%2F".to_owned()),
        (
            "listing 1000 keys, delimiter",
            format!("list-type=2&delimiter=%2F&prefix=prefix-{:06}%2F", objects / ALIKE / 2),
        ),
    ] {
        let template = s3::get(&server.authority, &format!("/{BUCKET}?{query}"))?;
        let mut times = Vec::new();
        for _ in 0..LISTINGS {
            let start = Instant::now();
            connection.drain(&template).await?;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        let median = times.get(LISTINGS / 2).map_or(0.0, Duration::as_secs_f64);
        figures.push(figure(&format!("{name}, median"), median * 1e3, "ms", Some(10.0)));
    }
    figures.push(figure(&format!("memory with {objects} objects"), server.resident() as f64 / 1024.0, "MiB", None));
    Ok(figures)
}
