//! What a request says beyond its input.

use kumoi_core::{Incoming, Kernel};
use kumoi_model::{Struct, Value};

fn adapted(operation: &str, path: &str, query_protocol: bool, member: &str) -> Option<Value> {
    let (model, index) = Kernel::operation("sqs", operation).unwrap();
    let (index, _) = model.structure(model.operations[index].input.unwrap()).unwrap().member(member).unwrap();
    let mut input = Value::Struct(Struct::new());
    let incoming = Incoming { host: "sqs.eu-west-1.localhost.localstack.cloud:4566", path, query: "", query_protocol };
    kumoi_sqs::service().adapt(operation, incoming, &mut input);
    input.as_struct().unwrap().get(index).cloned()
}

#[test]
fn a_query_request_names_its_queue_by_its_path() {
    let url = |path, query| adapted("SendMessage", path, query, "QueueUrl");
    let expected = "http://sqs.eu-west-1.localhost.localstack.cloud:4566/000000000000/q";
    assert_eq!(url("/000000000000/q", true), Some(Value::String(expected.into())));
    assert_eq!(url("/", true), None);
    assert_eq!(url("/000000000000/q", false), None);
}

#[test]
fn a_batch_without_entries_is_empty() {
    assert_eq!(adapted("SendMessageBatch", "/", false, "Entries"), Some(Value::List(Vec::new())));
}
