//! The life of queues: names, attributes, URLs, tags, permissions, purging.

use kumoi_core::Settings;
use kumoi_store::StoreConfig;
use serde_json::{Value as Json, json};

use crate::house::{House, arn, engines};

#[tokio::test]
async fn a_queue_is_created_once() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q", json!({"VisibilityTimeout": "10"})).await;
        assert_eq!(house.create("q", json!({"VisibilityTimeout": "10"})).await, url);
        assert_eq!(house.create("q", json!({})).await, url);
        let input = json!({"QueueName": "q", "Attributes": {"VisibilityTimeout": "11"}});
        assert_eq!(
            house.fails("CreateQueue", input).await,
            "QueueAlreadyExists: A queue already exists with the same name and a different value for attribute VisibilityTimeout"
        );
    }
}

#[tokio::test]
async fn defaults_of_attributes() {
    let house = House::frozen(engines().remove(0)).await;
    let url = house.create("q", json!({})).await;
    let created = house.world.clock.now().seconds.to_string();
    let all =
        async |url: &str| house.ok("GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": ["All"]})).await;
    let mut expected = json!({
        "ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0", "CreatedTimestamp": created, "LastModifiedTimestamp": created,
        "QueueArn": arn("q"), "DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0", "VisibilityTimeout": "30", "SqsManagedSseEnabled": "true",
    });
    assert_eq!(all(&url).await["Attributes"], expected);
    let fifo = house.create("q.fifo", json!({"FifoQueue": "true"})).await;
    for (name, value) in [
        ("FifoQueue", "true"),
        ("ContentBasedDeduplication", "false"),
        ("DeduplicationScope", "queue"),
        ("FifoThroughputLimit", "perQueue"),
        ("QueueArn", &arn("q.fifo")),
    ] {
        expected[name] = value.into();
    }
    assert_eq!(all(&fifo).await["Attributes"], expected);
    let none = house.ok("GetQueueAttributes", json!({"QueueUrl": url})).await;
    assert_eq!(none, json!({}));
    house.advance(5).await;
    house.ok("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {"VisibilityTimeout": "1"}})).await;
    assert_ne!(house.attribute(&url, "LastModifiedTimestamp").await.unwrap(), created);
    assert_eq!(house.attribute(&url, "CreatedTimestamp").await.unwrap(), created);
}

