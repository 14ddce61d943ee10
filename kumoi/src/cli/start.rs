//! `kumoi start`: from flags and environment to settings.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use kumoi_core::{Physics, Settings};
use kumoi_gateway::{Compat, Cors, DEFAULT_PORT};
use kumoi_store::{EngineConfig, Fsync, StoreConfig};

use super::localstack::LocalStack;
use super::{Failure, listen};

/// What the operator may choose. Each option has an environment variable; the command line wins over it.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct StartArguments {
    /// Address to listen on for HTTP/1.1, HTTP/2 and TLS; may be given several times [default: 127.0.0.1:4566]
    #[arg(long, value_name = "HOST:PORT", env = "KUMOI_LISTEN", value_delimiter = ',')]
    pub(crate) listen: Vec<String>,

    /// Account of callers whose access key says nothing else: 12 digits [default: 000000000000]
    #[arg(long, value_name = "ID", env = "KUMOI_ACCOUNT", value_parser = account)]
    pub(crate) account: Option<String>,

    /// Region of requests that name none [default: us-east-1]
    #[arg(long, value_name = "REGION", env = "KUMOI_REGION", value_parser = region)]
    pub(crate) region: Option<String>,

    /// Keep the state in this directory; without it, the state is gone when kumoi stops
    #[arg(long, value_name = "DIR", env = "KUMOI_DATA")]
    pub(crate) data: Option<PathBuf>,

    /// When to force kept changes to the medium; what is acknowledged survives the end of the process in every case [default: always]
    #[arg(long, value_name = "WHEN", env = "KUMOI_FSYNC")]
    pub(crate) fsync: Option<FsyncChoice>,

    /// With `--fsync interval`: milliseconds between two forced writes, at least 1 [default: 100]
    #[arg(long, value_name = "MS", env = "KUMOI_FSYNC_INTERVAL", value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    pub(crate) fsync_interval: Option<u64>,

    /// Start ids (of messages, requests, sessions …) from this number, so that a run can be repeated; by default they are random
    #[arg(long, value_name = "NUMBER", env = "KUMOI_SEED")]
    pub(crate) seed: Option<u64>,

    /// Limits of the real cloud that bite, separated by commas [default: none]
    #[arg(long, value_name = "LIMIT", env = "KUMOI_PHYSICS", value_delimiter = ',')]
    pub(crate) physics: Vec<PhysicsChoice>,

    /// What to log on standard error: error, warn, info, debug, trace, or directives such as kumoi_gateway=debug,warn [default: warn]
    #[arg(long, value_name = "FILTER", env = "KUMOI_LOG")]
    pub(crate) log: Option<String>,

    /// A test engine: `memory`, `chaos`, or `chaos` with a seed such as `chaos:7`
    #[arg(long, value_name = "ENGINE", env = "KUMOI_STORE", hide = true, value_parser = engine)]
    pub(crate) store: Option<EngineChoice>,
}

/// The names of [`Fsync`] on the command line.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FsyncChoice {
    /// Before a change is acknowledged
    Always,
    /// Every so many milliseconds; see --fsync-interval
    Interval,
    /// When the operating system sees fit
    Never,
}

/// The names of [`Physics`] on the command line.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PhysicsChoice {
    /// Provisioned throughput, and the most that was set for on-demand tables, throttles requests to DynamoDB
    Capacity,
}

/// The names of engines on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EngineChoice {
    /// Memory, or the directory of `--data`.
    Plain,
    /// The same, with delays and random conflicts that start from a seed.
    Chaos(u64),
}

