//! Groups of S3 Storage Lens: objects that dashboards show together (S3 User Guide, "Working with S3 Storage Lens groups"). They are checked and kept;
//! there are no metrics to show.
//!
//! Errors follow the second table of "List of Amazon S3 Storage Lens error codes" in the API Reference.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::{KeyRange, Scope};

use crate::caller::scope;
use crate::errors::{invalid_token, no_such_configuration};
use crate::tables::GROUPS;
use crate::{api, tags};

/// Groups of a region.
const MOST: usize = 50;

/// Elements of a list, and characters of a prefix or suffix.
const MAX_ELEMENTS: usize = 10;
const MAX_AFFIX: usize = 1024;

/// The largest object, in bytes.
const LARGEST: i64 = 50 << 40;

fn refused(code: &'static str, message: &'static str) -> Fault {
    Fault::new(code, 400, true, message)
}

/// The last part of a group's ARN.
fn resource(name: &str) -> String {
    format!("storage-lens-group/{name}")
}

/// Whether there is a group of that ARN's last part; for tags.
pub(crate) async fn is_there(cx: &Cx, scope: &Scope, resource: &str) -> Reply<bool> {
    let Some(name) = resource.strip_prefix("storage-lens-group/") else { return Ok(false) };
    Ok(cx.tx().get(scope, &GROUPS, &name.to_owned()).await?.is_some())
}

fn check_name(name: &str) -> Result<(), Fault> {
    let valid =
        (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let message = "The Storage Lens group name has 1 to 64 letters, digits, hyphens and underscores.";
    if valid { Ok(()) } else { Err(refused("InvalidName", message)) }
}

/// The conditions of a filter, or of an operator in it.
struct Conditions<'a> {
    prefixes: Option<&'a Vec<String>>,
    suffixes: Option<&'a Vec<String>>,
    tags: Option<&'a Vec<api::S3Tag>>,
    age: Option<&'a api::MatchObjectAge>,
    size: Option<&'a api::MatchObjectSize>,
}

/// The members that filters and operators have alike.
macro_rules! conditions {
    ($from:expr) => {
        Conditions {
            prefixes: $from.match_any_prefix.as_ref(),
            suffixes: $from.match_any_suffix.as_ref(),
            tags: $from.match_any_tag.as_ref(),
            age: $from.match_object_age.as_ref(),
            size: $from.match_object_size.as_ref(),
        }
    };
}

/// Whether an element stands twice in a list.
fn twice<T: PartialEq>(list: &[T]) -> bool {
    list.iter().enumerate().any(|(at, element)| list.iter().take(at).any(|other| other == element))
}

fn check_list<T: PartialEq>(list: &[T], empty: Fault) -> Result<(), Fault> {
    if list.is_empty() {
        return Err(empty);
    }
    if list.len() > MAX_ELEMENTS {
        return Err(refused("TooManyElements", "Only 10 prefixes, suffixes, or tags are allowed."));
    }
    if twice(list) {
        return Err(refused("DuplicateElement", "A prefix, a suffix or a tag is there twice."));
    }
    Ok(())
}

fn check_affixes(affixes: Option<&Vec<String>>, empty: Fault, invalid: Fault) -> Result<(), Fault> {
    let Some(affixes) = affixes else { return Ok(()) };
    check_list(affixes, empty)?;
    let fits = |affix: &String| !affix.is_empty() && affix.chars().count() <= MAX_AFFIX;
    if affixes.iter().all(fits) { Ok(()) } else { Err(invalid) }
}

/// Checks a lower and an upper bound of which at least one is there, each above 0 and no more than `most`.
fn check_range(bounds: [Option<i64>; 2], most: i64, empty: Fault, invalid: Fault) -> Result<(), Fault> {
    let [more, less] = bounds;
    if more.is_none() && less.is_none() {
        return Err(empty);
    }
    if bounds.iter().flatten().any(|bound| *bound <= 0 || *bound > most) || more == Some(most) {
        return Err(invalid);
    }
    let crossed = more.zip(less).is_some_and(|(more, less)| more >= less);
    let message = "This object age or object size combination isn't valid.";
    if crossed { Err(refused("InvalidNumericCombination", message)) } else { Ok(()) }
}

impl Conditions<'_> {
    fn count(&self) -> usize {
        let there = [
            self.prefixes.is_some(),
            self.suffixes.is_some(),
            self.tags.is_some(),
            self.age.is_some(),
            self.size.is_some(),
        ];
        there.into_iter().filter(|there| *there).count()
    }

    fn check(&self, keys_unique: bool) -> Result<(), Fault> {
        check_affixes(
            self.prefixes,
            refused("InvalidMatchAnyPrefix", "The MatchAnyPrefix parameter can't be empty."),
            refused("InvalidPrefix", "A prefix has between 1 and 1,024 characters."),
        )?;
        check_affixes(
            self.suffixes,
            refused("InvalidMatchAnySuffix", "The MatchAnySuffix parameter can't be empty."),
            refused("InvalidSuffix", "A suffix has between 1 and 1,024 characters."),
        )?;
        if let Some(tags) = self.tags {
            check_list(tags, refused("InvalidMatchAnyTag", "The MatchAnyTag parameter can't be empty."))?;
            let keys: Vec<&String> = tags.iter().map(|tag| &tag.key).collect();
            if keys_unique && twice(&keys) {
                return Err(refused("DuplicateElement", "The key of a tag is there twice."));
            }
            let fits =
                |tag: &api::S3Tag| (1..=128).contains(&tag.key.chars().count()) && tag.value.chars().count() <= 256;
            if !tags.iter().all(fits) {
                return Err(refused("InvalidTag", "A tag has a key of 1 to 128 characters, and a value of up to 256."));
            }
        }
        if let Some(age) = self.age {
            let bounds = [age.days_greater_than, age.days_less_than].map(|days| days.map(i64::from));
            let empty = refused("InvalidMatchObjectAge", "The MatchObjectAge parameter can't be empty.");
            let invalid = refused("InvalidAge", "DaysLessThan and DaysGreaterThan must be positive numbers.");
            check_range(bounds, i64::from(i32::MAX), empty, invalid)?;
        }
        if let Some(size) = self.size {
            let bounds = [size.bytes_greater_than, size.bytes_less_than];
            let empty = refused("InvalidMatchObjectSize", "The MatchObjectSize parameter can't be empty.");
            let invalid =
                refused("InvalidSize", "BytesLessThan and BytesGreaterThan must be positive, and up to 50 TB.");
            check_range(bounds, LARGEST, empty, invalid)?;
        }
        Ok(())
    }
}

