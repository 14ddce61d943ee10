//! Calls to S3 on behalf of a role, and the structures that its inputs hold.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use kumoi_core::arn::Arn;
use kumoi_core::ask::{Answer, Ask};
use kumoi_core::{Cx, Fault, Principal};
use kumoi_model::{Catalog, IntoValue, Struct, Value};

/// A value for a member of an input.
pub(crate) struct Built(pub(crate) Value);

impl IntoValue for Built {
    fn into_value(self) -> Value {
        self.0
    }
}

/// A structure of the shape of that name; members that are `None` are left out.
pub(crate) fn structure<const N: usize>(shape: &str, members: [(&str, Option<Value>); N]) -> Value {
    let mut value = Struct::with_capacity(N);
    let model = Catalog::get().load("s3");
    let found = model.and_then(|model| model.structure(model.shape_named(shape)?.0));
    for (name, member) in members {
        if let (Some(member), Some((index, _))) = (member, found.and_then(|structure| structure.member(name))) {
            value.set(index, member);
        }
    }
    Value::Struct(value)
}

/// Whoever asks S3.
pub(crate) struct S3<'a> {
    pub(crate) cx: &'a Cx,
    pub(crate) principal: Principal,
}

impl S3<'_> {
    /// Asks for an operation; members that are `None` are left out.
    pub(crate) async fn ask<const N: usize>(
        &self,
        operation: &str,
        members: [(&str, Option<Value>); N],
    ) -> Result<Answer, Fault> {
        self.ask_of("s3", operation, members).await
    }

    /// Asks another service.
    pub(crate) async fn ask_of<const N: usize>(
        &self,
        service: &str,
        operation: &str,
        members: [(&str, Option<Value>); N],
    ) -> Result<Answer, Fault> {
        let mut ask = Ask::new(service, operation)?;
        for (name, member) in members {
            if let Some(member) = member {
                ask = ask.with(name, Built(member));
            }
        }
        ask.call(self.cx, self.principal.clone()).await
    }
}

/// A text, for a member.
pub(crate) fn text(text: impl Into<String>) -> Option<Value> {
    Some(Value::String(text.into()))
}

/// A text that may be missing.
pub(crate) fn optional(text: Option<&String>) -> Option<Value> {
    text.cloned().map(Value::String)
}

/// The bytes of an object that S3 answered with, if there are no more than `most`.
pub(crate) async fn body(answer: &Answer, most: usize) -> Result<Option<Bytes>, Fault> {
    let Some(mut chunks) = answer.fields().stream("Body").and_then(kumoi_model::ByteStream::take) else {
        return Ok(Some(Bytes::new()));
    };
    let mut bytes = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Fault::internal())?;
        if bytes.len() + chunk.len() > most {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes.freeze()))
}

/// The bucket of an ARN: its name, or the ARN of an access point as it is.
pub(crate) fn bucket_of(arn: &str) -> Option<&str> {
    let parsed = Arn::parse(arn).filter(|parsed| parsed.service == "s3" && !parsed.resource.is_empty())?;
    if parsed.resource.starts_with("accesspoint") {
        return Some(arn);
    }
    (!parsed.resource.contains('/')).then_some(parsed.resource)
}

/// The bucket and the key of an object's ARN.
pub(crate) fn object_of(arn: &str) -> Option<(&str, &str)> {
    let parsed = Arn::parse(arn).filter(|parsed| parsed.service == "s3")?;
    parsed.resource.split_once('/').filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_buckets_and_objects() {
        assert_eq!(bucket_of("arn:aws:s3:::orders"), Some("orders"));
        let point = "arn:aws:s3:us-east-1:000000000000:accesspoint/reader";
        assert_eq!(bucket_of(point), Some(point));
        for arn in ["orders", "arn:aws:s3:::", "arn:aws:s3:::orders/key", "arn:aws:s3express:us-east-1:0:bucket/x"] {
            assert_eq!(bucket_of(arn), None, "{arn}");
        }
        assert_eq!(object_of("arn:aws:s3:::orders/a/b:c"), Some(("orders", "a/b:c")));
        assert_eq!(object_of("arn:aws:s3:::orders"), None);
    }

    #[test]
    fn structures_are_as_the_model_of_s3_says() {
        let Value::Struct(tag) = structure("Tag", [("Key", text("a")), ("Value", None), ("Other", text("b"))]) else {
            panic!("no structure")
        };
        assert_eq!(tag.get(0), Some(&Value::String("a".to_owned())));
    }
}
