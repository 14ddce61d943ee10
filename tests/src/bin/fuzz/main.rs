//! Feeds every decoder with documents that are almost right.
//!
//! ```text
//! cargo run --release -p kumoi-tests --bin fuzz -- --seconds 300
//! cargo run --release -p kumoi-tests --bin fuzz -- --seed 7 --only 123456 cbor
//! ```
//!
//! A decoder may refuse an input; it may not panic, overflow the stack, take longer than a second, or hold on to memory. Input number
//! N of a seed is always the same, so what is found can be repeated with `--only`. It runs on the stable toolchain: the inputs are
//! mutations of well-formed documents, steered by the names in the models rather than by coverage.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool that talks to a person")]
#![expect(clippy::disallowed_methods, reason = "real time bounds a run")]

mod corpus;
mod mutate;
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use kumoi_tests::random::Random;

use targets::{TARGETS, Target};

#[derive(Parser, Debug)]
#[command(about = "Feeds every decoder with documents that are almost right")]
struct Arguments {
    /// Decoders to try; all when none is named
    targets: Vec<String>,
    /// Seconds for each decoder
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Where the inputs start
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Try this one input alone, and print it
    #[arg(long, value_name = "NUMBER")]
    only: Option<u64>,
    /// Keep the input that is being tried in this file: for inputs that end the process
    #[arg(long, value_name = "FILE")]
    trace: Option<std::path::PathBuf>,
}

/// No single input may take longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Memory in KiB that may stay behind: allocators keep some, decoders must not.
const ALLOWANCE: u64 = 256 * 1024;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let known = |name: &String| TARGETS.iter().any(|target| target.name == name);
    if let Some(unknown) = arguments.targets.iter().find(|name| !known(name)) {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("there is no decoder '{unknown}', only {}", names.join(", "));
        return ExitCode::from(2);
    }
    let chosen =
        |target: &&Target| arguments.targets.is_empty() || arguments.targets.iter().any(|name| name == target.name);
    for target in TARGETS.iter().filter(chosen) {
        if let Err(found) = run(target, &arguments) {
            eprintln!("{}: {found}", target.name);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn run(target: &Target, arguments: &Arguments) -> Result<(), String> {
    if let Some(number) = arguments.only {
        let input = input(target, arguments.seed, number);
        println!("{}", input.escape_ascii());
        return attempt(target, &input, arguments.seed, number);
    }
    let (start, before) = (Instant::now(), resident());
    let mut number = 0;
    while start.elapsed() < Duration::from_secs(arguments.seconds) {
        let input = input(target, arguments.seed, number);
        if let Some(file) = &arguments.trace {
            std::fs::write(file, &input).map_err(|error| error.to_string())?;
        }
        attempt(target, &input, arguments.seed, number)?;
        number += 1;
    }
    let grown = resident().saturating_sub(before);
    println!("{:<12} {number:>10} inputs, {} KiB more resident", target.name, grown);
    if grown > ALLOWANCE { Err(format!("{grown} KiB stayed behind")) } else { Ok(()) }
}

fn input(target: &Target, seed: u64, number: u64) -> Vec<u8> {
    let mut random = Random::from_seed(seed ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let document = (target.document)(&mut random);
    let mutated = mutate::mutate(document, &mut random);
    (target.repair)(mutated, &mut random)
}

fn attempt(target: &Target, input: &[u8], seed: u64, number: u64) -> Result<(), String> {
    let start = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.decode)(input)));
    let again = format!("--seed {seed} --only {number} {}", target.name);
    match outcome {
        Err(_) => Err(format!("a panic; again with: {again}")),
        Ok(()) if start.elapsed() > PATIENCE => {
            Err(format!("{:?} for one input; again with: {again}", start.elapsed()))
        }
        Ok(()) => Ok(()),
    }
}

fn resident() -> u64 {
    kumoi_tests::process::resident_of(std::process::id())
}