fn check_filter(filter: &api::StorageLensGroupFilter) -> Result<(), Fault> {
    let single = conditions!(filter);
    match (single.count(), &filter.and, &filter.or) {
        (1, None, None) => single.check(false),
        (0, Some(and), None) => check_operator(&conditions!(and), true),
        (0, None, Some(or)) => check_operator(&conditions!(or), false),
        _ => {
            let message = "A filter must include one of the following elements: And, Or, MatchAnyTag, MatchAnyPrefix, \
                           MatchAnySuffix, MatchObjectAge, MatchObjectSize.";
            Err(refused("InvalidFilter", message))
        }
    }
}

fn check_operator(conditions: &Conditions<'_>, keys_unique: bool) -> Result<(), Fault> {
    if conditions.count() < 2 {
        let message = "At least two sub elements must be present in the logical operators And or Or.";
        return Err(refused("InvalidLogicalOperator", message));
    }
    conditions.check(keys_unique)
}

async fn find(cx: &Cx, scope: &Scope, name: &String) -> Reply<api::StorageLensGroup> {
    Ok(cx.tx().get(scope, &GROUPS, name).await?.ok_or_else(no_such_configuration)?)
}

fn group_arn(cx: &Cx, name: &str) -> String {
    cx.arn("s3", &resource(name))
}

pub(crate) async fn create(
    cx: &Cx,
    input: api::CreateStorageLensGroupInput,
) -> Reply<api::CreateStorageLensGroupOutput> {
    let (scope, group) = (scope(cx, &input.account_id)?, input.storage_lens_group);
    check_name(&group.name)?;
    check_filter(&group.filter)?;
    let known = cx.tx().range(&scope, &GROUPS, KeyRange::all(), MOST).await?;
    if known.iter().any(|(name, _)| *name == group.name) {
        let message = "The specified configuration already exists.";
        return Err(Fault::new("ConfigurationAlreadyExists", 409, true, message).into());
    }
    if known.len() >= MOST {
        let message = "You have attempted to create more Storage Lens group configurations than the 50 allowed.";
        return Err(refused("TooManyConfigurations", message).into());
    }
    let arn = Some(group_arn(cx, &group.name));
    let group = api::StorageLensGroup { storage_lens_group_arn: arn, ..group };
    cx.tx().put(&scope, &GROUPS, &group.name, &group).await?;
    tags::give(cx, &scope, &resource(&group.name), input.tags).await?;
    Ok(api::CreateStorageLensGroupOutput::default())
}

pub(crate) async fn get(cx: &Cx, input: api::GetStorageLensGroupInput) -> Reply<api::GetStorageLensGroupOutput> {
    let group = find(cx, &scope(cx, &input.account_id)?, &input.name).await?;
    Ok(api::GetStorageLensGroupOutput { storage_lens_group: Some(group) })
}

pub(crate) async fn update(
    cx: &Cx,
    input: api::UpdateStorageLensGroupInput,
) -> Reply<api::UpdateStorageLensGroupOutput> {
    let (scope, group) = (scope(cx, &input.account_id)?, input.storage_lens_group);
    let known = find(cx, &scope, &input.name).await?;
    if group.name != input.name {
        let message = "The name specified in the request doesn't match the Storage Lens group name.";
        return Err(refused("MismatchedName", message).into());
    }
    check_filter(&group.filter)?;
    let group = api::StorageLensGroup { filter: group.filter, ..known };
    cx.tx().put(&scope, &GROUPS, &input.name, &group).await?;
    Ok(api::UpdateStorageLensGroupOutput::default())
}

pub(crate) async fn delete(
    cx: &Cx,
    input: api::DeleteStorageLensGroupInput,
) -> Reply<api::DeleteStorageLensGroupOutput> {
    let scope = scope(cx, &input.account_id)?;
    find(cx, &scope, &input.name).await?;
    cx.tx().delete(&scope, &GROUPS, &input.name).await?;
    tags::forget(cx, &scope, &resource(&input.name)).await?;
    Ok(api::DeleteStorageLensGroupOutput::default())
}

/// All of them: there are never more than a page.
pub(crate) async fn list(cx: &Cx, input: api::ListStorageLensGroupsInput) -> Reply<api::ListStorageLensGroupsOutput> {
    let scope = scope(cx, &input.account_id)?;
    if input.next_token.is_some() {
        return Err(invalid_token().into());
    }
    let found = cx.tx().range(&scope, &GROUPS, KeyRange::all(), MOST).await?;
    let entries = found.into_iter().map(|(name, group)| api::ListStorageLensGroupEntry {
        name,
        storage_lens_group_arn: group.storage_lens_group_arn.unwrap_or_default(),
        home_region: cx.region().to_owned(),
    });
    Ok(api::ListStorageLensGroupsOutput { next_token: None, storage_lens_group_list: Some(entries.collect()) })
}
