//! `kumoi clock`.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::escaped;
use super::output::{member, progress};
use super::{Connection, Failure, duration};

/// What to do with the clock.
#[derive(Args, Debug)]
pub(crate) struct ClockArguments {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    pub(super) connection: Connection,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Show the time and how it runs
    Show,
    /// Stop it where it is
    Freeze,
    /// Let it run at real speed from where it is
    Resume,
    /// Move it forward; all that falls due on the way happens, in order
    Advance {
        /// How far: 90s, 15m, 36h, 14d
        #[arg(value_name = "TIME", value_parser = duration::parse)]
        by: Duration,
    },
    /// Let it run at another speed
    Scale {
        /// Seconds of the world in a real second, such as 60
        #[arg(value_name = "RATE", value_parser = rate)]
        rate: f64,
    },
}

fn rate(text: &str) -> Result<f64, String> {
    let limits = 0.0..=kumoi_core::clock::MAX_RATE;
    let rate = text.parse::<f64>().ok().filter(|rate| limits.contains(rate));
    rate.ok_or_else(|| format!("give a number from 0 to {}", kumoi_core::clock::MAX_RATE))
}

/// Asks for the clock, or changes it.
pub(crate) async fn run(arguments: &ClockArguments) -> Result<(), Failure> {
    let client = arguments.connection.client()?;
    let path = format!("/_kumoi/clock?world={}", escaped(arguments.connection.world()));
    let change = match &arguments.action {
        None | Some(Action::Show) => None,
        Some(Action::Freeze) => Some(json!({"action": "freeze"})),
        Some(Action::Resume) => Some(json!({"action": "resume"})),
        Some(Action::Advance { by }) => Some(json!({"action": "advance", "by": by.as_secs_f64()})),
        Some(Action::Scale { rate }) => Some(json!({"action": "scale", "rate": rate})),
    };
    let clock = match change {
        None => client.get(&path).await?,
        Some(change) => {
            let bar = progress("moving time", None);
            let clock = client.post(&path, change).await;
            bar.finish_and_clear();
            clock?
        }
    };
    arguments.connection.output().show(&clock, text)
}

fn text(clock: &Value) -> String {
    let how = match clock.get("rate").and_then(Value::as_f64) {
        Some(0.0) => "frozen".to_owned(),
        Some(1.0) | None => "at real speed".to_owned(),
        Some(rate) => format!("{rate} times real speed"),
    };
    let short = match clock.get("complete").and_then(Value::as_bool) {
        Some(false) => "\nstopped early, for too much fell due on the way: advance again to go on",
        _ => "",
    };
    format!("{}  {how}{short}", member(clock, "now"))
}