#[tokio::test]
async fn errors_of_queues() {
    let house = House::frozen(engines().remove(0)).await;
    let url = house.create("q", json!({})).await;
    let none = "http://localhost:4566/000000000000/none";
    let no_queue = "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.";
    for (operation, input, expected) in [
        ("CreateQueue", json!({}), "MissingParameter: The request must contain the parameter QueueName."),
        (
            "CreateQueue",
            json!({"QueueName": "a b"}),
            "InvalidParameterValue: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        ),
        (
            "CreateQueue",
            json!({"QueueName": "q.fifo"}),
            "InvalidParameterValue: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        ),
        (
            "CreateQueue",
            json!({"QueueName": "x", "Attributes": {"QueueArn": "y"}}),
            "InvalidAttributeName: Unknown Attribute QueueArn.",
        ),
        (
            "CreateQueue",
            json!({"QueueName": "x", "Attributes": {"DelaySeconds": "901"}}),
            "InvalidAttributeValue: Invalid value for the parameter DelaySeconds.",
        ),
        (
            "SetQueueAttributes",
            json!({"QueueUrl": url, "Attributes": {}}),
            "MissingParameter: The request must contain the parameter Attribute.Name.",
        ),
        (
            "SetQueueAttributes",
            json!({"QueueUrl": url, "Attributes": {"FifoQueue": "true"}}),
            "InvalidAttributeName: Unknown Attribute FifoQueue.",
        ),
        (
            "GetQueueAttributes",
            json!({"QueueUrl": url, "AttributeNames": ["Colour"]}),
            "InvalidAttributeName: Unknown Attribute Colour.",
        ),
        ("GetQueueUrl", json!({"QueueName": "none"}), no_queue),
        ("SendMessage", json!({"QueueUrl": none, "MessageBody": "m"}), no_queue),
        (
            "SendMessage",
            json!({"QueueUrl": url}),
            "MissingParameter: The request must contain the parameter MessageBody.",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": url, "MessageBody": ""}),
            "MissingParameter: The request must contain the parameter MessageBody.",
        ),
        (
            "SendMessage",
            json!({"MessageBody": "m"}),
            "MissingParameter: The request must contain the parameter QueueUrl.",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": url, "MessageBody": "x".repeat(1_048_577)}),
            "InvalidParameterValue: One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
        ),
        ("ReceiveMessage", json!({"QueueUrl": none}), no_queue),
        (
            "ReceiveMessage",
            json!({"QueueUrl": url, "MaxNumberOfMessages": 11}),
            "InvalidParameterValue: Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        ),
        (
            "ReceiveMessage",
            json!({"QueueUrl": url, "WaitTimeSeconds": 21}),
            "InvalidParameterValue: Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        ),
        (
            "ReceiveMessage",
            json!({"QueueUrl": url, "VisibilityTimeout": 43201}),
            "InvalidParameterValue: Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.",
        ),
        (
            "ListQueues",
            json!({"MaxResults": 1001}),
            "InvalidParameterValue: Value 1001 for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.",
        ),
        (
            "ListQueues",
            json!({"MaxResults": 1, "NextToken": "x"}),
            "InvalidParameterValue: Invalid or expired next token.",
        ),
    ] {
        assert_eq!(house.fails(operation, input).await, expected, "{operation}");
    }
    house.ok("SendMessage", json!({"QueueUrl": url, "MessageBody": "x".repeat(1_048_576)})).await;
}

#[tokio::test]
async fn a_deleted_name_is_free_after_sixty_seconds() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let empty = house.entries();
        let url = house.create("q", json!({})).await;
        house.send(&url, "a").await;
        house.ok("TagQueue", json!({"QueueUrl": url, "Tags": {"k": "v"}})).await;
        house.ok("DeleteQueue", json!({"QueueUrl": url})).await;
        assert!(
            house
                .fails("GetQueueUrl", json!({"QueueName": "q"}))
                .await
                .starts_with("AWS.SimpleQueueService.NonExistentQueue")
        );
        house.advance(59).await;
        assert_eq!(
            house.fails("CreateQueue", json!({"QueueName": "q"})).await,
            "AWS.SimpleQueueService.QueueDeletedRecently: You must wait 60 seconds after deleting a queue before you can create \
             another with the same name."
        );
        house.advance(1).await;
        assert!(house.entries() <= empty + 2, "something is left: {} {empty}", house.entries());
        house.create("q", json!({})).await;
        assert_eq!(house.counts(&url).await, (0, 0, 0));
        assert_eq!(house.ok("ListQueueTags", json!({"QueueUrl": url})).await, json!({}));
    }
}

#[tokio::test]
async fn purging() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q", json!({})).await;
        for _ in 0..3 {
            house.send(&url, "a").await;
        }
        let message = house.receive(&url, json!({"MaxNumberOfMessages": 1})).await.remove(0);
        house.ok("PurgeQueue", json!({"QueueUrl": url})).await;
        assert_eq!(house.counts(&url).await, (0, 0, 0));
        house.delete(&url, &message).await;
        house.send(&url, "b").await;
        assert_eq!(house.bodies(&url, json!({})).await, "b");
        house.advance(59).await;
        let expected = "AWS.SimpleQueueService.PurgeQueueInProgress: Only one PurgeQueue operation on q is allowed every 60 seconds.";
        assert_eq!(house.fails("PurgeQueue", json!({"QueueUrl": url})).await, expected);
        house.advance(1).await;
        house.ok("PurgeQueue", json!({"QueueUrl": url})).await;
    }
}

#[tokio::test]
async fn the_options_that_forgive() {
    let options = ["SQS_DELAY_RECENTLY_DELETED", "SQS_DELAY_PURGE_RETRY"].map(|name| (name.to_owned(), "0".to_owned()));
    let settings = Settings { options: options.into(), ..Settings::default() };
    let house = House::open(StoreConfig::memory(), settings).await;
    let url = house.create("q", json!({})).await;
    for _ in 0..2 {
        house.ok("PurgeQueue", json!({"QueueUrl": url})).await;
    }
    house.ok("DeleteQueue", json!({"QueueUrl": url})).await;
    house.create("q", json!({})).await;
}

