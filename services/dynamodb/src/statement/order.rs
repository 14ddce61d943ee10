//! `ORDER BY`: keys, which are in order as they are read.

use std::cmp::Ordering;

use kumoi_core::Fault;
use kumoi_expressions::KeyQuery;
use kumoi_expressions::partiql::{Access, Order, Select};

use crate::errors::validation;
use crate::table::KeySchema;

/// Puts the partitions that a statement reads in its order. `true` if it reads their sort keys forward.
pub(super) fn arrange(select: &Select, key: &KeySchema, access: &mut Access) -> Result<bool, Fault> {
    let Some(first) = select.order.first() else { return Ok(true) };
    if select.condition.is_none() {
        return Err(validation("Must have WHERE clause in the statement when using ORDER BY clause."));
    }
    if let Some(other) = select.order.iter().find(|order| !key.has(&order.attribute)) {
        return Err(validation(format!(
            "Variable reference {} in ORDER BY clause must be part of the primary key",
            other.attribute
        )));
    }
    let Access::Query(queries) = access else {
        return Err(validation(
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.",
        ));
    };
    let is_sort = |order: &&Order| key.sort.iter().any(|attribute| attribute.name == order.attribute);
    if queries.len() > 1 && is_sort(&first) {
        return Err(validation("ORDER BY begins with the hash key where the WHERE clause has several values of it"));
    }
    let mut partitions = select.order.iter().filter(|order| !is_sort(order)).peekable();
    if partitions.peek().is_some() {
        let names: Vec<_> = key.partition.iter().map(|attribute| attribute.name.as_str()).collect();
        let by: Vec<_> = partitions
            .filter_map(|order| Some((names.iter().position(|name| *name == order.attribute)?, order.descending)))
            .collect();
        queries.sort_by(|left, right| compare(&by, left, right));
    }
    let mut sorts = select.order.iter().filter(is_sort).map(|order| !order.descending);
    let forward = sorts.next().unwrap_or(true);
    if sorts.any(|other| other != forward) {
        return Err(validation("All sort keys in the ORDER BY clause must have one direction"));
    }
    Ok(forward)
}

/// The order of two partitions by some attributes of their key.
fn compare(by: &[(usize, bool)], left: &KeyQuery, right: &KeyQuery) -> Ordering {
    let one = |(at, descending): &(usize, bool)| {
        let (left, right) = (left.partition.get(*at)?, right.partition.get(*at)?);
        let order = left.order(right)?;
        Some(if *descending { order.reverse() } else { order })
    };
    by.iter().filter_map(one).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
