//! Jobs that do the same with many objects (S3 User Guide, "Performing object operations in bulk with Batch Operations").
//!
//! Of AWS's operations two are not built, because S3 has none that does the same with one object: `S3ReplicateObject` and
//! `S3ComputeObjectChecksum`.
//!
//! | Module | What it is about |
//! |---|---|
//! | `record` | what is stored |
//! | `run` | what becomes of a job as time passes |
//! | `manifest`, `prepare` | the list of objects |
//! | `task` | what is done with one of them |
//! | `report` | what is told of it in the end |

pub(crate) mod manifest;
mod prepare;
mod record;
mod report;
pub(crate) mod run;
mod task;

use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Fault, Reply, paging};
use kumoi_model::Timestamp;
use kumoi_store::{KeyRange, Scope};

use self::manifest::Columns;
use self::record::{CREATED, Cursor, JOB_TOKENS, JOBS, Job, Status};
use crate::api::{self, errors};
use crate::caller::scope;
use crate::errors::{access_denied, invalid_request};
use crate::points::page;
use crate::s3::{bucket_of, object_of};

const MAX_TAGS: usize = 50;

/// Jobs that a listing looks at, at most, for one page.
const LOOKED_AT: usize = 1000;

fn no_such_job() -> Fault {
    errors::not_found_exception("No such job")
}

async fn find(cx: &Cx, account: &str, id: &String) -> Reply<(Scope, Job)> {
    let scope = scope(cx, account)?;
    let job = cx.tx().get(&scope, &JOBS, id).await?.ok_or_else(no_such_job)?;
    Ok((scope, job))
}

fn check_tags(tags: &[api::S3Tag]) -> Result<(), Fault> {
    if tags.len() > MAX_TAGS {
        return Err(errors::too_many_tags_exception("A job has at most 50 tags."));
    }
    let too_long =
        |tag: &api::S3Tag| tag.key.is_empty() || tag.key.chars().count() > 128 || tag.value.chars().count() > 256;
    let twice = tags.iter().enumerate().any(|(at, tag)| tags.iter().take(at).any(|other| other.key == tag.key));
    if twice || tags.iter().any(too_long) {
        return Err(crate::errors::invalid_tag("The tag provided was not a valid tag."));
    }
    Ok(())
}

/// The name of the operation that a job runs; there is to be one.
fn operation_name(operation: &api::JobOperation) -> Result<&'static str, Fault> {
    let known = [
        (operation.lambda_invoke.is_some(), "LambdaInvoke"),
        (operation.s3_put_object_copy.is_some(), "S3PutObjectCopy"),
        (operation.s3_put_object_acl.is_some(), "S3PutObjectAcl"),
        (operation.s3_put_object_tagging.is_some(), "S3PutObjectTagging"),
        (operation.s3_delete_object_tagging.is_some(), "S3DeleteObjectTagging"),
        (operation.s3_initiate_restore_object.is_some(), "S3InitiateRestoreObject"),
        (operation.s3_put_object_legal_hold.is_some(), "S3PutObjectLegalHold"),
        (operation.s3_put_object_retention.is_some(), "S3PutObjectRetention"),
        (operation.s3_replicate_object.is_some(), "S3ReplicateObject"),
        (operation.s3_compute_object_checksum.is_some(), "S3ComputeObjectChecksum"),
        (operation.s3_update_object_encryption.is_some(), "S3UpdateObjectEncryption"),
    ];
    let mut asked = known.into_iter().filter(|(there, _)| *there).map(|(_, name)| name);
    match (asked.next(), asked.next()) {
        (Some(name), None) => Ok(name),
        _ => Err(invalid_request("A job has exactly one operation.")),
    }
}

fn check_operation(operation: &api::JobOperation) -> Result<(), Fault> {
    let name = operation_name(operation)?;
    if matches!(name, "S3ReplicateObject" | "S3ComputeObjectChecksum") {
        return Err(Fault::not_implemented("s3control", &format!("CreateJob with {name}")));
    }
    if let Some(copy) = &operation.s3_put_object_copy
        && copy.target_resource.as_deref().and_then(bucket_of).is_none()
    {
        return Err(invalid_request("TargetResource is not the ARN of a general purpose bucket."));
    }
    Ok(())
}

