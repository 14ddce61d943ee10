//! The environment variables of LocalStack, as far as they concern what exists.
//!
//! Each may also carry the prefix `LOCALSTACK_`, which its command line adds. kumoi's own options and `KUMOI_` variables win
//! over them. A variable that has no effect here is never silently dropped: the start says so.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use kumoi_core::{OptionEffect, Service};

/// What the environment asks for; `None` where it asks for nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LocalStack {
    /// `GATEWAY_LISTEN`, or the older `EDGE_BIND_HOST` and `EDGE_PORT`: addresses, as written.
    pub(crate) listen: Vec<String>,
    /// `LOCALSTACK_HOST`, or the older `HOSTNAME_EXTERNAL` and `LOCALSTACK_HOSTNAME`: a further name of the server.
    pub(crate) host: Option<String>,
    /// `DEFAULT_REGION`.
    pub(crate) region: Option<String>,
    /// `LS_LOG`, or `DEBUG=1`: the level of the log.
    pub(crate) log: Option<&'static str>,
    /// `PERSISTENCE=1`, or the older `DATA_DIR`: where the state is kept.
    pub(crate) data: Option<PathBuf>,
    /// `CUSTOM_SSL_CERT_PATH`.
    pub(crate) tls_file: Option<PathBuf>,
    /// `LOCALSTACK_RESPONSE_HEADER_ENABLED`.
    pub(crate) response_header: Option<bool>,
    /// `DISABLE_CORS_HEADERS`, turned round.
    pub(crate) cors_headers: Option<bool>,
    /// `DISABLE_CORS_CHECKS`, turned round.
    pub(crate) cors_check: Option<bool>,
    /// `EXTRA_CORS_ALLOWED_ORIGINS`.
    pub(crate) cors_origins: Vec<String>,
    /// `EXTRA_CORS_ALLOWED_HEADERS`.
    pub(crate) cors_allowed_headers: Vec<String>,
    /// `EXTRA_CORS_EXPOSE_HEADERS`.
    pub(crate) cors_exposed_headers: Vec<String>,
    /// `S3_SKIP_SIGNATURE_VALIDATION`.
    pub(crate) skip_presigned_signatures: Option<bool>,
    /// `DISABLE_CUSTOM_CORS_S3`, turned round.
    pub(crate) bucket_cors: Option<bool>,
    /// Options that services read by name.
    pub(crate) options: BTreeMap<String, String>,
    /// Variables that are set and need nothing to be done, each with the reason.
    pub(crate) needless: Vec<(&'static str, &'static str)>,
    /// Variables that are set and ask for what kumoi does not do.
    pub(crate) not_honoured: Vec<(&'static str, &'static str)>,
}

/// Where LocalStack keeps its state in its image.
const VOLUME_STATE: &str = "/var/lib/localstack/state";

/// Variables that carry the prefix always: their bare names belong to others.
const ALWAYS_PREFIXED: [&str; 6] =
    ["HOST", "HOSTNAME", "RESPONSE_HEADER_ENABLED", "AUTH_TOKEN", "API_KEY", "ACKNOWLEDGE_ACCOUNT_REQUIREMENT"];

/// What kumoi does anyway, or what has no counterpart. What concerns one service, [that service](kumoi_core::Service::options) says.
const NEEDLESS: [(&str, &str); 12] = [
    ("SERVICES", "every service is there, and costs nothing until it is used"),
    ("EAGER_SERVICE_LOADING", "a service's first use takes milliseconds"),
    ("STRICT_SERVICE_LOADING", "every service is there, and costs nothing until it is used"),
    ("USE_SSL", "TLS is spoken on the same port"),
    ("SKIP_SSL_CERT_DOWNLOAD", "certificates are made here"),
    ("ALLOW_NONSTANDARD_REGIONS", "every region name is accepted"),
    ("MAIN_CONTAINER_NAME", "no container is started"),
    ("DISABLE_EVENTS", "nothing is ever reported to anyone"),
    ("AUTH_TOKEN", "no account is needed"),
    ("API_KEY", "no account is needed"),
    ("ACTIVATE_PRO", "there is one edition"),
    ("ACKNOWLEDGE_ACCOUNT_REQUIREMENT", "no account is needed"),
];

