//! Calls between services, by names: one service knows another only through AWS's API, so it has no types for it.

use kumoi_model::{ByteStream, Catalog, IntoValue, Kind, Service, ShapeId, Struct, Timestamp, Value};

use crate::{Cx, Fault, Principal};

/// A call to an operation of another service.
#[derive(Clone, Debug)]
pub struct Ask {
    service: &'static Service,
    operation: &'static str,
    input: Option<ShapeId>,
    output: Option<ShapeId>,
    members: Struct,
    source_arn: Option<String>,
}

impl Ask {
    /// A call to `operation` of the service with that model id.
    ///
    /// # Errors
    /// That of an operation that is not built, when there is none of that name.
    pub fn new(service: &str, operation: &str) -> Result<Self, Fault> {
        let found = Catalog::get().load(service).and_then(|model| Some((model, model.operation(operation)?)));
        let (service, operation) = found.ok_or_else(|| Fault::not_implemented(service, operation))?;
        let (input, output) = (operation.input, operation.output);
        Ok(Self {
            service,
            operation: operation.name.as_str(),
            input,
            output,
            members: Struct::new(),
            source_arn: None,
        })
    }

    /// Sets a member of the input; a name that the model does not have is passed over.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl IntoValue) -> Self {
        let structure = self.input.and_then(|input| self.service.structure(input));
        if let Some((index, _)) = structure.and_then(|structure| structure.member(member)) {
            self.members.set(index, value.into_value());
        }
        self
    }

    /// Sets a member of the input if there is something to set it to.
    #[must_use]
    pub fn with_some(self, member: &str, value: Option<impl IntoValue>) -> Self {
        match value {
            Some(value) => self.with(member, value),
            None => self,
        }
    }

    /// The call is made on behalf of a resource (`aws:SourceArn`).
    #[must_use]
    pub fn on_behalf_of(mut self, arn: &str) -> Self {
        self.source_arn = Some(arn.to_owned());
        self
    }

    /// The input alone, for an [`Effect`](crate::outbox::Effect).
    pub fn into_input(self) -> Value {
        Value::Struct(self.members)
    }

    /// Makes the call, at once and in a transaction of its own, as `principal`.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn call(self, cx: &Cx, principal: Principal) -> Result<Answer, Fault> {
        let input = Value::Struct(self.members);
        let value = cx.call(&self.service.id, self.operation, input, principal, self.source_arn).await?;
        Ok(Answer { service: self.service, shape: self.output, value })
    }
}

/// What came of a call.
#[derive(Debug)]
pub struct Answer {
    service: &'static Service,
    shape: Option<ShapeId>,
    value: Value,
}

impl Answer {
    /// The members of the output.
    pub fn fields(&self) -> Fields<'_> {
        Fields { service: self.service, shape: self.shape, value: &self.value }
    }
}

/// A structure, read by the names of its members.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    service: &'static Service,
    shape: Option<ShapeId>,
    value: &'a Value,
}

impl<'a> Fields<'a> {
    /// The members of the input of an operation; `None` when it takes none.
    pub fn of_input(service: &str, operation: &str, value: &'a Value) -> Option<Self> {
        let service = Catalog::get().load(service)?;
        let shape = service.operation(operation)?.input?;
        Some(Self { service, shape: Some(shape), value })
    }

    fn member(&self, name: &str) -> Option<(ShapeId, &'a Value)> {
        let (index, member) = self.service.structure(self.shape?)?.member(name)?;
        Some((member.shape, self.value.as_struct()?.get(index)?))
    }

    /// A text.
    pub fn text(&self, member: &str) -> Option<&'a str> {
        self.member(member)?.1.as_str()
    }

    /// A truth; what is not there is false.
    pub fn flag(&self, member: &str) -> bool {
        matches!(self.member(member), Some((_, Value::Bool(true))))
    }

    /// A number.
    pub fn number(&self, member: &str) -> Option<i64> {
        match self.member(member)? {
            (_, Value::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// Bytes that are whole in memory.
    pub fn bytes(&self, member: &str) -> Option<&'a [u8]> {
        match self.member(member)? {
            (_, Value::Blob(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// A moment.
    pub fn moment(&self, member: &str) -> Option<Timestamp> {
        match self.member(member)? {
            (_, Value::Timestamp(moment)) => Some(*moment),
            _ => None,
        }
    }

    /// A stream, such as the body of an object.
    pub fn stream(&self, member: &str) -> Option<&'a ByteStream> {
        match self.member(member)? {
            (_, Value::Stream(stream)) => Some(stream),
            _ => None,
        }
    }

    /// A structure within.
    pub fn fields(&self, member: &str) -> Option<Fields<'a>> {
        let (shape, value) = self.member(member)?;
        Some(Fields { service: self.service, shape: Some(shape), value })
    }

    /// The keys of a map; of what is not there, none.
    pub fn keys(&self, member: &str) -> impl Iterator<Item = &'a str> {
        let entries = match self.member(member) {
            Some((_, Value::Map(entries))) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().map(|(key, _)| key.as_str())
    }

    /// The structures of a list; of what is not there, none.
    pub fn list(&self, member: &str) -> Vec<Fields<'a>> {
        let Some((shape, Value::List(items))) = self.member(member) else { return Vec::new() };
        let Some(Kind::List { member, .. }) = self.service.shape(shape).map(|shape| &shape.kind) else {
            return Vec::new();
        };
        let shape = Some(member.shape);
        items.iter().map(|value| Fields { service: self.service, shape, value }).collect()
    }
}