/// All that the server is started with.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Addresses to listen on.
    pub(crate) listen: Vec<SocketAddr>,
    /// How the state is kept.
    pub(crate) store: StoreConfig,
    /// Directory of the state; the certificate authority is kept there, too.
    pub(crate) data: Option<PathBuf>,
    /// Account, region, seed, options of services.
    pub(crate) settings: Settings,
    /// Which browsers may call.
    pub(crate) cors: Cors,
    /// What tools made for LocalStack see.
    pub(crate) compat: Compat,
    /// Key and certificates instead of those of kumoi's own authority.
    pub(crate) tls_file: Option<PathBuf>,
    /// Further names of the server.
    pub(crate) host_names: Vec<String>,
    /// The filter of the log.
    pub(crate) log: String,
    /// What the operator should know about the settings.
    pub(crate) remarks: Vec<String>,
}

impl Options {
    /// How the state is kept, for a person to read.
    pub(crate) fn kept(&self) -> String {
        let (engine, disturbed) = match &self.store.engine {
            EngineConfig::Chaos { inner, seed, .. } => (&**inner, format!(", disturbed from seed {seed}")),
            plain => (plain, String::new()),
        };
        match engine {
            EngineConfig::Disk { dir, fsync } => {
                let fsync = match fsync {
                    Fsync::Always => "always".to_owned(),
                    Fsync::Interval(every) => format!("every {} ms", every.as_millis()),
                    Fsync::Never => "never".to_owned(),
                };
                format!("{}, fsync {fsync}{disturbed}", dir.display())
            }
            _ => format!("memory, gone when kumoi stops{disturbed}"),
        }
    }
}

const DEFAULT_FSYNC_INTERVAL: Duration = Duration::from_millis(100);

/// The disturbance of the test engine: enough that every path is taken, and little enough that a suite ends soon.
const CHAOS_DELAY: Duration = Duration::from_millis(2);
const CHAOS_CONFLICTS: f64 = 0.2;

impl StartArguments {
    /// Completes what was given by the environment variables of LocalStack and the defaults.
    ///
    /// `known` are the `KUMOI_` variables that mean something.
    pub(crate) fn resolve(self, environment: &BTreeMap<String, String>, known: &[String]) -> Result<Options, Failure> {
        let other = LocalStack::read(environment, &crate::services::all());
        let mut remarks: Vec<String> = unknown(environment, known).collect();
        remarks.extend(other.needless.iter().map(|(name, reason)| format!("{name} needs nothing here: {reason}")));
        remarks.extend(other.not_honoured.iter().map(|(name, reason)| format!("{name} is not honoured: {reason}")));
        let physics = Physics { capacity: self.physics.contains(&PhysicsChoice::Capacity) };
        let mut settings = Settings { seed: self.seed, options: other.options, physics, ..Settings::default() };
        if let Some(account) = self.account {
            settings.account = account;
        }
        match (self.region, other.region) {
            (Some(given), _) => settings.region = given,
            (None, Some(given)) => settings.region = region(&given).map_err(Failure::Usage)?,
            (None, None) => {}
        }
        if let Some(host) = &other.host {
            remarks.push(format!(
                "{} is a further name of this server; URLs in answers name the host that the client named",
                name_of(host)
            ));
        }
        let data = self.data.or(other.data);
        if data.is_none() && (self.fsync.is_some() || self.fsync_interval.is_some()) {
            remarks.push("--fsync has no effect without --data: the state is in memory".into());
        }
        let fsync = fsync(self.fsync, self.fsync_interval)?;
        let (cors, compat) = (Cors::default(), Compat::default());
        Ok(Options {
            listen: addresses(if self.listen.is_empty() { &other.listen } else { &self.listen })?,
            store: StoreConfig { engine: engine_config(data.clone(), fsync, self.store) },
            data,
            settings,
            cors: Cors {
                headers: other.cors_headers.unwrap_or(cors.headers),
                check: other.cors_check.unwrap_or(cors.check),
                buckets: other.bucket_cors.unwrap_or(cors.buckets),
                origins: other.cors_origins,
                allowed_headers: other.cors_allowed_headers,
                exposed_headers: other.cors_exposed_headers,
            },
            compat: Compat {
                response_header: other.response_header.unwrap_or(compat.response_header),
                skip_presigned_signatures: other.skip_presigned_signatures.unwrap_or(compat.skip_presigned_signatures),
                ..compat
            },
            tls_file: other.tls_file,
            host_names: other.host.iter().map(|host| name_of(host).to_owned()).collect(),
            log: self.log.or(other.log.map(str::to_owned)).unwrap_or_else(|| "warn".into()),
            remarks,
        })
    }
}