/// What kumoi does not do, or not yet: the reason, and the variables. A service that is built says this itself, too.
const NOT_HONOURED: [(&str, &[&str]); 9] = [
    ("authorization is not built yet: every caller may do everything", &["ENFORCE_IAM"]),
    (
        "an access key of 12 digits names its account, any other belongs to the default account",
        &["PARITY_AWS_ACCESS_KEY_ID"],
    ),
    (
        "every change is kept when it is acknowledged; see --fsync",
        &["SNAPSHOT_LOAD_STRATEGY", "SNAPSHOT_SAVE_STRATEGY", "SNAPSHOT_FLUSH_INTERVAL"],
    ),
    ("settings are fixed while the server runs", &["ENABLE_CONFIG_UPDATES"]),
    ("no container is started", &["MAIN_DOCKER_NETWORK"]),
    (
        "there is no name server yet",
        &["DNS_ADDRESS", "DNS_PORT", "DNS_SERVER", "DNS_RESOLVE_IP", "DNS_NAME_PATTERNS_TO_RESOLVE_UPSTREAM"],
    ),
    (
        "Lambda is not built yet",
        &[
            "LAMBDA_EXECUTOR",
            "LAMBDA_REMOTE_DOCKER",
            "LAMBDA_RUNTIME_EXECUTOR",
            "LAMBDA_DOCKER_NETWORK",
            "LAMBDA_DOCKER_FLAGS",
            "LAMBDA_DOCKER_DNS",
            "LAMBDA_KEEPALIVE_MS",
            "LAMBDA_REMOVE_CONTAINERS",
            "LAMBDA_RUNTIME_IMAGE_MAPPING",
            "LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT",
            "LAMBDA_IGNORE_ARCHITECTURE",
            "LAMBDA_SYNCHRONOUS_CREATE",
            "LAMBDA_DEBUG_MODE",
            "LAMBDA_DISABLE_AWS_ENDPOINT_URL",
            "BUCKET_MARKER_LOCAL",
        ],
    ),
    (
        "DynamoDB and Kinesis are not built yet",
        &[
            "DYNAMODB_ERROR_PROBABILITY",
            "DYNAMODB_READ_ERROR_PROBABILITY",
            "DYNAMODB_WRITE_ERROR_PROBABILITY",
            "DYNAMODB_REMOVE_EXPIRED_ITEMS",
            "KINESIS_ERROR_PROBABILITY",
        ],
    ),
    (
        "its service is not built yet",
        &[
            "DISABLE_CUSTOM_CORS_APIGATEWAY",
            "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES",
            "OPENSEARCH_ENDPOINT_STRATEGY",
            "SFN_MOCK_CONFIG",
        ],
    ),
];

impl LocalStack {
    /// Reads the environment, the options of these services included. Empty values count as not set.
    pub(crate) fn read(environment: &BTreeMap<String, String>, services: &[Arc<dyn Service>]) -> Self {
        let get = |name: &str| {
            let prefixed = environment.get(&format!("LOCALSTACK_{name}"));
            let bare = || environment.get(name).filter(|_| !ALWAYS_PREFIXED.contains(&name));
            prefixed.or_else(bare).map(String::as_str).filter(|value| !value.is_empty())
        };
        let text = |name: &str| get(name).map(str::to_owned);
        let list = |name: &str| -> Vec<String> {
            get(name)
                .into_iter()
                .flat_map(|value| value.split(','))
                .map(|part| part.trim().to_owned())
                .filter(|part| !part.is_empty())
                .collect()
        };
        let flag = |name: &str| get(name).and_then(truth);
        // Setting a flag to off asks for nothing.
        let asked = |name: &str| get(name).is_some_and(|value| truth(value) != Some(false));
        let refused = NOT_HONOURED.iter().flat_map(|&(reason, names)| names.iter().map(move |&name| (name, reason)));
        let mut needless: Vec<_> = NEEDLESS.into_iter().filter(|(name, _)| asked(name)).collect();
        let mut not_honoured: Vec<_> = refused.filter(|(name, _)| asked(name)).collect();
        let mut options = BTreeMap::new();
        for option in services.iter().flat_map(|service| service.options()) {
            let Some(value) = get(option.name) else { continue };
            match option.effect {
                OptionEffect::Needless(reason) if asked(option.name) => needless.push((option.name, reason)),
                OptionEffect::Needless(_) => continue,
                OptionEffect::OneOf { values, otherwise } if !values.contains(&value) => {
                    not_honoured.push((option.name, otherwise));
                }
                OptionEffect::OneOf { .. } | OptionEffect::Honoured => {
                    options.insert(option.name.to_owned(), value.to_owned());
                }
            }
        }
        Self {
            listen: listen(&list, &get),
            host: text("HOST").or_else(|| text("HOSTNAME_EXTERNAL")).or_else(|| text("HOSTNAME")),
            region: text("DEFAULT_REGION"),
            log: get("LS_LOG").and_then(level).or_else(|| (flag("DEBUG") == Some(true)).then_some("debug")),
            data: data(&get, flag("PERSISTENCE")),
            tls_file: text("CUSTOM_SSL_CERT_PATH").map(PathBuf::from),
            response_header: flag("RESPONSE_HEADER_ENABLED"),
            cors_headers: flag("DISABLE_CORS_HEADERS").map(|disabled| !disabled),
            cors_check: flag("DISABLE_CORS_CHECKS").map(|disabled| !disabled),
            cors_origins: list("EXTRA_CORS_ALLOWED_ORIGINS"),
            cors_allowed_headers: list("EXTRA_CORS_ALLOWED_HEADERS"),
            cors_exposed_headers: list("EXTRA_CORS_EXPOSE_HEADERS"),
            skip_presigned_signatures: flag("S3_SKIP_SIGNATURE_VALIDATION"),
            bucket_cors: flag("DISABLE_CUSTOM_CORS_S3").map(|disabled| !disabled),
            options,
            needless,
            not_honoured,
        }
    }
}

