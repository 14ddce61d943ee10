//! The service in a kernel, called with JSON as its model has it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kumoi_core::{Call, Endpoint, Fault, Kernel, Principal, Registry, Settings, World};
use kumoi_model::{Kind, Service, ShapeId, Struct, Value};
use kumoi_store::{EngineConfig, Scope, Store, StoreConfig, WorldId};
use serde_json::{Value as Json, json};

pub const ACCOUNT: &str = "000000000000";

/// The engines on which every story must hold.
pub fn engines() -> Vec<StoreConfig> {
    let chaos = EngineConfig::Chaos {
        inner: Box::new(EngineConfig::Memory),
        seed: 11,
        max_delay: Duration::from_micros(300),
        conflict_rate: 0.25,
    };
    vec![StoreConfig::memory(), StoreConfig { engine: chaos }]
}

#[derive(Clone)]
pub struct House {
    pub kernel: Arc<Kernel>,
    pub world: Arc<World>,
    pub account: &'static str,
}

impl House {
    /// A house whose clock stands still.
    pub async fn frozen(config: StoreConfig) -> Self {
        let house = Self::open(config, Settings::default()).await;
        house.kernel.set_clock_rate(&house.world, 0.0).await.unwrap();
        house
    }

    pub async fn open(config: StoreConfig, settings: Settings) -> Self {
        let store = Store::open(config).await.unwrap();
        let kernel = Kernel::start(store, Registry::new(vec![kumoi_sqs::service()]), settings).await.unwrap();
        let world = kernel.worlds().get(&WorldId::new(WorldId::DEFAULT).unwrap()).unwrap();
        Self { kernel, world, account: ACCOUNT }
    }

    pub async fn call(&self, operation: &str, input: Json) -> Result<Json, Fault> {
        let (model, operation) = Kernel::operation("sqs", operation).unwrap();
        let shapes = model.operations[operation].clone();
        let call = Call {
            world: self.world.clone(),
            scope: Scope::new(self.account, "us-east-1"),
            principal: Principal::root("aws", self.account).into(),
            access_key: None,
            source_arn: None,
            request_id: "r".into(),
            endpoint: Endpoint { scheme: "http", host: "localhost:4566".into() },
            client: None,
            website: None,
            input: shapes.input.map_or(Value::Struct(Struct::new()), |shape| to_value(model, shape, &input)),
            model,
            operation,
        };
        let output = self.kernel.clone().dispatch(call).await.result?;
        Ok(shapes.output.map_or(json!({}), |shape| to_json(model, shape, &output)))
    }

    /// A call that must succeed.
    pub async fn ok(&self, operation: &str, input: Json) -> Json {
        self.call(operation, input.clone()).await.unwrap_or_else(|fault| panic!("{operation} {input}: {fault}"))
    }

    /// The older code and the message of a call that must fail.
    pub async fn fails(&self, operation: &str, input: Json) -> String {
        match self.call(operation, input.clone()).await {
            Ok(output) => panic!("{operation} {input}: {output}"),
            Err(fault) => format!("{}: {}", fault.query_code().unwrap_or(fault.code()), fault.message()),
        }
    }

    /// Lets others run until so many long polls wait, besides the drivers of timers and outbox.
    pub async fn polls(&self, count: usize) {
        let wait = async {
            while self.kernel.store().stats().waiters < count + 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.unwrap();
    }

    pub async fn create(&self, name: &str, attributes: Json) -> String {
        let output = self.ok("CreateQueue", json!({"QueueName": name, "Attributes": attributes})).await;
        output["QueueUrl"].as_str().unwrap().to_owned()
    }

    pub async fn send(&self, url: &str, body: &str) -> Json {
        self.ok("SendMessage", json!({"QueueUrl": url, "MessageBody": body})).await
    }

    /// Sends to a FIFO queue under a deduplication id of its own, the body.
    pub async fn send_to(&self, url: &str, group: &str, body: &str) -> Json {
        let input =
            json!({"QueueUrl": url, "MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": body});
        self.ok("SendMessage", input).await
    }

    /// Receives with all attributes; `more` is laid over the input.
    pub async fn receive(&self, url: &str, more: Json) -> Vec<Json> {
        let mut input = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"]});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        let output = self.ok("ReceiveMessage", input).await;
        output["Messages"].as_array().cloned().unwrap_or_default()
    }

    /// The bodies of a receive, joined.
    pub async fn bodies(&self, url: &str, more: Json) -> String {
        bodies(&self.receive(url, more).await)
    }

    pub async fn delete(&self, url: &str, message: &Json) {
        self.ok("DeleteMessage", json!({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]})).await;
    }

