//! Message move tasks: taking dead letters back to where they came from, or elsewhere.
//!
//! Follows `StartMessageMoveTask`, `CancelMessageMoveTask` and `ListMessageMoveTasks` of the API Reference, and "Learn how to configure a
//! dead-letter queue redrive" of the Developer Guide. A task runs by a timer that moves a few messages each time it fires, at the rate that was asked for or
//! else the highest there is. What is moved is a new message: its id, its age and its counts start anew.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kumoi_core::timers::{self, Timer};
use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::{KeyRange, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::{
    CancelMessageMoveTaskInput, CancelMessageMoveTaskOutput, ListMessageMoveTasksInput, ListMessageMoveTasksOutput,
    ListMessageMoveTasksResultEntry, StartMessageMoveTaskInput, StartMessageMoveTaskOutput,
};
use crate::contents;
use crate::errors::{
    invalid_parameter, invalid_value, no_such_resource, resource_not_found_exception, unsupported_operation,
};
use crate::message::Message;
use crate::queue::Located;
use crate::queue_attributes::Counts;
use crate::redrive::{is_dead_letter_queue, queue_name};
use crate::tables::{MESSAGES, MessageKey, READY, TASKS};

/// The kind of timer that drives a task.
pub(crate) const MOVE: &str = "move";

/// The most messages a second, and what a task does that was given no rate.
const MAX_RATE: u32 = 500;

/// The most messages that one timer moves.
const MAX_BATCH: u32 = 100;

/// Tasks of a queue that are remembered.
const KEPT: usize = 10;

/// A task, kept under the name of its source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Task {
    id: String,
    source: String,
    /// ARN, when it was given.
    destination: Option<String>,
    /// Messages a second, when it was given.
    rate: Option<u32>,
    status: Status,
    moved: i64,
    to_move: i64,
    /// In milliseconds since 1970.
    started: i64,
    failure: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Status {
    Running,
    Completed,
    Cancelling,
    Cancelled,
    Failed,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Cancelling => "CANCELLING",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
        }
    }

    fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Cancelling)
    }
}

impl Task {
    fn handle(&self) -> String {
        STANDARD.encode(json!({"taskId": self.id, "sourceArn": self.source}).to_string())
    }

    /// How many messages a timer moves, and how many microseconds later the next one comes.
    fn pace(&self) -> (usize, i64) {
        let rate = self.rate.unwrap_or(MAX_RATE).clamp(1, MAX_RATE);
        let batch = (rate / 5).clamp(1, MAX_BATCH);
        (batch as usize, i64::from(batch) * 1_000_000 / i64::from(rate))
    }
}

pub(crate) async fn start(cx: &Cx, input: StartMessageMoveTaskInput) -> Reply<StartMessageMoveTaskOutput> {
    check_arn(&input.source_arn, "SourceArn")?;
    let rate = input.max_number_of_messages_per_second.map(|asked| {
        let rate = u32::try_from(asked).ok().filter(|rate| (1..=MAX_RATE).contains(rate));
        let reason = "MaxNumberOfMessagesPerSecond must be an integer between 1 and 500.";
        rate.ok_or_else(|| invalid_value(asked, "MaxNumberOfMessagesPerSecond", reason))
    });
    let rate = rate.transpose()?;
    let at = Located::of_arn(cx, &input.source_arn).await?.ok_or_else(|| no_such_resource("SourceArn"))?;
    if !is_dead_letter_queue(cx, &at).await? {
        return Err(invalid_parameter("Source queue must be configured as a Dead Letter Queue.").into());
    }
    let destination = input.destination_arn.filter(|arn| !arn.is_empty());
    if let Some(arn) = &destination {
        check_arn(arn, "DestinationArn")?;
        let target = Located::of_arn(cx, arn).await?.ok_or_else(|| no_such_resource("DestinationArn"))?;
        if target.queue.id == at.queue.id {
            return Err(invalid_parameter("The source queue and the destination queue cannot be the same.").into());
        }
        if target.queue.is_fifo() != at.queue.is_fifo() {
            return Err(
                invalid_parameter("The source queue and the destination queue must be of the same type.").into()
            );
        }
    }
    let tasks = tasks_of(cx, &at.scope, &at.name).await?;
    if tasks.iter().any(|(_, task)| task.status.is_active()) {
        return Err(invalid_parameter(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        )
        .into());
    }
    for (key, _) in tasks.iter().skip(KEPT - 1) {
        cx.tx().delete(&at.scope, &TASKS, key).await?;
    }
    let task = Task {
        id: cx.ids().uuid(),
        source: input.source_arn,
        destination,
        rate,
        status: Status::Running,
        moved: 0,
        to_move: Counts::of(cx, &at).await?.visible,
        started: cx.now().millis(),
        failure: None,
    };
    let key = (at.name.clone(), cx.ids().sequence());
    cx.tx().put(&at.scope, &TASKS, &key, &task).await?;
    plan(cx, &at.scope, &key, 0).await?;
    Ok(StartMessageMoveTaskOutput { task_handle: Some(task.handle()) })
}

