//! What becomes of a job as time passes: a chain of timers, each of which takes it one bounded step further.
//!
//! A step whose transaction conflicts with that of a client runs again, tasks included: as in AWS, an object may be dealt with more than once.

use kumoi_core::ask::Ask;
use kumoi_core::identity::PrincipalKind;
use kumoi_core::timers::Timer;
use kumoi_core::{Cx, Fault, Principal, Reply};
use kumoi_store::KeyRange;

use super::manifest;
use super::record::{COMPETING, Failure, JOB_TOKENS, JOBS, Job, RoleSession, Status, TASKS, Task};
use super::{prepare, report, task};
use crate::s3::S3;

/// The kind of timer that takes a job a step further.
pub(crate) const STEP: &str = "job";

/// Seconds from one step to the next, and until a job looks again whether those before it are done.
const NEXT: i64 = 1;
const LOOK_AGAIN: i64 = 5;

/// Tasks that one step runs, and those that it removes.
const RUN: usize = 100;
const REMOVED: usize = 5000;

/// The most tasks of a job.
const MAX_TASKS: usize = 100_000;

/// From so many tasks on, a job fails when more than half of them have.
const THRESHOLD: u64 = 1000;

/// Days until a job fails that nobody confirms, and until an ended one is forgotten.
const CONFIRM_DAYS: i64 = 30;
const KEPT_DAYS: i64 = 90;

const DAY: i64 = 86_400;

/// Sets the next step of a job.
pub(crate) async fn later(cx: &Cx, id: &str, seconds: i64) -> Reply<()> {
    let due = cx.now().plus_seconds(seconds);
    let timer = Timer { name: format!("job:{id}"), due, kind: STEP.to_owned(), payload: id.to_owned() };
    Ok(cx.set_timer(&timer).await?)
}

/// Whoever a job acts as.
fn acting<'a>(cx: &'a Cx, job: &Job) -> S3<'a> {
    let session = job.session.clone();
    let account = session.as_ref().and_then(|session| kumoi_core::arn::Arn::parse(&session.arn));
    let account = account.map_or(cx.account(), |arn| arn.account).to_owned();
    let RoleSession { arn, user_id } = session
        .unwrap_or_else(|| RoleSession { arn: job.request.role_arn.clone(), user_id: job.request.role_arn.clone() });
    S3 { cx, principal: Principal { account, arn, user_id, kind: PrincipalKind::AssumedRole } }
}

/// Takes a job a step further.
pub(crate) async fn step(cx: &Cx, id: &str) -> Reply<()> {
    let id = id.to_owned();
    let Some(mut job) = cx.get(&JOBS, &id).await? else { return Ok(()) };
    let seconds = match job.status {
        Status::New => {
            job.status = Status::Preparing;
            NEXT
        }
        Status::Preparing => prepared(cx, &id, &mut job).await?,
        Status::Suspended => fail(&mut job, Failure::because("The job was not confirmed within 30 days.")),
        Status::Ready | Status::Paused if outranked(cx, &id, &job).await? => LOOK_AGAIN,
        Status::Ready | Status::Paused => {
            job.status = Status::Active;
            job.active_since = Some(cx.now().micros());
            NEXT
        }
        Status::Active if outranked(cx, &id, &job).await? => {
            rest(cx, &mut job);
            job.status = Status::Pausing;
            NEXT
        }
        Status::Active => worked(cx, &id, &mut job).await?,
        Status::Pausing => {
            job.status = Status::Paused;
            NEXT
        }
        Status::Completing => ended(cx, &id, &mut job, Status::Complete).await?,
        Status::Cancelling => ended(cx, &id, &mut job, Status::Cancelled).await?,
        Status::Failing => ended(cx, &id, &mut job, Status::Failed).await?,
        Status::Complete | Status::Cancelled | Status::Failed => return tidied(cx, &id, &job).await,
    };
    cx.put(&JOBS, &id, &job).await?;
    later(cx, &id, seconds).await
}

/// Whether a job of a higher priority comes before this one (S3 User Guide, "Assigning job priority").
async fn outranked(cx: &Cx, id: &String, job: &Job) -> Reply<bool> {
    let first = cx.index(&JOBS, &COMPETING, KeyRange::all(), 1).await?;
    Ok(first.first().is_some_and(|(_, first, other)| first != id && other.priority > job.priority))
}

/// Notes that a job is not active any more.
pub(crate) fn rest(cx: &Cx, job: &mut Job) {
    if let Some(since) = job.active_since.take() {
        job.active = job.active.saturating_add(cx.now().micros().saturating_sub(since));
    }
}

fn fail(job: &mut Job, failure: Failure) -> i64 {
    job.status = Status::Failing;
    job.failure = Some(failure);
    NEXT
}

/// Assumes the role of a job.
async fn assumed(cx: &Cx, id: &str, job: &Job) -> Result<RoleSession, Fault> {
    let ask = Ask::new("sts", "AssumeRole")?.with("RoleArn", job.request.role_arn.clone());
    let ask = ask.with("RoleSessionName", format!("s3-batch-operations-{id}"));
    let service = Principal::service("batchoperations.s3.amazonaws.com", cx.account());
    let answer = ask.call(cx, service).await?;
    let user = answer.fields().fields("AssumedRoleUser").ok_or_else(Fault::internal)?;
    let text = |member| user.text(member).map(str::to_owned).ok_or_else(Fault::internal);
    Ok(RoleSession { arn: text("Arn")?, user_id: text("AssumedRoleId")? })
}

