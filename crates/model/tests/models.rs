//! Every model of `models/`: it loads, it survives its encoding, and damaged bytes are refused without a panic.

use std::time::Instant;

use kumoi_model::{Catalog, Kind, Protocol, format};

/// A small generator of numbers that are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

#[test]
fn every_model_loads_and_survives_its_encoding() {
    let catalog = Catalog::get();
    let (mut operations, mut shapes) = (0, 0);
    for entry in catalog.services() {
        let service = catalog.load(&entry.id).unwrap_or_else(|| panic!("{} does not load", entry.id));
        assert_eq!(format::CatalogEntry::from(service), *entry);
        assert_eq!(format::decode(&format::encode(service)).as_ref(), Ok(service), "{}", entry.id);
        assert!(!service.protocols.is_empty(), "{} speaks no protocol", entry.id);
        for (index, operation) in service.operations.iter().enumerate() {
            assert_eq!(service.by_name.get(&operation.name), Some(&(index as u32)));
        }
        operations += service.operations.len();
        shapes += service.shapes.len();
    }
    println!("{} services, {operations} operations, {shapes} shapes", catalog.services().len());
    assert!(catalog.services().len() > 400);
    assert!(operations > 19_000);
}

#[test]
fn services_are_found_by_what_requests_carry() {
    let catalog = Catalog::get();
    let ids = |entries: Vec<&kumoi_model::CatalogEntry>| {
        entries.into_iter().map(|entry| entry.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(catalog.by_signing_name("sqs").collect()), ["sqs"]);
    assert_eq!(ids(catalog.by_target_prefix("DynamoDB_20120810").collect()), ["dynamodb"]);
    assert!(ids(catalog.by_endpoint_prefix("monitoring").collect()).contains(&"cloudwatch".to_owned()));
    assert!(ids(catalog.by_signing_name("rds").collect()).contains(&"neptune".to_owned()));
    assert_eq!(catalog.by_service_id("Elastic Load Balancing v2").map(|entry| entry.id.as_str()), Some("elbv2"));
    assert!(catalog.load("no-such-service").is_none());
    assert!(catalog.by_signing_name("no-such-service").next().is_none());
}

#[test]
fn the_query_form_of_sqs_is_laid_over_its_model() {
    let sqs = Catalog::get().load("sqs").unwrap();
    assert_eq!(sqs.protocols, [Protocol::AwsJson, Protocol::AwsQuery]);
    let send = sqs.operation("SendMessage").unwrap();
    assert_eq!(send.result_wrapper.as_deref(), Some("SendMessageResult"));
    let (_, attributes) = sqs.structure(send.input.unwrap()).unwrap().member("MessageAttributes").unwrap();
    assert_eq!(attributes.wire_name(), "MessageAttribute");
    let Kind::Map { key, value, flattened } = &sqs.shape(attributes.shape).unwrap().kind else { panic!("not a map") };
    assert_eq!((key.wire_name(), value.wire_name(), *flattened), ("Name", "Value", true));
    let error = sqs.shape_named("QueueDoesNotExist").unwrap().0;
    assert_eq!(sqs.structure(error).unwrap().error.as_ref().unwrap().code, "AWS.SimpleQueueService.NonExistentQueue");
}

#[test]
fn members_stand_in_the_order_of_the_model() {
    let dynamodb = Catalog::get().load("dynamodb").unwrap();
    let input = dynamodb.operation("PutItem").unwrap().input.unwrap();
    let names: Vec<_> = dynamodb.structure(input).unwrap().members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names[..3], ["TableName", "Item", "Expected"]);
}

/// Bytes changed, cut and added at random: refused or read, but never a panic, and never more memory than the bytes justify.
#[test]
fn damaged_documents_are_refused() {
    let mut numbers = Numbers(0x5eed);
    for id in ["sts", "sqs", "s3"] {
        let document = format::encode(Catalog::get().load(id).unwrap());
        for _ in 0..1500 {
            let mut damaged = document.clone();
            for _ in 0..=numbers.below(3) {
                let at = numbers.below(damaged.len());
                match numbers.below(4) {
                    0 => damaged.truncate(at.max(1)),
                    1 => damaged.insert(at, numbers.below(256) as u8),
                    _ => damaged[at] ^= 1 << numbers.below(8),
                }
            }
            if let Ok(service) = format::decode(&damaged) {
                for shape in &service.shapes {
                    if let Kind::List { member, .. } = &shape.kind {
                        assert!(service.shape(member.shape).is_some());
                    }
                }
            }
        }
        let file = format::pack(&document).unwrap();
        for _ in 0..300 {
            let mut damaged = file.clone();
            let at = numbers.below(damaged.len());
            damaged[at] ^= 1 << numbers.below(8);
            let _ = format::unpack(&damaged).map(|document| format::decode(&document));
        }
    }
    for bytes in [&b""[..], b"KMDL", b"KMDL\x01", b"KMDL\x02\x00", b"KMDL\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f"] {
        assert!(format::decode(bytes).is_err());
    }
}

/// First use of every service, slowest first. Run with `cargo test --release -p kumoi-model -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, for release builds"]
#[expect(clippy::disallowed_methods, reason = "it measures real durations")]
fn first_use_is_quick() {
    let start = Instant::now();
    let catalog = Catalog::get();
    println!("catalog {:?}", start.elapsed());
    let mut times: Vec<_> = catalog
        .services()
        .iter()
        .map(|entry| {
            let start = Instant::now();
            catalog.load(&entry.id).unwrap();
            (start.elapsed(), &entry.id)
        })
        .collect();
    times.sort();
    times.reverse();
    for (time, id) in &times[..5] {
        println!("{id:30} {time:?}");
    }
    assert!(times[0].0.as_millis() < 10);
}
