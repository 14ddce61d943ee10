//! The clock of a world: read, frozen, resumed, scaled, advanced.

use std::time::Duration;

use kumoi_core::World;
use kumoi_core::clock::MAX_RATE;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminError, Answer, asked_world, duration, ok};
use crate::accept::Head;
use crate::gateway::Gateway;

/// What `POST /_kumoi/clock` takes.
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Change {
    /// Stops it.
    Freeze {},
    /// Lets it run at real speed from where it is.
    Resume {},
    /// Lets it run at another speed.
    Scale {
        /// Virtual seconds a real second.
        rate: f64,
    },
    /// Moves it forward and fires what falls due on the way.
    Advance {
        /// Seconds, or an ISO 8601 duration.
        by: Value,
    },
}

pub(super) fn read(gateway: &Gateway, head: &Head) -> Answer {
    Ok(ok(&state(&*asked_world(gateway, head)?)))
}

pub(super) async fn set(gateway: &Gateway, head: &Head, change: Change) -> Answer {
    let kernel = &gateway.config.kernel;
    let world = asked_world(gateway, head)?;
    match change {
        Change::Freeze {} => kernel.set_clock_rate(&world, 0.0).await.map(drop)?,
        Change::Resume {} => kernel.set_clock_rate(&world, 1.0).await.map(drop)?,
        Change::Scale { rate } if (0.0..=MAX_RATE).contains(&rate) => {
            kernel.set_clock_rate(&world, rate).await.map(drop)?
        }
        Change::Scale { .. } => return Err(AdminError::invalid(format!("rate is a number from 0 to {MAX_RATE}."))),
        Change::Advance { by } => {
            let advanced = kernel.advance(&world, distance(&by)?).await?;
            let mut document = state(&world);
            if let Value::Object(members) = &mut document {
                members.insert("complete".to_owned(), advanced.complete.into());
            }
            return Ok(ok(&document));
        }
    }
    Ok(ok(&state(&world)))
}

fn distance(by: &Value) -> Result<Duration, AdminError> {
    let parsed = match by {
        Value::Number(seconds) => seconds.as_f64().and_then(duration::from_seconds),
        Value::String(text) => duration::parse(text),
        _ => None,
    };
    parsed
        .ok_or_else(|| AdminError::invalid("by is a number of seconds, or an ISO 8601 duration such as P14D or PT90M."))
}

/// The clock as clients see it.
pub(super) fn state(world: &World) -> Value {
    let (now, setting) = (world.clock.now(), world.clock.setting());
    let ahead = now.millis().saturating_sub(kumoi_core::clock::real_time().millis());
    json!({
        "world": world.id.as_str(),
        "now": super::cloud::rfc3339(now),
        "rate": setting.rate,
        "frozen": setting.rate == 0.0,
        "ahead_seconds": ahead as f64 / 1e3,
    })
}
