//! Amazon DynamoDB.
//!
//! Follows the Amazon DynamoDB API Reference and Developer Guide. Where AWS says "eventually" or "approximately", this says exactly and at once: a read
//! sees every write that was answered, in indexes too, and counts are exact.
//!
//! | Module | What it is about |
//! |---|---|
//! | `tables` | what is stored, and in which order |
//! | `table` | tables: schema, state, throughput, and the operations on them |
//! | `global` | global tables, of both versions |
//! | `access`, `policy` | who may do what, and the policies that say so |
//! | `insights`, `scaling` | contributor insights, and settings of auto scaling |
//! | `tags`, `time_to_live`, `limits` | what else there is about tables |
//! | `timer` | work to do later |
//! | `attribute`, `key` | values and keys: read, checked, written |
//! | `item` | operations on one item |
//! | `batch` | BatchGetItem and BatchWriteItem |
//! | `transaction` | TransactGetItems and TransactWriteItems |
//! | `write` | the one way in which items change |
//! | `parameters` | expressions, and the older parameters that stood for them |
//! | `read` | Query and Scan |
//! | `statement` | PartiQL |
//! | `capacity`, `collection` | what operations consume, and how large item collections are |
//! | `throttle` | throughput that is not exceeded, with `--physics capacity` |
//! | `streams` | the streams of tables, a service of its own |
//! | `kinesis` | changes that go to a stream of Kinesis |
//! | `recovery` | point-in-time recovery: what a table held at a moment of the past |
//! | `backup`, `restore` | backups, and new tables from them or from a moment of the past |
//! | `export`, `import` | tables into buckets of Amazon S3, and out of them |
//! | `copy` | copies of all items, part by part |
//! | `json`, `s3`, `client_token` | what exports and imports need: items as text, calls of S3, client tokens |
//! | `owned` | what belongs to a table (backups, exports, imports): ARNs, timers, listings |
//!
//! `DYNAMODB_TRANSITION_SECONDS` says how long tables are CREATING, UPDATING and DELETING; unless it is set, no time.

mod access;
mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}
mod streams_api {
    include!(concat!(env!("OUT_DIR"), "/streams_api.rs"));
}
mod attribute;
mod backup;
mod batch;
mod capacity;
mod client_token;
mod collection;
mod copy;
mod errors;
mod export;
mod global;
mod import;
mod insights;
mod item;
mod json;
mod key;
mod kinesis;
mod limits;
mod owned;
mod parameters;
mod policy;
mod read;
mod recovery;
mod restore;
mod s3;
mod scaling;
mod statement;
mod streams;
mod table;
mod tables;
mod tags;
mod throttle;
mod time_to_live;
mod timer;
mod transaction;
mod write;

use std::sync::Arc;

use kumoi_core::timers::Timer;
use kumoi_core::{Cx, Descriptor, Front, Future, Physics, Reply, Service, ServiceOption};
use kumoi_model::Value;

/// The service, for the list of services.
pub fn service() -> Arc<dyn Service> {
    Arc::new(DynamoDb)
}

/// Its streams, which are a service of their own.
pub fn streams() -> Arc<dyn Service> {
    Arc::new(streams::Streams)
}

struct DynamoDb;

static DESCRIPTOR: Descriptor =
    Descriptor { model: api::MODEL, operations: api::OPERATIONS, validation: errors::STYLE };

/// The limit of a request is of "Service, account, and table quotas"; all else was measured by others.
pub(crate) static FRONT: Front = Front {
    body: 16 << 20,
    head: 16 << 10,
    root_only: true,
    encoding: "InternalServerError",
    compressed: 4096,
    server: "Server",
};

