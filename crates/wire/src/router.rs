//! From method, path and query to an operation of a REST service.

use std::collections::HashMap;

use http::{HeaderMap, HeaderName, Method};
use kumoi_model::{Location, Operation, Service};

use crate::Labels;

/// The URI templates of one service. Built once a service and kept.
///
/// The most specific template wins: segment by segment a literal goes before a label and a label before a greedy label; then the one
/// with more literal query parameters and required query and header members present. So `?uploadId=` makes `ListParts` of what would
/// be `GetObject`, although both have the template `/{Bucket}/{Key+}`, and `x-amz-copy-source` makes `CopyObject` of `PutObject`.
#[derive(Debug)]
pub struct Router {
    /// By method and first literal segment; empty for templates that begin with a label, or are `/`.
    buckets: HashMap<(Method, String), Vec<Route>>,
}

#[derive(Debug)]
struct Route {
    operation: usize,
    name: String,
    segments: Vec<Segment>,
    /// Literal query parameters; without a value any value will do.
    query: Vec<(String, Option<String>)>,
    required_query: Vec<String>,
    required_headers: Vec<HeaderName>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Label(String),
    Greedy(String),
}

impl Segment {
    fn rank(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Label(_) => 1,
            Self::Greedy(_) => 2,
        }
    }
}

impl Router {
    /// The router of `service`. Operations whose method is not one of HTTP are left out.
    pub fn new(service: &Service) -> Self {
        let mut buckets: HashMap<_, Vec<Route>> = HashMap::new();
        for (index, operation) in service.operations.iter().enumerate() {
            let Ok(method) = Method::from_bytes(operation.method.as_bytes()) else { continue };
            let route = Route::new(service, index, operation);
            let first = match route.segments.first() {
                Some(Segment::Literal(literal)) => literal.clone(),
                _ => String::new(),
            };
            buckets.entry((method, first)).or_default().push(route);
        }
        Self { buckets }
    }

    /// Index in `Service::operations` of the operation that the request is for, and what its labels matched.
    ///
    /// `raw_path` and `query` are as sent, `headers` tell apart operations that share a template. One trailing slash is ignored
    /// where no template's label takes it.
    pub fn route(&self, method: &Method, raw_path: &str, query: &str, headers: &HeaderMap) -> Option<(usize, Labels)> {
        let path = Path::new(raw_path);
        let query = Query::new(query);
        let first = path.segments.first().copied().unwrap_or_default();
        let literal = self.buckets.get(&(method.clone(), first.to_owned())).into_iter().flatten();
        let labelled =
            self.buckets.get(&(method.clone(), String::new())).into_iter().flatten().filter(|_| !first.is_empty());
        let best = literal
            .chain(labelled)
            .filter(|route| route.matches(&path) && route.query.iter().all(|(name, value)| query.has(name, value)))
            .min_by(|a, b| a.compare(b, &query, headers))?;
        Some((best.operation, best.labels(&path)))
    }
}

impl Route {
    fn new(service: &Service, index: usize, operation: &Operation) -> Self {
        // Some published templates carry a fragment that only makes them unique.
        let uri = operation.uri.split_once('#').map_or(operation.uri.as_str(), |(uri, _)| uri);
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let query: Vec<(String, Option<String>)> = query
            .split('&')
            .filter(|part| !part.is_empty())
            .map(|part| match part.split_once('=') {
                Some((name, value)) if !value.is_empty() => (name.to_owned(), Some(value.to_owned())),
                Some((name, _)) => (name.to_owned(), None),
                None => (part.to_owned(), None),
            })
            .collect();
        let mut required_query = Vec::new();
        let mut required_headers = Vec::new();
        let input = operation.input.and_then(|id| service.structure(id));
        for member in input.into_iter().flat_map(|structure| &structure.members).filter(|member| member.required) {
            match member.location {
                Location::QueryString => required_query.push(member.wire_name().to_owned()),
                Location::Header => required_headers.extend(HeaderName::from_bytes(member.wire_name().as_bytes()).ok()),
                _ => {}
            }
        }
        let segments = Path::new(path).segments.into_iter().map(Segment::from).collect();
        Self { operation: index, name: operation.name.clone(), segments, query, required_query, required_headers }
    }

    /// Splits the template around its greedy label, if it has one.
    fn parts(&self) -> (&[Segment], Option<&Segment>, &[Segment]) {
        match self.segments.iter().position(|segment| matches!(segment, Segment::Greedy(_))) {
            Some(at) => {
                let (before, rest) = self.segments.split_at_checked(at).unwrap_or_default();
                match rest.split_first() {
                    Some((greedy, after)) => (before, Some(greedy), after),
                    None => (before, None, &[]),
                }
            }
            None => (&self.segments, None, &[]),
        }
    }

