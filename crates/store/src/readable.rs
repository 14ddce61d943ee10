//! Stored records as JSON, for people: whatever a record has, its fields can be shown without knowing its type.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::StoreError;

/// A record in readable form. What JSON lacks becomes text: bytes in hexadecimal, keys of maps that are no text, numbers that are not finite.
pub(crate) fn record(bytes: &[u8]) -> Result<Value, StoreError> {
    let readable: Readable = rmp_serde::from_slice(bytes).map_err(|error| StoreError::Record(error.to_string()))?;
    Ok(readable.0)
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> Value {
    Value::String(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

struct Readable(Value);

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Readable, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Readable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Readable, E> {
        Ok(Readable(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Readable, E> {
        Ok(Readable(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Readable, E> {
        Ok(Readable(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Readable, E> {
        Ok(Readable(Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Readable, E> {
        Ok(Readable(value.into()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Readable, E> {
        Ok(Readable(hex(value)))
    }

    fn visit_unit<E>(self) -> Result<Readable, E> {
        Ok(Readable(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Readable, E> {
        Ok(Readable(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Readable, D::Error> {
        Readable::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Readable, D::Error> {
        Readable::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Readable, A::Error> {
        let mut list = Vec::new();
        while let Some(Readable(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Readable(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Readable, A::Error> {
        let mut map = Map::new();
        while let Some((Readable(key), Readable(value))) = entries.next_entry()? {
            let key = match key {
                Value::String(key) => key,
                key => key.to_string(),
            };
            map.insert(key, value);
        }
        Ok(Readable(map.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Serialize, Serializer};
    use serde_json::json;

    use super::*;

    struct Blob(&'static [u8]);

    impl Serialize for Blob {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }

    #[derive(Serialize)]
    enum Kind {
        Plain,
        With { number: i8 },
    }

    #[derive(Serialize)]
    struct Everything {
        blob: Blob,
        by_number: BTreeMap<u32, Option<()>>,
        kinds: (Kind, Kind),
        not_finite: f64,
        half: f32,
        large: u64,
    }

    #[test]
    fn whatever_serde_writes_can_be_shown() {
        let everything = Everything {
            blob: Blob(&[0, 255]),
            by_number: BTreeMap::from([(7, None)]),
            kinds: (Kind::Plain, Kind::With { number: -1 }),
            not_finite: f64::INFINITY,
            half: 0.5,
            large: u64::MAX,
        };
        let bytes = rmp_serde::to_vec_named(&everything).unwrap();
        let expected = json!({
            "blob": "00ff",
            "by_number": {"7": null},
            "kinds": ["Plain", {"With": {"number": -1}}],
            "not_finite": "inf",
            "half": 0.5,
            "large": u64::MAX,
        });
        assert_eq!(record(&bytes).unwrap(), expected);
        assert!(record(&bytes[..bytes.len() - 1]).is_err());
    }
}
