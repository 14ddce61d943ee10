//! kumoi: the AWS cloud on one's own machine.

mod cli;
mod serve;
mod services;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