fn check_arn(arn: &str, parameter: &str) -> Result<(), Fault> {
    match queue_name(arn) {
        Some(_) => Ok(()),
        None => Err(invalid_parameter(format!(
            "You must use this format to specify the {parameter}: arn:aws:sqs:region:account-id:queue-name"
        ))),
    }
}

/// The tasks of a source, latest first.
async fn tasks_of(cx: &Cx, scope: &Scope, name: &str) -> Reply<Vec<((String, u64), Task)>> {
    Ok(cx.tx().range(scope, &TASKS, KeyRange::prefix(&(name,)).reversed(), usize::MAX).await?)
}

/// Sets the timer that drives a task, so many microseconds from now.
async fn plan(cx: &Cx, scope: &Scope, key: &(String, u64), after: i64) -> Reply<()> {
    let (name, sequence) = key;
    let due = kumoi_model::Timestamp::from_micros(cx.now().micros().saturating_add(after));
    let timer =
        Timer { name: format!("{MOVE}:{sequence}"), due, kind: MOVE.to_owned(), payload: format!("{sequence}:{name}") };
    Ok(timers::set(cx.tx(), "sqs", scope, &timer).await?)
}

pub(crate) async fn cancel(cx: &Cx, input: CancelMessageMoveTaskInput) -> Reply<CancelMessageMoveTaskOutput> {
    let handle = &input.task_handle;
    let read =
        read_handle(handle).ok_or_else(|| invalid_value(handle, "TaskHandle", "The task handle is not valid."))?;
    let missing = || resource_not_found_exception("Task does not exist.");
    let at = Located::of_arn(cx, &read.source_arn).await?.ok_or_else(missing)?;
    let tasks = tasks_of(cx, &at.scope, &at.name).await?;
    let (key, mut task) = tasks.into_iter().find(|(_, task)| task.id == read.task_id).ok_or_else(missing)?;
    if task.status != Status::Running {
        let message = format!("A task can be cancelled while its status is RUNNING. It is {}.", task.status.word());
        return Err(unsupported_operation(message).into());
    }
    task.status = Status::Cancelling;
    cx.tx().put(&at.scope, &TASKS, &key, &task).await?;
    plan(cx, &at.scope, &key, 0).await?;
    Ok(CancelMessageMoveTaskOutput { approximate_number_of_messages_moved: Some(task.moved) })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handle {
    task_id: String,
    source_arn: String,
}

fn read_handle(text: &str) -> Option<Handle> {
    let bytes = (text.len() <= 1024).then(|| STANDARD.decode(text).ok()).flatten()?;
    serde_json::from_slice(&bytes).ok()
}

pub(crate) async fn list(cx: &Cx, input: ListMessageMoveTasksInput) -> Reply<ListMessageMoveTasksOutput> {
    check_arn(&input.source_arn, "SourceArn")?;
    let limit = input.max_results.unwrap_or(1);
    let limit = usize::try_from(limit)
        .ok()
        .filter(|limit| (1..=KEPT).contains(limit))
        .ok_or_else(|| invalid_value(limit, "MaxResults", "MaxResults must be an integer between 1 and 10."))?;
    let at = Located::of_arn(cx, &input.source_arn).await?.ok_or_else(|| no_such_resource("SourceArn"))?;
    let tasks = tasks_of(cx, &at.scope, &at.name).await?;
    let results = tasks.into_iter().take(limit).map(|(_, task)| entry(task)).collect();
    Ok(ListMessageMoveTasksOutput { results: Some(results) })
}

fn entry(task: Task) -> ListMessageMoveTasksResultEntry {
    ListMessageMoveTasksResultEntry {
        task_handle: (task.status == Status::Running).then(|| task.handle()),
        status: Some(task.status.word().to_owned()),
        source_arn: Some(task.source),
        destination_arn: task.destination,
        max_number_of_messages_per_second: task.rate.and_then(|rate| rate.try_into().ok()),
        approximate_number_of_messages_moved: Some(task.moved),
        approximate_number_of_messages_to_move: Some(task.to_move),
        failure_reason: task.failure,
        started_timestamp: Some(task.started),
    }
}

/// Drives a task one step.
pub(crate) async fn run(cx: &Cx, payload: &str) -> Reply<()> {
    let Some((sequence, name)) = payload.split_once(':') else { return Ok(()) };
    let key = (name.to_owned(), sequence.parse().unwrap_or(0));
    let Some(mut task) = cx.get(&TASKS, &key).await? else { return Ok(()) };
    let Some(at) = Located::find(cx, cx.scope().clone(), name).await? else { return Ok(()) };
    match task.status {
        Status::Cancelling => task.status = Status::Cancelled,
        Status::Running => step(cx, &at, &mut task).await?,
        Status::Completed | Status::Cancelled | Status::Failed => return Ok(()),
    }
    cx.put(&TASKS, &key, &task).await?;
    if task.status == Status::Running {
        plan(cx, &at.scope, &key, task.pace().1).await?;
    }
    Ok(())
}

/// Moves a batch; the task is complete when nothing is left that can be seen, and fails at the first message that has no way back.
async fn step(cx: &Cx, at: &Located, task: &mut Task) -> Reply<()> {
    let (batch, _) = task.pace();
    let contents = at.queue.contents;
    let visible = KeyRange::prefix(&(contents,)).until(&(contents, cx.now().micros()));
    let mut keys = cx.tx().index_keys(&at.scope, &MESSAGES, &READY, visible, batch + 1).await?;
    if keys.len() <= batch {
        task.status = Status::Completed;
    }
    keys.truncate(batch);
    for (_, key) in keys {
        let Some(message) = cx.tx().get(&at.scope, &MESSAGES, &key).await? else { continue };
        if let Err(reason) = move_one(cx, at, task, &key, &message).await? {
            task.status = Status::Failed;
            task.failure = Some(reason.to_owned());
            return Ok(());
        }
        task.moved += 1;
    }
    Ok(())
}

async fn move_one(
    cx: &Cx,
    at: &Located,
    task: &Task,
    key: &MessageKey,
    message: &Message,
) -> Reply<Result<(), &'static str>> {
    let Some(arn) = task.destination.as_deref().or(message.source.as_deref()) else {
        return Ok(Err("CouldNotDetermineMessageSource"));
    };
    let target = Located::of_arn(cx, arn).await?.filter(|target| target.queue.is_fifo() == at.queue.is_fifo());
    let Some(target) = target else { return Ok(Err("AWS.SimpleQueueService.NonExistentQueue")) };
    contents::remove(cx, at, key, message).await?;
    let now = cx.now().micros();
    let moved = Message {
        id: cx.ids().uuid(),
        visible_at: now,
        received: 0,
        received_before: 0,
        first_received: None,
        last_received: None,
        source: None,
        ..message.clone()
    };
    contents::arrive(cx, &target, &moved, now).await?;
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(rate: Option<u32>) -> Task {
        Task {
            id: "id".into(),
            source: "arn:aws:sqs:us-east-1:000000000000:dead".into(),
            destination: None,
            rate,
            status: Status::Running,
            moved: 0,
            to_move: 0,
            started: 0,
            failure: None,
        }
    }

    #[test]
    fn the_pace_is_the_rate() {
        assert_eq!(task(Some(1)).pace(), (1, 1_000_000));
        assert_eq!(task(Some(10)).pace(), (2, 200_000));
        assert_eq!(task(Some(500)).pace(), (100, 200_000));
        assert_eq!(task(None).pace(), (100, 200_000));
    }

    #[test]
    fn a_handle_is_base64_of_json() {
        let handle = read_handle(&task(None).handle()).unwrap();
        assert_eq!((handle.task_id.as_str(), queue_name(&handle.source_arn)), ("id", Some("dead")));
        for text in ["", "x", "e30=", &"e".repeat(2000)] {
            assert!(read_handle(text).is_none(), "{text}");
        }
    }
}
