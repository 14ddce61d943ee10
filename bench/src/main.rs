//! Measures the real binary against a bare hyper server on the same machine, in the same run.
//!
//! Both servers are processes of their own and get the same requests, byte for byte. Rounds alternate between the two, so that what else happens
//! on the machine meets both. The ratio of the two is what counts: it moves little from one machine to another.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark talks to a person")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod bare;
mod figures;
mod items;
mod load;
mod objects;
mod report;
mod throughput;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use kumoi_tests::Failure;

#[derive(Parser, Debug)]
#[command(about = "Measures kumoi against a bare hyper server", args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    /// The binary to measure [default: kumoi beside this program]
    #[arg(long, value_name = "FILE", env = "KUMOI_BIN")]
    binary: Option<PathBuf>,
    /// Connections, each with one request under way at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 64)]
    connections: usize,
    /// Rounds of each workload on each server
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    rounds: usize,
    /// Seconds a round takes
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    seconds: f64,
    /// Messages in the world that is forked; 0 leaves that figure out
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    messages: usize,
    /// Objects in the bucket that is listed; 0 leaves out what needs them
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    objects: usize,
    /// Items in the table that is read; 0 leaves out what needs them
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000_000)]
    items: usize,
    /// Leave out workloads whose name does not contain this, such as "Send"
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Leave out all but requests a second
    #[arg(long, conflicts_with = "figures_only")]
    throughput_only: bool,
    /// Leave out requests a second
    #[arg(long)]
    figures_only: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand, Debug)]
enum Role {
    /// Be the bare server
    #[command(hide = true)]
    Bare,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("kumoi-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Some(Role::Bare) = arguments.role {
        return runtime.block_on(bare::serve());
    }
    let binary = match arguments.binary {
        Some(binary) => binary,
        None => std::env::current_exe()?.with_file_name(format!("kumoi{}", std::env::consts::EXE_SUFFIX)),
    };
    if !binary.is_file() {
        return Err(format!("{} is not there; 'cargo build --release' makes it", binary.display()).into());
    }
    let plan = throughput::Plan {
        connections: arguments.connections.max(1),
        rounds: arguments.rounds.max(1),
        round: Duration::try_from_secs_f64(arguments.seconds)?,
        only: arguments.only,
    };
    let throughput =
        if arguments.figures_only { Vec::new() } else { runtime.block_on(throughput::measure(&binary, &plan))? };
    let figures = if arguments.throughput_only {
        Vec::new()
    } else {
        let mut figures = runtime.block_on(figures::measure(&binary, arguments.messages))?;
        figures.extend(runtime.block_on(objects::measure(&binary, arguments.objects))?);
        figures.extend(runtime.block_on(items::measure(&binary, arguments.items))?);
        figures
    };
    let report = report::Report { throughput, figures };
    println!("{}", if arguments.json { serde_json::to_string_pretty(&report)? } else { report.text() });
    Ok(())
}
