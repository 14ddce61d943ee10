//! Queues: their life, their names, and finding them.

use std::collections::BTreeMap;
use std::sync::Arc;

use kumoi_core::timers::{self, Timer};
use kumoi_core::{Cx, Fault, Reply, paging};
use kumoi_store::{KeyRange, Scope};
use serde::{Deserialize, Serialize};

use crate::api::{
    CreateQueueInput, CreateQueueOutput, DeleteQueueInput, GetQueueUrlInput, GetQueueUrlOutput,
    ListDeadLetterSourceQueuesInput, ListDeadLetterSourceQueuesOutput, ListQueuesInput, ListQueuesOutput,
};
use crate::attributes::Attributes;
use crate::errors::{
    bad_attribute, invalid_address, invalid_parameter, invalid_value, missing_parameter, no_such_queue,
    queue_deleted_recently, queue_name_exists,
};
use crate::tables::{DELETED, QUEUES, SOURCES, TAGS, TASKS};
use crate::{enabled, purge, redrive, tags, url};

/// Seconds after which the name of a deleted queue can be used again.
const DELETED_SECONDS: i64 = 60;

/// The option that lets the name of a deleted queue be used at once.
pub(crate) const DELAY_RECENTLY_DELETED: &str = "SQS_DELAY_RECENTLY_DELETED";

/// The most queue URLs that a list returns.
const MAX_RESULTS: usize = 1000;

/// A queue. See [`crate::tables`] for its two numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Queue {
    pub(crate) id: u64,
    pub(crate) contents: u64,
    /// In seconds since 1970.
    pub(crate) created: i64,
    /// When its attributes last changed, in seconds since 1970.
    pub(crate) modified: i64,
    /// When it was last purged, in microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) purged: Option<i64>,
    /// For when the sweep of what is past its retention is set, in microseconds since 1970. Here and not in a record of its own, as every
    /// message that arrives asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) swept: Option<i64>,
    pub(crate) attributes: Attributes,
}

impl Queue {
    pub(crate) fn is_fifo(&self) -> bool {
        self.attributes.fifo.is_some()
    }

    /// The retention period in microseconds.
    pub(crate) fn retention_micros(&self) -> i64 {
        i64::from(self.attributes.retention) * 1_000_000
    }
}

/// A queue, where it lies and what it is called. A URL can name a queue of another account or Region than the caller's.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) scope: Scope,
    pub(crate) name: String,
    /// Shared with other requests.
    pub(crate) queue: Arc<Queue>,
}

impl Located {
    /// The queue of a URL.
    pub(crate) async fn of(cx: &Cx, queue_url: &str) -> Reply<Self> {
        let Some(named) = url::parse(queue_url) else {
            return Err(invalid_address(format!("The address {queue_url} is not valid for this endpoint.")).into());
        };
        let scope = match (named.account, named.region) {
            (None, None) => cx.scope().clone(),
            (account, region) => {
                let (account, region) = (account.unwrap_or(cx.account()), region.unwrap_or(cx.region()));
                let same = account == cx.account() && region == cx.region();
                if same { cx.scope().clone() } else { Scope::new(account, region) }
            }
        };
        Self::find(cx, scope, named.name).await?.ok_or_else(|| no_such_queue().into())
    }

    /// The queue of that name.
    pub(crate) async fn find(cx: &Cx, scope: Scope, name: &str) -> Reply<Option<Self>> {
        let name = name.to_owned();
        let queue = cx.tx().get_shared(&scope, &QUEUES, &name).await?;
        Ok(queue.map(|queue| Self { scope, name, queue }))
    }

    /// The queue of an ARN; `None` when it is no ARN of a queue, or there is no such queue.
    pub(crate) async fn of_arn(cx: &Cx, arn: &str) -> Reply<Option<Self>> {
        let Some(parsed) = kumoi_core::arn::Arn::parse(arn).filter(|arn| arn.service == "sqs") else { return Ok(None) };
        Self::find(cx, Scope::new(parsed.account, parsed.region), parsed.resource).await
    }

    pub(crate) fn arn(&self) -> String {
        arn_of(&self.scope, &self.name)
    }

    /// The queue, to change.
    pub(crate) fn queue_mut(&mut self) -> &mut Queue {
        Arc::make_mut(&mut self.queue)
    }

    /// Stores the queue.
    pub(crate) async fn save(&self, cx: &Cx) -> Reply<()> {
        Ok(cx.tx().put(&self.scope, &QUEUES, &self.name, &*self.queue).await?)
    }