fn check_list(manifest: &api::JobManifest) -> Result<(), Fault> {
    if object_of(&manifest.location.object_arn).is_none() {
        return Err(invalid_request("The manifest's ObjectArn is not the ARN of an object."));
    }
    let spec = &manifest.spec;
    match (spec.format.as_str(), &spec.fields) {
        ("S3BatchOperations_CSV_20180820", fields) => {
            let fields = fields.iter().flatten().map(String::as_str);
            Columns::of(fields, false).map_err(|unusable| invalid_request(unusable.0))?;
            Ok(())
        }
        ("S3InventoryReport_CSV_20161130", None) => Ok(()),
        ("S3InventoryReport_CSV_20161130", Some(_)) => {
            Err(invalid_request("Fields are for manifests of the format S3BatchOperations_CSV_20180820."))
        }
        _ => Err(invalid_request("The format of the manifest is not known.")),
    }
}

fn check_generator(generator: &api::JobManifestGenerator) -> Result<(), Fault> {
    let api::JobManifestGenerator::S3JobManifestGenerator(generator) = generator;
    if bucket_of(&generator.source_bucket).is_none() {
        return Err(invalid_request("SourceBucket is not the ARN of a bucket."));
    }
    let output = generator.manifest_output_location.as_ref();
    if generator.enable_manifest_output && output.and_then(|output| bucket_of(&output.bucket)).is_none() {
        return Err(invalid_request("A manifest that is to be kept needs a ManifestOutputLocation."));
    }
    if generator.filter.as_ref().is_some_and(|filter| filter.eligible_for_replication.is_some()) {
        return Err(Fault::not_implemented("s3control", "CreateJob with EligibleForReplication"));
    }
    Ok(())
}

fn check(request: &api::CreateJobInput) -> Result<(), Fault> {
    check_operation(&request.operation)?;
    match (&request.manifest, &request.manifest_generator) {
        (Some(manifest), None) => check_list(manifest)?,
        (None, Some(generator)) => check_generator(generator)?,
        _ => return Err(invalid_request("A job has either a manifest or a manifest generator.")),
    }
    let report = &request.report;
    let told = report.bucket.as_deref().and_then(bucket_of).is_some();
    if report.enabled && !(told && report.format.is_some() && report.report_scope.is_some()) {
        return Err(invalid_request("A report needs a Bucket, a Format and a ReportScope."));
    }
    let role = Arn::parse(&request.role_arn).filter(|arn| arn.service == "iam" && arn.resource.starts_with("role/"));
    match role {
        None => Err(invalid_request("RoleArn is not the ARN of a role.")),
        Some(role) if role.account != request.account_id => {
            Err(Fault::new("AccessDenied", 403, true, "Cross-account pass role is not allowed"))
        }
        Some(_) => check_tags(request.tags.as_deref().unwrap_or_default()),
    }
}

pub(crate) async fn create(cx: &Cx, input: api::CreateJobInput) -> Reply<api::CreateJobOutput> {
    let scope = scope(cx, &input.account_id)?;
    // Timers are those of the account that asks.
    if scope != *cx.scope() {
        return Err(access_denied().into());
    }
    let token = input.client_request_token.clone();
    if let Some(id) = cx.get(&JOB_TOKENS, &token).await? {
        let same = cx.get(&JOBS, &id).await?.is_some_and(|job| job.request == input);
        return if same {
            Ok(api::CreateJobOutput { job_id: Some(id) })
        } else {
            Err(errors::idempotency_exception("Another job was created with this client request token.").into())
        };
    }
    check(&input)?;
    let id = cx.ids().uuid();
    let job = Job {
        created: cx.now().micros(),
        status: Status::New,
        priority: input.priority,
        tags: input.tags.clone().unwrap_or_default(),
        update_reason: None,
        failure: None,
        session: None,
        cursor: Cursor::default(),
        generated: None,
        tasks: 0,
        succeeded: 0,
        failed: 0,
        active: 0,
        active_since: None,
        suspended: None,
        ended: None,
        request: input,
    };
    cx.put(&JOBS, &id, &job).await?;
    cx.put(&JOB_TOKENS, &token, &id).await?;
    run::later(cx, &id, 1).await?;
    Ok(api::CreateJobOutput { job_id: Some(id) })
}

