//! What services need to ask `kumoi-access`: policies that are parsed once, and what is known of every request.

use std::cell::RefCell;
use std::sync::Arc;

use kumoi_access::{Context, Policy};

use crate::Cx;

/// The most policies that a thread keeps parsed.
const MAX_PARSED: usize = 32;

/// A policy's document, parsed; `None` when it is none. A thread keeps those that it parsed last.
pub fn parsed(text: &str) -> Option<Arc<Policy>> {
    thread_local! {
        static PARSED: RefCell<Vec<(String, Arc<Policy>)>> = const { RefCell::new(Vec::new()) };
    }
    PARSED.with_borrow_mut(|parsed| {
        if let Some((_, policy)) = parsed.iter().find(|(known, _)| known == text) {
            return Some(policy.clone());
        }
        let policy = Arc::new(Policy::parse(text).ok()?);
        if parsed.len() >= MAX_PARSED {
            parsed.remove(0);
        }
        parsed.push((text.to_owned(), policy.clone()));
        Some(policy)
    })
}

/// The global condition keys ("AWS global condition context keys" of the IAM User Guide) of a request about what an account owns.
pub fn context<'a>(cx: &Cx, owner: &str) -> Context<'a> {
    let (info, mut context) = (cx.call_info(), Context::new());
    context.set("aws:SecureTransport", if cx.endpoint().scheme == "https" { "true" } else { "false" });
    context.set("aws:RequestedRegion", cx.region().to_owned());
    context.set("aws:ResourceAccount", owner.to_owned());
    if let Some(client) = &info.client {
        let facts = [
            ("aws:SourceIp", client.address.map(|address| address.to_string())),
            ("aws:UserAgent", client.user_agent.clone()),
            ("aws:Referer", client.referer.clone()),
        ];
        for (key, value) in facts {
            if let Some(value) = value {
                context.set(key, value);
            }
        }
    }
    if let Some(arn) = &info.source_arn {
        context.set("aws:SourceArn", arn.clone());
        context.set("aws:SourceAccount", cx.principal().account.clone());
    }
    context
}
