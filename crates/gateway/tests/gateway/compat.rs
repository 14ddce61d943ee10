//! What tools made for LocalStack look at.

use kumoi_gateway::Ending;
use serde_json::json;

use crate::support::{CALLER, start, start_with};

#[tokio::test]
async fn health_is_spelt_as_scripts_search_it() {
    let server = start().await;
    for path in ["/_localstack/health", "/health"] {
        assert!(server.ask("GET", path).await.text().contains("\"sts\": \"available\""), "{path}");
    }
    let head = server.head("/_localstack/health").await;
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    server.exchange(CALLER).await;
    let health = server.ask("GET", "/_localstack/health").await;
    assert!(health.text().contains("\"sts\": \"running\""));
    assert!(!health.text().contains("\"ec2\""), "what is not built is not available");
    assert_eq!(server.ask("GET", "/_localstack/info").await.json()["edition"], "community");
    let unknown = server.ask("GET", "/_localstack/flying-carpets").await;
    assert_eq!((unknown.status, unknown.header("content-type")), (404, Some("application/json")));
}

#[tokio::test]
async fn answers_are_marked_unless_told_otherwise() {
    assert_eq!(start().await.exchange(CALLER).await.header("x-localstack"), Some("true"));
    let unmarked = start_with(|config| config.compat.response_header = false).await;
    assert_eq!(unmarked.exchange(CALLER).await.header("x-localstack"), None);
}

#[tokio::test]
async fn health_can_end_and_restart_the_server() {
    for (action, ending) in [("kill", Ending::Stop), ("restart", Ending::Restart)] {
        let server = start().await;
        assert_eq!(server.tell("POST", "/_localstack/health", &json!({ "action": action })).await.status, 200);
        assert_eq!(server.ended().await, ending);
    }
    let server = start().await;
    assert_eq!(server.tell("POST", "/_localstack/health", &json!({ "action": "fly" })).await.status, 400);
    let page = "POST /_localstack/health HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example.com\r\nContent-Length: 17\r\n\r\n{\"action\":\"kill\"}";
    assert_eq!(server.exchange(page).await.status, 403);
}

#[tokio::test]
async fn init_scripts_run_in_order_and_go_on_after_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let script = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let note = |word: &str| format!("echo {word} >> {}\n", log.display());
    script("boot.d/1.sh", &note("boot"));
    script("ready.d/1.sh", &format!("{}exit 3\n", note("first")));
    script("ready.d/2/nested.sh", &note("$AWS_ENDPOINT_URL"));
    script("ready.d/3.txt", &note("never"));
    script("ready.d/4.sh", &note("last"));
    script("shutdown.d/1.sh", &note("shutdown"));
    let server = start_with(|config| config.compat.init_dirs = vec![dir.path().to_owned()]).await;
    let init = server.ask("GET", "/_localstack/init").await;
    assert!(init.text().contains("\"READY\": true") && init.text().contains("\"SHUTDOWN\": false"), "{}", init.text());
    let states: Vec<(String, String)> = init.json()["scripts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|script| (script["name"].as_str().unwrap().to_owned(), script["state"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [
        ("1.sh", "SUCCESSFUL"),
        ("1.sh", "ERROR"),
        ("nested.sh", "SUCCESSFUL"),
        ("4.sh", "SUCCESSFUL"),
        ("1.sh", "UNKNOWN"),
    ];
    assert_eq!(states, expected.map(|(name, state)| (name.to_owned(), state.to_owned())));
    assert!(server.ask("GET", "/_localstack/init/ready").await.text().contains("\"completed\": true"));
    assert_eq!(server.ask("GET", "/_localstack/init/nap").await.status, 404);
    let address = server.address;
    server.stop().await;
    let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap_or_else(|_| format!("http://{address}"));
    let log = std::fs::read_to_string(log).unwrap();
    assert_eq!(log.lines().collect::<Vec<_>>(), ["boot", "first", &endpoint, "last", "shutdown"]);
}