fn progress(cx: &Cx, job: &Job) -> api::JobProgressSummary {
    let count = |count: u64| i64::try_from(count).ok();
    let since = job.active_since.map_or(0, |since| cx.now().micros().saturating_sub(since));
    let seconds = job.active.saturating_add(since) / 1_000_000;
    api::JobProgressSummary {
        total_number_of_tasks: count(job.tasks),
        number_of_tasks_succeeded: count(job.succeeded),
        number_of_tasks_failed: count(job.failed),
        timers: Some(api::JobTimers { elapsed_time_in_active_seconds: Some(seconds) }),
    }
}

pub(crate) async fn describe(cx: &Cx, input: api::DescribeJobInput) -> Reply<api::DescribeJobOutput> {
    let (_, job) = find(cx, &input.account_id, &input.job_id).await?;
    let progress = progress(cx, &job);
    let request = job.request;
    let failures = job.failure.map(|failure| {
        vec![api::JobFailure { failure_code: failure.code, failure_reason: Some(shortened(failure.reason)) }]
    });
    let generated = job.generated.map(|generated| api::S3GeneratedManifestDescriptor {
        format: Some("S3InventoryReport_CSV_20211130".to_owned()),
        location: Some(api::JobManifestLocation {
            object_arn: generated.arn,
            object_version_id: None,
            e_tag: generated.etag,
        }),
    });
    let told = api::JobDescriptor {
        job_arn: Some(cx.arn("s3", &format!("job/{}", input.job_id))),
        job_id: Some(input.job_id),
        confirmation_required: Some(request.confirmation_required != Some(false)),
        description: request.description,
        status: Some(job.status.name().to_owned()),
        manifest: request.manifest,
        operation: Some(request.operation),
        priority: Some(job.priority),
        progress_summary: Some(progress),
        status_update_reason: job.update_reason,
        failure_reasons: failures,
        report: Some(request.report),
        creation_time: Some(Timestamp::from_micros(job.created)),
        termination_date: job.ended.map(Timestamp::from_micros),
        role_arn: Some(request.role_arn),
        suspended_date: job.suspended.map(Timestamp::from_micros),
        suspended_cause: None,
        manifest_generator: request.manifest_generator,
        generated_manifest_descriptor: generated,
    };
    Ok(api::DescribeJobOutput { job: Some(told) })
}

/// A reason of no more than 256 characters.
fn shortened(reason: String) -> String {
    if reason.chars().count() <= 256 { reason } else { reason.chars().take(256).collect() }
}

pub(crate) async fn list(cx: &Cx, input: api::ListJobsInput) -> Reply<api::ListJobsOutput> {
    const LIST: &str = "jobs";
    let scope = scope(cx, &input.account_id)?;
    let max = page(input.max_results);
    let mut range = KeyRange::all();
    if let Some(token) = &input.next_token {
        let last: Option<(i64, String)> = paging::key(LIST, token);
        let refused = || errors::invalid_next_token_exception("The next token is not valid.");
        range = range.after(&last.ok_or_else(refused)?);
    }
    // Some clients send the statuses in one parameter, others in several.
    let statuses = input.job_statuses.unwrap_or_default();
    let statuses: Vec<&str> = statuses.iter().flat_map(|statuses| statuses.split(',')).collect();
    let found = cx.tx().index(&scope, &JOBS, &CREATED, range, LOOKED_AT + 1).await?;
    let more = found.len() > LOOKED_AT;
    let (mut jobs, mut last, mut full) = (Vec::new(), None, false);
    for (place, id, job) in found.into_iter().take(LOOKED_AT) {
        if !statuses.is_empty() && !statuses.contains(&job.status.name()) {
            last = Some(place);
            continue;
        }
        if jobs.len() == max {
            full = true;
            break;
        }
        last = Some(place);
        jobs.push(api::JobListDescriptor {
            job_id: Some(id),
            operation: operation_name(&job.request.operation).ok().map(str::to_owned),
            priority: Some(job.priority),
            status: Some(job.status.name().to_owned()),
            creation_time: Some(Timestamp::from_micros(job.created)),
            termination_date: job.ended.map(Timestamp::from_micros),
            progress_summary: Some(progress(cx, &job)),
            description: job.request.description,
        });
    }
    let next_token = last.filter(|_| full || more).map(|last| paging::token(LIST, &last));
    Ok(api::ListJobsOutput { next_token, jobs: Some(jobs) })
}

