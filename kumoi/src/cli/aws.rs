//! `kumoi aws …`: the AWS CLI, aimed at kumoi.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use super::Failure;
use super::client::Client;
use super::environment::aiming;

/// What the AWS CLI is asked to do.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub(crate) struct AwsArguments {
    /// Passed to the AWS CLI as they are
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

/// Variables that would aim the AWS CLI elsewhere, or lend it credentials of the real AWS.
const FOREIGN: [&str; 6] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_CA_BUNDLE",
];

/// Runs the AWS CLI on the same terminal, and ends with its exit code.
pub(crate) fn run(arguments: &AwsArguments) -> Result<(), Failure> {
    let program = find("aws")
        .ok_or_else(|| Failure::other("there is no AWS CLI on the PATH; 'pip install awscli' installs one"))?;
    // The arguments are all the AWS CLI's, so ours come from the environment.
    let get = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let endpoint = Client::new(&get("KUMOI_ENDPOINT").unwrap_or_else(|| super::ENDPOINT.into()))?.endpoint();
    let account = get("KUMOI_ACCOUNT").unwrap_or_else(|| "000000000000".into());
    let region = ["AWS_REGION", "AWS_DEFAULT_REGION", "KUMOI_REGION"]
        .into_iter()
        .find_map(get)
        .unwrap_or_else(|| "us-east-1".into());
    let mut command = Command::new(program);
    for name in FOREIGN {
        command.env_remove(name);
    }
    command.envs(aiming(&endpoint, &account, get("KUMOI_WORLD").as_deref(), &region));
    if !arguments.arguments.iter().any(names_endpoint) {
        // Older versions of the AWS CLI do not know the variable, and would call the real AWS.
        command.arg("--endpoint-url").arg(&endpoint);
    }
    command.args(&arguments.arguments);
    let status = command.status().map_err(|error| Failure::other(format!("cannot run the AWS CLI: {error}")))?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(Failure::Passed(u8::try_from(code).unwrap_or(1))),
        None => Err(Failure::Other(format!("the AWS CLI was ended: {status}"))),
    }
}

fn names_endpoint(argument: &OsString) -> bool {
    argument.to_str().is_some_and(|text| text == "--endpoint-url" || text.starts_with("--endpoint-url="))
}

/// The program of that name on the PATH.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(&file)).find(|candidate| candidate.is_file())
}
