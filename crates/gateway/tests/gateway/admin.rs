//! The admin API.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{CALLER, start, start_with};

#[tokio::test]
async fn health_services_coverage_and_settings() {
    let server = start().await;
    assert_eq!(server.ask("GET", "/_kumoi/health").await.json()["status"], "ok");
    let services = server.ask("GET", "/_kumoi/services").await.json();
    let find =
        |id: &str| services["services"].as_array().unwrap().iter().find(|service| service["id"] == id).unwrap().clone();
    assert_eq!(find("sts")["built"], true);
    assert_eq!(find("ec2")["operations"]["built"], 0);
    assert!(find("ec2")["operations"]["total"].as_u64().unwrap() > 500);
    let coverage = server.ask("GET", "/_kumoi/coverage").await.json();
    assert_eq!(coverage["services"][0]["id"], "sts");
    assert!(
        coverage["services"][0]["operations"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["name"] == "AssumeRole" && one["built"] == true)
    );
    assert_eq!(server.ask("GET", "/_kumoi/settings").await.json()["region"], "us-east-1");
    assert_eq!(server.ask("GET", "/_kumoi/openapi.json").await.json()["openapi"], "3.1.0");
}

#[tokio::test]
async fn the_clock_of_a_world() {
    let server = start().await;
    let set = async |body: serde_json::Value| server.tell("POST", "/_kumoi/clock", &body).await;
    let frozen = set(json!({ "action": "freeze" })).await.json();
    assert_eq!(frozen["frozen"], true);
    assert_eq!(server.ask("GET", "/_kumoi/clock").await.json()["now"], frozen["now"]);
    let moved = set(json!({ "action": "advance", "by": "P14D" })).await.json();
    let days = |from: &serde_json::Value, to: &serde_json::Value| {
        let moment = |value: &serde_json::Value| value["now"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        moment(to).duration_since(moment(from)).as_secs() / 86_400
    };
    assert_eq!(days(&frozen, &moved), 14);
    let moved_on = set(json!({ "action": "advance", "by": 86_400 })).await.json();
    assert_eq!(days(&moved, &moved_on), 1);
    assert_eq!(set(json!({ "action": "scale", "rate": 60 })).await.json()["rate"], 60.0);
    assert_eq!(set(json!({ "action": "resume" })).await.json()["rate"], 1.0);
    for wrong in [
        json!({}),
        json!({ "action": "stop" }),
        json!({ "action": "advance", "by": "P1M" }),
        json!({ "action": "scale", "rate": -1 }),
    ] {
        let response = set(wrong.clone()).await;
        assert_eq!((response.status, &response.json()["error"]), (400, &json!("InvalidRequest")), "{wrong}");
    }
    assert_eq!(server.ask("GET", "/_kumoi/clock?world=nowhere").await.status, 404);
}

#[tokio::test]
async fn worlds_are_forked_compared_emptied_and_dropped() {
    let server = start().await;
    assert_eq!(server.tell("POST", "/_kumoi/worlds/a", &json!({})).await.status, 201);
    assert_eq!(server.tell("POST", "/_kumoi/worlds/b", &json!({ "from": "a" })).await.json()["from"], "a");
    assert_eq!(server.tell("POST", "/_kumoi/worlds/b", &json!({ "from": "a" })).await.json()["error"], "WorldExists");
    assert_eq!(
        server.tell("POST", "/_kumoi/worlds/c", &json!({ "from": "nowhere" })).await.json()["error"],
        "UnknownWorld"
    );
    assert_eq!(server.tell("POST", "/_kumoi/worlds/Not.A.Name", &json!({})).await.json()["error"], "InvalidWorldName");
    let role = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/reader&RoleSessionName=me";
    let length = role.len();
    let assumed = server
        .exchange(&format!(
            "POST / HTTP/1.1\r\nHost: b.world.localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{role}"
        ))
        .await;
    assert_eq!(assumed.status, 200, "{}", assumed.text());
    let diff = server.ask("GET", "/_kumoi/worlds/a/diff/b").await.json();
    let tables: Vec<&str> =
        diff["differences"].as_array().unwrap().iter().map(|one| one["table"].as_str().unwrap()).collect();
    assert!(tables.contains(&"credentials"), "{diff}");
    assert_eq!(server.ask("GET", "/_kumoi/worlds/a/diff/b?limit=0").await.json()["truncated"], true);
    assert_eq!(server.ask("POST", "/_kumoi/reset?world=b").await.json()["reset"], json!(["b"]));
    assert!(!server.ask("GET", "/_kumoi/worlds/a/diff/b").await.text().contains("\"credentials\""));
    assert_eq!(server.ask("DELETE", "/_kumoi/worlds/a").await.status, 200);
    assert_eq!(server.ask("DELETE", "/_kumoi/worlds/default").await.json()["error"], "DefaultWorld");
    server.ask("POST", "/_kumoi/reset?all").await;
    let worlds = server.ask("GET", "/_kumoi/worlds").await.json();
    let names: Vec<&str> =
        worlds["worlds"].as_array().unwrap().iter().map(|world| world["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["default"]);
}

#[tokio::test]
async fn a_snapshot_comes_back_as_another_world() {
    let server = start().await;
    let saved = server.ask("GET", "/_kumoi/worlds/default/snapshot").await;
    assert_eq!(saved.status, 200);
    let mut stream = server.connect().await;
    let head = format!(
        "PUT /_kumoi/worlds/copy/snapshot HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        saved.body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&saved.body).await.unwrap();
    let loaded = crate::support::response(&mut stream).await;
    assert_eq!((loaded.status, &loaded.json()["world"]), (200, &json!("copy")), "{}", loaded.text());
    let diff = server.ask("GET", "/_kumoi/worlds/default/diff/copy").await.json();
    assert_eq!((&diff["differences"], &diff["truncated"]), (&json!([]), &json!(false)), "{diff}");

    let damaged = "PUT /_kumoi/worlds/other/snapshot HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\nnonsense";
    assert_eq!(server.exchange(damaged).await.json()["error"], "UnreadableSnapshot");
    assert_eq!(server.ask("GET", "/_kumoi/clock?world=other").await.status, 404, "nothing of it remains");
    assert_eq!(server.ask("GET", "/_kumoi/worlds/nowhere/snapshot").await.status, 404);
}

#[tokio::test]
async fn an_upload_has_a_bound() {
    let server = start_with(|config| config.limits.snapshot = 10).await;
    let request =
        "PUT /_kumoi/worlds/copy/snapshot HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\nhello world";
    assert_eq!(server.exchange(request).await.status, 413);
}

#[tokio::test]
async fn requests_are_listed_and_followed() {
    let server = start().await;
    server.exchange(CALLER).await;
    let listed = server.ask("GET", "/_kumoi/requests?limit=5").await.json();
    assert_eq!(listed["requests"][0]["operation"], "GetCallerIdentity");
    assert_eq!(server.ask("GET", "/_kumoi/requests?limit=many").await.status, 400);

    let mut follow = server.connect().await;
    follow.write_all(b"GET /_kumoi/requests?follow&limit=10 HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    let operations = |seen: &str| seen.matches("\"operation\":\"GetCallerIdentity\"").count();
    while operations(&seen) < 1 {
        let read = follow.read(&mut buffer).await.unwrap();
        seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    assert!(seen.contains("application/x-ndjson"), "{seen}");
    server.exchange(CALLER).await;
    while operations(&seen) < 2 {
        let read = follow.read(&mut buffer).await.unwrap();
        assert_ne!(read, 0, "{seen}");
        seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    // A follower is no reason for the server to go on.
    server.stop().await;
}

#[tokio::test]
async fn web_pages_from_elsewhere_are_refused() {
    let server = start_with(|config| {
        config.cors.origins = vec!["https://app.example.com".into()];
        config.host_names = vec!["cloud.example.com".into()];
    })
    .await;
    for (host, origin, status) in [
        ("localhost:4566", None, 200),
        ("127.0.0.1:4566", Some("http://localhost:3000"), 200),
        ("kumoi:4566", None, 200),
        ("localhost.localstack.cloud", None, 200),
        ("cloud.example.com", None, 200),
        ("localhost", Some("https://app.example.com"), 200),
        ("localhost", Some("https://evil.example.com"), 403),
        ("localhost", Some("null"), 403),
        ("rebound.example.com", None, 403),
    ] {
        let origin_header = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
        let response =
            server.exchange(&format!("GET /_kumoi/health HTTP/1.1\r\nHost: {host}\r\n{origin_header}\r\n")).await;
        assert_eq!(response.status, status, "{host} {origin:?}");
        if status == 403 {
            assert_eq!(response.json()["error"], "ForeignOrigin");
        }
    }
}

#[tokio::test]
async fn browsers_get_what_they_ask_for() {
    let server = start_with(|config| config.cors.check = false).await;
    let preflight = server
        .exchange(
            "OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: x-amz-target,x-custom\r\n\r\n",
        )
        .await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(preflight.header("access-control-allow-headers"), Some("x-amz-target,x-custom"));
    let call =
        server.exchange(&CALLER.replace("Host: localhost", "Host: localhost\r\nOrigin: https://app.example.com")).await;
    assert_eq!(call.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert!(call.header("access-control-expose-headers").unwrap().contains("x-amzn-requestid"));
    assert_eq!(server.exchange(CALLER).await.header("access-control-allow-origin"), None);

    let strict = start().await;
    let from = |origin: &str| CALLER.replace("Host: localhost", &format!("Host: localhost\r\nOrigin: {origin}"));
    let call = strict.exchange(&from("https://app.example.com")).await;
    assert_eq!((call.status, call.header("access-control-allow-origin")), (403, None));
    let call = strict.exchange(&from("http://localhost:3000")).await;
    assert_eq!((call.status, call.header("access-control-allow-origin")), (200, Some("http://localhost:3000")));
    let preflight = "OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example.com\r\n\
                     Access-Control-Request-Method: POST\r\n\r\n";
    let preflight = strict.exchange(preflight).await;
    assert_eq!(preflight.header("access-control-allow-origin"), None);
    assert_eq!(preflight.header("access-control-allow-methods"), None);
}