    /// Stores the queue with changed attributes.
    pub(crate) async fn save_changed(&mut self, cx: &Cx) -> Reply<()> {
        self.queue_mut().modified = cx.now().seconds;
        self.save(cx).await
    }
}

/// The ARN of the queue of that name.
pub(crate) fn arn_of(scope: &Scope, name: &str) -> String {
    let partition = kumoi_model::partitions::partition_of(&scope.region);
    format!("arn:{}:sqs:{}:{}:{name}", partition.id, scope.region, scope.account)
}

/// Letters, digits, hyphens and underscores, 1 to 80 in all; a FIFO queue's name ends in `.fifo`.
fn check_name(name: &str, fifo: bool) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(missing_parameter("QueueName"));
    }
    let stem = if fifo { name.strip_suffix(".fifo") } else { Some(name) };
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.len() <= 80 && stem.is_some_and(|stem| !stem.is_empty() && stem.bytes().all(valid)) {
        return Ok(());
    }
    Err(invalid_parameter(if fifo {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix \
         and be 1 to 80 in length."
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    }))
}

pub(crate) async fn create(cx: &Cx, input: CreateQueueInput) -> Reply<CreateQueueOutput> {
    let named = input.attributes.unwrap_or_default();
    let name = input.queue_name;
    let fifo = match named.get("FifoQueue") {
        Some(value) if value.eq_ignore_ascii_case("true") => true,
        Some(_) if name.ends_with(".fifo") => return Err(bad_attribute("FifoQueue").into()),
        _ => false,
    };
    check_name(&name, fifo)?;
    let mut attributes = Attributes::new(fifo);
    attributes.apply(&named, true)?;
    let output = CreateQueueOutput { queue_url: Some(url::format(cx, cx.scope(), &name)) };
    if let Some(existing) = cx.get(&QUEUES, &name).await? {
        return match existing.attributes.first_difference(&attributes, &named) {
            None => Ok(output),
            Some(attribute) => Err(queue_name_exists(format!(
                "A queue already exists with the same name and a different value for attribute {attribute}"
            ))
            .into()),
        };
    }
    if enabled(cx, DELAY_RECENTLY_DELETED) && cx.get(&DELETED, &name).await?.is_some() {
        return Err(queue_deleted_recently(
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
        )
        .into());
    }
    if let Some(policy) = &attributes.redrive {
        redrive::check_target(cx, cx.scope(), &name, policy, fifo).await?;
        redrive::note_source(cx, cx.scope(), &name, None, Some(policy)).await?;
    }
    let tags = input.tags.unwrap_or_default();
    if !tags.is_empty() {
        cx.put(&TAGS, &name, &tags::merged(&name, BTreeMap::new(), tags)?).await?;
    }
    let now = cx.now().seconds;
    let (id, contents) = (cx.ids().sequence(), cx.ids().sequence());
    cx.put(&QUEUES, &name, &Queue { id, contents, created: now, modified: now, purged: None, swept: None, attributes })
        .await?;
    Ok(output)
}

pub(crate) async fn delete(cx: &Cx, input: DeleteQueueInput) -> Reply<()> {
    let at = Located::of(cx, &input.queue_url).await?;
    let Located { scope, name, queue } = &at;
    cx.tx().delete(scope, &QUEUES, name).await?;
    cx.tx().delete(scope, &TAGS, name).await?;
    redrive::note_source(cx, scope, name, queue.attributes.redrive.as_ref(), None).await?;
    cx.tx().delete_range(scope, &TASKS, KeyRange::prefix(&(name.as_str(),))).await?;
    purge::drop_contents(cx, scope, queue.contents).await?;
    cx.tx().put(scope, &DELETED, name, &cx.now().micros()).await?;
    let due = cx.now().plus_seconds(DELETED_SECONDS);
    let timer = Timer { name: format!("forget:{name}"), due, kind: FORGET.to_owned(), payload: name.clone() };
    Ok(timers::set(cx.tx(), "sqs", scope, &timer).await?)
}

/// The kind of timer that frees the name of a deleted queue.
pub(crate) const FORGET: &str = "forget";

/// Frees the name of a deleted queue.
pub(crate) async fn forget(cx: &Cx, name: &str) -> Reply<()> {
    cx.delete(&DELETED, &name.to_owned()).await?;
    Ok(())
}

