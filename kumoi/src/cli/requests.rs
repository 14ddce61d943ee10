//! `kumoi requests`.

use clap::Args;
use http::Method;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::client::{accepted, whole};
use super::output::member;
use super::{Connection, Failure, Output};

/// Which requests to show.
#[derive(Args, Debug)]
pub(crate) struct RequestsArguments {
    /// Requests to show at most
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20)]
    limit: usize,
    /// Go on with new ones as they finish
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Longest line of the feed, in bytes.
const LONGEST_LINE: usize = 1 << 20;

/// Shows the latest requests, oldest first.
pub(crate) async fn run(arguments: &RequestsArguments) -> Result<(), Failure> {
    let client = arguments.connection.client()?;
    let output = arguments.connection.output();
    let limit = arguments.limit;
    if !arguments.follow {
        let answer = client.get(&format!("/_kumoi/requests?limit={limit}")).await?;
        let requests = answer.get("requests").unwrap_or(&Value::Null);
        return output.show(requests, |requests| {
            requests.as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join("\n")
        });
    }
    let path = format!("/_kumoi/requests?limit={limit}&follow=true");
    let mut body = accepted(client.send(Method::GET, &path, whole("")).await?).await?.into_body();
    let mut pending = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::other(format!("the server is gone: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        pending.extend_from_slice(&data);
        print_lines(output, &mut pending)?;
        if pending.len() > LONGEST_LINE {
            return Err(Failure::other("the feed holds a line that is too long; is that a kumoi?"));
        }
    }
    Ok(())
}

/// Prints the whole lines at the front of what was received, and removes them.
fn print_lines(output: Output, pending: &mut Vec<u8>) -> Result<(), Failure> {
    while let Some(end) = pending.iter().position(|&byte| byte == b'\n') {
        let line: Vec<u8> = pending.drain(..=end).collect();
        // A blank line only keeps the connection alive.
        if let Ok(request) = serde_json::from_slice::<Value>(&line) {
            output.show_line(&request, text)?;
        }
    }
    Ok(())
}

fn text(request: &Value) -> String {
    let part = |name| member(request, name);
    let milliseconds = request.get("micros").and_then(Value::as_f64).unwrap_or(0.0) / 1000.0;
    let mut text = format!(
        "{}  {}  {:<10} {:<28} {:>9.3} ms  {}/{}",
        part("id"),
        part("status"),
        part("service"),
        part("operation"),
        milliseconds,
        part("account"),
        part("region"),
    );
    if let Some(code) = request.get("code").and_then(Value::as_str) {
        text.push_str(&format!("  {code}"));
    }
    match request.get("ignored").and_then(Value::as_array) {
        Some(ignored) if !ignored.is_empty() => {
            let names: Vec<&str> = ignored.iter().filter_map(Value::as_str).collect();
            text.push_str(&format!("  not honoured: {}", names.join(", ")));
        }
        _ => {}
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reads_as_a_line() {
        let request = serde_json::json!({
            "id": "r-1", "status": 400, "service": "sqs", "operation": "SendMessage", "micros": 1250,
            "account": "000000000000", "region": "us-east-1", "code": "InvalidMessageContents", "ignored": ["A.B"],
        });
        let line = text(&request);
        for part in ["r-1  400", "sqs", "SendMessage", "1.250 ms", "InvalidMessageContents", "not honoured: A.B"] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }

    #[test]
    fn half_a_line_waits_for_the_rest() {
        let mut pending = b"\n\n{\"id\":".to_vec();
        print_lines(Output::new(true), &mut pending).unwrap();
        assert_eq!(pending, b"{\"id\":");
    }
}
