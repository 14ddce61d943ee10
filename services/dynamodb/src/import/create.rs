//! `ImportTable`.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;

use crate::api::{
    CreateTableInput, ImportTableDescription, ImportTableInput, ImportTableOutput, TableCreationParameters,
};
use crate::client_token::Request;
use crate::errors::{import_conflict_exception, resource_in_use_exception};
use crate::import::{FORGET, ImportRecord, KEPT, KIND, Work};
use crate::owned;
use crate::table::state::State;
use crate::table::{Located, Named, create};
use crate::tables::IMPORTS;

pub(crate) async fn import(cx: &Cx, input: ImportTableInput) -> Reply<ImportTableOutput> {
    if input.input_format == "ION" {
        return Err(Fault::not_implemented("dynamodb", "ImportTable with InputFormat ION").into());
    }
    let request = Request::new(KIND, input.client_token.as_deref(), &input);
    let conflict =
        || import_conflict_exception("An import with the same ClientToken was requested with other parameters");
    if let Some(key) = request.made(cx, conflict).await?
        && let Some(import) = cx.get(&IMPORTS, &key).await?
    {
        return Ok(ImportTableOutput { import_table_description: import.description });
    }
    let name = input.table_creation_parameters.table_name.clone();
    let mut table = create::design(cx, &asked(&input.table_creation_parameters))?;
    if Located::find(cx, Named::here(cx, &name)).await?.is_some() {
        return Err(resource_in_use_exception(format!("Table already exists: {name}")).into());
    }
    table.set_state(State::Creating(i64::MAX));
    let at = Located { scope: cx.scope().clone(), name, table: table.into() };
    at.save(cx).await?;
    let (key, now) = ((at.name.clone(), owned::new_id(cx)), cx.now().micros());
    let description = ImportTableDescription {
        import_arn: Some(owned::arn(&at.scope, &key, KIND)),
        import_status: Some("IN_PROGRESS".to_owned()),
        table_arn: Some(at.arn()),
        table_id: Some(at.table.table_id.clone()),
        client_token: input.client_token,
        s3_bucket_source: Some(input.s3_bucket_source),
        cloud_watch_log_group_arn: Some(cx.arn("logs", "log-group:/aws-dynamodb/imports:*")),
        input_format: Some(input.input_format),
        input_format_options: input.input_format_options,
        input_compression_type: Some(input.input_compression_type.unwrap_or_else(|| "NONE".to_owned())),
        table_creation_parameters: Some(input.table_creation_parameters),
        start_time: Some(Timestamp::from_micros(now)),
        error_count: Some(0),
        processed_size_bytes: Some(0),
        processed_item_count: Some(0),
        imported_item_count: Some(0),
        ..ImportTableDescription::default()
    };
    let work = Work { principal: cx.principal().clone(), table: at.table.id, object: None, done: None };
    let import = ImportRecord { description: description.clone(), work: Some(work) };
    cx.put(&IMPORTS, &key, &import).await?;
    request.note(cx, &key).await?;
    owned::set_timer(cx, &key, KIND, now).await?;
    owned::set_timer(cx, &key, FORGET, now.saturating_add(KEPT)).await?;
    Ok(ImportTableOutput { import_table_description: description })
}

/// The table that is asked for.
fn asked(parameters: &TableCreationParameters) -> CreateTableInput {
    let asked = parameters.clone();
    CreateTableInput {
        table_name: asked.table_name,
        attribute_definitions: Some(asked.attribute_definitions),
        key_schema: Some(asked.key_schema),
        billing_mode: asked.billing_mode,
        provisioned_throughput: asked.provisioned_throughput,
        on_demand_throughput: asked.on_demand_throughput,
        sse_specification: asked.sse_specification,
        global_secondary_indexes: asked.global_secondary_indexes,
        ..CreateTableInput::default()
    }
}
