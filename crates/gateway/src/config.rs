//! What the operator may choose about the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kumoi_core::Kernel;

use crate::cors::Cors;

/// The port that clients of AWS emulators expect.
pub const DEFAULT_PORT: u16 = 4566;

/// All that a [`Server`](crate::Server) needs to know.
#[derive(Clone)]
pub struct ServerConfig {
    /// Addresses to listen on; each speaks HTTP/1.1, HTTP/2 and TLS. Port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// The cloud behind the server.
    pub kernel: Arc<Kernel>,
    /// Bounds on what clients may ask of the server.
    pub limits: Limits,
    /// Which browsers may call.
    pub cors: Cors,
    /// What tools made for LocalStack see.
    pub compat: Compat,
    /// Directory that keeps the certificate authority, so that clients trust it once. `None` makes a new authority each start.
    pub ca_dir: Option<PathBuf>,
    /// A PEM file with a private key and its certificate chain, to be used for TLS instead of the server's own authority.
    pub tls_file: Option<PathBuf>,
    /// Further host names under which the server is known, besides `localhost` and `localhost.localstack.cloud`.
    pub host_names: Vec<String>,
}

impl ServerConfig {
    /// Loopback, port [`DEFAULT_PORT`], everything else as its own default says.
    pub fn new(kernel: Arc<Kernel>) -> Self {
        Self {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT))],
            kernel,
            limits: Limits::default(),
            cors: Cors::default(),
            compat: Compat::default(),
            ca_dir: None,
            tls_file: None,
            host_names: Vec::new(),
        }
    }
}

/// Bounds on what clients may ask of the server. Everything from outside has one.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most connections at a time; further ones wait to be accepted.
    pub connections: usize,
    /// From accepting a connection until its first bytes have told its protocol, and for the TLS handshake behind them.
    pub handshake: Duration,
    /// From one answer (or the start) until the whole head of the next request; so an idle connection ends after it, too. It is looked
    /// at once in this time, so that it may take up to twice as long.
    pub head: Duration,
    /// Longest silence while a body is expected. A client must also send [`Limits::body_rate`] on average.
    pub body_stall: Duration,
    /// Bytes a second that a client must send of a body on average, after [`Limits::body_stall`] of grace.
    pub body_rate: u64,
    /// Longest time that a client may refuse to take more of an answer.
    pub write_stall: Duration,
    /// Most bytes of a body that is held in memory: that of every operation that does not stream.
    pub body: u64,
    /// Most bytes of a snapshot that is uploaded.
    pub snapshot: u64,
    /// Most bytes of a request's head.
    pub head_bytes: usize,
    /// Most headers of a request. Up to 100 cost no allocation.
    pub headers: usize,
    /// Most concurrent streams of an HTTP/2 connection.
    pub streams: u32,
    /// How long a stop waits for requests under way.
    pub grace: Duration,
    /// Bounds of the decoders.
    pub decode: kumoi_wire::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(75),
            body_stall: Duration::from_secs(30),
            body_rate: 1024,
            write_stall: Duration::from_secs(60),
            body: 64 << 20,
            snapshot: 1 << 40,
            head_bytes: 128 << 10,
            headers: 100,
            streams: 256,
            grace: Duration::from_secs(10),
            decode: kumoi_wire::Limits::default(),
        }
    }
}

/// What tools made for LocalStack see.
#[derive(Clone, Debug)]
pub struct Compat {
    /// Send `x-localstack: true` (`LOCALSTACK_RESPONSE_HEADER_ENABLED`).
    pub response_header: bool,
    /// Take presigned requests to S3 as they come (`S3_SKIP_SIGNATURE_VALIDATION`).
    pub skip_presigned_signatures: bool,
    /// The version that `/_localstack/health` and `/info` tell. Testcontainers refuses anything below 0.11.
    pub version: String,
    /// Directories that hold `boot.d`, `start.d`, `ready.d` and `shutdown.d` with init scripts.
    pub init_dirs: Vec<PathBuf>,
    /// Directories whose scripts run at the stage `ready`, from before there were stages.
    pub legacy_ready_dirs: Vec<PathBuf>,
}

impl Default for Compat {
    fn default() -> Self {
        Self {
            response_header: true,
            skip_presigned_signatures: false,
            version: "4.0.0".into(),
            init_dirs: vec![PathBuf::from("/etc/localstack/init")],
            legacy_ready_dirs: vec![PathBuf::from("/docker-entrypoint-initaws.d")],
        }
    }
}
