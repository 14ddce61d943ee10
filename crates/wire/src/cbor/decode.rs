//! From CBOR to values, token by token. Nothing is allocated by the lengths that a client declares.

use bytes::Bytes;
use kumoi_model::{Kind, Member, Service, Shape, Struct, Structure, Timestamp, Value};
use minicbor::data::{Tag, Type};
use minicbor::decode::{Decoder, Error};

use crate::context::{Context, find_member, unique_keys};
use crate::{DecodeError, Limits, timestamp};

/// Reads the members of `structure`. An empty body is an empty structure.
pub(crate) fn decode_structure(
    service: &Service,
    structure: &Structure,
    body: &[u8],
    limits: &Limits,
) -> Result<Struct, DecodeError> {
    if body.is_empty() {
        return Ok(Struct::new());
    }
    let cx = Context::new(service, limits);
    let mut reader = Reader { cx: &cx, tokens: Decoder::new(body) };
    let members = reader.structure(structure, 0)?;
    if reader.tokens.position() != body.len() {
        return Err(DecodeError::body("Data follows the end of the request body"));
    }
    Ok(members)
}

struct Reader<'a> {
    cx: &'a Context<'a>,
    tokens: Decoder<'a>,
}

fn syntax(error: Error) -> DecodeError {
    DecodeError::body(format!("The request body is not valid CBOR: {error}"))
}

fn mismatch(shape: &Shape) -> DecodeError {
    DecodeError::body(match shape.kind {
        Kind::Structure(_) | Kind::Map { .. } => "A map was expected",
        Kind::List { .. } => "An array was expected",
        Kind::String => "A text string was expected",
        Kind::Integer | Kind::Long => "An integer in range was expected",
        Kind::Float | Kind::Double => "A number was expected",
        Kind::Boolean => "A boolean was expected",
        Kind::Blob => "A byte string was expected",
        Kind::Timestamp => "A timestamp with tag 1 was expected",
        Kind::Document => "Documents cannot be sent in CBOR",
    })
}

