//! Contributor insights: whether CloudWatch is to show which keys of a table or index are asked for most.
//!
//! Follows "Analyzing data access using CloudWatch contributor insights for DynamoDB" of the Developer Guide. The setting is kept and told, its states
//! follow the clock, and its rules have names; what the rules count is for CloudWatch to show.

use kumoi_core::{Cx, Reply, paging};
use kumoi_model::Timestamp;
use kumoi_store::{KeyRange, Scope};
use serde::{Deserialize, Serialize};

use crate::api::{
    ContributorInsightsSummary, DescribeContributorInsightsInput, DescribeContributorInsightsOutput,
    ListContributorInsightsInput, ListContributorInsightsOutput, UpdateContributorInsightsInput,
    UpdateContributorInsightsOutput,
};
use crate::errors::{resource_not_found_exception, validation};
use crate::table::describe::while_changing;
use crate::table::state::State;
use crate::table::{Located, Named};
use crate::tables::INSIGHTS;

/// The mode unless a request names one.
const ALL_KEYS: &str = "ACCESSED_AND_THROTTLED_KEYS";

/// Summaries on a page unless a request says fewer.
const PAGE: usize = 100;

/// The table's name and the index's; empty for the table itself.
pub(crate) type InsightsKey = (String, String);

/// Insights that were enabled or disabled once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Insights {
    enabled: bool,
    mode: String,
    /// When that changed, in microseconds.
    changed: i64,
    /// When the change is over, in microseconds.
    until: i64,
}

impl Insights {
    fn status(&self, now: Timestamp) -> &'static str {
        match (self.enabled, now.micros() < self.until) {
            (true, true) => "ENABLING",
            (true, false) => "ENABLED",
            (false, true) => "DISABLING",
            (false, false) => "DISABLED",
        }
    }

    /// The rules that CloudWatch has for them: of partition keys, and of sort keys where there are any, accessed and throttled.
    fn rules(&self, resource: &str, sorted: bool) -> Vec<String> {
        let kinds = [("PKC", false, true), ("SKC", true, true), ("PKT", false, false), ("SKT", true, false)];
        let wanted = kinds.iter().filter(|(_, of_sort, of_access)| {
            self.enabled && (sorted || !of_sort) && (!of_access || self.mode == ALL_KEYS)
        });
        let made = self.changed / 1000;
        wanted.map(|(kind, ..)| format!("DynamoDBContributorInsights-{kind}-{resource}-{made}")).collect()
    }
}

/// The table of a request, and whether what it asks about has a sort key.
async fn located(cx: &Cx, table_name: &str, index_name: Option<&str>) -> Reply<(Located, bool)> {
    let at = Located::of(cx, table_name).await?;
    let sorted = match index_name {
        None => !at.table.key.sort.is_empty(),
        Some(name) => match at.table.index(name) {
            Some(index) if index.global => !index.key.sort.is_empty(),
            _ => {
                let message = format!("Requested resource not found: Index: {name} not found");
                return Err(resource_not_found_exception(message).into());
            }
        },
    };
    Ok((at, sorted))
}

fn key(at: &Located, index_name: Option<&str>) -> InsightsKey {
    (at.name.clone(), index_name.unwrap_or_default().to_owned())
}

pub(crate) async fn describe(
    cx: &Cx,
    input: DescribeContributorInsightsInput,
) -> Reply<DescribeContributorInsightsOutput> {
    let (at, sorted) = located(cx, &input.table_name, input.index_name.as_deref()).await?;
    let insights = cx.tx().get(&at.scope, &INSIGHTS, &key(&at, input.index_name.as_deref())).await?;
    let mut output = DescribeContributorInsightsOutput {
        contributor_insights_status: Some("DISABLED".to_owned()),
        ..DescribeContributorInsightsOutput::default()
    };
    if let Some(insights) = insights {
        let resource = input.index_name.as_deref().unwrap_or(&at.name);
        output.contributor_insights_status = Some(insights.status(cx.now()).to_owned());
        output.last_update_date_time = Some(Timestamp::from_micros(insights.changed));
        output.contributor_insights_rule_list =
            Some(insights.rules(resource, sorted)).filter(|rules| !rules.is_empty());
        output.contributor_insights_mode = insights.enabled.then_some(insights.mode);
    }
    Ok(DescribeContributorInsightsOutput { table_name: Some(at.name), index_name: input.index_name, ..output })
}