impl Service for DynamoDb {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn front(&self) -> Option<&'static Front> {
        Some(&FRONT)
    }

    fn call<'a>(&'a self, cx: &'a Cx, operation: &'a str, input: &'a Value) -> Future<'a, Reply<Value>> {
        Box::pin(async move {
            access::check(cx, operation, input).await?;
            api::dispatch(self, cx, operation, input).await
        })
    }

    fn bend<'a>(&'a self, cx: &'a Cx, resource: &'a str, physics: Option<Physics>) -> Future<'a, Reply<()>> {
        Box::pin(throttle::bend(cx, resource, physics))
    }

    fn options(&self) -> &'static [ServiceOption] {
        &table::state::OPTIONS
    }

    fn timer<'a>(&'a self, cx: &'a Cx, timer: &'a Timer) -> Future<'a, Reply<()>> {
        Box::pin(async move {
            match timer.kind.as_str() {
                table::delete::DELETE => table::delete::run(cx, &timer.payload).await,
                table::delete::CLEAR => table::delete::clear(cx, &timer.payload).await,
                recovery::history::TRIM => recovery::history::trim(cx, &timer.payload).await,
                backup::system::EXPIRE => backup::system::expire(cx, &timer.payload).await,
                export::KIND => export::work::run(cx, &timer.payload).await,
                export::FORGET => export::forget(cx, &timer.payload).await,
                import::KIND => import::work::run(cx, &timer.payload).await,
                import::FORGET => import::forget(cx, &timer.payload).await,
                copy::COPY => copy::go_on(cx, &timer.payload).await,
                global::copy::COPY => global::copy::run(cx, cx.scope(), &timer.payload).await,
                table::backfill::FILL => table::backfill::fill(cx, &timer.payload).await,
                table::backfill::DELETE_INDEX => table::backfill::remove(cx, &timer.payload).await,
                table::backfill::CLEAR_INDEX => table::backfill::clear(cx, &timer.payload).await,
                transaction::token::FORGET => transaction::token::forget(cx, &timer.payload).await,
                streams::trim::TRIM => streams::trim::run(cx, &timer.payload).await,
                time_to_live::EXPIRE => time_to_live::expire(cx, &timer.payload).await,
                time_to_live::FILL => time_to_live::fill(cx, &timer.payload).await,
                time_to_live::CLEAR => time_to_live::clear(cx, &timer.payload).await,
                _ => Ok(()),
            }
        })
    }
}

impl api::Api for DynamoDb {
    async fn batch_execute_statement(
        &self,
        cx: &Cx,
        input: api::BatchExecuteStatementInput,
    ) -> Reply<api::BatchExecuteStatementOutput> {
        statement::batch::execute(cx, input).await
    }

    async fn batch_get_item(&self, cx: &Cx, input: api::BatchGetItemInput) -> Reply<api::BatchGetItemOutput> {
        batch::get::get(cx, input).await
    }

    async fn batch_write_item(&self, cx: &Cx, input: api::BatchWriteItemInput) -> Reply<api::BatchWriteItemOutput> {
        batch::write::write(cx, input).await
    }

    async fn create_backup(&self, cx: &Cx, input: api::CreateBackupInput) -> Reply<api::CreateBackupOutput> {
        backup::create::create(cx, input).await
    }

    async fn create_global_table(
        &self,
        cx: &Cx,
        input: api::CreateGlobalTableInput,
    ) -> Reply<api::CreateGlobalTableOutput> {
        global::legacy::create(cx, input).await
    }

    async fn create_table(&self, cx: &Cx, input: api::CreateTableInput) -> Reply<api::CreateTableOutput> {
        table::create::create(cx, input).await
    }

    async fn delete_backup(&self, cx: &Cx, input: api::DeleteBackupInput) -> Reply<api::DeleteBackupOutput> {
        backup::delete::delete(cx, input).await
    }

    async fn delete_item(&self, cx: &Cx, input: api::DeleteItemInput) -> Reply<api::DeleteItemOutput> {
        item::delete::delete(cx, input).await
    }

    async fn delete_resource_policy(
        &self,
        cx: &Cx,
        input: api::DeleteResourcePolicyInput,
    ) -> Reply<api::DeleteResourcePolicyOutput> {
        policy::delete(cx, input).await
    }

    async fn delete_table(&self, cx: &Cx, input: api::DeleteTableInput) -> Reply<api::DeleteTableOutput> {
        table::delete::delete(cx, input).await
    }

    async fn describe_backup(&self, cx: &Cx, input: api::DescribeBackupInput) -> Reply<api::DescribeBackupOutput> {
        backup::describe::describe_backup(cx, input).await
    }

    async fn describe_continuous_backups(
        &self,
        cx: &Cx,
        input: api::DescribeContinuousBackupsInput,
    ) -> Reply<api::DescribeContinuousBackupsOutput> {
        recovery::describe(cx, input).await
    }

    async fn describe_contributor_insights(
        &self,
        cx: &Cx,
        input: api::DescribeContributorInsightsInput,
    ) -> Reply<api::DescribeContributorInsightsOutput> {
        insights::describe(cx, input).await
    }

    async fn describe_endpoints(&self, cx: &Cx, _: api::DescribeEndpointsInput) -> Reply<api::DescribeEndpointsOutput> {
        Ok(limits::endpoints(cx))
    }

    async fn describe_export(&self, cx: &Cx, input: api::DescribeExportInput) -> Reply<api::DescribeExportOutput> {
        export::describe(cx, input).await
    }

