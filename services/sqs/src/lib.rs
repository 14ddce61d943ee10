//! Amazon Simple Queue Service, all operations of its model.
//!
//! Follows the Amazon SQS API Reference and Developer Guide. Where AWS says "approximately" or "up to", this says exactly and at once: counts are
//! exact, and changed attributes count from the next request on.
//!
//! | Module | What it is about |
//! |---|---|
//! | `tables` | what is stored, and in which order |
//! | `queue`, `attributes`, `queue_attributes`, `url`, `tags`, `permissions` | queues |
//! | `message`, `message_attributes`, `md5`, `send`, `dedup` | messages on their way in |
//! | `receive`, `standard`, `fifo`, `attempts`, `flight` | messages on their way out |
//! | `receipt`, `visibility`, `batch` | what a receiver does with them |
//! | `redrive`, `dead_letters`, `move_task` | dead letters |
//! | `contents`, `sweep`, `purge` | keeping counts, and clearing away |
//!
//! Two options tell the service to be more forgiving than AWS: `SQS_DELAY_RECENTLY_DELETED=0` lets the name of a deleted queue
//! be used at once, and `SQS_DELAY_PURGE_RETRY=0` lets a queue be purged again within a minute.

mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}
mod attempts;
mod attributes;
mod batch;
mod contents;
mod dead_letters;
mod dedup;
mod errors;
mod fifo;
mod flight;
mod md5;
mod message;
mod message_attributes;
mod move_task;
mod permissions;
mod purge;
mod queue;
mod queue_attributes;
mod receipt;
mod receive;
mod redrive;
mod send;
mod standard;
mod sweep;
mod tables;
mod tags;
mod url;
mod visibility;

use std::sync::Arc;

use kumoi_core::timers::Timer;
use kumoi_core::{Cx, Descriptor, Future, Incoming, OptionEffect, Reply, Service, ServiceOption, ValidationStyle};
use kumoi_model::{Catalog, Value};

use crate::queue::Located;

/// The service, for the list of services.
pub fn service() -> Arc<dyn Service> {
    Arc::new(Sqs)
}

struct Sqs;

static OPTIONS: [ServiceOption; 4] = [
    ServiceOption { name: url::STRATEGY, effect: url::STRATEGIES },
    ServiceOption { name: queue::DELAY_RECENTLY_DELETED, effect: OptionEffect::Honoured },
    ServiceOption { name: purge::DELAY_RETRY, effect: OptionEffect::Honoured },
    ServiceOption {
        name: "SQS_ENABLE_MESSAGE_RETENTION_PERIOD",
        effect: OptionEffect::Needless("retention periods always hold"),
    },
];

static DESCRIPTOR: Descriptor =
    Descriptor { model: "sqs", operations: api::OPERATIONS, validation: ValidationStyle::Own(errors::word) };

impl Service for Sqs {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn call<'a>(&'a self, cx: &'a Cx, operation: &'a str, input: &'a Value) -> Future<'a, Reply<Value>> {
        api::dispatch(self, cx, operation, input)
    }

    fn options(&self) -> &'static [ServiceOption] {
        &OPTIONS
    }

    fn timer<'a>(&'a self, cx: &'a Cx, timer: &'a Timer) -> Future<'a, Reply<()>> {
        Box::pin(async move {
            match timer.kind.as_str() {
                sweep::SWEEP => sweep::run(cx, &timer.payload).await,
                purge::DROP => purge::run(cx, &timer.payload).await,
                move_task::MOVE => move_task::run(cx, &timer.payload).await,
                queue::FORGET => queue::forget(cx, &timer.payload).await,
                _ => Ok(()),
            }
        })
    }

    /// A query request may name its queue by the path it is sent to. And a batch without entries is an empty one: the query form
    /// cannot tell the two apart.
    fn adapt(&self, operation: &str, incoming: Incoming<'_>, input: &mut Value) {
        if operation.ends_with("Batch") {
            fill(operation, "Entries", input, || Value::List(Vec::new()));
        }
        if incoming.query_protocol && url::parse(incoming.path).is_some_and(|named| named.account.is_some()) {
            // The host can tell the Region.
            fill(operation, "QueueUrl", input, || Value::String(format!("http://{}{}", incoming.host, incoming.path)));
        }
    }
}

/// Sets a member of an operation's input that is not there.
fn fill(operation: &str, member: &str, input: &mut Value, value: impl FnOnce() -> Value) {
    let Some(model) = Catalog::get().load(DESCRIPTOR.model) else { return };
    let shape = model.operation(operation).and_then(|operation| operation.input);
    let member = shape.and_then(|shape| model.structure(shape)).and_then(|shape| shape.member(member));
    if let (Some((index, _)), Value::Struct(members)) = (member, input)
        && members.get(index).is_none()
    {
        members.set(index, value());
    }
}

/// Whether an option of LocalStack's that makes a rule hold is on, as it is unless it says otherwise.
fn enabled(cx: &Cx, option: &str) -> bool {
    !matches!(cx.settings().options.get(option).map(String::as_str), Some("0" | "false" | "False"))
}

impl api::Api for Sqs {
    async fn add_permission(&self, cx: &Cx, input: api::AddPermissionInput) -> Reply<api::AddPermissionOutput> {
        permissions::add(cx, input).await?;
        Ok(api::AddPermissionOutput::default())
    }