    fn matches(&self, path: &Path<'_>) -> bool {
        let (before, greedy, after) = self.parts();
        let enough = match greedy {
            Some(_) => path.segments.len() > before.len() + after.len(),
            None => path.segments.len() == before.len(),
        };
        enough
            && before.iter().zip(&path.segments).all(|(segment, text)| segment.accepts(text))
            && after.iter().rev().zip(path.segments.iter().rev()).all(|(segment, text)| segment.accepts(text))
    }

    fn labels(&self, path: &Path<'_>) -> Labels {
        let (before, greedy, after) = self.parts();
        let mut labels = Labels::none();
        for (segment, text) in before.iter().zip(&path.segments) {
            labels.push_segment(segment, text);
        }
        if let Some(greedy) = greedy {
            labels.push_segment(greedy, path.between(before.len(), after.len()));
        }
        for (segment, text) in after.iter().rev().zip(path.segments.iter().rev()) {
            labels.push_segment(segment, text);
        }
        labels
    }

    /// `Less` when this route suits the request better than `other`; both match.
    fn compare(&self, other: &Self, query: &Query<'_>, headers: &HeaderMap) -> std::cmp::Ordering {
        let complete = |route: &Self| {
            route.required_query.iter().all(|name| query.has(name, &None))
                && route.required_headers.iter().all(|name| headers.contains_key(name))
        };
        let constraints = |route: &Self| route.query.len() + route.required_query.len() + route.required_headers.len();
        // Where one template goes on behind the greedy label that ends the other, it is the more specific one.
        let ranks = |route: &Self| route.segments.iter().map(Segment::rank).chain([u8::MAX]).collect::<Vec<_>>();
        ranks(self)
            .cmp(&ranks(other))
            .then_with(|| other.query.len().cmp(&self.query.len()))
            .then_with(|| complete(other).cmp(&complete(self)))
            .then_with(|| match complete(self) {
                true => constraints(other).cmp(&constraints(self)),
                false => constraints(self).cmp(&constraints(other)),
            })
            // Only S3 gets here: `GetBucketLifecycleConfiguration` is the successor of `GetBucketLifecycle`.
            .then_with(|| other.name.starts_with(&self.name).cmp(&self.name.starts_with(&other.name)))
            .then_with(|| self.operation.cmp(&other.operation))
    }
}

impl Segment {
    fn from(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Greedy(name.to_owned()),
                None => Self::Label(name.to_owned()),
            },
            None => Self::Literal(text.to_owned()),
        }
    }

    /// A label needs at least one character.
    fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Literal(literal) => literal == text,
            Self::Label(_) | Self::Greedy(_) => !text.is_empty(),
        }
    }
}

impl Labels {
    fn push_segment(&mut self, segment: &Segment, text: &str) {
        match segment {
            Segment::Literal(_) => {}
            Segment::Label(name) | Segment::Greedy(name) => self.push(name, text),
        }
    }
}

/// A path cut at its slashes, without the one at its end.
struct Path<'a> {
    /// What stands behind the first slash.
    text: &'a str,
    segments: Vec<&'a str>,
}

impl<'a> Path<'a> {
    fn new(raw: &'a str) -> Self {
        let text = raw.strip_prefix('/').unwrap_or(raw);
        let mut segments: Vec<&str> = text.split('/').collect();
        if segments.last().is_some_and(|last| last.is_empty()) {
            segments.pop();
        }
        Self { text, segments }
    }

    /// The text without its first `before` and last `after` segments, with the slashes inside and, when nothing follows, at its end.
    fn between(&self, before: usize, after: usize) -> &'a str {
        let mut rest = self.text;
        for _ in 0..before {
            rest = rest.split_once('/').map_or("", |(_, rest)| rest);
        }
        if after > 0 {
            rest = rest.strip_suffix('/').unwrap_or(rest);
        }
        for _ in 0..after {
            rest = rest.rsplit_once('/').map_or("", |(rest, _)| rest);
        }
        rest
    }
}

/// The parameters of a query string, as sent.
struct Query<'a> {
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Query<'a> {
    fn new(text: &'a str) -> Self {
        let pairs = text
            .split('&')
            .filter(|part| !part.is_empty())
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .collect();
        Self { pairs }
    }

    fn has(&self, name: &str, value: &Option<String>) -> bool {
        self.pairs.iter().any(|(found, text)| *found == name && value.as_deref().is_none_or(|value| value == *text))
    }
}