    async fn describe_import(&self, cx: &Cx, input: api::DescribeImportInput) -> Reply<api::DescribeImportOutput> {
        import::describe(cx, input).await
    }

    async fn describe_global_table(
        &self,
        cx: &Cx,
        input: api::DescribeGlobalTableInput,
    ) -> Reply<api::DescribeGlobalTableOutput> {
        global::legacy::describe(cx, input).await
    }

    async fn describe_global_table_settings(
        &self,
        cx: &Cx,
        input: api::DescribeGlobalTableSettingsInput,
    ) -> Reply<api::DescribeGlobalTableSettingsOutput> {
        global::settings::describe(cx, input).await
    }

    async fn describe_kinesis_streaming_destination(
        &self,
        cx: &Cx,
        input: api::DescribeKinesisStreamingDestinationInput,
    ) -> Reply<api::DescribeKinesisStreamingDestinationOutput> {
        kinesis::describe(cx, input).await
    }

    async fn describe_limits(&self, _: &Cx, _: api::DescribeLimitsInput) -> Reply<api::DescribeLimitsOutput> {
        Ok(limits::describe())
    }

    async fn describe_table(&self, cx: &Cx, input: api::DescribeTableInput) -> Reply<api::DescribeTableOutput> {
        table::describe::describe_table(cx, input).await
    }

    async fn describe_table_replica_auto_scaling(
        &self,
        cx: &Cx,
        input: api::DescribeTableReplicaAutoScalingInput,
    ) -> Reply<api::DescribeTableReplicaAutoScalingOutput> {
        scaling::describe(cx, input).await
    }

    async fn describe_time_to_live(
        &self,
        cx: &Cx,
        input: api::DescribeTimeToLiveInput,
    ) -> Reply<api::DescribeTimeToLiveOutput> {
        time_to_live::describe(cx, input).await
    }

    async fn disable_kinesis_streaming_destination(
        &self,
        cx: &Cx,
        input: api::DisableKinesisStreamingDestinationInput,
    ) -> Reply<api::DisableKinesisStreamingDestinationOutput> {
        kinesis::disable(cx, input).await
    }

    async fn enable_kinesis_streaming_destination(
        &self,
        cx: &Cx,
        input: api::EnableKinesisStreamingDestinationInput,
    ) -> Reply<api::EnableKinesisStreamingDestinationOutput> {
        kinesis::enable(cx, input).await
    }

    async fn execute_statement(
        &self,
        cx: &Cx,
        input: api::ExecuteStatementInput,
    ) -> Reply<api::ExecuteStatementOutput> {
        statement::execute::execute(cx, input).await
    }

    async fn execute_transaction(
        &self,
        cx: &Cx,
        input: api::ExecuteTransactionInput,
    ) -> Reply<api::ExecuteTransactionOutput> {
        statement::transaction::execute(cx, input).await
    }

    async fn export_table_to_point_in_time(
        &self,
        cx: &Cx,
        input: api::ExportTableToPointInTimeInput,
    ) -> Reply<api::ExportTableToPointInTimeOutput> {
        export::create::export(cx, input).await
    }

    async fn get_item(&self, cx: &Cx, input: api::GetItemInput) -> Reply<api::GetItemOutput> {
        item::get::get(cx, input).await
    }

    async fn list_backups(&self, cx: &Cx, input: api::ListBackupsInput) -> Reply<api::ListBackupsOutput> {
        backup::list::list(cx, input).await
    }

    async fn import_table(&self, cx: &Cx, input: api::ImportTableInput) -> Reply<api::ImportTableOutput> {
        import::create::import(cx, input).await
    }

    async fn list_exports(&self, cx: &Cx, input: api::ListExportsInput) -> Reply<api::ListExportsOutput> {
        export::list(cx, input).await
    }

    async fn list_imports(&self, cx: &Cx, input: api::ListImportsInput) -> Reply<api::ListImportsOutput> {
        import::list(cx, input).await
    }

    async fn get_resource_policy(
        &self,
        cx: &Cx,
        input: api::GetResourcePolicyInput,
    ) -> Reply<api::GetResourcePolicyOutput> {
        policy::get(cx, input).await
    }

    async fn list_contributor_insights(
        &self,
        cx: &Cx,
        input: api::ListContributorInsightsInput,
    ) -> Reply<api::ListContributorInsightsOutput> {
        insights::list(cx, input).await
    }

    async fn list_global_tables(
        &self,
        cx: &Cx,
        input: api::ListGlobalTablesInput,
    ) -> Reply<api::ListGlobalTablesOutput> {
        global::legacy::list(cx, input).await
    }

