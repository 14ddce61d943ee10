//! Items of DynamoDB: the requests that are measured, what an item costs in memory, how a table's size tells, and what the disk costs.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::figures::{Figure, figure};
use crate::load;
use kumoi_tests::Failure;
use kumoi_tests::dynamodb::{call, create_table, request};
use kumoi_tests::http::{Connection, Template};
use kumoi_tests::process::{Server, kumoi_command};

const TABLE: &str = "bench";

/// Connections that fill tables.
const FILLERS: usize = 32;

/// The most that BatchWriteItem takes.
const BATCH: usize = 25;

/// Items that a Query of the bench returns.
pub(crate) const QUERIED: usize = 100;

/// Writes of a transaction of the bench.
pub(crate) const TRANSACTED: usize = 10;

/// Items of the table that a large one is compared with.
const FEW: usize = 1000;

/// Items of a partition.
const PARTITION: usize = 100;

/// Rounds that compare two tables or two servers, and how long each takes.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(1);

/// An item of about 400 bytes.
fn item(partition: &str, sort: &str) -> Value {
    json!({
        "p": { "S": partition },
        "s": { "S": sort },
        "name": { "S": "n".repeat(40) },
        "text": { "S": "t".repeat(240) },
        "count": { "N": "1234567890.5" },
        "tags": { "SS": ["blue", "green", "red"] },
        "place": { "M": { "x": { "N": "12" }, "y": { "N": "-7" }, "known": { "BOOL": true } } },
    })
}

fn key(number: usize) -> (String, String) {
    (format!("partition-{:08}", number / PARTITION), format!("item-{:09}", number))
}

fn get(authority: &str, table: &str, number: usize) -> Result<Template, Failure> {
    let (partition, sort) = key(number);
    let input = json!({ "TableName": table, "Key": { "p": { "S": partition }, "s": { "S": sort } } });
    request(authority, "GetItem", &input)
}

fn fill(authority: &str, table: &str, numbers: std::ops::Range<usize>) -> Result<Template, Failure> {
    let put = |number| {
        let (partition, sort) = key(number);
        json!({ "PutRequest": { "Item": item(&partition, &sort) } })
    };
    let puts: Vec<Value> = numbers.map(put).collect();
    request(authority, "BatchWriteItem", &json!({ "RequestItems": { table: puts } }))
}

/// Empties kumoi and makes a table.
async fn fresh_table(server: &Server) -> Result<Connection, Failure> {
    let mut connection = Connection::open(&server.authority).await?;
    connection.admin(&server.authority, "/_kumoi/reset", &json!({})).await?;
    create_table(&mut connection, &server.authority, TABLE).await?;
    Ok(connection)
}

async fn filled(server: &Server, table: &'static str, items: std::ops::Range<usize>) -> Result<(), Failure> {
    let (authority, end) = (server.authority.clone(), items.end);
    let batches = items.start / BATCH..end.div_ceil(BATCH);
    load::each(server, batches, FILLERS, move |batch| {
        fill(&authority, table, batch * BATCH..end.min((batch + 1) * BATCH))
    })
    .await
}

/// `GetItem`, of as many items as there are connections.
pub(crate) async fn gets(server: &Server, count: usize) -> Result<Vec<Template>, Failure> {
    fresh_table(server).await?;
    filled(server, TABLE, 0..FEW).await?;
    (0..count).map(|number| get(&server.authority, TABLE, number * 7 % FEW)).collect()
}

/// `PutItem`, of as many items as there are connections.
pub(crate) async fn puts(server: &Server, count: usize) -> Result<Vec<Template>, Failure> {
    fresh_table(server).await?;
    let put = |number| {
        let (partition, sort) = key(number * PARTITION);
        request(&server.authority, "PutItem", &json!({ "TableName": TABLE, "Item": item(&partition, &sort) }))
    };
    (0..count).map(put).collect()
}

/// `Query` of a partition of [`QUERIED`] items.
pub(crate) async fn query(server: &Server) -> Result<Template, Failure> {
    fresh_table(server).await?;
    filled(server, TABLE, 0..FEW).await?;
    let input = json!({
        "TableName": TABLE,
        "KeyConditionExpression": "p = :p",
        "ExpressionAttributeValues": { ":p": { "S": key(0).0 } },
        "Limit": QUERIED,
    });
    request(&server.authority, "Query", &input)
}