pub(crate) async fn get_url(cx: &Cx, input: GetQueueUrlInput) -> Reply<GetQueueUrlOutput> {
    if input.queue_name.is_empty() {
        return Err(missing_parameter("QueueName").into());
    }
    let scope = match input.queue_owner_aws_account_id.as_deref().filter(|owner| !owner.is_empty()) {
        None => cx.scope().clone(),
        Some(owner) => Scope::new(owner, cx.region()),
    };
    let at = Located::find(cx, scope, &input.queue_name).await?.ok_or_else(no_such_queue)?;
    Ok(GetQueueUrlOutput { queue_url: Some(url::format(cx, &at.scope, &at.name)) })
}

pub(crate) async fn list(cx: &Cx, input: ListQueuesInput) -> Reply<ListQueuesOutput> {
    let prefix = input.queue_name_prefix.unwrap_or_default();
    let listing = format!("queues:{prefix}");
    let page = Page::new(&listing, input.max_results, input.next_token.as_deref())?;
    let mut range = KeyRange::starts_with(&(), &prefix);
    if let Some(after) = &page.after {
        range = range.after(&after.as_str());
    }
    let found = cx.range(&QUEUES, range, page.limit + 1).await?;
    let (names, next_token) = page.cut(found.into_iter().map(|(name, _)| name).collect());
    let urls: Vec<_> = names.iter().map(|name| url::format(cx, cx.scope(), name)).collect();
    Ok(ListQueuesOutput { queue_urls: (!urls.is_empty()).then_some(urls), next_token })
}

pub(crate) async fn list_sources(
    cx: &Cx,
    input: ListDeadLetterSourceQueuesInput,
) -> Reply<ListDeadLetterSourceQueuesOutput> {
    let at = Located::of(cx, &input.queue_url).await?;
    let listing = format!("sources:{}", at.arn());
    let page = Page::new(&listing, input.max_results, input.next_token.as_deref())?;
    let mut range = KeyRange::prefix(&(at.name.as_str(),));
    if let Some(after) = &page.after {
        range = range.after(&(at.name.as_str(), after.as_str()));
    }
    let found = cx.tx().range(&at.scope, &SOURCES, range, page.limit + 1).await?;
    let (names, next_token) = page.cut(found.into_iter().map(|((_, source), ())| source).collect());
    let queue_urls = names.iter().map(|name| url::format(cx, &at.scope, name)).collect();
    Ok(ListDeadLetterSourceQueuesOutput { queue_urls, next_token })
}

/// One page of a list of names.
struct Page<'a> {
    listing: &'a str,
    limit: usize,
    /// A token is given only to callers who asked for pages.
    paged: bool,
    after: Option<String>,
}

impl<'a> Page<'a> {
    fn new(listing: &'a str, max_results: Option<i32>, token: Option<&str>) -> Result<Self, Fault> {
        let limit = match max_results {
            None => MAX_RESULTS,
            Some(asked) => {
                usize::try_from(asked).ok().filter(|asked| (1..=MAX_RESULTS).contains(asked)).ok_or_else(|| {
                    invalid_value(asked, "MaxResults", "MaxResults must be an integer between 1 and 1000.")
                })?
            }
        };
        let after = match token {
            None | Some("") => None,
            Some(token) => {
                let key = paging::key(listing, token);
                Some(key.ok_or_else(|| invalid_parameter("Invalid or expired next token."))?)
            }
        };
        Ok(Self { listing, limit, paged: max_results.is_some(), after })
    }

    /// The page, and the token of the next, from up to one name more than the page takes.
    fn cut(&self, mut names: Vec<String>) -> (Vec<String>, Option<String>) {
        let more = names.len() > self.limit;
        names.truncate(self.limit);
        let next = names.last().filter(|_| more && self.paged).map(|last| paging::token(self.listing, last));
        (names, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_queues() {
        let cases = [("q", false, true), ("A-b_9", false, true), ("", false, false), ("a.b", false, false)];
        for (name, fifo, valid) in cases {
            assert_eq!(check_name(name, fifo).is_ok(), valid, "{name}");
        }
        assert!(check_name(&"q".repeat(80), false).is_ok());
        assert!(check_name(&"q".repeat(81), false).is_err());
        assert!(check_name("q.fifo", true).is_ok());
        for name in ["q", ".fifo", "q.fifo.fifo", &format!("{}.fifo", "q".repeat(76))] {
            let fault = check_name(name, true).unwrap_err();
            assert!(fault.message().starts_with("The name of a FIFO queue"), "{name}");
        }
        assert!(check_name("q.fifo", false).unwrap_err().message().starts_with("Can only include"));
    }
}
