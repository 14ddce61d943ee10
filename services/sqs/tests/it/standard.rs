//! Standard queues: delays, visibility, retention, long polling, fairness.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::house::{House, bodies, engines};

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q", json!({})).await;
        assert_eq!(url, "http://localhost:4566/000000000000/q");
        let attributes = json!({"colour": {"DataType": "String", "StringValue": "red"},
            "picture": {"DataType": "Binary.png", "BinaryValue": "AP8="}});
        let trace = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}});
        let input = json!({"QueueUrl": url, "MessageBody": "This is a test message", "MessageAttributes": attributes,
            "MessageSystemAttributes": trace});
        let sent = house.ok("SendMessage", input).await;
        assert_eq!(sent["MD5OfMessageBody"], "fafb00f5732ab283681e124bf8747ed1");
        assert!(sent["MD5OfMessageAttributes"].is_string() && sent["MD5OfMessageSystemAttributes"].is_string());
        assert_eq!(sent["SequenceNumber"], Json::Null);
        let now = house.world.clock.now().millis().to_string();
        house.advance(5).await;
        let message = house.receive(&url, json!({})).await.remove(0);
        assert_eq!(message["MessageId"], sent["MessageId"]);
        assert_eq!(message["MD5OfBody"], sent["MD5OfMessageBody"]);
        assert_eq!(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
        assert_eq!(message["MessageAttributes"], attributes);
        let received = house.world.clock.now().millis().to_string();
        let system = json!({"SenderId": "000000000000", "SentTimestamp": now, "ApproximateReceiveCount": "1",
            "ApproximateFirstReceiveTimestamp": received, "AWSTraceHeader": "Root=1"});
        assert_eq!(message["Attributes"], system);
        assert_eq!(house.counts(&url).await, (0, 1, 0));
        house.delete(&url, &message).await;
        house.delete(&url, &message).await;
        assert_eq!(house.counts(&url).await, (0, 0, 0));
    }
}

#[tokio::test]
async fn a_receiver_gets_only_what_it_asks_for() {
    let house = House::frozen(engines().remove(0)).await;
    let url = house.create("q", json!({})).await;
    let attributes =
        json!({"a.x": {"DataType": "Number", "StringValue": "1"}, "b": {"DataType": "String", "StringValue": "2"}});
    house.ok("SendMessage", json!({"QueueUrl": url, "MessageBody": "m", "MessageAttributes": attributes})).await;
    let receive = async |more: Json| {
        let mut input = json!({"QueueUrl": url, "VisibilityTimeout": 0});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        house.ok("ReceiveMessage", input).await["Messages"][0].clone()
    };
    let plain = receive(json!({})).await;
    assert_eq!((&plain["Attributes"], &plain["MessageAttributes"]), (&Json::Null, &Json::Null));
    assert_eq!(plain["MD5OfMessageAttributes"], Json::Null);
    let some = receive(json!({"MessageAttributeNames": ["a.*"], "AttributeNames": ["SentTimestamp"]})).await;
    assert_eq!(some["MessageAttributes"].as_object().unwrap().keys().collect::<Vec<_>>(), ["a.x"]);
    assert_eq!(some["Attributes"].as_object().unwrap().keys().collect::<Vec<_>>(), ["SentTimestamp"]);
    let fault =
        house.fails("ReceiveMessage", json!({"QueueUrl": url, "MessageSystemAttributeNames": ["Colour"]})).await;
    assert_eq!(fault, "InvalidAttributeName: Unknown Attribute Colour.");
}

#[tokio::test]
async fn a_message_comes_back_when_its_visibility_timeout_passes() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q", json!({"VisibilityTimeout": "10"})).await;
        house.send(&url, "a").await;
        let first = house.receive(&url, json!({})).await.remove(0);
        house.advance_by(Duration::from_micros(9_999_999)).await;
        assert_eq!(house.counts(&url).await, (0, 1, 0));
        assert_eq!(house.bodies(&url, json!({})).await, "");
        house.advance_by(Duration::from_micros(1)).await;
        assert_eq!(house.counts(&url).await, (1, 0, 0));
        let second = house.receive(&url, json!({"VisibilityTimeout": 60})).await.remove(0);
        assert_eq!(second["Attributes"]["ApproximateReceiveCount"], "2");
        assert_ne!(first["ReceiptHandle"], second["ReceiptHandle"]);
        // An old handle is accepted and does nothing.
        house.delete(&url, &first).await;
        house.advance(59).await;
        assert_eq!(house.counts(&url).await, (0, 1, 0));
        house.delete(&url, &second).await;
        assert_eq!(house.counts(&url).await, (0, 0, 0));
    }
}

