//! One request, one world.

use crate::identification::{FORM, LOCAL, NOBODY, request};
use crate::support::{authorization, start};

#[tokio::test]
async fn a_world_is_chosen_by_header_host_or_key() {
    let server = start().await;
    assert_eq!(server.tell("POST", "/_kumoi/worlds/ci-7", &serde_json::json!({})).await.status, 201);
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let signed = |key: &str| format!("{}{FORM}", authorization(key, "us-east-1", "sts"));
    for (host, headers, world, account) in [
        (LOCAL, signed("anyone"), "default", NOBODY),
        (LOCAL, format!("X-Kumoi-World: ci-7\r\n{FORM}"), "ci-7", NOBODY),
        ("ci-7.world.localhost:4566", FORM.to_owned(), "ci-7", NOBODY),
        ("sts.eu-west-1.ci-7.world.localhost:4566", FORM.to_owned(), "ci-7", NOBODY),
        (LOCAL, signed("anyone@ci-7"), "ci-7", NOBODY),
        (LOCAL, signed("111122223333@ci-7"), "ci-7", "111122223333"),
        ("ci-7.world.localhost", signed("anyone@default"), "ci-7", NOBODY),
    ] {
        let response = server.exchange(&request("POST /", host, &headers, body)).await;
        assert_eq!(response.status, 200, "{}", response.text());
        assert_eq!(
            (server.last().world.as_str(), server.last().account.as_str()),
            (world, account),
            "{host} {headers}"
        );
    }
    for headers in [
        format!("X-Kumoi-World: nowhere\r\n{FORM}"),
        format!("X-Kumoi-World: No.Name\r\n{FORM}"),
        signed("anyone@nowhere"),
    ] {
        let response = server.exchange(&request("POST /", LOCAL, &headers, body)).await;
        assert_eq!(response.status, 404, "{}", response.text());
        assert!(response.text().contains("<Code>UnknownWorld</Code>"), "{}", response.text());
    }
}