pub(crate) async fn update_priority(
    cx: &Cx,
    input: api::UpdateJobPriorityInput,
) -> Reply<api::UpdateJobPriorityOutput> {
    let (scope, mut job) = find(cx, &input.account_id, &input.job_id).await?;
    if !job.status.can_be_cancelled() {
        let message = format!("A job that is {} has no priority any more.", job.status.name());
        return Err(errors::bad_request_exception(message).into());
    }
    if input.priority < 0 {
        return Err(invalid_request("The priority of a job is not negative.").into());
    }
    job.priority = input.priority;
    cx.tx().put(&scope, &JOBS, &input.job_id, &job).await?;
    Ok(api::UpdateJobPriorityOutput { job_id: input.job_id, priority: input.priority })
}

pub(crate) async fn update_status(cx: &Cx, input: api::UpdateJobStatusInput) -> Reply<api::UpdateJobStatusOutput> {
    let (scope, mut job) = find(cx, &input.account_id, &input.job_id).await?;
    job.status = match input.requested_job_status.as_str() {
        "Ready" if job.status == Status::Suspended => Status::Ready,
        "Cancelled" if job.status.can_be_cancelled() => Status::Cancelling,
        "Ready" | "Cancelled" => {
            let (from, to) = (job.status.name(), &input.requested_job_status);
            return Err(errors::job_status_exception(format!("A job that is {from} cannot become {to}.")).into());
        }
        _ => return Err(invalid_request("A job can be asked to become Ready or Cancelled.").into()),
    };
    if job.status == Status::Cancelling {
        run::rest(cx, &mut job);
    }
    job.update_reason = input.status_update_reason;
    cx.tx().put(&scope, &JOBS, &input.job_id, &job).await?;
    run::later(cx, &input.job_id, 1).await?;
    Ok(api::UpdateJobStatusOutput {
        job_id: Some(input.job_id),
        status: Some(job.status.name().to_owned()),
        status_update_reason: job.update_reason,
    })
}

pub(crate) async fn put_tags(cx: &Cx, input: api::PutJobTaggingInput) -> Reply<api::PutJobTaggingOutput> {
    let (scope, mut job) = find(cx, &input.account_id, &input.job_id).await?;
    check_tags(&input.tags)?;
    job.tags = input.tags;
    cx.tx().put(&scope, &JOBS, &input.job_id, &job).await?;
    Ok(api::PutJobTaggingOutput::default())
}

pub(crate) async fn get_tags(cx: &Cx, input: api::GetJobTaggingInput) -> Reply<api::GetJobTaggingOutput> {
    let (_, job) = find(cx, &input.account_id, &input.job_id).await?;
    Ok(api::GetJobTaggingOutput { tags: Some(job.tags) })
}

pub(crate) async fn delete_tags(cx: &Cx, input: api::DeleteJobTaggingInput) -> Reply<api::DeleteJobTaggingOutput> {
    let (scope, mut job) = find(cx, &input.account_id, &input.job_id).await?;
    job.tags = Vec::new();
    cx.tx().put(&scope, &JOBS, &input.job_id, &job).await?;
    Ok(api::DeleteJobTaggingOutput::default())
}