#[tokio::test]
async fn visibility_can_be_changed_up_to_twelve_hours_in_all() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q", json!({})).await;
        house.send(&url, "a").await;
        let message = house.receive(&url, json!({})).await.remove(0);
        let change = |seconds: i64| json!({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": seconds});
        house.ok("ChangeMessageVisibility", change(43_200)).await;
        house.advance(3600).await;
        assert_eq!(house.counts(&url).await, (0, 1, 0));
        assert_eq!(
            house.fails("ChangeMessageVisibility", change(39_601)).await,
            "InvalidParameterValue: Value 39601 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for \
             the message is beyond the limit [43200 seconds]"
        );
        house.ok("ChangeMessageVisibility", change(39_600)).await;
        for seconds in [-1, 43_201] {
            assert!(
                house
                    .fails("ChangeMessageVisibility", change(seconds))
                    .await
                    .starts_with("InvalidParameterValue: Value")
            );
        }
        house.ok("ChangeMessageVisibility", change(0)).await;
        assert_eq!(house.counts(&url).await, (1, 0, 0));
        let fault = house.fails("ChangeMessageVisibility", change(10)).await;
        assert!(fault.starts_with("AWS.SimpleQueueService.MessageNotInflight"), "{fault}");
        house.receive(&url, json!({})).await;
        let fault = house.fails("ChangeMessageVisibility", change(10)).await;
        assert!(
            fault.ends_with("Message does not exist or is not available for visibility timeout change."),
            "{fault}"
        );
        let fake = json!({"QueueUrl": url, "ReceiptHandle": "fake", "VisibilityTimeout": 1});
        let expected = "ReceiptHandleIsInvalid: The input receipt handle \"fake\" is not a valid receipt handle.";
        assert_eq!(house.fails("ChangeMessageVisibility", fake).await, expected);
    }
}

#[tokio::test]
async fn delays_of_queue_and_message() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q", json!({"DelaySeconds": "100"})).await;
        house.send(&url, "queue").await;
        house.ok("SendMessage", json!({"QueueUrl": url, "MessageBody": "own", "DelaySeconds": 900})).await;
        house.ok("SendMessage", json!({"QueueUrl": url, "MessageBody": "none", "DelaySeconds": 0})).await;
        assert_eq!(house.counts(&url).await, (1, 0, 2));
        // A changed delay does not touch messages that are in the queue.
        house.ok("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {"DelaySeconds": "0"}})).await;
        assert_eq!(house.bodies(&url, json!({})).await, "none");
        house.advance(99).await;
        assert_eq!(house.counts(&url).await, (1, 0, 2), "none is back");
        house.advance(1).await;
        assert_eq!(house.counts(&url).await, (2, 0, 1));
        house.advance(800).await;
        assert_eq!(house.counts(&url).await, (3, 0, 0));
        for seconds in [-1, 901] {
            let input = json!({"QueueUrl": url, "MessageBody": "m", "DelaySeconds": seconds});
            let expected = format!(
                "InvalidParameterValue: Value {seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
            );
            assert_eq!(house.fails("SendMessage", input).await, expected);
        }
    }
}

#[tokio::test]
async fn messages_vanish_when_their_retention_ends() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q", json!({"MessageRetentionPeriod": "1209600"})).await;
        let empty = house.entries();
        house.send(&url, "old").await;
        house.advance(1).await;
        for _ in 0..300 {
            house.send(&url, "new").await;
        }
        house.receive(&url, json!({"VisibilityTimeout": 43_200})).await;
        house.advance_by(Duration::from_micros(1_209_599_000_000 - 1)).await;
        assert_eq!(house.counts(&url).await.0, 301);
        house.advance_by(Duration::from_micros(1)).await;
        assert_eq!(house.counts(&url).await.0, 300);
        house.advance(1).await;
        assert_eq!(house.counts(&url).await, (0, 0, 0));
        assert!(house.entries() <= empty + 2, "something is left: {} {empty}", house.entries());
    }
}

#[tokio::test]
async fn a_shorter_retention_ends_what_is_older() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q", json!({})).await;
        house.send(&url, "a").await;
        house.advance(100).await;
        house.send(&url, "b").await;
        house.ok("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {"MessageRetentionPeriod": "60"}})).await;
        house.advance(0).await;
        assert_eq!(house.bodies(&url, json!({"VisibilityTimeout": 0})).await, "b");
        house.advance(60).await;
        assert_eq!(house.counts(&url).await, (0, 0, 0));
    }
}

#[tokio::test]
async fn a_long_poll_ends_when_a_message_arrives() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q", json!({})).await;
        let poll = tokio::spawn({
            let (house, url) = (house.clone(), url.clone());
            async move { house.bodies(&url, json!({"WaitTimeSeconds": 20})).await }
        });
        house.polls(1).await;
        house.send(&url, "a").await;
        assert_eq!(poll.await.unwrap(), "a");
    }
}