#[tokio::test]
async fn queues_are_listed_by_prefix_and_in_pages() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        assert_eq!(house.ok("ListQueues", json!({})).await, json!({}));
        for name in ["a1", "a2", "a3", "b"] {
            house.create(name, json!({})).await;
        }
        let list = async |input: Json| {
            let output = house.ok("ListQueues", input).await;
            let urls = output["QueueUrls"].as_array().cloned().unwrap_or_default();
            let names: Vec<_> =
                urls.iter().map(|url| url.as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect();
            (names.join(" "), output["NextToken"].clone())
        };
        assert_eq!(list(json!({})).await, ("a1 a2 a3 b".to_owned(), Json::Null));
        let (names, token) = list(json!({"QueueNamePrefix": "a", "MaxResults": 2})).await;
        assert_eq!(names, "a1 a2");
        let (names, end) = list(json!({"QueueNamePrefix": "a", "MaxResults": 2, "NextToken": token})).await;
        assert_eq!((names.as_str(), end), ("a3", Json::Null));
        assert_eq!(list(json!({"QueueNamePrefix": "c"})).await.0, "");
    }
}

#[tokio::test]
async fn accounts_have_their_own_queues_and_reach_others_by_url() {
    let house = House::frozen(engines().remove(0)).await;
    let other = House { account: "111111111111", ..house.clone() };
    let url = house.create("q", json!({})).await;
    let theirs = other.create("q", json!({})).await;
    assert_ne!(url, theirs);
    other.send(&url, "hello").await;
    assert_eq!((house.counts("q").await.0, other.counts("q").await.0), (1, 0));
    let message = house.receive("/000000000000/q", json!({})).await.remove(0);
    assert_eq!(message["Attributes"]["SenderId"], "111111111111");
    let found = other.ok("GetQueueUrl", json!({"QueueName": "q", "QueueOwnerAWSAccountId": "000000000000"})).await;
    assert_eq!(found["QueueUrl"], url);
    let elsewhere = "http://localhost:4566/queue/eu-west-1/000000000000/q";
    assert!(house.fails("PurgeQueue", json!({"QueueUrl": elsewhere})).await.contains("NonExistentQueue"));
}

#[tokio::test]
async fn tags_and_permissions() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let output = house.ok("CreateQueue", json!({"QueueName": "q", "tags": {"a": "1"}})).await;
        let url = output["QueueUrl"].as_str().unwrap();
        house.ok("TagQueue", json!({"QueueUrl": url, "Tags": {"a": "2", "b": "3"}})).await;
        house.ok("UntagQueue", json!({"QueueUrl": url, "TagKeys": ["b", "c"]})).await;
        assert_eq!(house.ok("ListQueueTags", json!({"QueueUrl": url})).await, json!({"Tags": {"a": "2"}}));

        let add = json!({"QueueUrl": url, "Label": "share", "AWSAccountIds": ["111111111111"], "Actions": ["SendMessage", "*"]});
        house.ok("AddPermission", add.clone()).await;
        let policy: Json = serde_json::from_str(&house.attribute(url, "Policy").await.unwrap()).unwrap();
        assert_eq!(
            policy,
            json!({"Version": "2008-10-17", "Id": format!("{}/SQSDefaultPolicy", arn("q")), "Statement": [{
                "Sid": "share", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                "Action": ["SQS:SendMessage", "SQS:*"], "Resource": arn("q")}]})
        );
        let expected = "InvalidParameterValue: Value share for parameter Label is invalid. Reason: Already exists.";
        assert_eq!(house.fails("AddPermission", add.clone()).await, expected);
        let mut many = add;
        many["Label"] = "many".into();
        many["Actions"] = vec!["SendMessage"; 8].into();
        assert_eq!(house.fails("AddPermission", many).await, "OverLimit: 8 Actions were found, maximum allowed is 7.");
        house.ok("RemovePermission", json!({"QueueUrl": url, "Label": "share"})).await;
        assert_eq!(house.attribute(url, "Policy").await, None);
        assert_eq!(
            house.fails("RemovePermission", json!({"QueueUrl": url, "Label": "share"})).await,
            "InvalidParameterValue: Value share for parameter Label is invalid. Reason: can't find label on existing policy."
        );
    }
}
