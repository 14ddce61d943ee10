//! Requests on multi-region access points, which are accepted at once and done later (S3 User Guide, "Using Multi-Region Access Points").
//!
//! AWS takes minutes, or hours; here a request takes seconds of the world's clock.

use kumoi_core::timers::Timer;
use kumoi_core::{Cx, Reply};
use kumoi_model::Timestamp;
use kumoi_store::Scope;
use serde::{Deserialize, Serialize};

use crate::errors::no_such_request;
use crate::tables::{ALIASES, CLIENT_TOKENS, MULTIS, REQUESTS, State};
use crate::{api, caller};

/// The kind of timer that finishes a request.
pub(crate) const FINISH: &str = "finish";

/// Seconds until a request is done.
const DURATION: i64 = 2;

/// The region that all of them are served in.
const HOME: &str = "us-west-2";

/// A request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Request {
    /// In microseconds since 1970.
    created: i64,
    arn: String,
    done: bool,
    task: Task,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Task {
    Create(api::CreateMultiRegionAccessPointInputShape),
    Delete(api::DeleteMultiRegionAccessPointInputShape),
    PutPolicy(api::PutMultiRegionAccessPointPolicyInputShape),
}

impl Task {
    fn name(&self) -> &str {
        match self {
            Self::Create(details) => &details.name,
            Self::Delete(details) => &details.name,
            Self::PutPolicy(details) => &details.name,
        }
    }

    /// Its word in tokens, and the operation.
    fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Create(_) => ("create", "CreateMultiRegionAccessPoint"),
            Self::Delete(_) => ("delete", "DeleteMultiRegionAccessPoint"),
            Self::PutPolicy(_) => ("put-policy", "PutMultiRegionAccessPointPolicy"),
        }
    }

    fn parameters(self) -> api::AsyncRequestParameters {
        let mut parameters = api::AsyncRequestParameters::default();
        match self {
            Self::Create(details) => parameters.create_multi_region_access_point_request = Some(details),
            Self::Delete(details) => parameters.delete_multi_region_access_point_request = Some(details),
            Self::PutPolicy(details) => parameters.put_multi_region_access_point_policy_request = Some(details),
        }
        parameters
    }
}

/// The token of the request that a client made before with this token of its own.
pub(crate) async fn repeated(cx: &Cx, scope: &Scope, client_token: &str) -> Reply<Option<String>> {
    let Some(id) = cx.tx().get(scope, &CLIENT_TOKENS, &client_token.to_owned()).await? else { return Ok(None) };
    Ok(cx.tx().get(scope, &REQUESTS, &id).await?.map(|request| request.arn))
}

/// Accepts a request; its token.
pub(crate) async fn accept(cx: &Cx, scope: &Scope, client_token: String, task: Task) -> Reply<String> {
    let id = cx.ids().alphanumeric(43);
    let (account, (word, _)) = (&scope.account, task.words());
    let arn = format!("arn:{}:s3:{HOME}:{account}:async-request/mrap/{word}/{id}", cx.partition());
    let request = Request { created: cx.now().micros(), arn: arn.clone(), done: false, task };
    cx.tx().put(scope, &REQUESTS, &id, &request).await?;
    cx.tx().put(scope, &CLIENT_TOKENS, &client_token, &id).await?;
    let due = cx.now().plus_seconds(DURATION);
    cx.set_timer(&Timer { name: id.clone(), due, kind: FINISH.to_owned(), payload: id }).await?;
    Ok(arn)
}

/// Does what was asked for.
pub(crate) async fn finish(cx: &Cx, id: &str) -> Reply<()> {
    let (scope, id) = (cx.scope(), id.to_owned());
    let Some(mut request) = cx.tx().get(scope, &REQUESTS, &id).await? else { return Ok(()) };
    request.done = true;
    cx.tx().put(scope, &REQUESTS, &id, &request).await?;
    let name = request.task.name().to_owned();
    let Some(mut multi) = cx.tx().get(scope, &MULTIS, &name).await? else { return Ok(()) };
    match request.task {
        Task::Create(_) => multi.state = State::Ready,
        Task::PutPolicy(details) => multi.established = Some(details.policy),
        Task::Delete(_) => {
            cx.tx().delete(&Scope::world(), &ALIASES, &multi.alias).await?;
            cx.tx().delete(scope, &MULTIS, &name).await?;
            return Ok(());
        }
    }
    Ok(cx.tx().put(scope, &MULTIS, &name, &multi).await?)
}

pub(crate) async fn describe(
    cx: &Cx,
    input: api::DescribeMultiRegionAccessPointOperationInput,
) -> Reply<api::DescribeMultiRegionAccessPointOperationOutput> {
    let scope = caller::scope(cx, &input.account_id)?;
    let id = input.request_token_arn.rsplit('/').next().unwrap_or_default().to_owned();
    let request = cx.tx().get(&scope, &REQUESTS, &id).await?;
    let request = request.filter(|request| request.arn == input.request_token_arn).ok_or_else(no_such_request)?;
    let status = || Some(if request.done { "SUCCEEDED" } else { "INPROGRESS" }.to_owned());
    let multi = cx.tx().get(&scope, &MULTIS, &request.task.name().to_owned()).await?;
    let regions = multi.into_iter().flat_map(|multi| multi.routes).map(|route| {
        api::MultiRegionAccessPointRegionalResponse { name: Some(route.region), request_status: status() }
    });
    let regions: Vec<_> = regions.collect();
    let details = api::MultiRegionAccessPointsAsyncResponse { regions: Some(regions) };
    let operation = api::AsyncOperation {
        creation_time: Some(Timestamp::from_micros(request.created)),
        operation: Some(request.task.words().1.to_owned()),
        request_token_arn: Some(request.arn.clone()),
        request_status: status(),
        response_details: Some(api::AsyncResponseDetails {
            multi_region_access_point_details: Some(details),
            error_details: None,
        }),
        request_parameters: Some(request.task.parameters()),
    };
    Ok(api::DescribeMultiRegionAccessPointOperationOutput { async_operation: Some(operation) })
}
