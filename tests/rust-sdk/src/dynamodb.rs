//! DynamoDB: items as maps of the SDK's attribute values, errors as its types, pages as its streams.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, Region, retry::RetryConfig};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, Put, ReturnValue, ScalarAttributeType,
    TransactWriteItem,
};

use crate::{Outcome, Server};

const TABLE: &str = "of-rust";

fn client(server: &Server) -> Client {
    let settings = aws_sdk_dynamodb::Config::builder()
        .behavior_version_latest()
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(&server.endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled());
    Client::from_conf(settings.build())
}

/// A table with a partition key `p` of type S and a sort key `s` of type N.
async fn ready() -> Result<(Server, Client), Box<dyn std::error::Error>> {
    let server = Server::start();
    let client = client(&server);
    let mut create = client.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    for (name, role, of) in
        [("p", KeyType::Hash, ScalarAttributeType::S), ("s", KeyType::Range, ScalarAttributeType::N)]
    {
        create = create
            .attribute_definitions(AttributeDefinition::builder().attribute_name(name).attribute_type(of).build()?)
            .key_schema(KeySchemaElement::builder().attribute_name(name).key_type(role).build()?);
    }
    create.send().await?;
    Ok((server, client))
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn item(partition: &str, sort: u32) -> HashMap<String, AttributeValue> {
    HashMap::from([("p".to_owned(), text(partition)), ("s".to_owned(), number(sort))])
}

/// Developer Guide, "Supported data types": every type comes back as it went.
#[tokio::test]
async fn every_type_comes_back() -> Outcome {
    let (_server, client) = ready().await?;
    let mut sent = item("types", 1);
    sent.extend(
        [
            ("binary", AttributeValue::B(Blob::new([0, 255]))),
            ("truth", AttributeValue::Bool(true)),
            ("nothing", AttributeValue::Null(true)),
            ("large", number("12345678901234567890123456789012345678")),
            ("list", AttributeValue::L(vec![text("a"), number(1)])),
            ("map", AttributeValue::M(HashMap::from([("in".to_owned(), text("side"))]))),
            ("texts", AttributeValue::Ss(vec!["a".to_owned()])),
            ("numbers", AttributeValue::Ns(vec!["1.5".to_owned()])),
            ("binaries", AttributeValue::Bs(vec![Blob::new([1])])),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    client.put_item().table_name(TABLE).set_item(Some(sent.clone())).send().await?;
    let got = client.get_item().table_name(TABLE).set_key(Some(item("types", 1))).send().await?;
    assert_eq!(got.item(), Some(&sent));
    Ok(())
}

/// Developer Guide, "Condition expressions", and how the SDK names what AWS refuses.
#[tokio::test]
async fn a_condition_that_fails_is_an_error_of_the_sdk() -> Outcome {
    let (_server, client) = ready().await?;
    let put = || {
        let put = client.put_item().table_name(TABLE).set_item(Some(item("once", 1)));
        put.condition_expression("attribute_not_exists(p)")
    };
    put().send().await?;
    let error = put().send().await.unwrap_err().into_service_error();
    assert!(error.is_conditional_check_failed_exception(), "{error:?}");
    let missing = client.get_item().table_name("missing").set_key(Some(item("a", 1))).send().await.unwrap_err();
    assert!(missing.into_service_error().is_resource_not_found_exception());
    Ok(())
}

/// Developer Guide, "Paginating table query results": the SDK's paginator reads all pages, in the order of the sort key.
#[tokio::test]
async fn pages_of_a_query() -> Outcome {
    let (_server, client) = ready().await?;
    for sort in [10, 9, 1, 100, 2] {
        client.put_item().table_name(TABLE).set_item(Some(item("many", sort))).send().await?;
    }
    let query = client.query().table_name(TABLE).key_condition_expression("p = :p AND s > :s");
    let query = query.expression_attribute_values(":p", text("many")).expression_attribute_values(":s", number(1));
    let mut items = query.limit(2).into_paginator().items().send();
    let mut sorts = Vec::new();
    while let Some(item) = items.try_next().await? {
        sorts.push(item["s"].as_n().cloned().unwrap());
    }
    assert_eq!(sorts, ["2", "9", "10", "100"]);
    Ok(())
}

/// Developer Guide, "Update expressions" and "DynamoDB transactions".
#[tokio::test]
async fn updates_and_transactions() -> Outcome {
    let (_server, client) = ready().await?;
    let update = client.update_item().table_name(TABLE).set_key(Some(item("counter", 1)));
    let update = update.update_expression("ADD #n :one").expression_attribute_names("#n", "count");
    let update = update.expression_attribute_values(":one", number(1)).return_values(ReturnValue::UpdatedNew);
    for expected in ["1", "2"] {
        let updated = update.clone().send().await?;
        assert_eq!(updated.attributes().unwrap()["count"].as_n().unwrap(), expected);
    }
    let put = |sort, condition: Option<&str>| {
        let put = Put::builder().table_name(TABLE).set_item(Some(item("all", sort)));
        let put = put.set_condition_expression(condition.map(str::to_owned)).build();
        put.map(|put| TransactWriteItem::builder().put(put).build())
    };
    client.transact_write_items().transact_items(put(1, None)?).transact_items(put(2, None)?).send().await?;
    let refused = client.transact_write_items().transact_items(put(3, None)?);
    let refused = refused.transact_items(put(1, Some("attribute_not_exists(p)"))?).send().await.unwrap_err();
    let refused = refused.into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = refused
    else {
        panic!("{refused:?}");
    };
    let codes: Vec<_> = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
    let third = client.get_item().table_name(TABLE).set_key(Some(item("all", 3))).send().await?;
    assert_eq!(third.item(), None, "of a transaction that fails nothing stays");
    Ok(())
}
