//! `DeleteItem`.

use kumoi_core::{Cx, Reply};

use crate::api::{DeleteItemInput, DeleteItemOutput};
use crate::capacity::Consumed;
use crate::item::returned;
use crate::table::Located;
use crate::{attribute, key, write};

pub(crate) async fn delete(cx: &Cx, input: DeleteItemInput) -> Reply<DeleteItemOutput> {
    let wants_old = returned::wants_old(input.return_values.as_deref())?;
    let given = attribute::item(&input.key)?;
    let at = Located::for_items(cx, &input.table_name).await?;
    let key = key::of_request(&at.table.key, &given)?;
    let old = write::read(cx, &at, &key).await?;
    write::write(cx, &at, &key, old.as_ref(), None).await?;
    let consumed = Consumed::write(&at.table, old.as_ref(), None, 1.0);
    Ok(DeleteItemOutput {
        attributes: returned::told(old.filter(|_| wants_old)),
        consumed_capacity: consumed.told(&at, input.return_consumed_capacity.as_deref()),
        ..DeleteItemOutput::default()
    })
}