    async fn cancel_message_move_task(
        &self,
        cx: &Cx,
        input: api::CancelMessageMoveTaskInput,
    ) -> Reply<api::CancelMessageMoveTaskOutput> {
        move_task::cancel(cx, input).await
    }

    async fn change_message_visibility(
        &self,
        cx: &Cx,
        input: api::ChangeMessageVisibilityInput,
    ) -> Reply<api::ChangeMessageVisibilityOutput> {
        let at = Located::of(cx, &input.queue_url).await?;
        visibility::change(cx, &at, &input.receipt_handle, Some(input.visibility_timeout)).await?;
        Ok(api::ChangeMessageVisibilityOutput::default())
    }

    async fn change_message_visibility_batch(
        &self,
        cx: &Cx,
        input: api::ChangeMessageVisibilityBatchInput,
    ) -> Reply<api::ChangeMessageVisibilityBatchOutput> {
        batch::change_visibility(cx, input).await
    }

    async fn create_queue(&self, cx: &Cx, input: api::CreateQueueInput) -> Reply<api::CreateQueueOutput> {
        queue::create(cx, input).await
    }

    async fn delete_message(&self, cx: &Cx, input: api::DeleteMessageInput) -> Reply<api::DeleteMessageOutput> {
        let at = Located::of(cx, &input.queue_url).await?;
        visibility::delete(cx, &at, &input.receipt_handle).await?;
        Ok(api::DeleteMessageOutput::default())
    }

    async fn delete_message_batch(
        &self,
        cx: &Cx,
        input: api::DeleteMessageBatchInput,
    ) -> Reply<api::DeleteMessageBatchOutput> {
        batch::delete(cx, input).await
    }

    async fn delete_queue(&self, cx: &Cx, input: api::DeleteQueueInput) -> Reply<api::DeleteQueueOutput> {
        queue::delete(cx, input).await?;
        Ok(api::DeleteQueueOutput::default())
    }

    async fn get_queue_attributes(
        &self,
        cx: &Cx,
        input: api::GetQueueAttributesInput,
    ) -> Reply<api::GetQueueAttributesOutput> {
        queue_attributes::get(cx, input).await
    }

    async fn get_queue_url(&self, cx: &Cx, input: api::GetQueueUrlInput) -> Reply<api::GetQueueUrlOutput> {
        queue::get_url(cx, input).await
    }

    async fn list_dead_letter_source_queues(
        &self,
        cx: &Cx,
        input: api::ListDeadLetterSourceQueuesInput,
    ) -> Reply<api::ListDeadLetterSourceQueuesOutput> {
        queue::list_sources(cx, input).await
    }

    async fn list_message_move_tasks(
        &self,
        cx: &Cx,
        input: api::ListMessageMoveTasksInput,
    ) -> Reply<api::ListMessageMoveTasksOutput> {
        move_task::list(cx, input).await
    }

    async fn list_queue_tags(&self, cx: &Cx, input: api::ListQueueTagsInput) -> Reply<api::ListQueueTagsOutput> {
        tags::list(cx, input).await
    }

    async fn list_queues(&self, cx: &Cx, input: api::ListQueuesInput) -> Reply<api::ListQueuesOutput> {
        queue::list(cx, input).await
    }

    async fn purge_queue(&self, cx: &Cx, input: api::PurgeQueueInput) -> Reply<api::PurgeQueueOutput> {
        purge::purge(cx, input).await?;
        Ok(api::PurgeQueueOutput::default())
    }

    async fn receive_message(&self, cx: &Cx, input: api::ReceiveMessageInput) -> Reply<api::ReceiveMessageOutput> {
        receive::receive(cx, input).await
    }

    async fn remove_permission(
        &self,
        cx: &Cx,
        input: api::RemovePermissionInput,
    ) -> Reply<api::RemovePermissionOutput> {
        permissions::remove(cx, input).await?;
        Ok(api::RemovePermissionOutput::default())
    }

    async fn send_message(&self, cx: &Cx, input: api::SendMessageInput) -> Reply<api::SendMessageOutput> {
        send::send(cx, input).await
    }

    async fn send_message_batch(
        &self,
        cx: &Cx,
        input: api::SendMessageBatchInput,
    ) -> Reply<api::SendMessageBatchOutput> {
        batch::send(cx, input).await
    }

    async fn set_queue_attributes(
        &self,
        cx: &Cx,
        input: api::SetQueueAttributesInput,
    ) -> Reply<api::SetQueueAttributesOutput> {
        queue_attributes::set(cx, input).await?;
        Ok(api::SetQueueAttributesOutput::default())
    }

    async fn start_message_move_task(
        &self,
        cx: &Cx,
        input: api::StartMessageMoveTaskInput,
    ) -> Reply<api::StartMessageMoveTaskOutput> {
        move_task::start(cx, input).await
    }

    async fn tag_queue(&self, cx: &Cx, input: api::TagQueueInput) -> Reply<api::TagQueueOutput> {
        tags::tag(cx, input).await?;
        Ok(api::TagQueueOutput::default())
    }

    async fn untag_queue(&self, cx: &Cx, input: api::UntagQueueInput) -> Reply<api::UntagQueueOutput> {
        tags::untag(cx, input).await?;
        Ok(api::UntagQueueOutput::default())
    }
}
