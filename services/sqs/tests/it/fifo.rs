//! FIFO queues: order, groups, deduplication, receive request attempt ids.

use serde_json::{Value as Json, json};

use crate::house::{House, engines};

const FIFO: &str = "q.fifo";

async fn fifo(house: &House, more: Json) -> String {
    let mut attributes = json!({"FifoQueue": "true"});
    attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    house.create(FIFO, attributes).await
}

#[tokio::test]
async fn groups_are_ordered_and_held_while_in_flight() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = fifo(&house, json!({})).await;
        for (group, body) in [("A", "a1"), ("B", "b1"), ("A", "a2"), ("B", "b2"), ("A", "a3")] {
            house.send_to(&url, group, body).await;
        }
        let first = house.receive(&url, json!({"MaxNumberOfMessages": 2})).await;
        assert_eq!(crate::house::bodies(&first), "a1 a2");
        assert_eq!(house.bodies(&url, json!({"MaxNumberOfMessages": 1})).await, "b1");
        assert_eq!(house.bodies(&url, json!({})).await, "");
        house.delete(&url, &first[1]).await;
        assert_eq!(house.bodies(&url, json!({})).await, "", "a1 still holds the group");
        house.delete(&url, &first[0]).await;
        let third = house.receive(&url, json!({"VisibilityTimeout": 100})).await;
        assert_eq!(crate::house::bodies(&third), "a3");
        house.advance(30).await;
        assert_eq!(house.bodies(&url, json!({})).await, "b1 b2", "from the beginning when the timeout has passed");
        assert_eq!(house.counts(&url).await, (0, 3, 0));
        let system = third[0]["Attributes"].as_object().unwrap();
        assert_eq!((&system["MessageGroupId"], &system["MessageDeduplicationId"]), (&json!("A"), &json!("a3")));
        assert_eq!(system["SequenceNumber"].as_str().unwrap().len(), 20);
    }
}

#[tokio::test]
async fn one_receive_takes_from_several_groups_and_zero_timeouts_hold_nothing() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = fifo(&house, json!({})).await;
        for (group, body) in [("A", "a1"), ("B", "b1"), ("A", "a2"), ("C", "c1")] {
            house.send_to(&url, group, body).await;
        }
        for _ in 0..2 {
            assert_eq!(house.bodies(&url, json!({"VisibilityTimeout": 0})).await, "a1 a2 b1 c1");
        }
        assert_eq!(house.bodies(&url, json!({})).await, "a1 a2 b1 c1");
    }
}

#[tokio::test]
async fn a_handle_expires_with_its_visibility_timeout() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = fifo(&house, json!({})).await;
        house.send_to(&url, "A", "a1").await;
        let message = house.receive(&url, json!({})).await.remove(0);
        house.advance(30).await;
        let input = json!({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]});
        let fault = house.fails("DeleteMessage", input.clone()).await;
        assert!(fault.starts_with("InvalidParameterValue: ") && fault.ends_with("The receipt handle has expired."));
        let again = house.receive(&url, json!({})).await.remove(0);
        assert!(house.fails("DeleteMessage", input).await.ends_with("The receipt handle has expired."));
        house.delete(&url, &again).await;
        house.delete(&url, &again).await;
        assert_eq!(house.counts(&url).await, (0, 0, 0));
    }
}

#[tokio::test]
async fn changing_the_visibility_gives_a_group_back() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = fifo(&house, json!({})).await;
        house.send_to(&url, "A", "a1").await;
        house.send_to(&url, "A", "a2").await;
        let taken = house.receive(&url, json!({})).await;
        for message in &taken {
            let input = json!({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0});
            assert_eq!(house.bodies(&url, json!({})).await, "");
            house.ok("ChangeMessageVisibility", input).await;
        }
        assert_eq!(house.bodies(&url, json!({})).await, "a1 a2");
    }
}

#[tokio::test]
async fn a_delay_is_the_queues_own() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = fifo(&house, json!({"DelaySeconds": "60"})).await;
        let input = json!({"QueueUrl": url, "MessageBody": "m", "MessageGroupId": "A", "MessageDeduplicationId": "d", "DelaySeconds": 5});
        assert_eq!(
            house.fails("SendMessage", input).await,
            "InvalidParameterValue: Value 5 for parameter DelaySeconds is invalid. Reason: The request include parameter that is \
             not valid for this queue type."
        );
        house.send_to(&url, "A", "a1").await;
        assert_eq!(house.counts(&url).await, (0, 0, 1));
        assert_eq!(house.bodies(&url, json!({})).await, "");
        house.advance(60).await;
        assert_eq!(house.bodies(&url, json!({})).await, "a1");
        // A changed delay counts for what is in the queue.
        house.send_to(&url, "B", "b1").await;
        let set = |seconds: &str| json!({"QueueUrl": url, "Attributes": {"DelaySeconds": seconds}});
        house.ok("SetQueueAttributes", set("0")).await;
        assert_eq!(house.counts(&url).await, (1, 1, 0));
        house.ok("SetQueueAttributes", set("30")).await;
        assert_eq!(house.counts(&url).await, (0, 1, 1));
        house.advance(30).await;
        assert_eq!(house.bodies(&url, json!({"MaxNumberOfMessages": 1})).await, "a1");
        assert_eq!(house.bodies(&url, json!({})).await, "b1");
    }
}

