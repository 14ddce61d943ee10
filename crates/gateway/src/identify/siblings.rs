//! Services that share signing name, method and path, such as Lex V1 and V2: what a request says tells which of them it is for.
//!
//! Most such pairs are tagging operations, whose ARNs have patterns of their own, or successors of an operation, with other required
//! members. Where nothing tells them apart (the five services of the Chime SDK tag alike), the first is as good as any.

use kumoi_model::validate::validate;
use kumoi_wire::Body;

use super::Target;
use crate::accept::Head;

/// Longest body, in bytes, that is decoded once for each candidate.
const LOOKED_AT: usize = 1 << 20;

/// How well a request suits an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is not of the operation's form.
    Malformed,
    /// It lacks members, or has some that break constraints.
    Invalid,
    /// It could be answered.
    Valid,
}

/// Gives the one of `target` and its rivals that the request suits best, the earlier one where several suit it alike.
pub(crate) fn settle<'a>(target: Target<'a>, head: &Head, body: &Body, limits: &kumoi_wire::Limits) -> Target<'a> {
    let target = if target.rivals.is_empty() { target } else { best(target, head, body, limits) };
    target.known.touch();
    target
}

fn best<'a>(mut target: Target<'a>, head: &Head, body: &Body, limits: &kumoi_wire::Limits) -> Target<'a> {
    let rivals = std::mem::take(&mut target.rivals);
    if !matches!(body, Body::Bytes(bytes) if bytes.len() <= LOOKED_AT) {
        return target;
    }
    let mut best = fit(&target, head, body, limits);
    for rival in rivals {
        if best == Fit::Valid {
            break;
        }
        let found = fit(&rival, head, body, limits);
        if found > best {
            (target, best) = (rival, found);
        }
    }
    target
}

fn fit(target: &Target<'_>, head: &Head, body: &Body, limits: &kumoi_wire::Limits) -> Fit {
    let request = target.request(head, body.clone());
    let decoded = kumoi_wire::decode(target.model, target.protocol, target.operation, request, &target.labels, limits);
    match (decoded, target.operation.input) {
        (Err(_), _) => Fit::Malformed,
        (Ok(_), None) => Fit::Valid,
        (Ok(input), Some(shape)) if validate(target.model, shape, &input).is_ok() => Fit::Valid,
        (Ok(_), Some(_)) => Fit::Invalid,
    }
}