    async fn list_tables(&self, cx: &Cx, input: api::ListTablesInput) -> Reply<api::ListTablesOutput> {
        table::list::list(cx, input).await
    }

    async fn list_tags_of_resource(
        &self,
        cx: &Cx,
        input: api::ListTagsOfResourceInput,
    ) -> Reply<api::ListTagsOfResourceOutput> {
        tags::list(cx, input).await
    }

    async fn put_item(&self, cx: &Cx, input: api::PutItemInput) -> Reply<api::PutItemOutput> {
        item::put::put(cx, input).await
    }

    async fn put_resource_policy(
        &self,
        cx: &Cx,
        input: api::PutResourcePolicyInput,
    ) -> Reply<api::PutResourcePolicyOutput> {
        policy::put(cx, input).await
    }

    async fn query(&self, cx: &Cx, input: api::QueryInput) -> Reply<api::QueryOutput> {
        read::query::query(cx, input).await
    }

    async fn restore_table_from_backup(
        &self,
        cx: &Cx,
        input: api::RestoreTableFromBackupInput,
    ) -> Reply<api::RestoreTableFromBackupOutput> {
        restore::from_backup(cx, input).await
    }

    async fn restore_table_to_point_in_time(
        &self,
        cx: &Cx,
        input: api::RestoreTableToPointInTimeInput,
    ) -> Reply<api::RestoreTableToPointInTimeOutput> {
        restore::to_point_in_time(cx, input).await
    }

    async fn scan(&self, cx: &Cx, input: api::ScanInput) -> Reply<api::ScanOutput> {
        read::scan::scan(cx, input).await
    }

    async fn tag_resource(&self, cx: &Cx, input: api::TagResourceInput) -> Reply<api::TagResourceOutput> {
        tags::tag(cx, input).await?;
        Ok(api::TagResourceOutput {})
    }

    async fn transact_get_items(
        &self,
        cx: &Cx,
        input: api::TransactGetItemsInput,
    ) -> Reply<api::TransactGetItemsOutput> {
        transaction::get::get(cx, input).await
    }

    async fn transact_write_items(
        &self,
        cx: &Cx,
        input: api::TransactWriteItemsInput,
    ) -> Reply<api::TransactWriteItemsOutput> {
        transaction::write::write(cx, input).await
    }

    async fn untag_resource(&self, cx: &Cx, input: api::UntagResourceInput) -> Reply<api::UntagResourceOutput> {
        tags::untag(cx, input).await?;
        Ok(api::UntagResourceOutput {})
    }

    async fn update_continuous_backups(
        &self,
        cx: &Cx,
        input: api::UpdateContinuousBackupsInput,
    ) -> Reply<api::UpdateContinuousBackupsOutput> {
        recovery::update(cx, input).await
    }

    async fn update_contributor_insights(
        &self,
        cx: &Cx,
        input: api::UpdateContributorInsightsInput,
    ) -> Reply<api::UpdateContributorInsightsOutput> {
        insights::update(cx, input).await
    }

    async fn update_global_table(
        &self,
        cx: &Cx,
        input: api::UpdateGlobalTableInput,
    ) -> Reply<api::UpdateGlobalTableOutput> {
        global::legacy::update(cx, input).await
    }

    async fn update_global_table_settings(
        &self,
        cx: &Cx,
        input: api::UpdateGlobalTableSettingsInput,
    ) -> Reply<api::UpdateGlobalTableSettingsOutput> {
        global::settings::update(cx, input).await
    }

    async fn update_item(&self, cx: &Cx, input: api::UpdateItemInput) -> Reply<api::UpdateItemOutput> {
        item::update::update(cx, input).await
    }

    async fn update_kinesis_streaming_destination(
        &self,
        cx: &Cx,
        input: api::UpdateKinesisStreamingDestinationInput,
    ) -> Reply<api::UpdateKinesisStreamingDestinationOutput> {
        kinesis::update(cx, input).await
    }

    async fn update_table(&self, cx: &Cx, input: api::UpdateTableInput) -> Reply<api::UpdateTableOutput> {
        table::update::update(cx, input).await
    }

    async fn update_table_replica_auto_scaling(
        &self,
        cx: &Cx,
        input: api::UpdateTableReplicaAutoScalingInput,
    ) -> Reply<api::UpdateTableReplicaAutoScalingOutput> {
        scaling::update(cx, input).await
    }

    async fn update_time_to_live(
        &self,
        cx: &Cx,
        input: api::UpdateTimeToLiveInput,
    ) -> Reply<api::UpdateTimeToLiveOutput> {
        time_to_live::update(cx, input).await
    }
}