#[tokio::test]
async fn a_long_poll_ends_at_its_deadline_and_when_a_message_becomes_visible() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q", json!({"ReceiveMessageWaitTimeSeconds": "20"})).await;
        house.ok("SendMessage", json!({"QueueUrl": url, "MessageBody": "a", "DelaySeconds": 30})).await;
        let poll = || {
            let (house, url) = (house.clone(), url.clone());
            tokio::spawn(async move { house.bodies(&url, json!({})).await })
        };
        let (first, second) = (poll(), poll());
        house.polls(2).await;
        house.advance(20).await;
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (String::new(), String::new()));
        let third = poll();
        house.polls(1).await;
        house.advance(10).await;
        assert_eq!(third.await.unwrap(), "a");
    }
}

#[tokio::test]
async fn tenants_that_keep_consumers_busy_stand_back() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q", json!({})).await;
        let send = async |group: Option<&str>, body: &str| {
            let mut input = json!({"QueueUrl": url, "MessageBody": body});
            if let Some(group) = group {
                input["MessageGroupId"] = group.into();
            }
            house.ok("SendMessage", input).await
        };
        for _ in 0..60 {
            send(Some("noisy"), "n").await;
            house.advance_by(Duration::from_millis(1)).await;
        }
        // Below 30 in flight, first come is first served.
        for _ in 0..2 {
            assert_eq!(house.receive(&url, json!({})).await.len(), 10);
        }
        send(Some("quiet"), "q1").await;
        assert_eq!(house.bodies(&url, json!({"MaxNumberOfMessages": 2})).await, "n n");
        assert_eq!(house.bodies(&url, json!({"MaxNumberOfMessages": 8})).await, "n n n n n n n n");
        house.advance_by(Duration::from_millis(1)).await;
        send(None, "alone").await;
        send(Some("quiet"), "q2").await;
        assert_eq!(house.bodies(&url, json!({"MaxNumberOfMessages": 4})).await, "q1 alone q2 n");
        // Nobody else waits: the noisy tenant is served.
        assert_eq!(house.receive(&url, json!({})).await.len(), 10);
    }
}

#[tokio::test]
async fn batches_fail_by_entry() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q", json!({"MaximumMessageSize": "1024"})).await;
        let entry = |id: &str, body: &str| json!({"Id": id, "MessageBody": body});
        let entries = json!([entry("a", "one"), entry("b", &"x".repeat(1025)), entry("c", "\u{7}"), entry("d", "two"),
            {"Id": "e", "MessageBody": "m", "MessageDeduplicationId": "d"}]);
        let output = house.ok("SendMessageBatch", json!({"QueueUrl": url, "Entries": entries})).await;
        let ids = |list: &Json| {
            list.as_array().unwrap().iter().map(|e| e["Id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&output["Successful"]), ["a", "d"]);
        assert_eq!(ids(&output["Failed"]), ["b", "c", "e"]);
        assert_eq!(output["Failed"][0]["Code"], "InvalidParameterValue");
        assert_eq!(output["Failed"][1]["Code"], "InvalidMessageContents");
        assert_eq!(output["Failed"][0]["SenderFault"], true);
        let messages = house.receive(&url, json!({})).await;
        assert_eq!(bodies(&messages), "one two");
        let handle = &messages[0]["ReceiptHandle"];
        let entries = json!([{"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 0},
            {"Id": "b", "ReceiptHandle": "fake", "VisibilityTimeout": 0}, {"Id": "c", "ReceiptHandle": handle}]);
        let output = house.ok("ChangeMessageVisibilityBatch", json!({"QueueUrl": url, "Entries": entries})).await;
        assert_eq!(ids(&output["Successful"]), ["a"]);
        assert_eq!(output["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
        assert_eq!(output["Failed"][1]["Code"], "MissingParameter");
        let entries = json!([{"Id": "a", "ReceiptHandle": handle}, {"Id": "b", "ReceiptHandle": "fake"}]);
        let output = house.ok("DeleteMessageBatch", json!({"QueueUrl": url, "Entries": entries})).await;
        assert_eq!((ids(&output["Successful"]), ids(&output["Failed"])), (vec!["a".to_owned()], vec!["b".to_owned()]));
        assert_eq!(house.counts(&url).await, (0, 1, 0));
        let large = "x".repeat(1_048_577);
        let fault = house.fails("SendMessageBatch", json!({"QueueUrl": url, "Entries": [entry("a", &large)]})).await;
        assert_eq!(
            fault,
            "AWS.SimpleQueueService.BatchRequestTooLong: Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."
        );
    }
}
