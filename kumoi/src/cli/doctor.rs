//! `kumoi doctor`: what may keep AWS tools from working with kumoi.

use std::net::TcpListener;
use std::time::Duration;

use clap::Args;
use kumoi_core::clock::Stopwatch;
use kumoi_model::Catalog;
use serde_json::{Value, json};

use super::output::{member, table};
use super::{Connection, Failure, aws};

/// What to look at.
#[derive(Args, Debug)]
pub(crate) struct DoctorArguments {
    /// Measure the first use of every service's model instead
    #[arg(long)]
    models: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Longest first use of a model that is in order.
const MODEL_LIMIT: Duration = Duration::from_millis(10);

/// Looks, and fails when something is wrong.
pub(crate) async fn run(arguments: &DoctorArguments) -> Result<(), Failure> {
    if arguments.models {
        return models(arguments);
    }
    let findings = [server(&arguments.connection).await, tools(), endpoint(&arguments.connection), profile(), proxy()];
    let wrong = findings.iter().filter(|finding| finding.state == State::Wrong).count();
    let document = json!({ "findings": findings.iter().map(Finding::json).collect::<Vec<_>>(), "wrong": wrong });
    arguments.connection.output().show(&document, |_| {
        findings.iter().map(|finding| format!("{:<5} {}\n", finding.state.word(), finding.text)).collect()
    })?;
    if wrong == 0 { Ok(()) } else { Err(Failure::other(format!("{wrong} of {} checks failed", findings.len()))) }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fine,
    Note,
    Wrong,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Note => "note",
            Self::Wrong => "wrong",
        }
    }
}

#[derive(Debug)]
struct Finding {
    what: &'static str,
    state: State,
    text: String,
}

impl Finding {
    fn json(&self) -> Value {
        json!({ "what": self.what, "state": self.state.word(), "text": self.text })
    }
}

fn finding(what: &'static str, state: State, text: impl Into<String>) -> Finding {
    Finding { what, state, text: text.into() }
}

/// A kumoi answers; or else the port is free for one.
async fn server(connection: &Connection) -> Finding {
    let answer = match connection.client() {
        Ok(client) => client.get("/_kumoi/health").await.map(|health| (client.endpoint(), health)),
        Err(failure) => Err(failure),
    };
    match answer {
        Ok((endpoint, health)) => {
            finding("server", State::Fine, format!("kumoi {} answers at {endpoint}", member(&health, "version")))
        }
        Err(Failure::Unreachable(_)) => {
            let authority = connection.endpoint.split("://").last().unwrap_or_default().trim_end_matches('/');
            match TcpListener::bind(authority) {
                Ok(_) => finding("server", State::Note, format!("no kumoi runs; {authority} is free for one")),
                Err(error) => {
                    finding("server", State::Wrong, format!("no kumoi answers at {authority}, and none could: {error}"))
                }
            }
        }
        Err(failure) => {
            finding("server", State::Wrong, format!("something else answers at {}: {failure}", connection.endpoint))
        }
    }
}

fn tools() -> Finding {
    match aws::find("aws") {
        Some(path) => finding("aws-cli", State::Fine, format!("the AWS CLI is {}", path.display())),
        None => finding("aws-cli", State::Note, "there is no AWS CLI on the PATH; 'kumoi aws' needs one"),
    }
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn endpoint(connection: &Connection) -> Finding {
    match set("AWS_ENDPOINT_URL") {
        Some(url) if url.trim_end_matches('/') == connection.endpoint.trim_end_matches('/') => {
            finding("endpoint", State::Fine, format!("AWS_ENDPOINT_URL is {url}"))
        }
        Some(url) => {
            finding("endpoint", State::Note, format!("AWS_ENDPOINT_URL is {url}, not {}", connection.endpoint))
        }
        None => finding(
            "endpoint",
            State::Note,
            "AWS_ENDPOINT_URL is not set: AWS tools call the real AWS; 'kumoi env' helps",
        ),
    }
}

fn profile() -> Finding {
    match set("AWS_PROFILE") {
        None => finding("profile", State::Fine, "no AWS_PROFILE that could bring real credentials"),
        Some(name) => finding(
            "profile",
            State::Note,
            format!("AWS_PROFILE is {name}: its credentials and endpoints may win over 'kumoi env'"),
        ),
    }
}

/// A proxy in the environment is asked for loopback addresses, too, unless told otherwise.
fn proxy() -> Finding {
    let either = |upper: &str, lower: &str| set(upper).or_else(|| set(lower));
    let proxied = either("HTTP_PROXY", "http_proxy").is_some();
    let exempt = either("NO_PROXY", "no_proxy").unwrap_or_default();
    if !proxied {
        return finding("proxy", State::Fine, "no proxy between AWS tools and kumoi");
    }
    match ["localhost", "127.0.0.1"].into_iter().find(|host| !exempt.split(',').any(|entry| entry.trim() == *host)) {
        None => finding("proxy", State::Fine, "the proxy is not asked for localhost"),
        Some(host) => finding(
            "proxy",
            State::Wrong,
            format!("HTTP_PROXY is set and NO_PROXY lacks {host}: AWS tools would ask the proxy for it"),
        ),
    }
}

/// Loads every model once, as a first request to the service does.
fn models(arguments: &DoctorArguments) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let catalog = Catalog::get();
    let index = watch.elapsed();
    let mut times = Vec::with_capacity(catalog.services().len());
    for entry in catalog.services() {
        let watch = Stopwatch::start();
        if catalog.load(&entry.id).is_none() {
            return Err(Failure::other(format!("the model of {} is damaged", entry.id)));
        }
        times.push((entry.id.as_str(), watch.elapsed()));
    }
    times.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let list: Vec<Value> = times.iter().map(|(id, time)| json!({ "id": id, "micros": micros(*time) })).collect();
    let document = json!({ "index_micros": micros(index), "models": list });
    arguments.connection.output().show(&document, |_| {
        let mut rows = vec![vec!["MODEL".to_owned(), "FIRST USE".to_owned()]];
        rows.extend(
            times
                .iter()
                .take(10)
                .map(|(id, time)| vec![(*id).to_owned(), format!("{:.2} ms", time.as_secs_f64() * 1e3)]),
        );
        format!("{}{} models; the catalog takes {:.2} ms\n", table(&rows), times.len(), index.as_secs_f64() * 1e3)
    })?;
    match times.first() {
        Some((id, time)) if *time > MODEL_LIMIT => Err(Failure::other(format!("the first use of {id} takes {time:?}"))),
        _ => Ok(()),
    }
}