/// Adds tasks to a job; the seconds until the next step.
async fn prepared(cx: &Cx, id: &str, job: &mut Job) -> Reply<i64> {
    if job.session.is_none() {
        match assumed(cx, id, job).await {
            Ok(session) => job.session = Some(session),
            Err(fault) => {
                let reason = format!("The role of the job cannot be assumed: {}: {}", fault.code(), fault.message());
                return Ok(fail(job, Failure::because(reason)));
            }
        }
    }
    let s3 = acting(cx, job);
    let page = match prepare::next(&s3, job).await {
        Ok(page) => page,
        Err(failure) => return Ok(fail(job, failure)),
    };
    let most = u64::try_from(MAX_TASKS).unwrap_or(u64::MAX);
    if job.tasks + page.entries.len() as u64 > most {
        return Ok(fail(job, manifest::too_many().into()));
    }
    for entry in page.entries {
        let task = Task { bucket: entry.bucket, key: entry.key, version: entry.version, outcome: None };
        cx.put(&TASKS, &(id.to_owned(), job.tasks), &task).await?;
        job.tasks += 1;
    }
    if !page.last {
        return Ok(NEXT);
    }
    if job.request.manifest_generator.is_some() {
        if job.tasks == 0 {
            let failure = Failure::because("Manifest generation found no keys matching the filter criteria.");
            return Ok(fail(job, failure));
        }
        let tasks = tasks(cx, id, 0, MAX_TASKS).await?;
        match prepare::keep(&s3, id, job, &tasks).await {
            Ok(generated) => job.generated = generated,
            Err(failure) => return Ok(fail(job, failure)),
        }
    }
    // Who says nothing is asked (User Guide, "Updating job status").
    if job.request.confirmation_required != Some(false) {
        job.status = Status::Suspended;
        job.suspended = Some(cx.now().micros());
        return Ok(CONFIRM_DAYS * DAY);
    }
    job.status = Status::Ready;
    Ok(NEXT)
}

/// Tasks of a job from a number on.
async fn tasks(cx: &Cx, id: &str, from: u64, most: usize) -> Reply<Vec<Task>> {
    let range = KeyRange::prefix(&(id,)).from(&(id, from));
    Ok(cx.range(&TASKS, range, most).await?.into_iter().map(|(_, task)| task).collect())
}

/// Runs tasks; the seconds until the next step.
async fn worked(cx: &Cx, id: &str, job: &mut Job) -> Reply<i64> {
    let s3 = acting(cx, job);
    let mut done = job.succeeded + job.failed;
    for mut task in tasks(cx, id, done, RUN).await? {
        let outcome = task::run(&s3, id, job, &task).await;
        if outcome.succeeded {
            job.succeeded += 1;
        } else {
            job.failed += 1;
        }
        task.outcome = Some(outcome);
        cx.put(&TASKS, &(id.to_owned(), done), &task).await?;
        done += 1;
        if done >= THRESHOLD && job.failed * 2 > done {
            rest(cx, job);
            let reason = format!("{} of {done} tasks failed, which is more than 50 percent.", job.failed);
            return Ok(fail(job, Failure::because(reason)));
        }
    }
    if done >= job.tasks {
        rest(cx, job);
        job.status = Status::Completing;
    }
    Ok(NEXT)
}

/// Writes the report of a job and ends it; the seconds until the next step.
async fn ended(cx: &Cx, id: &str, job: &mut Job, status: Status) -> Reply<i64> {
    job.status = status;
    job.ended = Some(cx.now().micros());
    if job.request.report.enabled && job.succeeded + job.failed > 0 {
        let tasks = tasks(cx, id, 0, MAX_TASKS).await?;
        if let Err(fault) = report::write(&acting(cx, job), id, &job.request.report, &tasks).await {
            let reason = format!("Writing the report failed: {}: {}", fault.code(), fault.message());
            job.status = Status::Failed;
            job.failure = job.failure.take().or(Some(Failure::because(reason)));
        }
    }
    Ok(NEXT)
}

/// Removes what an ended job leaves: its tasks at once, itself after ninety days.
async fn tidied(cx: &Cx, id: &String, job: &Job) -> Reply<()> {
    let left = cx.range(&TASKS, KeyRange::prefix(&(id.as_str(),)), REMOVED).await?;
    for (key, _) in &left {
        cx.delete(&TASKS, key).await?;
    }
    if left.len() == REMOVED {
        return later(cx, id, NEXT).await;
    }
    let since = cx.now().micros().saturating_sub(job.ended.unwrap_or_default());
    let wait = KEPT_DAYS * DAY - since / 1_000_000;
    if wait > 0 {
        return later(cx, id, wait).await;
    }
    cx.delete(&JOB_TOKENS, &job.request.client_request_token).await?;
    cx.delete(&JOBS, id).await?;
    Ok(())
}