/// `KUMOI_` variables that mean nothing: most likely a slip of the pen.
fn unknown<'a>(environment: &'a BTreeMap<String, String>, known: &'a [String]) -> impl Iterator<Item = String> {
    let ours = environment.keys().filter(|name| name.starts_with("KUMOI_"));
    ours.filter(|name| !known.contains(name))
        .map(|name| format!("{name} is no setting of kumoi; see 'kumoi help start'"))
}

fn addresses(given: &[String]) -> Result<Vec<SocketAddr>, Failure> {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT));
    if given.is_empty() {
        return Ok(vec![default]);
    }
    let mut all = Vec::new();
    for text in given {
        for address in listen::addresses(text, default).map_err(Failure::Usage)? {
            if !all.contains(&address) {
                all.push(address);
            }
        }
    }
    Ok(all)
}

fn fsync(choice: Option<FsyncChoice>, interval: Option<u64>) -> Result<Fsync, Failure> {
    let interval = interval.map(Duration::from_millis);
    match (choice, interval) {
        (Some(FsyncChoice::Interval), interval) => Ok(Fsync::Interval(interval.unwrap_or(DEFAULT_FSYNC_INTERVAL))),
        (_, Some(_)) => Err(Failure::Usage("--fsync-interval goes with --fsync interval".into())),
        (None | Some(FsyncChoice::Always), None) => Ok(Fsync::Always),
        (Some(FsyncChoice::Never), None) => Ok(Fsync::Never),
    }
}

fn engine_config(data: Option<PathBuf>, fsync: Fsync, choice: Option<EngineChoice>) -> EngineConfig {
    let plain = match data {
        Some(dir) => EngineConfig::Disk { dir, fsync },
        None => EngineConfig::Memory,
    };
    match choice {
        None | Some(EngineChoice::Plain) => plain,
        Some(EngineChoice::Chaos(seed)) => {
            EngineConfig::Chaos { inner: Box::new(plain), seed, max_delay: CHAOS_DELAY, conflict_rate: CHAOS_CONFLICTS }
        }
    }
}

