//! `UpdateItem`.

use kumoi_core::{Cx, Reply};

use crate::api::{UpdateItemInput, UpdateItemOutput};
use crate::capacity::Consumed;
use crate::item::{check_updated_size, returned};
use crate::table::Located;
use crate::{attribute, key, write};

pub(crate) async fn update(cx: &Cx, input: UpdateItemInput) -> Reply<UpdateItemOutput> {
    let given = attribute::item(&input.key)?;
    let at = Located::for_items(cx, &input.table_name).await?;
    let key = key::of_request(&at.table.key, &given)?;
    let old = write::read(cx, &at, &key).await?;
    let new = old.clone().unwrap_or(given);
    check_updated_size(&new)?;
    key::check_indexes(&at.table, &new)?;
    write::write(cx, &at, &key, old.as_ref(), Some(&new)).await?;
    let consumed = Consumed::write(&at.table, old.as_ref(), Some(&new), 1.0);
    let attributes = match input.return_values.as_deref() {
        Some("ALL_OLD") => old,
        Some("ALL_NEW") => Some(new),
        _ => None,
    };
    Ok(UpdateItemOutput {
        attributes: returned::told(attributes),
        consumed_capacity: consumed.told(&at, input.return_consumed_capacity.as_deref()),
        ..UpdateItemOutput::default()
    })
}
