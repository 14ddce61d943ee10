//! The AWS SDK for Rust against the real binary: S3 with the integrity that it has by default, and DynamoDB.
//!
//! `KUMOI_BIN` names the binary. The SDK is built without TLS, which costs more than all its other crates and is tested with other clients.
#![cfg(test)]

mod dynamodb;
mod s3;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The real binary; it ends with the test.
struct Server {
    child: Child,
    endpoint: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start() -> Self {
        let binary = std::env::var_os("KUMOI_BIN").expect("KUMOI_BIN names the binary under test");
        let mut child =
            Command::new(binary).args(["start", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut endpoint = None;
        for line in lines.by_ref().take_while(|line| line != "Ready.") {
            let address = line.split_whitespace().find(|word| word.starts_with("http://"));
            endpoint = endpoint.or_else(|| address.map(|address| address.trim_end_matches(['/', ',']).to_owned()));
        }
        // Whatever else it prints must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, endpoint: endpoint.unwrap() }
    }
}
