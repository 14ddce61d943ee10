//! Which attribute says when an item expires: "Using time to live (TTL) in DynamoDB". Expired items are not deleted yet.

use kumoi_core::{Cx, Reply};

use crate::api::{
    DescribeTimeToLiveInput, DescribeTimeToLiveOutput, TimeToLiveDescription, UpdateTimeToLiveInput,
    UpdateTimeToLiveOutput,
};
use crate::errors::validation;
use crate::global;
use crate::table::Located;

pub(crate) async fn describe(cx: &Cx, input: DescribeTimeToLiveInput) -> Reply<DescribeTimeToLiveOutput> {
    let at = Located::of(cx, &input.table_name).await?;
    let description = match &at.table.time_to_live {
        Some(set) => TimeToLiveDescription {
            time_to_live_status: Some("ENABLED".to_owned()),
            attribute_name: Some(set.attribute_name.clone()),
        },
        None => TimeToLiveDescription { time_to_live_status: Some("DISABLED".to_owned()), attribute_name: None },
    };
    Ok(DescribeTimeToLiveOutput { time_to_live_description: Some(description) })
}

pub(crate) async fn update(cx: &Cx, input: UpdateTimeToLiveInput) -> Reply<UpdateTimeToLiveOutput> {
    let mut at = Located::to_change(cx, &input.table_name).await?;
    let asked = input.time_to_live_specification;
    if at.table.global.as_ref().is_some_and(|global| global.strong) {
        return Err(
            validation("Time to live is not supported for global tables with multi-Region strong consistency").into()
        );
    }
    match (&at.table.time_to_live, asked.enabled) {
        (Some(_), true) => return Err(validation("TimeToLive is already enabled").into()),
        (None, false) => return Err(validation("TimeToLive is already disabled").into()),
        (Some(set), false) if set.attribute_name != asked.attribute_name => {
            let message = format!(
                "TimeToLive is active on a different AttributeName: current AttributeName is {}",
                set.attribute_name
            );
            return Err(validation(message).into());
        }
        _ => {}
    }
    at.table_mut().time_to_live = asked.enabled.then(|| asked.clone());
    at.save(cx).await?;
    for mut other in global::followers(cx, &at).await? {
        other.table_mut().time_to_live = at.table.time_to_live.clone();
        other.save(cx).await?;
    }
    Ok(UpdateTimeToLiveOutput { time_to_live_specification: Some(asked) })
}
