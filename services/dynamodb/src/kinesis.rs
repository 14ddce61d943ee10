//! Kinesis Data Streams as the destination of a table's changes: "Change data capture for Kinesis Data Streams".
//!
//! Each change goes to the stream by `PutRecord`, after the commit, those of a partition key one after the other. The table keeps where they went when that has ended.

use bytes::Bytes;
use kumoi_core::arn::Arn;
use kumoi_core::ask::Ask;
use kumoi_core::outbox::Effect;
use kumoi_core::{Cx, Fault, Principal, Reply};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::{
    DescribeKinesisStreamingDestinationInput, DescribeKinesisStreamingDestinationOutput,
    DisableKinesisStreamingDestinationInput, DisableKinesisStreamingDestinationOutput,
    EnableKinesisStreamingConfiguration, EnableKinesisStreamingDestinationInput,
    EnableKinesisStreamingDestinationOutput, KinesisDataStreamDestination, UpdateKinesisStreamingConfiguration,
    UpdateKinesisStreamingDestinationInput, UpdateKinesisStreamingDestinationOutput,
};
use crate::errors::{resource_not_found_exception, validation};
use crate::json::item;
use crate::key::KeyBytes;
use crate::streams::Change;
use crate::streams::change::{EXPIRER, SOURCE};
use crate::table::state::State;
use crate::table::{Located, TableRecord};

/// Unless a request says otherwise.
const MILLISECOND: &str = "MILLISECOND";
const MICROSECOND: &str = "MICROSECOND";

/// Deliveries that are tried, and seconds before the second of them.
const ATTEMPTS: u32 = 5;
const BACKOFF: u32 = 1;

/// A stream of Kinesis that gets, or got, a table's changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Destination {
    pub(crate) arn: String,
    pub(crate) enabled: bool,
    /// `ApproximateCreationDateTimePrecision`.
    pub(crate) precision: String,
    /// What it was last asked for, as a status, and until when that lasts, in microseconds.
    pub(crate) changing: (String, i64),
}

impl Destination {
    fn status(&self, cx: &Cx) -> &str {
        match (cx.now().micros() < self.changing.1, self.enabled) {
            (true, _) => &self.changing.0,
            (false, true) => "ACTIVE",
            (false, false) => "DISABLED",
        }
    }
}

/// Where the changes of a table go.
pub(crate) fn active(table: &TableRecord) -> Option<&Destination> {
    table.kinesis.iter().find(|destination| destination.enabled)
}

pub(crate) async fn describe(
    cx: &Cx,
    input: DescribeKinesisStreamingDestinationInput,
) -> Reply<DescribeKinesisStreamingDestinationOutput> {
    let at = Located::of(cx, &input.table_name).await?;
    let told = |destination: &Destination| KinesisDataStreamDestination {
        stream_arn: Some(destination.arn.clone()),
        destination_status: Some(destination.status(cx).to_owned()),
        approximate_creation_date_time_precision: Some(destination.precision.clone()),
        ..KinesisDataStreamDestination::default()
    };
    Ok(DescribeKinesisStreamingDestinationOutput {
        kinesis_data_stream_destinations: Some(at.table.kinesis.iter().map(told).collect()),
        table_name: Some(at.name),
    })
}

pub(crate) async fn enable(
    cx: &Cx,
    input: EnableKinesisStreamingDestinationInput,
) -> Reply<EnableKinesisStreamingDestinationOutput> {
    let mut at = Located::to_change(cx, &input.table_name).await?;
    if active(&at.table).is_some() {
        return Err(refused("EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED", "ENABLE").into());
    }
    look_up(cx, &at, &input.stream_arn).await?;
    let asked = input.enable_kinesis_streaming_configuration;
    let precision = asked.and_then(|asked| asked.approximate_creation_date_time_precision);
    let precision = precision.unwrap_or_else(|| MILLISECOND.to_owned());
    let end = State::end(cx);
    let destinations = &mut at.table_mut().kinesis;
    destinations.retain(|destination| destination.arn != input.stream_arn);
    destinations.push(Destination {
        arn: input.stream_arn.clone(),
        enabled: true,
        precision: precision.clone(),
        changing: ("ENABLING".to_owned(), end),
    });
    at.save(cx).await?;
    Ok(EnableKinesisStreamingDestinationOutput {
        table_name: Some(at.name),
        stream_arn: Some(input.stream_arn),
        destination_status: Some("ENABLING".to_owned()),
        enable_kinesis_streaming_configuration: Some(EnableKinesisStreamingConfiguration {
            approximate_creation_date_time_precision: Some(precision),
        }),
    })
}

