//! Whether two bodies say the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minicbor::data::Type;
use minicbor::decode::Decoder;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value as Json, json};

/// JSON with all numbers as floats, so that `1` and `1.0` are the same.
pub(crate) fn json(bytes: &[u8]) -> Result<Json, String> {
    if bytes.trim_ascii().is_empty() {
        return Ok(Json::Null);
    }
    let value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    Ok(unify(value))
}

fn unify(value: Json) -> Json {
    match value {
        Json::Number(number) => json!(f64::from(number.as_f64().unwrap() as f32)),
        Json::Array(items) => items.into_iter().map(unify).collect(),
        Json::Object(entries) => entries.into_iter().map(|(key, value)| (key, unify(value))).collect(),
        other => other,
    }
}

/// CBOR as JSON: bytes and tagged values become objects that no plain map looks like.
pub(crate) fn cbor(bytes: &[u8]) -> Result<Json, String> {
    if bytes.is_empty() {
        return Ok(Json::Null);
    }
    cbor_value(&mut Decoder::new(bytes)).map_err(|error| error.to_string())
}

fn cbor_value(tokens: &mut Decoder<'_>) -> Result<Json, minicbor::decode::Error> {
    let float = |number: f64| match number {
        n if n.is_nan() => json!("NaN"),
        n if n.is_infinite() => json!({ "infinite": n > 0.0 }),
        n => json!(f64::from(n as f32)),
    };
    Ok(match tokens.datatype()? {
        Type::Null | Type::Undefined => {
            tokens.skip()?;
            Json::Null
        }
        Type::Bool => tokens.bool()?.into(),
        Type::F16 => float(f64::from(tokens.f16()?)),
        Type::F32 => float(f64::from(tokens.f32()?)),
        Type::F64 => float(tokens.f64()?),
        Type::String | Type::StringIndef => tokens.str_iter()?.collect::<Result<String, _>>()?.into(),
        Type::Bytes | Type::BytesIndef => {
            let mut bytes = Vec::new();
            for chunk in tokens.bytes_iter()? {
                bytes.extend_from_slice(chunk?);
            }
            json!({ "bytes": STANDARD.encode(bytes) })
        }
        Type::Tag => {
            let tag = tokens.tag()?.as_u64();
            json!({ "tag": tag, "value": cbor_value(tokens)? })
        }
        Type::Array | Type::ArrayIndef => {
            let mut left = tokens.array()?;
            let mut items = Vec::new();
            while more(tokens, &mut left)? {
                items.push(cbor_value(tokens)?);
            }
            items.into()
        }
        Type::Map | Type::MapIndef => {
            let mut left = tokens.map()?;
            let mut entries = Map::new();
            while more(tokens, &mut left)? {
                let key = tokens.str_iter()?.collect::<Result<String, _>>()?;
                entries.insert(key, cbor_value(tokens)?);
            }
            entries.into()
        }
        _ => float(i128::from(tokens.int()?) as f64),
    })
}

fn more(tokens: &mut Decoder<'_>, left: &mut Option<u64>) -> Result<bool, minicbor::decode::Error> {
    match left {
        Some(0) => Ok(false),
        Some(count) => {
            *count -= 1;
            Ok(true)
        }
        None if tokens.datatype()? == Type::Break => {
            tokens.set_position(tokens.position() + 1);
            Ok(false)
        }
        None => Ok(true),
    }
}

/// An element while it is open: its name, attributes, children and text.
type Element = (String, Map<String, Json>, Vec<Json>, String);

/// XML as JSON: `[name, attributes, children or text]`. Children are sorted by name, those of one name keep their order; white space
/// around elements and the `RequestId` of the frame do not count.
pub(crate) fn xml(bytes: &[u8]) -> Result<Json, String> {
    if bytes.trim_ascii().is_empty() {
        return Ok(Json::Null);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = vec![Default::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                let mut attributes: Map<String, Json> = start
                    .attributes()
                    .map(|attribute| {
                        let attribute = attribute.unwrap();
                        let value = quick_xml::escape::unescape(&attribute.value).unwrap().into_owned();
                        (attribute.key.as_ref().to_string(), Json::String(value))
                    })
                    .collect();
                // A namespace that the parent has already says nothing new.
                let inherited = open.iter().rev().find_map(|(_, attributes, ..)| attributes.get("xmlns")).cloned();
                if inherited.is_some() && attributes.get("xmlns") == inherited.as_ref() {
                    attributes.remove("xmlns");
                }
                open.push((start.name().as_ref().to_string(), attributes, Vec::new(), String::new()));
            }
            Event::End(_) => {
                let (name, attributes, mut children, text) = open.pop().unwrap();
                if matches!(name.as_str(), "RequestId" | "requestId" | "RequestID" | "ResponseMetadata" | "HostId") {
                    continue;
                }
                // Entries of maps come in any order; elements of lists keep theirs.
                children.sort_by_key(|child| {
                    let text = child.to_string();
                    let is_entry = child[0] == "entry" || text.contains("\"key\"") || text.contains("\"K\"");
                    if is_entry { text } else { child[0].to_string() }
                });
                let content = if children.is_empty() { json!(text) } else { json!(children) };
                open.last_mut().unwrap().2.push(json!([name, attributes, content]));
            }
            Event::Text(text) if text.xml10_content().trim().is_empty() => {}
            Event::Text(text) => open.last_mut().unwrap().3.push_str(&text.xml10_content()),
            Event::CData(text) => open.last_mut().unwrap().3.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let text = match reference.resolve_char_ref().unwrap() {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_xml_entity(&reference.into_inner()).unwrap().to_owned(),
                };
                open.last_mut().unwrap().3.push_str(&text);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(open.pop().unwrap().2.pop().unwrap_or_default())
}

/// Whether two trees agree, where texts that name one moment or one number are the same.
pub(crate) fn same(wanted: &Json, found: &Json) -> bool {
    match (wanted, found) {
        (Json::String(wanted), Json::String(found)) => same_text(wanted, found),
        (Json::Array(wanted), Json::Array(found)) => {
            wanted.len() == found.len() && wanted.iter().zip(found).all(|(a, b)| same(a, b))
        }
        (Json::Object(wanted), Json::Object(found)) => {
            wanted.len() == found.len() && wanted.iter().all(|(key, a)| found.get(key).is_some_and(|b| same(a, b)))
        }
        _ => wanted == found,
    }
}

pub(crate) fn same_text(wanted: &str, found: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    let moment = |text: &str| text.parse::<jiff::Timestamp>().ok();
    let list = |text: &str| text.split(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>();
    wanted.trim() == found.trim()
        || number(wanted).zip(number(found)).is_some_and(|(a, b)| a as f32 == b as f32)
        || moment(wanted).zip(moment(found)).is_some_and(|(a, b)| a == b)
        || list(wanted) == list(found)
}
