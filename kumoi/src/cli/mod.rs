//! The command line.
//!
//! `kumoi` alone starts the server. Every other command asks a running one through its admin API, or needs none at all.
//! Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no kumoi answers.

mod aws;
mod client;
mod clock;
mod coverage;
mod doctor;
mod duration;
mod environment;
mod failure;
mod listen;
mod localstack;
mod output;
mod requests;
mod snapshot;
mod start;
mod status;
mod worlds;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use client::Client;
pub(crate) use failure::Failure;
use output::{Output, note};
pub(crate) use start::Options;
use start::StartArguments;

/// Where a kumoi answers that was started without options.
const ENDPOINT: &str = "http://127.0.0.1:4566";

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no kumoi answers.";

/// The AWS cloud on your own machine.
#[derive(Parser, Debug)]
#[command(name = "kumoi", version, args_conflicts_with_subcommands = true, disable_help_subcommand = false, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    start: StartArguments,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Start the server; 'kumoi' alone does the same
    Start(StartArguments),
    /// Show whether a server answers, and its settings
    Status(Connection),
    /// Print the variables that aim AWS tools at kumoi: eval "$(kumoi env)"
    Env(environment::EnvArguments),
    /// Empty a world: no resources, real time
    Reset(worlds::ResetArguments),
    /// Show, freeze, resume, advance or scale the clock of a world
    Clock(clock::ClockArguments),
    /// Copy a world, in constant time
    Fork(worlds::ForkArguments),
    /// List the worlds
    Worlds(Connection),
    /// Remove a world
    Drop(worlds::DropArguments),
    /// List the records that differ between two worlds
    Diff(worlds::DiffArguments),
    /// Save a world to a file, or load one
    Snapshot(snapshot::SnapshotArguments),
    /// Show which operations of which services are built
    Coverage(coverage::CoverageArguments),
    /// Look for what may keep AWS tools from working with kumoi
    Doctor(doctor::DoctorArguments),
    /// Show the latest requests
    Requests(requests::RequestsArguments),
    /// Run the AWS CLI, aimed at kumoi
    Aws(aws::AwsArguments),
}

/// How a command reaches the server and answers.
#[derive(Args, Clone, Debug)]
struct Connection {
    /// Where kumoi answers
    #[arg(long, global = true, value_name = "URL", env = "KUMOI_ENDPOINT", default_value = ENDPOINT, hide_env_values = true)]
    endpoint: String,
    /// The world to speak to
    #[arg(long, global = true, value_name = "NAME", env = "KUMOI_WORLD", hide_env_values = true)]
    world: Option<String>,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
}

impl Connection {
    fn client(&self) -> Result<Client, Failure> {
        Client::new(&self.endpoint)
    }

    fn output(&self) -> Output {
        Output::new(self.json)
    }

    fn world(&self) -> &str {
        self.world.as_deref().unwrap_or(kumoi_store::WorldId::DEFAULT)
    }
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    match execute(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::Silent | Failure::Passed(_)) {
                note(&format!("kumoi: {failure}"));
            }
            failure.code()
        }
    }
}

fn execute(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command.unwrap_or(Command::Start(arguments.start)) {
        Command::Start(start) => crate::serve::run(start.resolve(&variables(), &known_variables())?),
        Command::Env(arguments) => environment::run(&arguments),
        Command::Aws(arguments) => aws::run(&arguments),
        Command::Coverage(arguments) => coverage::run(&arguments),
        Command::Status(connection) => asking(status::run(&connection)),
        Command::Reset(arguments) => asking(worlds::reset(&arguments)),
        Command::Clock(arguments) => asking(clock::run(&arguments)),
        Command::Fork(arguments) => asking(worlds::fork(&arguments)),
        Command::Worlds(connection) => asking(worlds::list(&connection)),
        Command::Drop(arguments) => asking(worlds::remove(&arguments)),
        Command::Diff(arguments) => asking(worlds::diff(&arguments)),
        Command::Snapshot(arguments) => asking(snapshot::run(&arguments)),
        Command::Doctor(arguments) => asking(doctor::run(&arguments)),
        Command::Requests(arguments) => asking(requests::run(&arguments)),
    }
}

/// Runs a command that asks a server.
fn asking(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::other)?;
    runtime.block_on(command)
}

/// The environment, as far as it is Unicode.
fn variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Every variable that an option of any command reads.
fn known_variables() -> Vec<String> {
    let command = Arguments::command();
    let all = std::iter::once(&command).chain(command.get_subcommands());
    all.flat_map(clap::Command::get_arguments)
        .filter_map(|option| Some(option.get_env()?.to_str()?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definitions_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn kumoi_alone_starts() {
        assert!(parse("kumoi").unwrap().command.is_none());
        assert_eq!(parse("kumoi --region eu-west-1").unwrap().start.region.as_deref(), Some("eu-west-1"));
        let Some(Command::Start(start)) = parse("kumoi start --listen :1 --listen :2").unwrap().command else {
            panic!()
        };
        assert_eq!(start.listen, [":1", ":2"]);
    }

    #[test]
    fn every_command_has_its_help() {
        for command in Arguments::command().get_subcommands() {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty(), "{}", command.get_name());
        }
    }

    #[test]
    fn wrong_usage_has_the_exit_code_two() {
        for line in
            ["kumoi --account 12", "kumoi start --fsync sometimes", "kumoi clock advance soon", "kumoi nonsense"]
        {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn how_to_reach_the_server_may_stand_anywhere() {
        for line in ["kumoi clock --json advance 14d", "kumoi clock advance 14d --json"] {
            let Some(Command::Clock(clock)) = parse(line).unwrap().command else { panic!() };
            assert!(clock.connection.json, "{line}");
        }
    }

    #[test]
    fn arguments_of_the_aws_cli_are_not_ours() {
        let Some(Command::Aws(aws)) = parse("kumoi aws sqs list-queues --region eu-west-1 --help").unwrap().command
        else {
            panic!()
        };
        assert_eq!(aws.arguments, ["sqs", "list-queues", "--region", "eu-west-1", "--help"]);
    }

    #[test]
    fn variables_of_all_commands_are_known() {
        let known = known_variables();
        for name in ["KUMOI_LISTEN", "KUMOI_DATA", "KUMOI_ENDPOINT", "KUMOI_WORLD", "KUMOI_STORE"] {
            assert!(known.iter().any(|known| known == name), "{name}");
        }
    }
}
