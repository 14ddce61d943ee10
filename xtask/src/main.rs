//! The tools of the house: `cargo xtask facts`, `cargo xtask model`, `cargo xtask tidy`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "these tools talk to a person")]

mod facts;
mod show;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What goes wrong in a tool, for a person to read.
type Failure = Box<dyn std::error::Error>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The tools of the house")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Distils the facts in `models/` from the published package named in `models/SOURCE.toml`.
    Facts,
    /// Prints the facts of a service in readable form.
    Model {
        #[command(subcommand)]
        what: Model,
    },
    /// Checks the rules of the house.
    Tidy,
}

#[derive(Subcommand)]
enum Model {
    /// Shows a service, or one of its operations with all that goes in and out.
    Show {
        /// The service's id, such as `sqs`.
        service: String,
        /// The operation's name, such as `SendMessage`.
        operation: Option<String>,
    },
    /// Lists all services.
    List,
}

fn main() -> ExitCode {
    let root = root();
    let done = match Arguments::parse().task {
        Task::Facts => facts::run(&root),
        Task::Model { what: Model::Show { service, operation } } => show::show(&service, operation.as_deref()),
        Task::Model { what: Model::List } => show::list(),
        Task::Tidy => tidy::run(&root),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