    /// Visible, in flight and delayed messages.
    pub async fn counts(&self, url: &str) -> (u32, u32, u32) {
        let output = self.ok("GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": ["All"]})).await;
        let number = |suffix: &str| {
            let name = format!("ApproximateNumberOfMessages{suffix}");
            output["Attributes"][name].as_str().unwrap().parse().unwrap()
        };
        (number(""), number("NotVisible"), number("Delayed"))
    }

    pub async fn attribute(&self, url: &str, name: &str) -> Option<String> {
        let output = self.ok("GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": [name]})).await;
        output["Attributes"][name].as_str().map(str::to_owned)
    }

    pub async fn advance(&self, seconds: u64) {
        self.advance_by(Duration::from_secs(seconds)).await;
    }

    pub async fn advance_by(&self, by: Duration) {
        self.kernel.advance(&self.world, by).await.unwrap();
    }

    /// Records and index entries in the store.
    pub fn entries(&self) -> usize {
        self.kernel.store().stats().entries
    }
}

pub fn arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
}

pub fn redrive_to(name: &str, count: u32) -> String {
    json!({"deadLetterTargetArn": arn(name), "maxReceiveCount": count}).to_string()
}

pub fn bodies(messages: &[Json]) -> String {
    messages.iter().map(|message| message["Body"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

fn to_value(model: &Service, shape: ShapeId, json: &Json) -> Value {
    match (&model.shape(shape).unwrap().kind, json) {
        (Kind::Structure(structure), Json::Object(members)) => {
            let mut value = Struct::new();
            for (name, json) in members {
                let (index, member) = structure.member(name).unwrap_or_else(|| panic!("no member {name}"));
                value.set(index, to_value(model, member.shape, json));
            }
            Value::Struct(value)
        }
        (Kind::List { member, .. }, Json::Array(items)) => {
            Value::List(items.iter().map(|item| to_value(model, member.shape, item)).collect())
        }
        (Kind::Map { value, .. }, Json::Object(entries)) => {
            Value::Map(entries.iter().map(|(key, json)| (key.clone(), to_value(model, value.shape, json))).collect())
        }
        (Kind::Blob, Json::String(text)) => Value::Blob(STANDARD.decode(text).unwrap().into()),
        (_, Json::String(text)) => Value::String(text.clone()),
        (_, Json::Bool(flag)) => Value::Bool(*flag),
        (_, Json::Number(number)) => Value::Int(number.as_i64().unwrap()),
        (kind, json) => panic!("{json} is no {kind:?}"),
    }
}

fn to_json(model: &Service, shape: ShapeId, value: &Value) -> Json {
    match (&model.shape(shape).unwrap().kind, value) {
        (Kind::Structure(structure), Value::Struct(members)) => {
            let one = |(index, value): (u16, &Value)| {
                let member = &structure.members[index as usize];
                (member.name.to_string(), to_json(model, member.shape, value))
            };
            Json::Object(members.iter().map(one).collect())
        }
        (Kind::List { member, .. }, Value::List(items)) => {
            items.iter().map(|item| to_json(model, member.shape, item)).collect()
        }
        (Kind::Map { value: shape, .. }, Value::Map(entries)) => {
            Json::Object(entries.iter().map(|(key, value)| (key.clone(), to_json(model, shape.shape, value))).collect())
        }
        (_, Value::Blob(bytes)) => Json::String(STANDARD.encode(bytes)),
        (_, Value::String(text)) => Json::String(text.clone()),
        (_, Value::Bool(flag)) => Json::Bool(*flag),
        (_, Value::Int(number)) => json!(number),
        (kind, value) => panic!("{value:?} is no {kind:?}"),
    }
}
