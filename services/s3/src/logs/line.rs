//! One line of a log (User Guide, "Amazon S3 server access log format").

use std::fmt::Write as _;

use kumoi_core::identity::PrincipalKind;
use kumoi_core::{Cx, SignaturePlace};
use kumoi_model::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::accounts;
use crate::tables::Bucket;

/// What is encoded of a key.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'*');

/// What a line tells of the request's headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Told {
    /// All that is known.
    #[default]
    Headers,
    /// Nothing: the line is about one of several things that a request does.
    Part,
    /// There was no request: S3 did it by itself.
    Nothing,
}

/// What a line says besides what is known of every request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line<'a> {
    /// Such as `REST.PUT.OBJECT`.
    pub(crate) operation: String,
    pub(crate) key: Option<&'a str>,
    pub(crate) status: Option<u16>,
    /// Of an error.
    pub(crate) code: Option<&'a str>,
    /// Bytes of the answer, where that is known.
    pub(crate) sent: Option<u64>,
    /// Bytes of the object.
    pub(crate) size: Option<u64>,
    pub(crate) version: Option<&'a str>,
    /// The ARN of the access point that the request came through.
    pub(crate) point: Option<&'a str>,
    /// An access control list alone permits the request.
    pub(crate) by_list: bool,
    pub(crate) told: Told,
}

impl Line<'_> {
    /// A line about an operation of that name.
    pub(crate) fn of(operation: &str) -> Self {
        Self { operation: operation.to_owned(), ..Self::default() }
    }

    /// Writes the line, with its end. What is not known is a hyphen.
    pub(crate) fn write(&self, cx: &Cx, (bucket, name): (&Bucket, &str)) -> String {
        let (call, quiet) = (cx.call_info(), self.told == Told::Nothing);
        let client = call.client.as_deref().filter(|_| !quiet);
        let headers = client.filter(|_| self.told == Told::Headers);
        let signature = client.and_then(|client| client.signature);
        let tls = client.and_then(|client| client.tls);
        let micros = cx.now().micros().saturating_sub(cx.received().micros());
        let took = (self.told == Told::Headers).then(|| u64::try_from(micros / 1000).unwrap_or(0));
        let mut line = Fields::default();
        line.text(&accounts::canonical(&bucket.account));
        line.text(name);
        line.text(&moment(cx.received()));
        line.maybe(client.and_then(|client| client.address).map(|address| address.to_string()).as_deref());
        line.maybe(requester(cx).filter(|_| !quiet).as_deref());
        line.text(cx.request_id());
        line.text(&self.operation);
        line.maybe(self.key.map(|key| utf8_percent_encode(key, KEY).to_string()).as_deref());
        let quoted = |text: Option<&str>| match self.told {
            Told::Part => "-".to_owned(),
            // What would end the field early stands in it as a URL would have it.
            _ => ["\"", &text.unwrap_or("-").replace('"', "%22"), "\""].concat(),
        };
        line.text(&quoted(headers.map(|client| client.request_line.as_str())));
        line.number(self.status.map(u64::from));
        line.maybe(self.code);
        line.number(self.sent.filter(|sent| *sent > 0));
        line.number(self.size);
        line.number(took.filter(|_| headers.is_some()));
        line.number(took.filter(|_| headers.is_some()));
        line.text(&quoted(headers.and_then(|client| client.referer.as_deref())));
        line.text(&quoted(headers.and_then(|client| client.user_agent.as_deref())));
        line.maybe(self.version);
        // As `x-amz-id-2` tells it.
        line.text(cx.request_id());
        line.maybe(signature.map(|signature| if signature.algorithm == "AWS" { "SigV2" } else { "SigV4" }));
        line.maybe(tls.map(|tls| tls.cipher));
        line.maybe(signature.and_then(|signature| match signature.place {
            SignaturePlace::Header => Some("AuthHeader"),
            SignaturePlace::Query => Some("QueryString"),
            SignaturePlace::Form => None,
        }));
        line.maybe(client.map(|_| &*call.endpoint.host));
        line.maybe(tls.map(|tls| tls.version));
        line.maybe(self.point);
        line.maybe(self.by_list.then_some("Yes"));
        // The region that the request came from: nobody knows of one.
        line.maybe(None);
        line.0.push('\n');
        line.0
    }
}

/// A line as it grows.
#[derive(Default)]
struct Fields(String);

impl Fields {
    fn text(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(text);
    }

    fn maybe(&mut self, text: Option<&str>) {
        self.text(text.filter(|text| !text.is_empty()).unwrap_or("-"));
    }

    fn number(&mut self, number: Option<u64>) {
        match number {
            // Nothing can go wrong with text.
            Some(number) => _ = write!(self.0, " {number}"),
            None => self.maybe(None),
        }
    }
}

/// `[06/Feb/2019:00:00:38 +0000]`.
fn moment(moment: Timestamp) -> String {
    let moment = jiff::Timestamp::from_second(moment.micros().div_euclid(1_000_000)).unwrap_or_default();
    moment.strftime("[%d/%b/%Y:%H:%M:%S +0000]").to_string()
}

/// Who asked: the canonical user id of an account, the ARN of who is not an account as a whole, and nobody.
fn requester(cx: &Cx) -> Option<String> {
    let principal = cx.principal();
    match principal.kind {
        PrincipalKind::Anonymous => None,
        PrincipalKind::Root => Some(accounts::canonical(&principal.account)),
        _ => Some(principal.arn.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        assert_eq!(moment(Timestamp::from_micros(1_549_411_238_999_999)), "[06/Feb/2019:00:00:38 +0000]");
    }
}
