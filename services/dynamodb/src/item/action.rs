//! What is done to one item, whoever asks: PutItem, UpdateItem and DeleteItem, a batch, a transaction.
//!
//! There are three steps. [`Action::key`] says which item it is about, [`Action::plan`] reads the item, checks the condition and says what is to
//! become of it, and [`Planned::write`] writes that. An operation on one item takes them one after the other ([`Action::run`]); a transaction takes
//! each with all of its actions before the next.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::{Condition, Item, Update, item_size};

use crate::api::ConditionalCheckFailedException;
use crate::attribute::values;
use crate::capacity::Consumed;
use crate::collection;
use crate::errors::{
    conditional_check_failed_exception, conditional_check_failed_exception_with, duplicate_item_exception, invalid,
    item_collection_size_limit_exceeded_exception, refuse,
};
use crate::item::check_updated_size;
use crate::key::{self, KeyBytes};
use crate::table::{KeySchema, Located};
use crate::throttle::{self, Side};
use crate::write;

/// What becomes of an item.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// It is this, whatever it was.
    Put(Item),
    /// It is this, and was nothing.
    Insert(Item),
    /// The item of that key is updated; without an update, it is made to exist.
    Update(Item, Option<Update>),
    /// The item of that key is deleted.
    Delete(Item),
    /// The item of that key stays as it is.
    Check(Item),
}

/// A change with its condition.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) change: Change,
    pub(crate) condition: Option<Condition>,
    /// Whether who fails the condition is shown the item: `ReturnValuesOnConditionCheckFailure` is `ALL_OLD`.
    pub(crate) shows_old: bool,
}

/// Why an action is not done.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The condition does not hold, of this item if it is to be shown.
    Condition(Option<Item>),
    /// There is an item of that key.
    Duplicate,
    /// It would make something that cannot be.
    Invalid(Fault),
    /// The item collection would be too large.
    Collection,
    /// There is no capacity left for it.
    Throttled(Fault),
}

/// The message of a condition that does not hold.
pub(crate) const CONDITION_FAILED: &str = "The conditional request failed";

/// The message of an item that is there already.
pub(crate) const DUPLICATE: &str = "Duplicate primary key exists in table";

/// The message of an item collection that would be too large.
pub(crate) const COLLECTION_EXCEEDED: &str = "Collection size exceeded.";

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Condition(None) => conditional_check_failed_exception(CONDITION_FAILED),
            Refusal::Condition(Some(old)) => {
                let details = ConditionalCheckFailedException { item: Some(values(old)) };
                conditional_check_failed_exception_with(CONDITION_FAILED, details)
            }
            Refusal::Duplicate => duplicate_item_exception(DUPLICATE),
            Refusal::Invalid(fault) | Refusal::Throttled(fault) => fault,
            Refusal::Collection => item_collection_size_limit_exceeded_exception(COLLECTION_EXCEEDED),
        }
    }
}

/// An action whose outcome is known.
#[derive(Debug)]
pub(crate) struct Planned {
    key: KeyBytes,
    pub(crate) old: Option<Item>,
    pub(crate) new: Option<Item>,
}

impl Action {
    /// The item, or the key of it, that the request gives.
    pub(crate) fn given(&self) -> &Item {
        match &self.change {
            Change::Put(item) | Change::Insert(item) => item,
            Change::Update(key, _) | Change::Delete(key) | Change::Check(key) => key,
        }
    }

    /// The key of the item, if the request fits the table.
    pub(crate) fn key(&self, at: &Located) -> Result<KeyBytes, Fault> {
        let key = match &self.change {
            Change::Put(item) | Change::Insert(item) => {
                let key = key::of_item(&at.table.key, item)?;
                key::check_indexes(&at.table, item)?;
                return Ok(key);
            }
            Change::Update(key, _) | Change::Delete(key) | Change::Check(key) => key::of_request(&at.table.key, key)?,
        };
        if let Change::Update(_, Some(update)) = &self.change {
            check_keys_kept(&at.table.key, update)?;
        }
        Ok(key)
    }

