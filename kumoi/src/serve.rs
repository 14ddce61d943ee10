//! `kumoi start`: opens the store, starts the kernel and serves until it is told to stop.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use kumoi_core::{Kernel, Registry};
use kumoi_gateway::{Ending, Server, ServerConfig};
use kumoi_store::Store;
use tracing_subscriber::EnvFilter;

use crate::cli::{Failure, Options};

/// How long background work that does not notice the end may go on.
const LINGER: Duration = Duration::from_secs(2);

/// Files that may be open at once, if the system allows it: as many as all connections need that the gateway admits, several times over.
const MOST_FILES: u64 = 1 << 16;

/// Serves until a signal ends it.
///
/// # Errors
/// A filter of the log that cannot be read, a store that cannot be opened, an address that cannot be bound.
pub(crate) fn run(options: Options) -> Result<(), Failure> {
    log(&options.log)?;
    // Each connection takes a file, and each large body another. Where the system lets no more be open, kumoi gets by with what there is.
    if let Err(error) = rlimit::increase_nofile_limit(MOST_FILES) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::other)?;
    let served = runtime.block_on(async {
        while serve(options.clone()).await? == Ending::Restart {
            tracing::info!("starting again");
        }
        Ok(())
    });
    runtime.shutdown_timeout(LINGER);
    served
}

async fn serve(options: Options) -> Result<Ending, Failure> {
    let store = Store::open(options.store.clone()).await.map_err(Failure::other)?;
    let kernel = Kernel::start(store, Registry::new(crate::services::all()), options.settings.clone()).await;
    let mut config = ServerConfig::new(kernel.map_err(Failure::other)?);
    config.listen.clone_from(&options.listen);
    config.cors = options.cors.clone();
    config.compat = options.compat.clone();
    config.ca_dir = ca_dir(&options);
    config.tls_file.clone_from(&options.tls_file);
    config.host_names.clone_from(&options.host_names);
    let server = Server::bind(config).await.map_err(Failure::other)?;
    let banner = banner(&options, &server);
    Ok(server.run(stop_signal(), || announce(&banner)).await)
}

/// Starts the log, on standard error.
fn log(filter: &str) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| Failure::Usage(format!("the log filter cannot be read: {error}")))?;
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    Ok(())
}

/// Where the certificate authority is kept: with the data, else in the user's cache, so that clients trust it once.
fn ca_dir(options: &Options) -> Option<PathBuf> {
    if let Some(data) = &options.data {
        return Some(data.join("ca"));
    }
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("kumoi").join("ca"))
}

/// What a person sees once the server answers. The settings that bear on security are always among it.
fn banner(options: &Options, server: &Server) -> Vec<String> {
    let addresses = server.local_addrs();
    let mut lines: Vec<String> =
        addresses.iter().map(|address| format!("kumoi {} on http://{address}", env!("CARGO_PKG_VERSION"))).collect();
    let reach =
        if addresses.iter().all(|address| address.ip().is_loopback()) { "this machine only" } else { "the network" };
    let pages = match (options.cors.check, options.cors.origins.is_empty()) {
        (true, true) => "of this machine",
        (true, false) => "of this machine and of EXTRA_CORS_ALLOWED_ORIGINS",
        (false, _) => "all (DISABLE_CORS_CHECKS)",
    };
    let rules = if options.cors.check && options.cors.buckets {
        ", and those that the CORS rules of a bucket let in"
    } else {
        ""
    };
    let signatures = match options.compat.skip_presigned_signatures {
        false => "verified for 'test' and for keys that STS issued, any other is accepted",
        true => {
            "verified for 'test' and for keys that STS issued but in presigned requests to S3 \
             (S3_SKIP_SIGNATURE_VALIDATION), any other is accepted"
        }
    };
    lines.push(format!(
        "  reachable from {reach} · signatures: {signatures} · iam: off (not built yet) · web pages: {pages}{rules}"
    ));
    let (account, region) = (&options.settings.account, &options.settings.region);
    let physics = match options.settings.physics.names() {
        none if none.is_empty() => "off".to_owned(),
        names => names.join(", "),
    };
    lines.push(format!("  account {account} · region {region} · physics: {physics} · data: {}", options.kept()));
    lines.extend(options.remarks.iter().map(|remark| format!("  note: {remark}")));
    lines
}

#[expect(clippy::print_stdout, reason = "this is what the program prints; test tools wait for its last line")]
fn announce(lines: &[String]) {
    for line in lines {
        println!("{line}");
    }
    println!("Ready.");
}

/// Resolves on SIGINT or SIGTERM.
async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
