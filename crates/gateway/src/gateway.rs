//! What all connections share.

use std::sync::atomic::{AtomicBool, Ordering};

use kumoi_core::clock::Stopwatch;
use kumoi_core::ids::{Ids, random_seed};
use tokio_util::sync::CancellationToken;

use crate::ServerConfig;
use crate::compat::init::InitScripts;
use crate::services::Services;
use crate::tls::Tls;

/// What all connections share.
pub(crate) struct Gateway {
    pub(crate) config: ServerConfig,
    pub(crate) services: Services,
    pub(crate) tls: Tls,
    pub(crate) init: InitScripts,
    /// Cancelled once a client has asked the server to end.
    pub(crate) ending: CancellationToken,
    /// Cancelled once the server stops accepting; streams without an end of their own end then.
    pub(crate) stopping: CancellationToken,
    /// A name for this run of the server.
    pub(crate) session: String,
    /// Since when it runs.
    pub(crate) started: Stopwatch,
    restart: AtomicBool,
    ids: Ids,
}

impl Gateway {
    pub(crate) fn new(config: ServerConfig) -> Self {
        let seed = config.kernel.settings().seed.unwrap_or_else(random_seed);
        let ids = Ids::new(seed, "requests", 0);
        Self {
            services: Services::new(),
            tls: Tls::new(config.ca_dir.clone(), config.tls_file.clone()),
            init: InitScripts::new(&config.compat),
            ending: CancellationToken::new(),
            stopping: CancellationToken::new(),
            session: ids.uuid(),
            started: Stopwatch::start(),
            restart: AtomicBool::new(false),
            ids,
            config,
        }
    }

    /// A new request id. It is no part of any world: a request has one before its world is known.
    pub(crate) fn request_id(&self) -> String {
        self.ids.uuid()
    }

    /// Asks the server to end, and its owner to start it again or not.
    pub(crate) fn end(&self, restart: bool) {
        self.restart.store(restart, Ordering::Relaxed);
        self.ending.cancel();
    }

    /// Whether the server ends to be started again.
    pub(crate) fn restarts(&self) -> bool {
        self.restart.load(Ordering::Relaxed)
    }
}
