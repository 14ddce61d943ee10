//! What is stored of jobs.

use kumoi_store::{Index, Table};
use serde::{Deserialize, Serialize};

use crate::api;

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    /// As it was asked for.
    pub(crate) request: api::CreateJobInput,
    /// Moments are in microseconds since 1970, here and below.
    pub(crate) created: i64,
    pub(crate) status: Status,
    pub(crate) priority: i32,
    pub(crate) tags: Vec<api::S3Tag>,
    /// Why a client changed the status.
    pub(crate) update_reason: Option<String>,
    pub(crate) failure: Option<Failure>,
    pub(crate) session: Option<RoleSession>,
    pub(crate) cursor: Cursor,
    /// The manifest that was generated and kept.
    pub(crate) generated: Option<Generated>,
    /// How many tasks there are, and how many of them came to what end.
    pub(crate) tasks: u64,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    /// Microseconds that it was active, and since when it is again.
    pub(crate) active: i64,
    pub(crate) active_since: Option<i64>,
    pub(crate) suspended: Option<i64>,
    pub(crate) ended: Option<i64>,
}

/// Where a job stands (S3 User Guide, "Tracking job status and completion reports").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    New,
    Preparing,
    Suspended,
    Ready,
    Active,
    Pausing,
    Paused,
    Completing,
    Complete,
    Cancelling,
    Cancelled,
    Failing,
    Failed,
}

impl Status {
    /// As AWS spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::Preparing => "Preparing",
            Self::Suspended => "Suspended",
            Self::Ready => "Ready",
            Self::Active => "Active",
            Self::Pausing => "Pausing",
            Self::Paused => "Paused",
            Self::Completing => "Completing",
            Self::Complete => "Complete",
            Self::Cancelling => "Cancelling",
            Self::Cancelled => "Cancelled",
            Self::Failing => "Failing",
            Self::Failed => "Failed",
        }
    }

    /// It runs tasks, or would if no other job came before it.
    fn competes(self) -> bool {
        matches!(self, Self::Ready | Self::Active | Self::Pausing | Self::Paused)
    }

    /// Whether a client can still cancel it.
    pub(crate) fn can_be_cancelled(self) -> bool {
        self.competes() || matches!(self, Self::New | Self::Preparing | Self::Suspended)
    }
}

/// Why a job failed. A code is told where one is documented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) code: Option<String>,
    pub(crate) reason: String,
}

/// The session of its role that a job acts as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoleSession {
    pub(crate) arn: String,
    pub(crate) user_id: String,
}

/// How far the preparation has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The file of an inventory report, and the rows of it that were read.
    pub(crate) file: usize,
    pub(crate) rows: u64,
    /// Where the listing of the source bucket goes on, with a version where it has those.
    pub(crate) key: Option<String>,
    pub(crate) version: Option<String>,
}

/// Where a generated manifest is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Generated {
    pub(crate) arn: String,
    pub(crate) etag: String,
}

/// What a job does with one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) version: Option<String>,
    pub(crate) outcome: Option<Outcome>,
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) succeeded: bool,
    /// The status of HTTP.
    pub(crate) status: u16,
    /// Empty where it succeeded.
    pub(crate) code: String,
    pub(crate) message: String,
}

/// By id.
pub(crate) static JOBS: Table<String, Job> = Table::region("s3control", "jobs").indexed(&[&CREATED, &COMPETING]);

/// The moment of creation, then the id.
pub(crate) static CREATED: Index<String, Job, (i64, String)> =
    Index::new("c", |id, job| Some((job.created, id.clone())));

/// Jobs that run or wait to: the negated priority.
pub(crate) static COMPETING: Index<String, Job, i64> =
    Index::new("p", |_, job| job.status.competes().then_some(-i64::from(job.priority)));

/// The job of a client's token.
pub(crate) static JOB_TOKENS: Table<String, String> = Table::region("s3control", "job-tokens");

/// The id of the job, then a number from 0.
pub(crate) static TASKS: Table<(String, u64), Task> = Table::region("s3control", "job-tasks");
