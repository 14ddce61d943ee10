//! Redrive policies, dead-letter queues and message move tasks.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::house::{House, arn, engines, redrive_to};

/// A message that was received too often and lies in the dead-letter queue.
async fn bury(house: &House, url: &str, body: &str) {
    house.send(url, body).await;
    house.receive(url, json!({"VisibilityTimeout": 0})).await;
    house.receive(url, json!({"VisibilityTimeout": 0})).await;
}

#[tokio::test]
async fn a_message_moves_at_the_receive_that_would_exceed_the_count() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let dead = house.create("dead", json!({"MessageRetentionPeriod": "1000"})).await;
        let url = house.create("q", json!({"RedrivePolicy": redrive_to("dead", 2)})).await;
        let sent = house.send(&url, "a").await;
        let moment = house.world.clock.now().millis().to_string();
        house.advance(10).await;
        for count in ["1", "2"] {
            let message = house.receive(&url, json!({"VisibilityTimeout": 0})).await.remove(0);
            assert_eq!(message["Attributes"]["ApproximateReceiveCount"], count);
        }
        assert_eq!(house.counts(&url).await, (1, 0, 0));
        // A long poll answers at once, for the move must be kept.
        assert_eq!(house.bodies(&url, json!({"WaitTimeSeconds": 20})).await, "");
        assert_eq!((house.counts(&url).await, house.counts(&dead).await), ((0, 0, 0), (1, 0, 0)));
        let message = house.receive(&dead, json!({})).await.remove(0);
        let system = &message["Attributes"];
        assert_eq!(message["MessageId"], sent["MessageId"]);
        assert_eq!(system["DeadLetterQueueSourceArn"], arn("q"));
        assert_eq!(system["SentTimestamp"], moment, "a standard queue keeps the moment of sending");
        assert_eq!(system["ApproximateReceiveCount"], "3");
        // So it ends 1000 seconds after it was sent, not after it was moved.
        house.advance(989).await;
        assert_eq!(house.counts(&dead).await.0, 1);
        house.advance(1).await;
        assert_eq!(house.counts(&dead).await, (0, 0, 0));
    }
}

#[tokio::test]
async fn a_receive_goes_past_dead_letters_to_what_is_behind() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let dead = house.create("dead", json!({})).await;
        let url = house.create("q", json!({"RedrivePolicy": redrive_to("dead", 1)})).await;
        for _ in 0..25 {
            house.send(&url, "bad").await;
        }
        for _ in 0..3 {
            house.receive(&url, json!({"VisibilityTimeout": 1})).await;
        }
        house.advance(2).await;
        house.send(&url, "good").await;
        assert_eq!(house.bodies(&url, json!({"MaxNumberOfMessages": 1})).await, "good");
        assert_eq!(house.counts(&dead).await, (25, 0, 0));
    }
}

#[tokio::test]
async fn a_fifo_dead_letter_gets_a_new_moment_and_a_new_deduplication_id() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let fifo = json!({"FifoQueue": "true"});
        let dead = house.create("dead.fifo", fifo.clone()).await;
        let mut attributes = fifo;
        attributes["RedrivePolicy"] = redrive_to("dead.fifo", 1).into();
        let url = house.create("q.fifo", attributes).await;
        let sent = house.send_to(&url, "A", "a1").await;
        house.send_to(&url, "A", "a2").await;
        let poisoned = json!({"VisibilityTimeout": 5, "MaxNumberOfMessages": 1});
        assert_eq!(house.bodies(&url, poisoned.clone()).await, "a1");
        house.advance(5).await;
        assert_eq!(house.bodies(&url, poisoned).await, "a2", "the group goes on without it");
        let message = house.receive(&dead, json!({})).await.remove(0);
        let system = &message["Attributes"];
        assert_eq!(system["MessageDeduplicationId"], sent["MessageId"]);
        assert_eq!(system["MessageGroupId"], "A");
        assert_eq!(system["SentTimestamp"], house.world.clock.now().millis().to_string());
        assert_eq!(system["DeadLetterQueueSourceArn"], arn("q.fifo"));
    }
}

