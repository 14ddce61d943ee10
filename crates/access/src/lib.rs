//! Decides by policy documents: pure, without I/O, state or clock.
//!
//! ```text
//! text ─ Policy::parse ─→ Policy ─┐ (kept by the caller, evaluated often)
//!                                 ├─ decide ─→ Decision: allowed or not, and by which statement
//! Request: caller, action, resource, context, moment
//! ```
//!
//! * [`Policy::parse`] reads a document as the IAM guide's "Grammar of the IAM JSON policy language" has it; [`Policy::check_attached`]
//!   adds what a service demands of the policies of its resources, such as S3 of those of buckets.
//! * [`Policy::verdict`] evaluates one policy, [`decide`] all that bear on a request, by "Policy evaluation logic" and
//!   "Cross-account policy evaluation logic". [`explain`] says of each statement what kept it from applying.
//! * [`Policy::is_public`] follows "The meaning of 'public'" of S3's guide to Block Public Access.
//!
//! Costs are bounded: a document has at most [`MAX_TEXT`] bytes, and matching a pattern of m characters with a text of n takes at most
//! n · m steps and no recursion. A policy without variables is evaluated without allocating.

mod attached;
mod condition;
mod context;
mod decide;
mod error;
mod json;
mod moment;
mod network;
mod operator;
mod parse;
mod pattern;
mod policy;
mod principal;
mod public;
mod request;

#[cfg(test)]
mod tests;

pub use attached::{ActionRule, Attached, KeyRule, Level};
pub use context::{Context, Values};
pub use decide::{Because, Decider, Decision, Finding, Outcome, PolicyKind, Source, decide, explain};
pub use error::PolicyError;
pub use parse::MAX_TEXT;
pub use policy::{Effect, Element, Policy, Statement, Verdict, Version};
pub use principal::{Grant, Named};
pub use request::{Caller, CallerKind, Request};