/// `GATEWAY_LISTEN`, a list; else the older pair, of which each half may be missing.
fn listen<'a>(list: &impl Fn(&str) -> Vec<String>, get: &impl Fn(&str) -> Option<&'a str>) -> Vec<String> {
    let listen = list("GATEWAY_LISTEN");
    if !listen.is_empty() {
        return listen;
    }
    match (get("EDGE_BIND_HOST"), get("EDGE_PORT")) {
        (None, None) => Vec::new(),
        (host, port) => vec![match port {
            Some(port) => format!("{}:{port}", host.unwrap_or_default()),
            None => host.unwrap_or_default().to_owned(),
        }],
    }
}

fn data<'a>(get: &impl Fn(&str) -> Option<&'a str>, persistence: Option<bool>) -> Option<PathBuf> {
    match (get("DATA_DIR"), persistence) {
        (_, Some(false)) => None,
        (Some(dir), _) => Some(PathBuf::from(dir)),
        (None, Some(true)) => Some(PathBuf::from(VOLUME_STATE)),
        (None, None) => None,
    }
}

fn truth(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// LocalStack's names of log levels; its own `trace-internal` is more than `trace` says here.
fn level(value: &str) -> Option<&'static str> {
    Some(match value.trim().to_ascii_lowercase().as_str() {
        "trace" | "trace-internal" => "trace",
        "debug" => "debug",
        "info" => "info",
        "warn" | "warning" => "warn",
        "error" => "error",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(set: [(&str, &str); N]) -> LocalStack {
        let environment = set.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        LocalStack::read(&environment, &crate::services::all())
    }

    #[test]
    fn an_empty_environment_asks_for_nothing() {
        assert_eq!(
            read([("PATH", "/bin"), ("DEBUG", ""), ("PERSISTENCE", "0"), ("ENFORCE_IAM", "0")]),
            LocalStack::default()
        );
    }

    #[test]
    fn the_gateway_wins_over_the_edge() {
        assert_eq!(
            read([("GATEWAY_LISTEN", "0.0.0.0:4566, :443"), ("EDGE_PORT", "1")]).listen,
            ["0.0.0.0:4566", ":443"]
        );
        assert_eq!(read([("EDGE_PORT", "4567")]).listen, [":4567"]);
        assert_eq!(read([("EDGE_BIND_HOST", "0.0.0.0")]).listen, ["0.0.0.0"]);
    }

    #[test]
    fn the_prefix_may_be_there_or_not() {
        assert_eq!(read([("LOCALSTACK_DEFAULT_REGION", "eu-west-1")]).region.as_deref(), Some("eu-west-1"));
        assert_eq!(read([("DEFAULT_REGION", "eu-west-1")]).region.as_deref(), Some("eu-west-1"));
        assert_eq!(read([("LOCALSTACK_HOST", "kumoi.test:4566")]).host.as_deref(), Some("kumoi.test:4566"));
        assert_eq!(read([("LOCALSTACK_RESPONSE_HEADER_ENABLED", "0")]).response_header, Some(false));
        assert_eq!(read([("LOCALSTACK_SQS_ENDPOINT_STRATEGY", "path")]).options["SQS_ENDPOINT_STRATEGY"], "path");
    }

    #[test]
    fn persistence_has_a_directory() {
        assert_eq!(read([("PERSISTENCE", "1")]).data, Some(VOLUME_STATE.into()));
        assert_eq!(read([("DATA_DIR", "/d"), ("PERSISTENCE", "1")]).data, Some("/d".into()));
        assert_eq!(read([("DATA_DIR", "/d"), ("PERSISTENCE", "0")]).data, None);
    }

    #[test]
    fn what_has_no_effect_is_told() {
        let asked = read([
            ("LOCALSTACK_AUTH_TOKEN", "t"),
            ("ENFORCE_IAM", "1"),
            ("LAMBDA_EXECUTOR", "docker"),
            ("LAMBDA_MY_OWN", "x"),
            ("SQS_ENDPOINT_STRATEGY", "off"),
            ("SQS_ENABLE_MESSAGE_RETENTION_PERIOD", "1"),
        ]);
        assert_eq!(
            asked.needless.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["AUTH_TOKEN", "SQS_ENABLE_MESSAGE_RETENTION_PERIOD"]
        );
        assert!(asked.options.is_empty(), "a value that means nothing is not passed on");
        assert_eq!(
            asked.not_honoured.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["ENFORCE_IAM", "LAMBDA_EXECUTOR", "SQS_ENDPOINT_STRATEGY"]
        );
    }

    #[test]
    fn bare_names_of_others_are_left_alone() {
        assert_eq!(
            read([("HOST", "laptop"), ("HOSTNAME", "laptop"), ("API_KEY", "x"), ("S3_BUCKET", "b")]),
            LocalStack::default()
        );
    }

    #[test]
    fn debug_of_another_program_is_left_alone() {
        assert_eq!(read([("DEBUG", "express:*")]).log, None);
        assert_eq!(read([("DEBUG", "1")]).log, Some("debug"));
        assert_eq!(read([("DEBUG", "1"), ("LS_LOG", "trace-internal")]).log, Some("trace"));
    }
}