    /// What it makes of the item of its key. What fails besides refusals fails a transaction as a whole, too.
    ///
    /// The capacity that it takes is taken here. `factor` is 2 in a transaction.
    pub(crate) async fn plan(
        &self,
        cx: &Cx,
        at: &Located,
        key: KeyBytes,
        factor: f64,
    ) -> Reply<Result<Planned, Refusal>> {
        if let Some(fault) = throttle::exceeded(cx, at, Side::Write).await? {
            return Ok(Err(Refusal::Throttled(fault)));
        }
        let old = write::read(cx, at, &key).await?;
        if matches!(self.change, Change::Insert(_)) && old.is_some() {
            return Ok(Err(Refusal::Duplicate));
        }
        if !holds(self.condition.as_ref(), old.as_ref()) {
            return Ok(Err(Refusal::Condition(old.filter(|_| self.shows_old))));
        }
        let new = match &self.change {
            Change::Put(item) | Change::Insert(item) => Some(item.clone()),
            Change::Delete(_) => None,
            Change::Check(_) => old.clone(),
            Change::Update(given, update) => match updated(update.as_ref(), old.as_ref(), given) {
                Ok(new) => new,
                Err(fault) => return Ok(Err(Refusal::Invalid(fault))),
            },
        };
        if let (Change::Update(..), Some(new)) = (&self.change, &new) {
            if let Err(fault) = check_updated_size(new) {
                return Ok(Err(Refusal::Invalid(fault)));
            }
            key::check_not_empty(&at.table, new)?;
            if let Err(fault) = key::check_indexes(&at.table, new) {
                return Ok(Err(Refusal::Invalid(fault)));
            }
        }
        if !collection::has_room(cx, at, &key, old.as_ref(), new.as_ref()).await? {
            return Ok(Err(Refusal::Collection));
        }
        let planned = Planned { key, old, new };
        if throttle::bites(cx, at)
            && let Some(fault) = throttle::take(cx, at, &planned.consumed(at, factor), Side::Write).await?
        {
            return Ok(Err(Refusal::Throttled(fault)));
        }
        Ok(Ok(planned))
    }

    /// Does it.
    pub(crate) async fn run(&self, cx: &Cx, at: &Located) -> Reply<Planned> {
        Ok(self.attempt(cx, at).await?.map_err(Fault::from)?)
    }

    /// Does it, or says why not.
    pub(crate) async fn attempt(&self, cx: &Cx, at: &Located) -> Reply<Result<Planned, Refusal>> {
        let planned = self.plan(cx, at, self.key(at)?, 1.0).await?;
        if let Ok(planned) = &planned {
            planned.write(cx, at).await?;
        }
        Ok(planned)
    }
}

impl Planned {
    pub(crate) async fn write(&self, cx: &Cx, at: &Located) -> Reply<()> {
        write::write(cx, at, &self.key, self.old.as_ref(), self.new.as_ref()).await
    }

    /// What writing it consumes. `factor` is 2 in a transaction.
    pub(crate) fn consumed(&self, at: &Located, factor: f64) -> Consumed {
        Consumed::write(&at.table, self.old.as_ref(), self.new.as_ref(), factor)
    }

    /// Bytes of the item, as it was or is, whichever is more.
    pub(crate) fn size(&self) -> usize {
        let size = |item: &Option<Item>| item.as_ref().map_or(0, item_size);
        size(&self.old).max(size(&self.new))
    }
}

/// Whether a condition holds of an item; where there is none, of one without attributes.
fn holds(condition: Option<&Condition>, old: Option<&Item>) -> bool {
    let nothing = Item::new();
    condition.is_none_or(|condition| condition.holds(old.unwrap_or(&nothing)))
}

/// The key of an item never changes.
fn check_keys_kept(key: &KeySchema, update: &Update) -> Result<(), Fault> {
    match update.attributes().find(|name| key.has(name)) {
        Some(name) => Err(invalid(format!("Cannot update attribute {name}. This attribute is part of the key"))),
        None => Ok(()),
    }
}

/// What an update makes of an item, or of nothing but the key; an update that only takes away makes no item.
fn updated(update: Option<&Update>, old: Option<&Item>, key: &Item) -> Result<Option<Item>, Fault> {
    match (update, old) {
        (None, Some(old)) => Ok(Some(old.clone())),
        (None, None) => Ok(Some(key.clone())),
        (Some(update), None) if update.only_removes() => Ok(None),
        (Some(update), old) => update.apply(old, key).map(Some).map_err(refuse),
    }
}