impl Reader<'_> {
    /// The next token's type, which is an error at the end of the body.
    fn next(&self) -> Result<Type, DecodeError> {
        self.tokens.datatype().map_err(syntax)
    }

    fn structure(&mut self, structure: &Structure, depth: u16) -> Result<Struct, DecodeError> {
        if !matches!(self.next()?, Type::Map | Type::MapIndef) {
            return Err(DecodeError::body("A map was expected"));
        }
        let mut left = self.tokens.map().map_err(syntax)?;
        let mut members = Struct::new();
        while self.more(&mut left)? {
            let key = self.text()?;
            match find_member(structure, |member| member.name == key) {
                Some((index, member)) => match self.value(member, depth + 1)? {
                    Value::Null => {}
                    value => members.set(index, value),
                },
                None => self.skip(depth + 1)?,
            }
        }
        if structure.union && members.len() != 1 {
            return Err(DecodeError::body("Exactly one member of a union must be set"));
        }
        Ok(members)
    }

    /// Whether another element follows in an array or map of which `left` are missing, or that a break ends.
    fn more(&mut self, left: &mut Option<u64>) -> Result<bool, DecodeError> {
        match left {
            Some(0) => Ok(false),
            Some(count) => {
                *count -= 1;
                Ok(true)
            }
            None if self.next()? == Type::Break => {
                self.tokens.set_position(self.tokens.position() + 1);
                Ok(false)
            }
            None => Ok(true),
        }
    }

    fn value(&mut self, member: &Member, depth: u16) -> Result<Value, DecodeError> {
        self.cx.count(depth)?;
        let shape = self.cx.shape(member)?;
        let token = self.next()?;
        if matches!(token, Type::Null | Type::Undefined) {
            self.tokens.set_position(self.tokens.position() + 1);
            return Ok(Value::Null);
        }
        Ok(match &shape.kind {
            Kind::Structure(structure) => Value::Struct(self.structure(structure, depth)?),
            Kind::List { member: element, .. } => self.list(shape, element, token, depth)?,
            Kind::Map { value: element, .. } => self.map(shape, element, token, depth)?,
            Kind::String if matches!(token, Type::String | Type::StringIndef) => Value::String(self.text()?),
            Kind::Blob if matches!(token, Type::Bytes | Type::BytesIndef) => Value::Blob(self.bytes()?),
            Kind::Boolean if token == Type::Bool => Value::Bool(self.tokens.bool().map_err(syntax)?),
            Kind::Integer if is_integer(token) => {
                let number = self.tokens.i64().map_err(|_| mismatch(shape))?;
                Value::Int(i64::from(i32::try_from(number).map_err(|_| mismatch(shape))?))
            }
            Kind::Long if is_integer(token) => Value::Int(self.tokens.i64().map_err(|_| mismatch(shape))?),
            Kind::Float | Kind::Double => Value::Float(self.number(token).map_err(|_| mismatch(shape))?),
            Kind::Timestamp if token == Type::Tag => Value::Timestamp(self.timestamp(shape)?),
            _ => return Err(mismatch(shape)),
        })
    }

    fn list(&mut self, shape: &Shape, element: &Member, token: Type, depth: u16) -> Result<Value, DecodeError> {
        if !matches!(token, Type::Array | Type::ArrayIndef) {
            return Err(mismatch(shape));
        }
        let mut left = self.tokens.array().map_err(syntax)?;
        let mut items = Vec::new();
        while self.more(&mut left)? {
            let item = self.value(element, depth + 1)?;
            if item == Value::Null && !shape.sparse {
                return Err(DecodeError::body("A null was found in a list that takes none"));
            }
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn map(&mut self, shape: &Shape, element: &Member, token: Type, depth: u16) -> Result<Value, DecodeError> {
        if !matches!(token, Type::Map | Type::MapIndef) {
            return Err(mismatch(shape));
        }
        let mut left = self.tokens.map().map_err(syntax)?;
        let mut entries = Vec::new();
        while self.more(&mut left)? {
            let key = self.text()?;
            let item = self.value(element, depth + 1)?;
            if item == Value::Null && !shape.sparse {
                return Err(DecodeError::body("A null was found in a map that takes none"));
            }
            entries.push((key, item));
        }
        Ok(Value::Map(unique_keys(entries)))
    }

    /// A text string, in one piece or in chunks.
    fn text(&mut self) -> Result<String, DecodeError> {
        match self.next()? {
            Type::String => self.tokens.str().map(str::to_owned).map_err(syntax),
            Type::StringIndef => self.tokens.str_iter().and_then(Iterator::collect).map_err(syntax),
            _ => Err(DecodeError::body("A text string was expected")),
        }
    }

    fn bytes(&mut self) -> Result<Bytes, DecodeError> {
        let mut bytes = Vec::new();
        for chunk in self.tokens.bytes_iter().map_err(syntax)? {
            bytes.extend_from_slice(chunk.map_err(syntax)?);
        }
        Ok(bytes.into())
    }

    /// Any number; integers count as floats where a float is wanted.
    fn number(&mut self, token: Type) -> Result<f64, Error> {
        match token {
            Type::F16 => self.tokens.f16().map(f64::from),
            Type::F32 => self.tokens.f32().map(f64::from),
            Type::F64 => self.tokens.f64(),
            token if is_integer(token) => self.tokens.int().map(|number| i128::from(number) as f64),
            _ => Err(Error::type_mismatch(token)),
        }
    }

    /// Tag 1 around epoch seconds.
    fn timestamp(&mut self, shape: &Shape) -> Result<Timestamp, DecodeError> {
        if self.tokens.tag().map_err(syntax)? != Tag::new(1) {
            return Err(mismatch(shape));
        }
        let token = self.next()?;
        let seconds = self.number(token).map_err(|_| mismatch(shape))?;
        timestamp::from_epoch(seconds).ok_or_else(|| mismatch(shape))
    }

    /// Passes over a value of any kind, within the same bounds as any other.
    fn skip(&mut self, depth: u16) -> Result<(), DecodeError> {
        self.cx.count(depth)?;
        match self.next()? {
            Type::Array | Type::ArrayIndef => {
                let mut left = self.tokens.array().map_err(syntax)?;
                while self.more(&mut left)? {
                    self.skip(depth + 1)?;
                }
            }
            Type::Map | Type::MapIndef => {
                let mut left = self.tokens.map().map_err(syntax)?;
                while self.more(&mut left)? {
                    self.skip(depth + 1)?;
                    self.skip(depth + 1)?;
                }
            }
            Type::Tag => {
                self.tokens.tag().map_err(syntax)?;
                self.skip(depth + 1)?;
            }
            Type::Bytes | Type::BytesIndef => drop(self.bytes()?),
            Type::String | Type::StringIndef => drop(self.text()?),
            Type::Break | Type::Unknown(_) => return Err(DecodeError::body("The request body is not valid CBOR")),
            _ => self.tokens.skip().map_err(syntax)?,
        }
        Ok(())
    }
}

fn is_integer(token: Type) -> bool {
    matches!(
        token,
        Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int
    )
}
