//! What is not a rate: start, memory, size, fork, first use.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use crate::load;
use kumoi_tests::Failure;
use kumoi_tests::http::Connection;
use kumoi_tests::process::{Server, kumoi_command};
use kumoi_tests::requests;

/// One figure and the bound that it must keep.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: String,
    /// How much it came to.
    pub(crate) value: f64,
    /// In which unit.
    pub(crate) unit: &'static str,
    /// The most that it may be, where there is a bound.
    pub(crate) limit: Option<f64>,
}

pub(crate) fn figure(name: &str, value: f64, unit: &'static str, limit: Option<f64>) -> Figure {
    Figure { name: name.to_owned(), value, unit, limit }
}

/// Starts that are measured.
const STARTS: usize = 20;

/// Connections that fill the world that is forked.
const FILLERS: usize = 32;

/// Measures all of them. `messages` is how many the forked world holds; 0 leaves it out.
pub(crate) async fn measure(binary: &Path, messages: usize) -> Result<Vec<Figure>, Failure> {
    eprintln!("start, memory, size …");
    let mut starts = (0..STARTS).map(|_| first_answer(binary)).collect::<Result<Vec<_>, _>>()?;
    starts.sort_unstable();
    let milliseconds = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
    let mut figures = vec![
        figure("first answer after exec, best", milliseconds(starts.first()), "ms", None),
        figure("first answer after exec, median", milliseconds(starts.get(STARTS / 2)), "ms", Some(10.0)),
    ];
    let server = Server::kumoi(binary)?;
    // Idle is after the work of starting; nothing is known to wait for.
    tokio::time::sleep(Duration::from_secs(1)).await;
    figures.push(figure("idle memory", server.resident() as f64 / 1024.0, "MiB", Some(15.0)));
    figures.push(figure("binary", std::fs::metadata(binary)?.len() as f64 / 1_048_576.0, "MiB", Some(30.0)));
    figures.extend(first_use(binary)?);
    if messages > 0 {
        eprintln!("fork of a world with {messages} messages …");
        let (time, memory) = fork(&server, messages).await?;
        figures.push(figure(&format!("fork of {messages} messages"), time.as_secs_f64() * 1e3, "ms", Some(1.0)));
        figures.push(figure(&format!("memory with {messages} messages"), memory as f64 / 1024.0, "MiB", None));
    }
    Ok(figures)
}

/// From exec to the last byte of the first answer, a `GetCallerIdentity`.
fn first_answer(binary: &Path) -> Result<Duration, Failure> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let template = requests::get_caller_identity(&address.to_string())?;
    let mut request =
        format!("POST / HTTP/1.1\r\ncontent-length: {}\r\nconnection: close\r\n", template.body.len()).into_bytes();
    for (name, value) in &template.headers {
        request.extend_from_slice(name.as_str().as_bytes());
        request.extend_from_slice(b": ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(&template.body);
    let mut command = kumoi_command(binary, &address.to_string());
    command.stdout(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn()?;
    let answered = ask(address, &request, start);
    child.kill()?;
    child.wait()?;
    answered
}

fn ask(address: std::net::SocketAddr, request: &[u8], start: Instant) -> Result<Duration, Failure> {
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(_) if start.elapsed() < Duration::from_secs(10) => std::thread::sleep(Duration::from_micros(100)),
            Err(error) => return Err(error.into()),
        }
    };
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let elapsed = start.elapsed();
    if answer.starts_with(b"HTTP/1.1 200") { Ok(elapsed) } else { Err(String::from_utf8_lossy(&answer).into()) }
}

/// The first use of models, as the binary itself measures it.
fn first_use(binary: &Path) -> Result<Vec<Figure>, Failure> {
    let output = Command::new(binary).args(["doctor", "--models", "--json"]).stderr(Stdio::null()).output()?;
    let document: Value = serde_json::from_slice(&output.stdout)?;
    let models = document.get("models").and_then(Value::as_array).ok_or("'kumoi doctor --models' named no models")?;
    let milliseconds = |model: &Value| model.get("micros").and_then(Value::as_f64).unwrap_or(0.0) / 1e3;
    let of = |id: &str| {
        models.iter().find(|model| model.get("id").and_then(Value::as_str) == Some(id)).map_or(0.0, milliseconds)
    };
    let longest = models.iter().map(milliseconds).fold(0.0, f64::max);
    Ok(vec![
        figure("first use of a model, longest", longest, "ms", Some(10.0)),
        figure("first use of EC2's model", of("ec2"), "ms", Some(10.0)),
    ])
}

/// The shortest of several forks of a full world, as a client sees it, and the memory that the server then has, in KiB.
async fn fork(server: &Server, messages: usize) -> Result<(Duration, u64), Failure> {
    let queue = requests::fresh_queue(&server.authority).await?;
    let batch = requests::send_batch(&server.authority, &queue, 64)?;
    load::times(server, &batch, FILLERS, messages.div_ceil(10)).await?;
    let mut connection = Connection::open(&server.authority).await?;
    let mut best = Duration::MAX;
    for number in 0..5 {
        let start = Instant::now();
        connection.admin(&server.authority, &format!("/_kumoi/worlds/fork-{number}"), &json!({})).await?;
        best = best.min(start.elapsed());
    }
    Ok((best, server.resident()))
}
