//! What exports and imports ask of Amazon S3, through its API, as whoever asked for them.

use bytes::Bytes;
use kumoi_core::{Cx, Fault, Principal};
use kumoi_model::{Catalog, Kind, Service, Struct, Value};

const S3: &str = "s3";

/// A structure of an answer, whose members are read by their names.
pub(crate) struct Answer {
    model: &'static Service,
    shape: u32,
    members: Struct,
}

impl Answer {
    /// Takes a member out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        let (index, _) = self.model.structure(self.shape)?.member(name)?;
        self.members.take(index)
    }

    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn number(&mut self, name: &str) -> Option<u64> {
        match self.take(name) {
            Some(Value::Int(number)) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    /// The first structure of a list.
    pub(crate) fn first(&mut self, name: &str) -> Option<Self> {
        let (index, list) = self.model.structure(self.shape)?.member(name)?;
        let Kind::List { member, .. } = &self.model.shape(list.shape)?.kind else { return None };
        let Some(Value::List(list)) = self.members.take(index) else { return None };
        let Some(Value::Struct(members)) = list.into_iter().next() else { return None };
        Some(Self { model: self.model, shape: member.shape, members })
    }
}

/// Calls an operation of S3 on behalf of a table.
///
/// # Errors
/// What S3 answers.
pub(crate) async fn call(
    cx: &Cx,
    (principal, source_arn): (&Principal, &str),
    operation: &str,
    members: impl IntoIterator<Item = (&str, Value)>,
) -> Result<Answer, Fault> {
    let model = Catalog::get().load(S3).ok_or_else(Fault::internal)?;
    let known = model.operation(operation).ok_or_else(Fault::internal)?;
    let (Some(input), Some(shape)) = (known.input, known.output) else { return Err(Fault::internal()) };
    let structure = model.structure(input).ok_or_else(Fault::internal)?;
    let mut asked = Struct::new();
    for (name, value) in members {
        let (index, _) = structure.member(name).ok_or_else(Fault::internal)?;
        asked.set(index, value);
    }
    let source_arn = Some(source_arn.to_owned());
    let answer = cx.call(S3, operation, Value::Struct(asked), principal.clone(), source_arn).await?;
    match answer {
        Value::Struct(members) => Ok(Answer { model, shape, members }),
        _ => Err(Fault::internal()),
    }
}

pub(crate) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// What an export or import says of a call that failed: `FailureCode` and `FailureMessage`.
pub(crate) fn failure(fault: &Fault) -> (String, String) {
    (format!("S3{}", fault.code()), fault.message().to_owned())
}

/// A body that is whole in memory.
pub(crate) fn body(bytes: Vec<u8>) -> Value {
    Value::Blob(Bytes::from(bytes))
}