pub(crate) async fn disable(
    cx: &Cx,
    input: DisableKinesisStreamingDestinationInput,
) -> Reply<DisableKinesisStreamingDestinationOutput> {
    let mut at = Located::to_change(cx, &input.table_name).await?;
    let end = State::end(cx);
    let Some(destination) = of(&mut at, &input.stream_arn) else {
        return Err(refused("KinesisStreamingDestination must be ACTIVE", "DISABLE").into());
    };
    destination.enabled = false;
    destination.changing = ("DISABLING".to_owned(), end);
    let precision = destination.precision.clone();
    at.save(cx).await?;
    Ok(DisableKinesisStreamingDestinationOutput {
        table_name: Some(at.name),
        stream_arn: Some(input.stream_arn),
        destination_status: Some("DISABLING".to_owned()),
        enable_kinesis_streaming_configuration: Some(EnableKinesisStreamingConfiguration {
            approximate_creation_date_time_precision: Some(precision),
        }),
    })
}

pub(crate) async fn update(
    cx: &Cx,
    input: UpdateKinesisStreamingDestinationInput,
) -> Reply<UpdateKinesisStreamingDestinationOutput> {
    let mut at = Located::to_change(cx, &input.table_name).await?;
    let end = State::end(cx);
    let asked = input.update_kinesis_streaming_configuration;
    let Some(precision) = asked.and_then(|asked| asked.approximate_creation_date_time_precision) else {
        return Err(validation("Streaming destination cannot be updated with given parameters: UpdateKinesisStreamingConfiguration cannot be null or contain only null values").into());
    };
    let Some(destination) = of(&mut at, &input.stream_arn) else {
        return Err(refused("KinesisStreamingDestination must be ACTIVE", "UPDATE").into());
    };
    if destination.precision == precision {
        return Err(validation(format!("Invalid Request: Precision is already set to the desired value of {precision} for tableName: {}, streamArn: {}", at.name, input.stream_arn)).into());
    }
    destination.precision = precision.clone();
    destination.changing = ("UPDATING".to_owned(), end);
    at.save(cx).await?;
    Ok(UpdateKinesisStreamingDestinationOutput {
        table_name: Some(at.name),
        stream_arn: Some(input.stream_arn),
        destination_status: Some("UPDATING".to_owned()),
        update_kinesis_streaming_configuration: Some(UpdateKinesisStreamingConfiguration {
            approximate_creation_date_time_precision: Some(precision),
        }),
    })
}

/// The destination of that ARN, if changes go to it.
fn of<'a>(at: &'a mut Located, arn: &str) -> Option<&'a mut Destination> {
    at.table_mut().kinesis.iter_mut().find(|destination| destination.enabled && destination.arn == arn)
}

fn refused(state: &str, operation: &str) -> Fault {
    validation(format!(
        "Table is not in a valid state to enable Kinesis Streaming Destination: {state} to perform {operation} operation."
    ))
}

/// The region, the account and the name in a stream's ARN.
fn place(arn: &str) -> Option<(&str, &str, &str)> {
    let arn = Arn::parse(arn).filter(|arn| arn.service == "kinesis")?;
    Some((arn.region, arn.account, arn.resource.strip_prefix("stream/")?))
}

