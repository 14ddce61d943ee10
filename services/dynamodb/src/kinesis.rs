//! Kinesis Data Streams as the destination of a table's changes: "Change data capture for Kinesis Data Streams".
//!
//! Each change goes to the stream by `PutRecord`, after the commit, those of a partition key one after the other. The table keeps where they went when that has ended.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kumoi_core::arn::Arn;
use kumoi_core::outbox::Effect;
use kumoi_core::{Cx, Fault, Principal, Reply};
use kumoi_expressions::{Attribute, Item};
use kumoi_model::{Catalog, Struct, Value};
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
    let input = input("DescribeStreamSummary", [("StreamARN", Value::String(arn.to_owned()))]);
    let input = input.ok_or_else(Fault::internal)?;
    let found = cx.call("kinesis", "DescribeStreamSummary", input, dynamodb(at), Some(at.arn())).await;
    match found {
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
    let input = input(
        "PutRecord",
        [
            ("StreamARN", Value::String(to.arn.clone())),
            ("Data", Value::Blob(data.into_bytes().into())),
            ("PartitionKey", Value::String(partition)),
        ],
    );
    let effect = Effect {
        lane,
        service: "kinesis".to_owned(),
        operation: "PutRecord".to_owned(),
        input: input.ok_or_else(Fault::internal)?,
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

/// The input of an operation of Kinesis.
fn input<const N: usize>(operation: &str, members: [(&str, Value); N]) -> Option<Value> {
    let model = Catalog::get().load("kinesis")?;
    let structure = model.structure(model.operation(operation)?.input?)?;
    let mut input = Struct::new();
    for (name, value) in members {
        input.set(structure.member(name)?.0, value);
    }
    Some(Value::Struct(input))
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

fn item(item: &Item) -> serde_json::Value {
    item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect::<serde_json::Map<_, _>>().into()
}

/// A value in DynamoDB's JSON. It has no more levels than DynamoDB lets an item have.
fn attribute(value: &Attribute) -> serde_json::Value {
    match value {
        Attribute::S(text) => json!({ "S": text }),
        Attribute::N(number) => json!({ "N": number.to_string() }),
        Attribute::B(bytes) => json!({ "B": STANDARD.encode(bytes) }),
        Attribute::Bool(value) => json!({ "BOOL": value }),
        Attribute::Null => json!({ "NULL": true }),
        Attribute::Ss(set) => json!({ "SS": set }),
        Attribute::Ns(set) => json!({ "NS": set.iter().map(ToString::to_string).collect::<Vec<_>>() }),
        Attribute::Bs(set) => json!({ "BS": set.iter().map(|bytes| STANDARD.encode(bytes)).collect::<Vec<_>>() }),
        Attribute::L(list) => json!({ "L": list.iter().map(attribute).collect::<Vec<_>>() }),
        Attribute::M(map) => json!({ "M": item(map) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_as_the_model_of_kinesis_says() {
        let text = || Value::String(String::new());
        assert!(input("DescribeStreamSummary", [("StreamARN", text())]).is_some());
        assert!(input("PutRecord", [("StreamARN", text()), ("Data", text()), ("PartitionKey", text())]).is_some());
    }

    #[test]
    fn values_in_json() {
        let list =
            Attribute::L(vec![Attribute::Null, Attribute::B(vec![0, 1].into()), Attribute::N("1.50".parse().unwrap())]);
        let told = item(&Item::from([("l".to_owned(), list)]));
        assert_eq!(told.to_string(), r#"{"l":{"L":[{"NULL":true},{"B":"AAE="},{"N":"1.5"}]}}"#);
    }

    #[test]
    fn arns_of_streams() {
        assert_eq!(place("arn:aws:kinesis:eu-west-1:000000000000:stream/s"), Some(("eu-west-1", "000000000000", "s")));
        assert_eq!(place("arn:aws:sqs:eu-west-1:000000000000:stream/s"), None);
    }
}
