//! The server as the program sees it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::ServerConfig;
use crate::compat::init::Stage;
use crate::gateway::Gateway;
use crate::lanes::Lanes;
use crate::listener;

/// Why a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was told to stop.
    Stop,
    /// A client asked for a restart (`POST /_localstack/health`): the owner should start anew.
    Restart,
}

/// A server that listens and has not begun to answer yet.
pub struct Server {
    gateway: Arc<Gateway>,
    lanes: Arc<Lanes>,
    listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
}

impl Server {
    /// Binds every address of the configuration.
    ///
    /// # Errors
    /// An address that cannot be bound, which the message names; no threads to serve with.
    pub async fn bind(config: ServerConfig) -> io::Result<Self> {
        let mut listeners = Vec::with_capacity(config.listen.len());
        let mut addresses = Vec::with_capacity(config.listen.len());
        for address in &config.listen {
            let explain =
                |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"));
            let listener = TcpListener::bind(address).await.map_err(explain)?;
            addresses.push(listener.local_addr().map_err(explain)?);
            listeners.push(listener);
        }
        let lanes = Arc::new(Lanes::open()?);
        Ok(Self { gateway: Arc::new(Gateway::new(config)), lanes, listeners, addresses })
    }

    /// The first address that it listens on, with the port that a 0 turned into.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.addresses.first().copied()
    }

    /// All addresses that it listens on.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Answers until `shutdown` resolves, or a client asks for an end. Then nothing more is accepted, requests under way have
    /// [`Limits::grace`](crate::Limits::grace) to finish, and the kernel is stopped.
    ///
    /// `ready` is called when requests are answered and the init scripts have run. Connections that come before the scripts of the
    /// stage `boot` are done wait for them.
    pub async fn run(self, shutdown: impl Future<Output = ()>, ready: impl FnOnce()) -> Ending {
        let endpoint = self.endpoint();
        let Self { gateway, lanes, listeners, .. } = self;
        let config = &gateway.config;
        let places = Arc::new(Semaphore::new(places_of(config)));
        let mut accepting = JoinSet::new();
        let serving = async {
            gateway.init.run(Stage::Boot, endpoint.as_deref(), config).await;
            for listener in listeners {
                let (gateway, stopping) = (gateway.clone(), gateway.stopping.clone());
                accepting.spawn(listener::accept(gateway, listener, lanes.clone(), places.clone(), stopping));
            }
            gateway.init.run(Stage::Start, endpoint.as_deref(), config).await;
            gateway.init.run(Stage::Ready, endpoint.as_deref(), config).await;
            ready();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = serving => {}
            () = shutdown => {}
            () = gateway.ending.cancelled() => {}
        }
        let scripts = gateway.init.run(Stage::Shutdown, endpoint.as_deref(), config);
        if tokio::time::timeout(config.limits.grace, scripts).await.is_err() {
            tracing::warn!("an init script of the stage shutdown did not finish in time");
        }
        gateway.stopping.cancel();
        config.kernel.end_waiting();
        while accepting.join_next().await.is_some() {}
        // Every connection holds a place.
        let all = u32::try_from(places_of(config)).unwrap_or(u32::MAX);
        if tokio::time::timeout(config.limits.grace, places.acquire_many(all)).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
        config.kernel.stop().await;
        if gateway.restarts() { Ending::Restart } else { Ending::Stop }
    }

    /// Where scripts reach the server: loopback, when it listens on every address.
    fn endpoint(&self) -> Option<String> {
        let mut address = self.local_addr()?;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        Some(format!("http://{address}"))
    }
}

/// How many connections are served at a time; as many as the semaphore can count at once.
fn places_of(config: &ServerConfig) -> usize {
    config.limits.connections.clamp(1, (u32::MAX as usize).min(Semaphore::MAX_PERMITS))
}
