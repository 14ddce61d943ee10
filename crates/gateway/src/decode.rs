//! Fourth stage: the bytes of a request become a value of the operation's input.

use kumoi_core::{Fault, Incoming, Kernel, Sent};
use kumoi_model::{Protocol, Value};
use kumoi_wire::{Body, Labels, Request, WireError};

use crate::accept::Head;
use crate::failure::Failure;
use crate::identify::Target;

/// Decodes, and lets the service add what only path and host say.
///
/// # Errors
/// The request is not of the form that the operation takes, in the service's own words.
pub(crate) fn decode(
    kernel: &Kernel,
    limits: &kumoi_wire::Limits,
    head: &Head,
    target: &Target<'_>,
    body: Body,
) -> Result<Value, Failure> {
    decode_as(kernel, limits, head, target, target.request(head, body), &target.labels)
}

/// The same for a request that stands for the one that was sent.
///
/// # Errors
/// As [`decode`].
pub(crate) fn decode_as(
    kernel: &Kernel,
    limits: &kumoi_wire::Limits,
    head: &Head,
    target: &Target<'_>,
    request: Request<'_>,
    labels: &Labels,
) -> Result<Value, Failure> {
    let service = kernel.registry().get(&target.model.id);
    if let Some(service) = service {
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        let document = match &request.body {
            Body::Bytes(bytes) => Some(&**bytes),
            Body::Stream(_) => None,
        };
        let inspected = service.inspect(target.operation, Sent { header: &header, document });
        inspected.map_err(|fault| refused(target, &fault))?;
    }
    let decoded = kumoi_wire::decode(target.model, target.protocol, target.operation, request, labels, limits);
    let mut input = decoded.map_err(|error| Failure::at(target, error.to_wire(target.protocol)))?;
    if let Some(service) = service {
        let query_protocol = matches!(target.protocol, Protocol::AwsQuery | Protocol::Ec2Query);
        let incoming = Incoming { host: head.host(), path: head.raw_path(), query: head.query(), query_protocol };
        service.adapt(&target.operation.name, incoming, &mut input);
    }
    Ok(input)
}

fn refused(target: &Target<'_>, fault: &Fault) -> Failure {
    let details = fault.details().to_vec();
    let error = WireError::new(fault.code().to_owned(), fault.status(), fault.message().to_owned());
    Failure::at(target, WireError { details, ..error })
}
