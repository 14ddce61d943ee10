use super::*;

fn code(generator: Generator) -> String {
    generator.generate().unwrap()
}

/// Whether the code has the words, however it is broken into lines.
#[track_caller]
fn assert_has(code: &str, words: &str) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat(code).contains(&flat(words)), "lacks {words}\n{code}");
}

#[test]
fn an_operation_has_its_types_and_method() {
    let code = code(
        Generator::new("sqs")
            .operations(&["SendMessage"])
            .ignores("SendMessage", &["MessageAttributes.StringListValues", "MessageBody=x.y"]),
    );
    assert_has(&code, "pub struct SendMessageInput { /// `QueueUrl`. pub queue_url: ::std::string::String,");
    assert_has(&code, "pub delay_seconds: ::core::option::Option<i32>,");
    assert_has(
        &code,
        "pub message_attributes: ::core::option::Option<::std::collections::BTreeMap<::std::string::String, MessageAttributeValue>>,",
    );
    assert_has(&code, "fn send_message(&self, cx: &::kumoi_core::Cx, input: SendMessageInput)");
    assert_has(&code, "name: \"SendMessage\", ignored: &[\"MessageAttributes.StringListValues\", \"MessageBody=x.y\"]");
    // Nothing of other operations, but every error.
    assert!(!code.contains("ReceiveMessage"));
    assert_has(
        &code,
        "::kumoi_core::Fault::new(\"QueueDoesNotExist\", 400, true, message).with_query_code(\"AWS.SimpleQueueService.NonExistentQueue\")",
    );
}

#[test]
fn an_operation_without_output_has_an_empty_one() {
    let code = code(Generator::new("sqs").operations(&["DeleteQueue"]));
    assert_has(&code, "pub struct DeleteQueueOutput {}");
}

#[test]
fn names_that_are_taken_give_way() {
    let bedrock = code(Generator::new("bedrock-runtime").operations(&["Converse"]));
    // The model has a union of the name that the operation's output takes.
    assert_has(&bedrock, "pub struct ConverseOutput {");
    assert_has(&bedrock, "pub enum ConverseOutputShape {");
    let appsync = code(Generator::new("appsync").operations(&["GetApi"]));
    assert_has(&appsync, "pub struct ApiShape {");
}

#[test]
fn recursion_is_boxed_and_secrets_are_redacted() {
    let wafv2 = code(Generator::new("wafv2").operations(&["CheckCapacity"]));
    assert_has(&wafv2, "pub not_statement: ::core::option::Option<::std::boxed::Box<NotStatement>>,");
    let sts = code(Generator::new("sts").operations(&["AssumeRole"]));
    assert_has(&sts, ".field(\"secret_access_key\", &\"***\")");
}

#[test]
fn unions_are_enums_and_streams_are_streams() {
    let dynamodb = code(Generator::new("dynamodb").operations(&["TransactWriteItems"]));
    assert_has(&dynamodb, "pub fn transaction_canceled_exception_with(");
    let s3 = code(Generator::new("s3").operations(&["GetObject", "SelectObjectContent"]));
    assert_has(&s3, "pub body: ::core::option::Option<::kumoi_model::ByteStream>,");
    assert_has(&s3, "pub payload: ::core::option::Option<::kumoi_model::ByteStream>,");
}

#[test]
fn what_is_stored_has_the_names_of_the_model() {
    let s3 = code(Generator::new("s3").operations(&["PutBucketCors"]).stored(&["CORSConfiguration"]));
    let serde = "::serde::Serialize, ::serde::Deserialize";
    assert_has(&s3, &format!("#[derive(Clone, Debug, Default, PartialEq, {serde})] pub struct CORSRule {{"));
    assert_has(&s3, "#[serde(rename = \"AllowedMethods\")] pub allowed_methods");
    assert_has(&s3, "#[serde(rename = \"ID\", skip_serializing_if = \"::core::option::Option::is_none\")] pub id");
    assert_has(&s3, "#[derive(Clone, Debug, Default, PartialEq)] pub struct PutBucketCorsInput {");
}

#[test]
fn raw_shapes_stay_values() {
    let operations = ["PutItem", "TransactWriteItems"];
    let typed = code(Generator::new("dynamodb").operations(&operations));
    assert_has(&typed, "pub struct AttributeValue {");
    let raw = code(Generator::new("dynamodb").operations(&operations).raw(&["AttributeValue"]));
    let items = "::std::collections::BTreeMap<::std::string::String, ::kumoi_model::Value>";
    assert_has(&raw, &format!("pub item: {items},"));
    // Inside lists of structures, and in the details of errors, too.
    assert_has(&raw, &format!("pub item: ::core::option::Option<{items}>,"));
    assert!(!raw.contains("struct AttributeValue {") && !raw.contains("enum AttributeValue {"));
}

#[test]
fn a_crate_can_have_a_file_for_each_of_its_services() {
    let folder = std::env::temp_dir().join(format!("kumoi-codegen-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let table = Generator::new("dynamodb").operations(&["DescribeTable"]);
    let streams = Generator::new("dynamodbstreams").operations(&["ListStreams"]).file("streams.rs");
    table.write_to(&folder).unwrap();
    streams.write_to(&folder).unwrap();
    let written = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert_has(&written("api.rs"), "pub struct DescribeTableInput {");
    assert_has(&written("streams.rs"), "pub struct ListStreamsInput {");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_the_model_lacks_fails() {
    let failure = |generator: Generator| generator.generate().unwrap_err().to_string();
    assert_eq!(failure(Generator::new("nothing")), "there is no model of \"nothing\"");
    assert_eq!(failure(Generator::new("sqs").stored(&["Queue"])), "the model of sqs has no shape Queue");
    assert_eq!(failure(Generator::new("sqs").raw(&["Boolean"])), "Boolean is no structure or union of sqs");
    assert_eq!(failure(Generator::new("sqs").operations(&["SendMail"])), "the model of sqs has no operation SendMail");
    assert_eq!(
        failure(Generator::new("sqs").all_operations().ignores("SendMessage", &["Subject"])),
        "the input of SendMessage has no member Subject"
    );
    assert_eq!(
        failure(Generator::new("sqs").operations(&["SendMessage"]).ignores("DeleteQueue", &["QueueUrl"])),
        "members of DeleteQueue are ignored, which is no wanted operation of sqs"
    );
}

/// Every service generates, so that the names of all shapes, members and operations are names in Rust.
#[test]
fn every_service_generates() {
    for entry in Catalog::get().services() {
        Generator::new(&entry.id).all_operations().generate().unwrap();
    }
}