/// The host of `HOST:PORT`.
fn name_of(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

fn account(text: &str) -> Result<String, String> {
    let valid = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if valid { Ok(text.to_owned()) } else { Err("an account id has 12 digits".into()) }
}

fn region(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let valid = (1..=63).contains(&text.len()) && text.bytes().all(allowed);
    if valid { Ok(text.to_owned()) } else { Err(format!("'{text}' is no region; give one such as eu-west-1")) }
}

fn engine(text: &str) -> Result<EngineChoice, String> {
    match text.split_once(':') {
        None if text == "memory" => Ok(EngineChoice::Plain),
        None if text == "chaos" => Ok(EngineChoice::Chaos(1)),
        Some(("chaos", seed)) => seed.parse().map(EngineChoice::Chaos).map_err(|_| format!("'{seed}' is no seed")),
        _ => Err("an engine is one of: memory, chaos, chaos:SEED".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve<const N: usize>(arguments: StartArguments, set: [(&str, &str); N]) -> Result<Options, Failure> {
        let environment = set.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        arguments.resolve(&environment, &["KUMOI_LISTEN".to_owned()])
    }

    #[test]
    fn defaults_are_loopback_and_memory() {
        let options = resolve(StartArguments::default(), []).unwrap();
        assert_eq!(options.listen, ["127.0.0.1:4566".parse().unwrap()]);
        assert_eq!(options.store, StoreConfig::memory());
        assert_eq!(options.settings.account, "000000000000");
        assert_eq!(options.settings.region, "us-east-1");
        assert_eq!(options.log, "warn");
        assert!(options.remarks.is_empty(), "{:?}", options.remarks);
    }

    #[test]
    fn own_options_win_over_those_of_localstack() {
        let arguments =
            StartArguments { listen: vec![":1".into()], region: Some("eu-west-1".into()), ..Default::default() };
        let options =
            resolve(arguments, [("GATEWAY_LISTEN", "0.0.0.0:2"), ("DEFAULT_REGION", "us-west-2"), ("DEBUG", "1")])
                .unwrap();
        assert_eq!(options.listen, ["127.0.0.1:1".parse().unwrap()]);
        assert_eq!(options.settings.region, "eu-west-1");
        assert_eq!(options.log, "debug");
    }

    #[test]
    fn a_directory_is_synced_always_unless_told_otherwise() {
        let disk = |fsync, interval| {
            let arguments =
                StartArguments { data: Some("d".into()), fsync, fsync_interval: interval, ..Default::default() };
            resolve(arguments, []).map(|options| options.store)
        };
        assert_eq!(disk(None, None).unwrap(), StoreConfig::disk("d", Fsync::Always));
        assert_eq!(disk(Some(FsyncChoice::Never), None).unwrap(), StoreConfig::disk("d", Fsync::Never));
        let seconds = Fsync::Interval(Duration::from_secs(2));
        assert_eq!(disk(Some(FsyncChoice::Interval), Some(2000)).unwrap(), StoreConfig::disk("d", seconds));
        assert!(matches!(disk(Some(FsyncChoice::Never), Some(5)), Err(Failure::Usage(_))));
    }

    #[test]
    fn how_the_state_is_kept_is_told() {
        let kept = |arguments| resolve(arguments, []).unwrap().kept();
        assert_eq!(kept(StartArguments::default()), "memory, gone when kumoi stops");
        let disk = StartArguments { data: Some("d".into()), fsync: Some(FsyncChoice::Interval), ..Default::default() };
        assert_eq!(kept(disk), "d, fsync every 100 ms");
        let chaos = StartArguments { store: Some(EngineChoice::Chaos(7)), ..Default::default() };
        assert_eq!(kept(chaos), "memory, gone when kumoi stops, disturbed from seed 7");
    }

    #[test]
    fn no_limit_bites_unless_told() {
        let physics = |physics| {
            let arguments = StartArguments { physics, ..Default::default() };
            resolve(arguments, []).unwrap().settings.physics
        };
        assert_eq!(physics(vec![]), Physics::default());
        assert_eq!(physics(vec![PhysicsChoice::Capacity]).names(), ["capacity"]);
    }

    #[test]
    fn a_misspelt_variable_is_told() {
        let remarks =
            resolve(StartArguments::default(), [("KUMOI_LISTN", ":1"), ("KUMOI_LISTEN", ":1")]).unwrap().remarks;
        assert_eq!(remarks, ["KUMOI_LISTN is no setting of kumoi; see 'kumoi help start'"]);
    }

    #[test]
    fn names_of_engines_are_read() {
        assert_eq!(engine("memory"), Ok(EngineChoice::Plain));
        assert_eq!(engine("chaos"), Ok(EngineChoice::Chaos(1)));
        assert_eq!(engine("chaos:9"), Ok(EngineChoice::Chaos(9)));
        assert!(engine("chaos:x").is_err() && engine("postgres").is_err());
    }

    #[test]
    fn accounts_and_regions_have_their_forms() {
        assert!(account("123456789012").is_ok());
        assert!(account("12345678901").is_err() && account("12345678901x").is_err());
        assert!(region("eu-west-1").is_ok() && region("EU").is_err() && region("").is_err());
    }
}