/// Refuses what is no stream of this account and region. As long as Kinesis is not built, nobody can tell whether one is there.
async fn look_up(cx: &Cx, at: &Located, arn: &str) -> Reply<()> {
    let here = |(region, account, _): &(&str, &str, &str)| (*region, *account) == (cx.region(), cx.account());
    if place(arn).filter(here).is_none() {
        return Err(validation(format!("Invalid StreamArn: {arn}")).into());
    }
    let ask = Ask::new("kinesis", "DescribeStreamSummary")?.with("StreamARN", arn.to_owned());
    match ask.on_behalf_of(&at.arn()).call(cx, dynamodb(at)).await {
        Err(fault) if fault.code() == "ResourceNotFoundException" => {
            Err(resource_not_found_exception(fault.message()).into())
        }
        _ => Ok(()),
    }
}

fn dynamodb(at: &Located) -> Principal {
    Principal::service("dynamodb.amazonaws.com", &at.scope.account)
}

/// Sends a change.
pub(crate) async fn put(cx: &Cx, at: &Located, key: &KeyBytes, to: &Destination, change: &Change) -> Reply<()> {
    let Some((region, account, _)) = place(&to.arn) else { return Ok(()) };
    let data = record(cx, at, to, change).to_string();
    let partition = format!("{:016x}", key.hash);
    let lane = format!("dynamodb:{}:{partition}", at.table.id);
    let input = Ask::new("kinesis", "PutRecord")?
        .with("StreamARN", to.arn.clone())
        .with("Data", Bytes::from(data))
        .with("PartitionKey", partition)
        .into_input();
    let effect = Effect {
        lane,
        service: "kinesis".to_owned(),
        operation: "PutRecord".to_owned(),
        input,
        account: account.to_owned(),
        region: region.to_owned(),
        principal: dynamodb(at),
        source_arn: Some(at.arn()),
        attempts: ATTEMPTS,
        backoff_seconds: BACKOFF,
        dead_letter: None,
    };
    Ok(cx.deliver(&effect).await?)
}

/// A change as Kinesis gets it, a JSON text.
fn record(cx: &Cx, at: &Located, to: &Destination, change: &Change) -> serde_json::Value {
    let fine = to.precision == MICROSECOND;
    let moment = if fine { change.at } else { change.at.div_euclid(1000) };
    let images = [("NewImage", &change.new), ("OldImage", &change.old)];
    let images = images.into_iter().filter_map(|(name, image)| Some((name.to_owned(), item(image.as_ref()?))));
    let mut told = serde_json::Map::from_iter(images);
    told.insert("ApproximateCreationDateTime".to_owned(), json!(moment));
    told.insert("Keys".to_owned(), item(&change.keys));
    told.insert("SizeBytes".to_owned(), json!(change.size()));
    if fine {
        told.insert("ApproximateCreationDateTimePrecision".to_owned(), json!(MICROSECOND));
    }
    let (kind, principal) = EXPIRER;
    json!({
        "awsRegion": &*at.scope.region,
        "eventID": cx.ids().uuid(),
        "eventName": change.event.name(),
        "userIdentity": change.expired.then(|| json!({ "type": kind, "principalId": principal })),
        "recordFormat": "application/json",
        "tableName": at.name,
        "dynamodb": told,
        "eventSource": SOURCE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_as_the_model_of_kinesis_says() {
        let members = |operation, names: &[&str]| {
            let ask = Ask::new("kinesis", operation).unwrap();
            let input = names.iter().fold(ask, |ask, name| ask.with(name, String::new())).into_input();
            input.as_struct().unwrap().len()
        };
        assert_eq!(members("DescribeStreamSummary", &["StreamARN"]), 1);
        assert_eq!(members("PutRecord", &["StreamARN", "Data", "PartitionKey"]), 3);
    }

    #[test]
    fn arns_of_streams() {
        assert_eq!(place("arn:aws:kinesis:eu-west-1:000000000000:stream/s"), Some(("eu-west-1", "000000000000", "s")));
        assert_eq!(place("arn:aws:sqs:eu-west-1:000000000000:stream/s"), None);
    }
}
