//! The command line against a running server: what it prints, and the exit codes that scripts rely on.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::Failure;
use crate::http::Connection;
use crate::process::{Server, binary};
use crate::requests::{call, create_queue};

/// Runs a command aimed at `endpoint`.
fn run(endpoint: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary().unwrap());
    for name in ["KUMOI_WORLD", "KUMOI_ACCOUNT", "KUMOI_REGION", "KUMOI_LISTEN"] {
        command.env_remove(name);
    }
    command.env("KUMOI_ENDPOINT", endpoint).args(arguments).output().unwrap()
}

/// Runs a command that must succeed; what it prints.
fn text(endpoint: &str, arguments: &[&str]) -> String {
    let output = run(endpoint, arguments);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {out}{err}");
    out.into_owned()
}

fn parsed(endpoint: &str, arguments: &[&str]) -> Value {
    serde_json::from_str(&text(endpoint, &[arguments, &["--json"]].concat())).unwrap()
}

fn code(endpoint: &str, arguments: &[&str]) -> Option<i32> {
    run(endpoint, arguments).status.code()
}

#[test]
fn a_session_on_the_command_line() {
    tokio::runtime::Runtime::new().unwrap().block_on(story()).unwrap();
}

async fn story() -> Result<(), Failure> {
    let server = Server::kumoi(&binary()?)?;
    let endpoint = format!("http://{}", server.authority);
    let mut connection = Connection::open(&server.authority).await?;
    create_queue(&mut connection, &server.authority, "first").await?;

    assert_eq!(parsed(&endpoint, &["status"])["health"]["status"], "ok");
    assert!(text(&endpoint, &["env", "--world", "ci"]).contains("AWS_ACCESS_KEY_ID='000000000000@ci'"));
    let requests = parsed(&endpoint, &["requests"]);
    assert_eq!(requests[0]["operation"], "CreateQueue");
    assert_eq!(requests[0]["status"], 200);

    // A fork is a copy; what is changed afterwards in one is not in the other.
    text(&endpoint, &["fork", "copy"]);
    create_queue(&mut connection, &server.authority, "second").await?;
    let differences = text(&endpoint, &["diff", "copy", "default"]);
    assert!(differences.contains(r#"+ 000000000000/us-east-1 sqs queues ["second"]"#), "{differences}");
    assert!(!differences.contains("first"), "{differences}");
    assert_eq!(code(&endpoint, &["fork", "copy"]), Some(1), "the name is taken");
    assert_eq!(code(&endpoint, &["fork", "No Name"]), Some(1));

    // Time moves as it is told to.
    let frozen = parsed(&endpoint, &["clock", "freeze"]);
    let later = parsed(&endpoint, &["clock", "advance", "14d"]);
    assert_eq!(frozen["rate"], 0.0);
    assert!(later["now"].as_str() > frozen["now"].as_str());
    assert_eq!(parsed(&endpoint, &["clock", "scale", "60"])["rate"], 60.0);
    assert_eq!(parsed(&endpoint, &["clock", "resume"])["rate"], 1.0);

    // A world survives in a file.
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("saved.kumoi").display().to_string();
    text(&endpoint, &["snapshot", "save", &file]);
    text(&endpoint, &["reset", "--all"]);
    assert_eq!(call(&mut connection, &server.authority, "ListQueues", &json!({})).await?["QueueUrls"], Value::Null);
    text(&endpoint, &["snapshot", "load", &file]);
    let queues = call(&mut connection, &server.authority, "ListQueues", &json!({})).await?;
    assert_eq!(queues["QueueUrls"].as_array().map(Vec::len), Some(2));
    std::fs::write(&file, "no snapshot")?;
    assert_eq!(code(&endpoint, &["snapshot", "load", &file]), Some(1));
    assert_eq!(code(&endpoint, &["snapshot", "load", "/nowhere/at/all"]), Some(1));

    assert_eq!(code(&endpoint, &["drop", "copy"]), Some(1), "it is gone already");
    assert_eq!(code(&endpoint, &["clock", "advance", "soon"]), Some(2));
    drop(server);
    assert_eq!(code(&endpoint, &["status"]), Some(3), "nobody answers");
    Ok(())
}

#[test]
fn what_needs_no_server() {
    let nowhere = "http://127.0.0.1:9";
    let coverage = parsed(nowhere, &["coverage"]);
    assert!(coverage["recognised"].as_u64() > Some(300), "{coverage}");
    assert!(text(nowhere, &["coverage", "sqs"]).contains("SendMessage"));
    assert_eq!(code(nowhere, &["coverage", "nothing"]), Some(1));
    assert!(text(nowhere, &["--version"]).starts_with("kumoi "));
    assert!(text(nowhere, &["help", "clock"]).contains("advance"));
    assert_eq!(code(nowhere, &["start", "--account", "12"]), Some(2));
    assert_eq!(code(nowhere, &["start", "--fsync-interval", "5"]), Some(2));
    assert_eq!(code(nowhere, &["start", "--log", "=="]), Some(2));
}