pub(crate) async fn update(cx: &Cx, input: UpdateContributorInsightsInput) -> Reply<UpdateContributorInsightsOutput> {
    let (at, _) = located(cx, &input.table_name, input.index_name.as_deref()).await?;
    let key = key(&at, input.index_name.as_deref());
    let enabled = input.contributor_insights_action == "ENABLE";
    let before = cx.tx().get(&at.scope, &INSIGHTS, &key).await?;
    let mode = input.contributor_insights_mode.or_else(|| before.as_ref().map(|before| before.mode.clone()));
    let (changed, until) = (cx.now().micros(), State::end(cx));
    let insights = Insights { enabled, mode: mode.unwrap_or_else(|| ALL_KEYS.to_owned()), changed, until };
    let same = before.filter(|before| before.enabled == insights.enabled && before.mode == insights.mode);
    if same.is_none() {
        cx.tx().put(&at.scope, &INSIGHTS, &key, &insights).await?;
    }
    let told = match &same {
        Some(same) => same.status(cx.now()),
        None => Insights { until: changed, ..insights.clone() }.status(while_changing(cx)),
    };
    Ok(UpdateContributorInsightsOutput {
        table_name: Some(at.name),
        index_name: input.index_name,
        contributor_insights_status: Some(told.to_owned()),
        contributor_insights_mode: Some(insights.mode),
    })
}

/// Tables and indexes whose insights were ever enabled, of one table or of all, by name.
pub(crate) async fn list(cx: &Cx, input: ListContributorInsightsInput) -> Reply<ListContributorInsightsOutput> {
    let (scope, name) = match input.table_name.as_deref() {
        Some(text) => {
            let at = Located::find(cx, Named::parse(cx, text)?).await?;
            let at = at.ok_or_else(|| crate::errors::no_such_table(text))?;
            (at.scope, Some(at.name))
        }
        None => (cx.scope().clone(), None),
    };
    let listing = name.clone().unwrap_or_default();
    let mut range = match &name {
        Some(name) => KeyRange::prefix(&(name,)),
        None => KeyRange::all(),
    };
    if let Some(token) = input.next_token.as_deref() {
        let after = paging::key::<InsightsKey>(&listing, token);
        range = range.after(&after.ok_or_else(|| validation("Invalid NextToken provided as input"))?);
    }
    let wanted = usize::try_from(input.max_results.unwrap_or_default()).unwrap_or_default();
    let wanted = if wanted == 0 { PAGE } else { wanted.min(PAGE) };
    let mut rows = cx.tx().range(&scope, &INSIGHTS, range, wanted + 1).await?;
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next_token = rows.last().filter(|_| more).map(|(key, _)| paging::token(&listing, key));
    let summary = |((table, index), insights): (InsightsKey, Insights)| ContributorInsightsSummary {
        table_name: Some(table),
        index_name: Some(index).filter(|index| !index.is_empty()),
        contributor_insights_status: Some(insights.status(cx.now()).to_owned()),
        contributor_insights_mode: Some(insights.mode),
    };
    let summaries = rows.into_iter().map(summary).collect();
    Ok(ListContributorInsightsOutput { contributor_insights_summaries: Some(summaries), next_token })
}

/// What is known of an index that is gone: a new one of its name has insights of its own.
pub(crate) async fn forget_index(cx: &Cx, scope: &Scope, table: &str, index: &str) -> Reply<()> {
    cx.tx().delete(scope, &INSIGHTS, &(table.to_owned(), index.to_owned())).await?;
    Ok(())
}

/// What is known of a table that is gone.
pub(crate) async fn forget(cx: &Cx, scope: &Scope, name: &str) -> Reply<()> {
    for (key, _) in cx.tx().range(scope, &INSIGHTS, KeyRange::prefix(&(name,)), PAGE).await? {
        cx.tx().delete(scope, &INSIGHTS, &key).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_follow_the_key_and_the_mode() {
        let insights = |mode: &str| Insights { enabled: true, mode: mode.to_owned(), changed: 7_000, until: 9 };
        let count = |mode, sorted| insights(mode).rules("t", sorted).len();
        assert_eq!((count(ALL_KEYS, true), count(ALL_KEYS, false)), (4, 2));
        assert_eq!((count("THROTTLED_KEYS", true), count("THROTTLED_KEYS", false)), (2, 1));
        assert_eq!(insights("THROTTLED_KEYS").rules("t", false), ["DynamoDBContributorInsights-PKT-t-7"]);
        assert_eq!(insights(ALL_KEYS).status(Timestamp::from_micros(8)), "ENABLING");
        assert_eq!(insights(ALL_KEYS).status(Timestamp::from_micros(9)), "ENABLED");
    }
}
