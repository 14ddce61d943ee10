//! `GetItem`.

use kumoi_core::{Cx, Reply};
use kumoi_expressions::item_size;

use crate::api::{GetItemInput, GetItemOutput};
use crate::capacity::{Consistency, Consumed, read_units};
use crate::table::Located;
use crate::{attribute, key, write};

pub(crate) async fn get(cx: &Cx, input: GetItemInput) -> Reply<GetItemOutput> {
    let given = attribute::item(&input.key)?;
    let at = Located::for_items(cx, &input.table_name).await?;
    let key = key::of_request(&at.table.key, &given)?;
    let item = write::read(cx, &at, &key).await?;
    let size = item.as_ref().map_or(0, item_size);
    let consumed = Consumed::table(read_units(size, Consistency::of(input.consistent_read)));
    Ok(GetItemOutput {
        item: item.map(attribute::values),
        consumed_capacity: consumed.told(&at, input.return_consumed_capacity.as_deref()),
    })
}
