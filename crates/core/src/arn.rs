//! Amazon Resource Names.

/// An ARN in its six parts: `arn:partition:service:region:account:resource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// The service's name in ARNs.
    pub service: &'a str,
    /// Region; empty for global resources.
    pub region: &'a str,
    /// Account; empty where the resource's name is global.
    pub account: &'a str,
    /// Everything behind the fifth colon.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN; `None` when it has not six parts or does not start with `arn`.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (prefix, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        (prefix == "arn" && !partition.is_empty() && !service.is_empty() && !resource.is_empty()).then_some(Self {
            partition,
            service,
            region,
            account,
            resource,
        })
    }
}

impl std::fmt::Display for Arn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "arn:{}:{}:{}:{}:{}", self.partition, self.service, self.region, self.account, self.resource)
    }
}

#[cfg(test)]
mod tests {
    use super::Arn;

    #[test]
    fn the_resource_keeps_its_colons() {
        let text = "arn:aws:sns:eu-west-1:123456789012:topic:sub";
        let arn = Arn::parse(text).unwrap();
        assert_eq!(arn.resource, "topic:sub");
        assert_eq!(arn.to_string(), text);
    }

    #[test]
    fn what_is_no_arn() {
        for text in ["", "arn:aws:sqs", "urn:aws:sqs:r:a:q", "arn:aws:sqs:r:a:"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }
}