#[tokio::test]
async fn who_may_be_whose_dead_letter_queue() {
    let house = House::frozen(engines().remove(0)).await;
    let dead = house.create("dead", json!({})).await;
    house.create("dead.fifo", json!({"FifoQueue": "true"})).await;
    let fails = async |target: &str, reason: &str| {
        let policy = json!({"deadLetterTargetArn": target, "maxReceiveCount": 1}).to_string();
        let input = json!({"QueueName": "q", "Attributes": {"RedrivePolicy": policy}});
        let expected =
            format!("InvalidParameterValue: Value {policy} for parameter RedrivePolicy is invalid. Reason: {reason}");
        assert_eq!(house.fails("CreateQueue", input).await, expected);
    };
    fails(&arn("none"), "Dead letter target does not exist.").await;
    fails("arn:aws:sqs:eu-west-1:000000000000:dead", "Dead letter target does not exist.").await;
    fails("arn:aws:sqs:us-east-1:111111111111:dead", "Dead-letter target owner should be same as the source.").await;
    fails(&arn("dead.fifo"), "Dead-letter queue must be same type of queue as the source.").await;
    let allow = |policy: Json| json!({"QueueUrl": dead, "Attributes": {"RedriveAllowPolicy": policy.to_string()}});
    let refused = "The redrive allow policy of the dead-letter queue does not permit this source queue.";
    house.ok("SetQueueAttributes", allow(json!({"redrivePermission": "denyAll"}))).await;
    fails(&arn("dead"), refused).await;
    let by_queue = |name: &str| json!({"redrivePermission": "byQueue", "sourceQueueArns": [arn(name)]});
    house.ok("SetQueueAttributes", allow(by_queue("other"))).await;
    fails(&arn("dead"), refused).await;
    house.ok("SetQueueAttributes", allow(by_queue("q"))).await;
    house.create("q", json!({"RedrivePolicy": redrive_to("dead", 1)})).await;
}

#[tokio::test]
async fn sources_are_listed_in_pages() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let dead = house.create("dead", json!({})).await;
        for n in 0..5 {
            house.create(&format!("q{n}"), json!({"RedrivePolicy": redrive_to("dead", 1)})).await;
        }
        let mut urls = Vec::new();
        let mut input = json!({"QueueUrl": dead, "MaxResults": 2});
        loop {
            let page = house.ok("ListDeadLetterSourceQueues", input.clone()).await;
            urls.extend(page["queueUrls"].as_array().unwrap().clone());
            if page["NextToken"].is_null() {
                break;
            }
            input["NextToken"] = page["NextToken"].clone();
        }
        assert_eq!(urls.len(), 5);
        house.ok("DeleteQueue", json!({"QueueUrl": urls[0]})).await;
        house.ok("SetQueueAttributes", json!({"QueueUrl": urls[1], "Attributes": {"RedrivePolicy": ""}})).await;
        let rest = house.ok("ListDeadLetterSourceQueues", json!({"QueueUrl": dead})).await;
        assert_eq!(rest["queueUrls"].as_array().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn a_task_moves_messages_back_at_its_rate() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let dead = house.create("dead", json!({})).await;
        let urls = [
            house.create("q0", json!({"RedrivePolicy": redrive_to("dead", 1)})).await,
            house.create("q1", json!({"RedrivePolicy": redrive_to("dead", 1)})).await,
        ];
        for n in 0..5 {
            bury(&house, &urls[n % 2], "m").await;
        }
        assert_eq!(house.counts(&dead).await, (5, 0, 0));
        let start = json!({"SourceArn": arn("dead"), "MaxNumberOfMessagesPerSecond": 2});
        let handle = house.ok("StartMessageMoveTask", start.clone()).await["TaskHandle"].clone();
        house.advance(0).await;
        assert_eq!(
            house.fails("StartMessageMoveTask", start).await,
            "InvalidParameterValue: There is already a task running. Only one active task is allowed for a source queue arn at \
             a given time."
        );
        let list =
            async || house.ok("ListMessageMoveTasks", json!({"SourceArn": arn("dead")})).await["Results"][0].clone();
        let task = list().await;
        assert_eq!((&task["Status"], &task["TaskHandle"]), (&json!("RUNNING"), &handle));
        assert_eq!(
            (&task["ApproximateNumberOfMessagesMoved"], &task["ApproximateNumberOfMessagesToMove"]),
            (&json!(1), &json!(5))
        );
        assert_eq!(task["DestinationArn"], Json::Null);
        house.advance_by(Duration::from_millis(500)).await;
        assert_eq!(list().await["ApproximateNumberOfMessagesMoved"], 2);
        house.advance_by(Duration::from_millis(1500)).await;
        let task = list().await;
        assert_eq!((&task["Status"], &task["TaskHandle"]), (&json!("COMPLETED"), &Json::Null));
        assert_eq!(house.counts(&dead).await, (0, 0, 0));
        assert_eq!((house.counts(&urls[0]).await.0, house.counts(&urls[1]).await.0), (3, 2));
        let message = house.receive(&urls[0], json!({})).await.remove(0);
        assert_eq!(message["Attributes"]["ApproximateReceiveCount"], "1");
        assert_eq!(message["Attributes"]["DeadLetterQueueSourceArn"], Json::Null);
        let finished = house.fails("CancelMessageMoveTask", json!({"TaskHandle": handle})).await;
        assert!(finished.starts_with("AWS.SimpleQueueService.UnsupportedOperation"), "{finished}");
    }
}

