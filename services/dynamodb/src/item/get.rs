//! `GetItem`.

use kumoi_core::{Cx, Reply};
use kumoi_expressions::item_size;

use crate::api::{GetItemInput, GetItemOutput};
use crate::capacity::{Consistency, Consumed, read_units};
use crate::errors::refuse;
use crate::parameters::{self, Given};
use crate::table::Located;
use crate::{attribute, key, throttle, write};

pub(crate) async fn get(cx: &Cx, input: GetItemInput) -> Reply<GetItemOutput> {
    let given = Given {
        expressions: &[],
        projection: input.projection_expression.is_some(),
        older: &[("AttributesToGet", input.attributes_to_get.is_some())],
    };
    let mut placeholders = given.placeholders(input.expression_attribute_names, None)?;
    let projection = parameters::projection(
        input.projection_expression.as_deref(),
        input.attributes_to_get.as_deref(),
        &mut placeholders,
    )?;
    placeholders.check_unused().map_err(refuse)?;
    let wanted = attribute::item(&input.key)?;
    let at = Located::for_items(cx, &input.table_name).await?;
    let key = key::of_request(&at.table.key, &wanted)?;
    let item = write::read(cx, &at, &key).await?;
    let size = item.as_ref().map_or(0, item_size);
    let consumed = Consumed::table(read_units(size, Consistency::of(input.consistent_read)));
    throttle::read(cx, &at, &consumed).await?;
    let item = match projection {
        Some(projection) => item.map(|item| projection.apply(&item)),
        None => item,
    };
    Ok(GetItemOutput {
        item: item.map(attribute::values),
        consumed_capacity: consumed.told(&at, input.return_consumed_capacity.as_deref()),
    })
}