/// `TransactWriteItems` of [`TRANSACTED`] puts, each transaction items of its own.
pub(crate) async fn transactions(server: &Server, count: usize) -> Result<Vec<Template>, Failure> {
    fresh_table(server).await?;
    let transaction = |number: usize| {
        let put = |one| {
            let (partition, sort) = key((number * TRANSACTED + one) * PARTITION);
            json!({ "Put": { "TableName": TABLE, "Item": item(&partition, &sort) } })
        };
        let puts: Vec<Value> = (0..TRANSACTED).map(put).collect();
        request(&server.authority, "TransactWriteItems", &json!({ "TransactItems": puts }))
    };
    (0..count).map(transaction).collect()
}

/// Measures a table with so many items; 0 leaves it out.
pub(crate) async fn measure(binary: &Path, items: usize) -> Result<Vec<Figure>, Failure> {
    if items == 0 {
        return Ok(Vec::new());
    }
    eprintln!("a table with {items} items …");
    let server = Server::kumoi(binary)?;
    let mut connection = fresh_table(&server).await?;
    const SMALL: &str = "small";
    create_table(&mut connection, &server.authority, SMALL).await?;
    // What a server keeps of its latest requests, and the room that it needs for those under way, is no item's.
    load::times(&server, &fill(&server.authority, SMALL, 0..BATCH)?, FILLERS, 5_000).await?;
    filled(&server, SMALL, 0..FEW).await?;
    let before = server.resident();
    filled(&server, TABLE, 0..items).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let each = (server.resident().saturating_sub(before) * 1024) as f64 / items as f64;
    let told = call(&mut connection, &server.authority, "DescribeTable", &json!({ "TableName": TABLE })).await?;
    let size = told.pointer("/Table/TableSizeBytes").and_then(Value::as_f64).unwrap_or(0.0) / items as f64;
    let in_large = times(&mut connection, &server.authority, TABLE, items).await?;
    let in_small = times(&mut connection, &server.authority, SMALL, FEW).await?;
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let large = format!("GetItem of {items} items, median");
    let mut figures = vec![
        figure("size of an item", size, "B", None),
        figure("memory of an item", each, "B", Some(2.0 * size + 200.0)),
        figure("GetItem of 1000 items, median", micros(in_small), "µs", None),
        figure(&large, micros(in_large), "µs", Some(2.0 * micros(in_small))),
    ];
    drop(server);
    figures.push(disk(binary).await?);
    Ok(figures)
}

/// The median of many reads, each of another item.
async fn times(connection: &mut Connection, authority: &str, table: &str, items: usize) -> Result<Duration, Failure> {
    const READS: usize = 2000;
    let mut times = Vec::with_capacity(READS);
    for read in 0..READS {
        let template = get(authority, table, read.wrapping_mul(7_919_317) % items)?;
        let start = Instant::now();
        connection.drain(&template).await?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(READS / 2).copied().unwrap_or_default())
}

/// `PutItem` a second on disk, with `--fsync interval`, by that in memory; the least that it may be is 0.6.
async fn disk(binary: &Path) -> Result<Figure, Failure> {
    eprintln!("PutItem on disk and in memory …");
    let directory = std::env::temp_dir().join(format!("kumoi-bench-{}", std::process::id()));
    let mut command = kumoi_command(binary, "127.0.0.1:0");
    command.arg("--data").arg(&directory).args(["--fsync", "interval"]).stderr(Stdio::null());
    let (memory, disk) = (Server::kumoi(binary)?, Server::start(command)?);
    let mut rates = [0.0, 0.0];
    for round in 0..=ROUNDS {
        for (server, rate) in [&memory, &disk].into_iter().zip(&mut rates) {
            let puts = puts(server, FILLERS).await?;
            let done = load::repeat(server, &puts, FILLERS, ROUND).await?;
            // The first round of each only warms up.
            if round > 0 {
                *rate += done.count as f64 / done.elapsed.as_secs_f64().max(1e-9);
            }
        }
    }
    drop(disk);
    // What is left of it is no concern of the measurement.
    let _ = std::fs::remove_dir_all(&directory);
    let [memory, disk] = rates;
    Ok(figure("memory by disk, PutItem a second", memory / disk.max(1e-9), "", Some(1.0 / 0.6)))
}
