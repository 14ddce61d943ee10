//! `Query`: the items of a partition, or those whose sort keys lie in a range.

use std::ops::Bound;

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::{Attribute, Condition, KeyPart, KeyQuery, KeyTest};

use crate::api::{QueryInput, QueryOutput};
use crate::attribute;
use crate::capacity::{Consistency, Consumed, read_units};
use crate::errors::{refuse, validation};
use crate::key::{hash, joined, joined_start};
use crate::parameters::{self, Given};
use crate::read::answer::Answering;
use crate::read::page::{Reading, Start, limit};
use crate::read::range::{Range, past_prefix};
use crate::read::select::{self, Select, naming};
use crate::read::start;
use crate::table::{Index, KeyAttribute, KeySchema, Located};
use crate::throttle;

pub(crate) async fn query(cx: &Cx, input: QueryInput) -> Reply<QueryOutput> {
    let given = Given {
        expressions: &[
            ("FilterExpression", input.filter_expression.is_some()),
            ("KeyConditionExpression", input.key_condition_expression.is_some()),
        ],
        projection: input.projection_expression.is_some(),
        older: &[
            ("AttributesToGet", input.attributes_to_get.is_some()),
            ("QueryFilter", input.query_filter.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
            // They go with every expression but the one that replaces them.
            ("KeyConditions", input.key_conditions.is_some() && input.key_condition_expression.is_some()),
        ],
    };
    let naming = naming(input.projection_expression.is_some(), input.attributes_to_get.is_some());
    let filter_parameter = if input.filter_expression.is_some() { "Filter Expression" } else { "QueryFilter" };
    let mut placeholders = given.placeholders(input.expression_attribute_names, input.expression_attribute_values)?;
    let filter = parameters::filter(
        input.filter_expression.as_deref(),
        input.query_filter,
        input.conditional_operator.as_deref(),
        &mut placeholders,
    )?;
    let projection = parameters::projection(
        input.projection_expression.as_deref(),
        input.attributes_to_get.as_deref(),
        &mut placeholders,
    )?;
    let conditions =
        parameters::key_conditions(input.key_condition_expression.as_deref(), input.key_conditions, &mut placeholders)?;
    placeholders.check_unused().map_err(refuse)?;
    let start_key = input.exclusive_start_key.as_ref().map(attribute::item).transpose()?;
    let at = Located::for_items(cx, &input.table_name).await?;
    let index = select::index(&at, input.index_name.as_deref(), input.consistent_read)?;
    let select = Select::read(input.select.as_deref(), naming, index, "Querying")?;
    let schema = index.map_or(&at.table.key, |index| &index.key);
    let wanted = bind(&conditions, schema)?;
    check_filter(filter.as_ref(), schema, filter_parameter)?;
    let range = range(schema, &wanted)?;
    let after = start_key.map(|key| start::read(&at.table, index, &key)).transpose()?;
    check_start(&at, index, &range, after.as_ref())?;
    let forward = input.scan_index_forward.unwrap_or(true);
    let reading = Reading { at: &at, index, range, forward, limit: limit(input.limit), after };
    let answer = Answering { select, filter, projection }.read(cx, &reading).await?;
    let units = read_units(answer.page.size(), Consistency::of(input.consistent_read));
    let consumed = match index {
        Some(index) => Consumed::index(index, units),
        None => Consumed::table(units),
    };
    throttle::read(cx, &at, &consumed).await?;
    Ok(QueryOutput {
        items: answer.items,
        count: Some(answer.count),
        scanned_count: Some(answer.scanned_count),
        last_evaluated_key: answer.last_evaluated_key,
        consumed_capacity: consumed.told(&at, input.return_consumed_capacity.as_deref()),
    })
}

/// Half a key, as expressions are told of it.
pub(crate) fn parts(attributes: &[KeyAttribute]) -> Vec<KeyPart<'_>> {
    attributes.iter().map(|attribute| KeyPart { name: &attribute.name, kind: attribute.kind.into() }).collect()
}

/// What the conditions mean for a key.
fn bind(conditions: &kumoi_expressions::KeyConditions, schema: &KeySchema) -> Result<KeyQuery, Fault> {
    let (partition, sort) = (parts(&schema.partition), parts(&schema.sort));
    conditions.bind(&kumoi_expressions::KeySchema { partition: &partition, sort: &sort }).map_err(refuse)
}

