//! `GetQueueAttributes` and `SetQueueAttributes`.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Reply};
use kumoi_store::KeyRange;

use crate::api::{GetQueueAttributesInput, GetQueueAttributesOutput, SetQueueAttributesInput};
use crate::attributes::{READ_ONLY, WRITABLE};
use crate::errors::{missing_parameter, unknown_attribute};
use crate::queue::Located;
use crate::tables::{MESSAGES, READY, TOTAL};
use crate::{fifo, redrive, sweep};

pub(crate) async fn get(cx: &Cx, input: GetQueueAttributesInput) -> Reply<GetQueueAttributesOutput> {
    let at = Located::of(cx, &input.queue_url).await?;
    let asked = input.attribute_names.unwrap_or_default();
    let all = asked.iter().any(|name| name == "All");
    let known = || READ_ONLY.iter().chain(&WRITABLE).copied();
    if let Some(unknown) = asked.iter().find(|asked| *asked != "All" && known().all(|name| name != asked.as_str())) {
        return Err(unknown_attribute(unknown).into());
    }
    let wanted = |name: &str| all || asked.iter().any(|asked| asked == name);
    let counts = match READ_ONLY.iter().any(|name| name.starts_with("Approximate") && wanted(name)) {
        true => Some(Counts::of(cx, &at).await?),
        false => None,
    };
    let value = |name: &str| match name {
        "ApproximateNumberOfMessages" => counts.as_ref().map(|counts| counts.visible.to_string()),
        "ApproximateNumberOfMessagesNotVisible" => counts.as_ref().map(|counts| counts.in_flight.to_string()),
        "ApproximateNumberOfMessagesDelayed" => counts.as_ref().map(|counts| counts.delayed.to_string()),
        "CreatedTimestamp" => Some(at.queue.created.to_string()),
        "LastModifiedTimestamp" => Some(at.queue.modified.to_string()),
        "QueueArn" => Some(at.arn()),
        _ => at.queue.attributes.get(name),
    };
    let found = known().filter(|name| wanted(name)).filter_map(|name| Some((name.to_owned(), value(name)?)));
    let attributes: BTreeMap<_, _> = found.collect();
    Ok(GetQueueAttributesOutput { attributes: (!attributes.is_empty()).then_some(attributes) })
}

/// How many messages a queue has, by state.
pub(crate) struct Counts {
    pub(crate) visible: i64,
    pub(crate) in_flight: i64,
    pub(crate) delayed: i64,
}

impl Counts {
    /// Counts exactly, in time in proportion to those that cannot be seen.
    pub(crate) async fn of(cx: &Cx, at: &Located) -> Reply<Self> {
        let contents = at.queue.contents;
        let hidden = KeyRange::prefix(&(contents,)).after(&(contents, cx.now().micros()));
        let hidden = cx.tx().index_keys(&at.scope, &MESSAGES, &READY, hidden, usize::MAX).await?;
        let in_flight = hidden.iter().filter(|((_, _, received), _)| *received).count() as i64;
        let delayed = hidden.len() as i64 - in_flight;
        let total = cx.tx().counter(&at.scope, &TOTAL, &contents).await?;
        Ok(Self { visible: total - in_flight - delayed, in_flight, delayed })
    }
}

pub(crate) async fn set(cx: &Cx, input: SetQueueAttributesInput) -> Reply<()> {
    let mut at = Located::of(cx, &input.queue_url).await?;
    if input.attributes.is_empty() {
        return Err(missing_parameter("Attribute.Name").into());
    }
    let old = at.queue.attributes.clone();
    at.queue_mut().attributes.apply(&input.attributes, false)?;
    let new = &at.queue.attributes;
    if input.attributes.contains_key("RedrivePolicy") {
        if let Some(policy) = &new.redrive {
            redrive::check_target(cx, &at.scope, &at.name, policy, at.queue.is_fifo()).await?;
        }
        redrive::note_source(cx, &at.scope, &at.name, old.redrive.as_ref(), new.redrive.as_ref()).await?;
    }
    if at.queue.is_fifo() && new.delay != old.delay {
        fifo::delay_changed(cx, &at, old.delay).await?;
    }
    let shorter = new.retention < old.retention;
    at.save_changed(cx).await?;
    if shorter { sweep::retention_changed(cx, &at).await } else { Ok(()) }
}
