//! `PutItem`.

use kumoi_core::{Cx, Reply};

use crate::api::{PutItemInput, PutItemOutput};
use crate::capacity::Consumed;
use crate::item::{check_size, returned};
use crate::table::Located;
use crate::{attribute, key, write};

pub(crate) async fn put(cx: &Cx, input: PutItemInput) -> Reply<PutItemOutput> {
    let wants_old = returned::wants_old(input.return_values.as_deref())?;
    let new = attribute::item(&input.item)?;
    check_size(&new)?;
    let at = Located::for_items(cx, &input.table_name).await?;
    let key = key::of_item(&at.table.key, &new)?;
    key::check_indexes(&at.table, &new)?;
    let old = write::read(cx, &at, &key).await?;
    write::write(cx, &at, &key, old.as_ref(), Some(&new)).await?;
    let consumed = Consumed::write(&at.table, old.as_ref(), Some(&new), 1.0);
    Ok(PutItemOutput {
        attributes: returned::told(old.filter(|_| wants_old)),
        consumed_capacity: consumed.told(&at, input.return_consumed_capacity.as_deref()),
        ..PutItemOutput::default()
    })
}