/// A filter looks at what is no key.
fn check_filter(filter: Option<&Condition>, schema: &KeySchema, parameter: &str) -> Result<(), Fault> {
    let names: Vec<_> = schema.attributes().map(|attribute| attribute.name.as_str()).collect();
    match filter.and_then(|filter| filter.mentions(&names)) {
        Some(name) => Err(validation(format!(
            "{parameter} can only contain non-primary key attributes: Primary key attribute: {name}"
        ))),
        None => Ok(()),
    }
}

/// The rows that a query is about.
pub(crate) fn range(schema: &KeySchema, wanted: &KeyQuery) -> Result<Range, Fault> {
    // INVARIANT(types): binding has seen that all values have the types of the key.
    let bytes = |value: &Attribute| value.key_bytes().ok_or_else(Fault::internal);
    let all = |values: &[Attribute]| values.iter().map(bytes).collect::<Result<Vec<_>, _>>();
    let partition = joined(all(&wanted.partition)?);
    let equal = all(&wanted.equal)?;
    let more = equal.len() < schema.sort.len();
    let (from, to) = match &wanted.last {
        None if equal.is_empty() => (Bound::Unbounded, Bound::Unbounded),
        None if more => prefixed(joined_start(&equal)),
        None => {
            let key = joined(equal);
            (Bound::Included(key.clone()), Bound::Included(key))
        }
        Some(test) => {
            let last = equal.len() + 1 == schema.sort.len();
            tested(&joined_start(&equal), last, test, &bytes)?
        }
    };
    Ok(Range::Partition { hash: hash(&partition), partition, from, to })
}

type Bounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// All keys that begin with these bytes.
fn prefixed(prefix: Vec<u8>) -> Bounds {
    let end = past_prefix(&prefix).map_or(Bound::Unbounded, Bound::Excluded);
    (Bound::Included(prefix), end)
}

/// The sort keys that begin with `start` and whose next attribute passes a test. `last`: whether no other attribute follows it.
fn tested(
    start: &[u8],
    last: bool,
    test: &KeyTest,
    bytes: &impl Fn(&Attribute) -> Result<Vec<u8>, Fault>,
) -> Result<Bounds, Fault> {
    // The first key at a value, and the first behind it and all that follows it.
    let at = |value: &Attribute| {
        let value = bytes(value)?;
        Ok::<_, Fault>([start, &if last { value } else { joined_start(&[value]) }].concat())
    };
    let behind = |value: &Attribute| {
        let key = at(value)?;
        Ok::<_, Fault>(if last { Bound::Excluded(key) } else { prefixed(key).1 })
    };
    let (first, end) = prefixed(start.to_vec());
    Ok(match test {
        KeyTest::Equal(value) => (Bound::Included(at(value)?), upto(last, at(value)?)),
        KeyTest::Less(value) => (first, Bound::Excluded(at(value)?)),
        KeyTest::LessOrEqual(value) => (first, upto(last, at(value)?)),
        KeyTest::Greater(value) => {
            let from = match behind(value)? {
                Bound::Excluded(key) if !last => Bound::Included(key),
                other => other,
            };
            (from, end)
        }
        KeyTest::GreaterOrEqual(value) => (Bound::Included(at(value)?), end),
        KeyTest::Between(low, high) => (Bound::Included(at(low)?), upto(last, at(high)?)),
        KeyTest::BeginsWith(value) => {
            // Inside a key of several attributes, the bytes of a prefix end where its attribute goes on.
            let value = bytes(value)?;
            let value = if last { value } else { crate::key::escaped(&value) };
            prefixed([start, &value].concat())
        }
    })
}

/// Up to a key; where more attributes follow, up to the last that begins with it.
fn upto(last: bool, key: Vec<u8>) -> Bound<Vec<u8>> {
    if last { Bound::Included(key) } else { prefixed(key).1 }
}

/// `ExclusiveStartKey` must lie in what the query reads.
fn check_start(at: &Located, index: Option<&Index>, range: &Range, after: Option<&Start>) -> Result<(), Fault> {
    let Some(after) = after else { return Ok(()) };
    if index.is_none() && at.table.key.sort.is_empty() {
        return Err(validation(
            "The provided exclusive start key is invalid: ExclusiveStartKey: the query can return at most one row and cannot be restarted",
        ));
    }
    if !range.contains(after.key()) {
        return Err(validation("The provided starting key is outside query boundaries based on provided conditions"));
    }
    Ok(())
}