#[tokio::test]
async fn a_task_can_be_cancelled_and_can_fail() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let dead = house.create("dead", json!({})).await;
        let url = house.create("q", json!({"RedrivePolicy": redrive_to("dead", 1)})).await;
        let other = house.create("other", json!({})).await;
        for _ in 0..3 {
            bury(&house, &url, "m").await;
        }
        let start =
            json!({"SourceArn": arn("dead"), "DestinationArn": arn("other"), "MaxNumberOfMessagesPerSecond": 1});
        let handle = house.ok("StartMessageMoveTask", start).await["TaskHandle"].clone();
        house.advance(1).await;
        let cancelled = house.ok("CancelMessageMoveTask", json!({"TaskHandle": handle})).await;
        assert_eq!(cancelled["ApproximateNumberOfMessagesMoved"], 2);
        house.advance(10).await;
        let list = async |max: u32| {
            house.ok("ListMessageMoveTasks", json!({"SourceArn": arn("dead"), "MaxResults": max})).await["Results"]
                .clone()
        };
        assert_eq!(list(1).await[0]["Status"], "CANCELLED");
        assert_eq!((house.counts(&dead).await.0, house.counts(&other).await.0), (1, 2));
        // A message that was sent to the dead-letter queue itself has no way back.
        house.send(&dead, "stray").await;
        house.ok("StartMessageMoveTask", json!({"SourceArn": arn("dead")})).await;
        house.advance(1).await;
        let tasks = list(10).await;
        assert_eq!(tasks.as_array().unwrap().len(), 2);
        assert_eq!(
            (&tasks[0]["Status"], &tasks[0]["FailureReason"]),
            (&json!("FAILED"), &json!("CouldNotDetermineMessageSource"))
        );
        assert_eq!(tasks[0]["ApproximateNumberOfMessagesMoved"], 1);
    }
}

#[tokio::test]
async fn what_move_tasks_refuse() {
    let house = House::frozen(engines().remove(0)).await;
    house.create("dead", json!({})).await;
    house.create("q", json!({"RedrivePolicy": redrive_to("dead", 1)})).await;
    let start = |source: &str| json!({"SourceArn": source});
    let with = |name: &str, value: Json| {
        let mut input = start(&arn("dead"));
        input[name] = value;
        input
    };
    for (input, expected) in [
        (start(&arn("q")), "InvalidParameterValue: Source queue must be configured as a Dead Letter Queue."),
        (
            start(&arn("none")),
            "ResourceNotFoundException: The resource that you specified for the SourceArn parameter doesn't exist.",
        ),
        (start("dead"), "InvalidParameterValue: You must use this format to specify the SourceArn"),
        (
            with("DestinationArn", arn("none").into()),
            "ResourceNotFoundException: The resource that you specified for the DestinationArn parameter doesn't exist.",
        ),
        (with("MaxNumberOfMessagesPerSecond", 0.into()), "InvalidParameterValue: Value 0 for parameter"),
        (with("MaxNumberOfMessagesPerSecond", 501.into()), "InvalidParameterValue: Value 501 for parameter"),
    ] {
        let fault = house.fails("StartMessageMoveTask", input).await;
        assert!(fault.starts_with(expected), "{fault}");
    }
    let fault = house.fails("CancelMessageMoveTask", json!({"TaskHandle": "x"})).await;
    assert!(fault.starts_with("InvalidParameterValue: Value x for parameter TaskHandle"), "{fault}");
}