#[tokio::test]
async fn duplicates_of_five_minutes_are_accepted_and_not_delivered() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = fifo(&house, json!({"ContentBasedDeduplication": "true"})).await;
        let empty = house.entries();
        let send = async |group: &str, body: &str| {
            house.ok("SendMessage", json!({"QueueUrl": url, "MessageBody": body, "MessageGroupId": group})).await
        };
        let first = send("A", "same").await;
        let message = house.receive(&url, json!({})).await.remove(0);
        house.delete(&url, &message).await;
        house.advance(299).await;
        let second = send("B", "same").await;
        assert_eq!((&first["MessageId"], &first["SequenceNumber"]), (&second["MessageId"], &second["SequenceNumber"]));
        assert_eq!(house.counts(&url).await, (0, 0, 0));
        house.advance(1).await;
        let third = send("A", "same").await;
        assert_ne!(first["MessageId"], third["MessageId"]);
        assert!(first["SequenceNumber"].as_str() < third["SequenceNumber"].as_str());
        // The SHA-256 of the body is the deduplication id, so an explicit one of that text is a duplicate.
        let message = house.receive(&url, json!({})).await.remove(0);
        let explicit = json!({"QueueUrl": url, "MessageBody": "other", "MessageGroupId": "A",
            "MessageDeduplicationId": message["Attributes"]["MessageDeduplicationId"]});
        assert_eq!(house.ok("SendMessage", explicit).await["MessageId"], third["MessageId"]);
        house.delete(&url, &message).await;
        house.advance(1_209_600).await;
        assert!(house.entries() <= empty + 2, "something is left: {} {empty}", house.entries());
    }
}

#[tokio::test]
async fn the_scope_of_deduplication_can_be_the_group() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url =
            fifo(&house, json!({"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}))
                .await;
        let send = async |group: &str| {
            let input =
                json!({"QueueUrl": url, "MessageBody": "m", "MessageGroupId": group, "MessageDeduplicationId": "d"});
            house.ok("SendMessage", input).await["MessageId"].clone()
        };
        let (first, other, again) = (send("A").await, send("B").await, send("A").await);
        assert_eq!(first, again);
        assert_ne!(first, other);
        assert_eq!(house.counts(&url).await, (2, 0, 0));
    }
}

#[tokio::test]
async fn what_fifo_queues_require() {
    let house = House::frozen(engines().remove(0)).await;
    let url = fifo(&house, json!({})).await;
    let missing = "MissingParameter: The request must contain the parameter MessageGroupId.";
    assert_eq!(house.fails("SendMessage", json!({"QueueUrl": url, "MessageBody": "m"})).await, missing);
    assert_eq!(
        house.fails("SendMessage", json!({"QueueUrl": url, "MessageBody": "m", "MessageGroupId": "A"})).await,
        "InvalidParameterValue: The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId \
         provided explicitly"
    );
    let standard = house.create("s", json!({})).await;
    let wrong = "The request include parameter that is not valid for this queue type.";
    let input = json!({"QueueUrl": standard, "MessageBody": "m", "MessageDeduplicationId": "d"});
    assert!(house.fails("SendMessage", input).await.ends_with(wrong));
    let input = json!({"QueueUrl": standard, "ReceiveRequestAttemptId": "a"});
    assert!(house.fails("ReceiveMessage", input).await.ends_with(wrong));
}

#[tokio::test]
async fn a_receive_can_be_repeated_with_its_attempt_id() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = fifo(&house, json!({})).await;
        for body in ["a1", "a2", "a3"] {
            house.send_to(&url, "A", body).await;
        }
        let attempt = json!({"ReceiveRequestAttemptId": "try", "MaxNumberOfMessages": 2});
        let first = house.receive(&url, attempt.clone()).await;
        house.advance(20).await;
        let second = house.receive(&url, attempt.clone()).await;
        assert_eq!(first, second, "the same messages and handles");
        house.advance(20).await;
        assert_eq!(house.bodies(&url, json!({})).await, "", "the repetition started the timeout anew");
        house.delete(&url, &second[0]).await;
        assert_eq!(
            house.fails("ReceiveMessage", json!({"QueueUrl": url, "ReceiveRequestAttemptId": "try"})).await,
            "InvalidParameterValue: Value try for parameter ReceiveRequestAttemptId is invalid. Reason: The \
             receiveRequestAttemptId is not valid anymore since the receive call is not retryable."
        );
        house.advance(10).await;
        assert_eq!(house.bodies(&url, attempt).await, "a2 a3", "after the timeout it is a new receive");
    }
}

#[tokio::test]
async fn batches_keep_their_order() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = fifo(&house, json!({})).await;
        let entry = |n: usize| json!({"Id": n.to_string(), "MessageBody": n.to_string(), "MessageGroupId": "A", "MessageDeduplicationId": n.to_string()});
        for start in [0, 10] {
            let entries: Vec<_> = (start..start + 10).map(entry).collect();
            house.ok("SendMessageBatch", json!({"QueueUrl": url, "Entries": entries})).await;
        }
        let mut all = Vec::new();
        for _ in 0..2 {
            let messages = house.receive(&url, json!({})).await;
            for message in &messages {
                house.delete(&url, message).await;
            }
            all.extend(messages);
        }
        let expected: Vec<_> = (0..20).map(|n| n.to_string()).collect();
        assert_eq!(crate::house::bodies(&all), expected.join(" "));
    }
}
