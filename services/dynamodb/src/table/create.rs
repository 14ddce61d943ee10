//! `CreateTable`.

use kumoi_core::{Cx, Fault, Reply};

use crate::api::{
    CreateTableInput, CreateTableOutput, GlobalSecondaryIndex, KeySchemaElement, LocalSecondaryIndex, WarmThroughput,
};
use crate::errors::{invalid, resource_in_use_exception, validation};
use crate::recovery::Recovery;
use crate::streams::state;
use crate::table::schema::{
    Definitions, Index, KeySchema, MAX_GLOBAL, MAX_LOCAL, check_local, check_parts, check_projection, check_single,
    check_together,
};
use crate::table::state::State;
use crate::table::throughput::{Billing, Units, is_on_demand};
use crate::table::warm::Warm;
use crate::table::{Class, Located, Named, TableRecord};
use crate::{policy, table::describe, tags};

pub(crate) async fn create(cx: &Cx, input: CreateTableInput) -> Reply<CreateTableOutput> {
    let named = Named::parse(cx, &input.table_name)?;
    let (scope, name) = (named.scope.clone(), named.name.to_owned());
    let tags = tags::checked(input.tags.as_deref().unwrap_or_default())?;
    let mut table = design(cx, &input)?;
    if Located::find(cx, named).await?.is_some() {
        return Err(resource_in_use_exception(format!("Table already exists: {name}")).into());
    }
    if let Some(asked) = input.stream_specification.filter(|asked| asked.stream_enabled) {
        table.stream = Some(state::enable(cx, &scope, &name, &table.key, asked).await?);
    }
    let at = Located { scope, name, table: table.into() };
    at.save(cx).await?;
    tags::replace(cx, &at, tags).await?;
    policy::create(cx, &at, input.resource_policy).await?;
    let description = describe::describe(cx, &at, describe::while_changing(cx)).await?;
    Ok(CreateTableOutput { table_description: Some(description) })
}

/// The table that a request asks for.
pub(crate) fn design(cx: &Cx, input: &CreateTableInput) -> Result<TableRecord, Fault> {
    let now = cx.now().micros();
    let state = State::Creating(State::end(cx));
    let on_demand = is_on_demand(input.billing_mode.as_deref());
    let units = Units::asked(on_demand, input.provisioned_throughput.as_ref(), None)?;
    let Some(definitions) = input.attribute_definitions.as_ref() else {
        return Err(missing("AttributeDefinitions"));
    };
    let types = Definitions::read(definitions)?;
    let Some(elements) = input.key_schema.as_ref() else { return Err(missing("KeySchema")) };
    let key = types.simple_key(elements)?;
    check_single(&key)?;
    if let Some(asked) = &input.stream_specification {
        state::check(asked)?;
        if !asked.stream_enabled && asked.stream_view_type.is_some() {
            return Err(invalid("Table is being created with a StreamViewType while StreamEnabled is false"));
        }
    }
    let (locals, globals) = (input.local_secondary_indexes.as_deref(), input.global_secondary_indexes.as_deref());
    let mut indexes = Indexes { types: &types, table: &key, on_demand, state, made: Vec::new() };
    indexes.add_local(locals)?;
    indexes.add_global(globals)?;
    let indexes = indexes.made;
    check_together(indexes.iter().map(|index| (index.name.as_str(), &index.projection)))?;
    types.check_used(std::iter::once(&key).chain(indexes.iter().map(|index| &index.key)))?;
    Ok(TableRecord {
        id: cx.ids().sequence(),
        table_id: cx.ids().uuid(),
        created: now,
        state,
        definitions: definitions.clone(),
        key,
        indexes,
        indexes_made: 0,
        warm: warm(on_demand, units, input.warm_throughput.as_ref(), None)?,
        billing: Billing {
            on_demand,
            since: on_demand.then_some(now),
            units,
            limits: input.on_demand_throughput.clone(),
        },
        class: input.table_class.clone().map(|name| Class { name, updated: None }),
        deletion_protection: input.deletion_protection_enabled.unwrap_or(false),
        unprotected: false,
        global: None,
        stream: None,
        encryption: input.sse_specification.clone().filter(|asked| asked.enabled == Some(true)),
        time_to_live: None,
        recovery: Recovery::default(),
        restored: None,
        bounded: None,
        kinesis: Vec::new(),
    })
}

/// The warm throughput that a request asks for.
fn warm(
    on_demand: bool,
    units: Units,
    asked: Option<&WarmThroughput>,
    index: Option<&str>,
) -> Result<Option<Warm>, Fault> {
    asked.map(|asked| Warm::raised(Warm::of(None, on_demand, units), asked, index)).transpose()
}

fn missing(parameter: &str) -> Fault {
    let mut letters = parameter.chars();
    let path: String = letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect();
    validation(format!(
        "1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
    ))
}

/// The indexes of a table that is being designed.
struct Indexes<'a> {
    types: &'a Definitions,
    table: &'a KeySchema,
    on_demand: bool,
    state: State,
    made: Vec<Index>,
}

impl Indexes<'_> {
    fn add_local(&mut self, asked: Option<&[LocalSecondaryIndex]>) -> Result<(), Fault> {
        let Some(asked) = asked else { return Ok(()) };
        if asked.is_empty() {
            return Err(invalid("List of LocalSecondaryIndexes is empty"));
        }
        for local in asked {
            let key = self.key(&local.key_schema, false)?;
            check_local(self.table, &key, &local.index_name)?;
            check_projection(&local.projection)?;
            self.push(Index {
                id: 0,
                name: local.index_name.clone(),
                global: false,
                key,
                projection: local.projection.clone(),
                state: self.state,
                units: Units::default(),
                limits: None,
                warm: None,
                backfill: None,
            });
        }
        if asked.len() > MAX_LOCAL {
            return Err(invalid(format!("Number of LocalSecondaryIndexes exceeds per-table limit of {MAX_LOCAL}")));
        }
        Ok(())
    }

    fn add_global(&mut self, asked: Option<&[GlobalSecondaryIndex]>) -> Result<(), Fault> {
        let Some(asked) = asked else { return Ok(()) };
        if asked.is_empty() {
            return Err(invalid("List of GlobalSecondaryIndexes is empty"));
        }
        for global in asked {
            let key = self.key(&global.key_schema, true)?;
            check_parts(&key)?;
            check_projection(&global.projection)?;
            let units = Units::asked(self.on_demand, global.provisioned_throughput.as_ref(), Some(&global.index_name))?;
            self.push(Index {
                id: 0,
                name: global.index_name.clone(),
                global: true,
                key,
                projection: global.projection.clone(),
                state: self.state,
                units,
                limits: global.on_demand_throughput.clone(),
                warm: warm(self.on_demand, units, global.warm_throughput.as_ref(), Some(&global.index_name))?,
                backfill: None,
            });
        }
        if asked.len() > MAX_GLOBAL {
            return Err(invalid(format!("GlobalSecondaryIndex count exceeds the per-table limit of {MAX_GLOBAL}")));
        }
        Ok(())
    }

    fn key(&self, elements: &[KeySchemaElement], global: bool) -> Result<KeySchema, Fault> {
        if global { self.types.key(elements) } else { self.types.simple_key(elements) }
    }

    fn push(&mut self, index: Index) {
        let id = self.made.len() as u64 + 1;
        self.made.push(Index { id, ..index });
    }
}
