use serde_json::json;

use super::request;
use crate::{Context, Policy, Verdict};

/// Operator, values in the policy, values in the request (none: the key is absent), whether the condition holds.
type Case = (&'static str, &'static [&'static str], &'static [&'static str], bool);

fn check(page: &str, cases: &[Case]) {
    for (operator, wanted, given, holds) in cases {
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {*operator: {"test:Key": wanted}}},
        });
        let policy = Policy::parse(&policy.to_string()).unwrap();
        let mut context = Context::new();
        context.set_all("TEST:key", given.iter().copied()).set("test:name", "ann").set("test:star", "a*c");
        let held = policy.verdict(&request(&context)) != Verdict::Silent;
        assert_eq!(held, *holds, "{page}: {operator} {wanted:?} against {given:?}");
    }
}

#[test]
fn texts() {
    check(
        "Condition operators, String",
        &[
            ("StringEquals", &["john"], &["john"], true),
            ("StringEquals", &["john"], &["John"], false),
            ("StringEquals", &["john", "ann"], &["ann"], true),
            ("StringEquals", &["john", "ann"], &["eve"], false),
            ("StringEquals", &["j*"], &["john"], false),
            ("StringEquals", &["j*"], &["j*"], true),
            ("StringEquals", &["j?"], &["j?"], true),
            ("StringEquals", &[""], &[""], true),
            ("StringEquals", &["a"], &[], false),
            ("StringNotEquals", &["john"], &["John"], true),
            ("StringNotEquals", &["john"], &["john"], false),
            ("StringNotEquals", &["john", "ann"], &["ann"], false),
            ("StringNotEquals", &["john", "ann"], &["eve"], true),
            ("StringNotEquals", &["john"], &[], true),
            ("StringEqualsIgnoreCase", &["john"], &["JOHN"], true),
            ("StringEqualsIgnoreCase", &["john"], &["joan"], false),
            ("StringEqualsIgnoreCase", &["jo*"], &["john"], false),
            ("StringEqualsIgnoreCase", &["john"], &[], false),
            ("StringNotEqualsIgnoreCase", &["john"], &["JOHN"], false),
            ("StringNotEqualsIgnoreCase", &["john"], &["joan"], true),
            ("StringNotEqualsIgnoreCase", &["john"], &[], true),
            ("StringLike", &["home/*"], &["home/ann"], true),
            ("StringLike", &["home/*"], &["home/"], true),
            ("StringLike", &["home/*"], &["Home/ann"], false),
            ("StringLike", &["home/?"], &["home/a"], true),
            ("StringLike", &["home/?"], &["home/ab"], false),
            ("StringLike", &["home/?"], &["home/"], false),
            ("StringLike", &["home/?"], &["home/é"], true),
            ("StringLike", &["", "home/"], &[""], true),
            ("StringLike", &["t1.*", "m3.*"], &["m3.large"], true),
            ("StringLike", &["*a*b*c*"], &["xxaxxbxxcxx"], true),
            ("StringLike", &["*a*b*c"], &["xxaxxbxxcxx"], false),
            ("StringLike", &["*"], &[""], true),
            ("StringLike", &["*"], &[], false),
            ("StringNotLike", &["home/*"], &["home/ann"], false),
            ("StringNotLike", &["home/*"], &["etc/ann"], true),
            ("StringNotLike", &["a*", "b*"], &["bcd"], false),
            ("StringNotLike", &["a*"], &[], true),
        ],
    );
}

#[test]
fn numbers() {
    check(
        "Condition operators, Numeric",
        &[
            ("NumericEquals", &["10"], &["10"], true),
            ("NumericEquals", &["10"], &["10.0"], true),
            ("NumericEquals", &["10"], &["11"], false),
            ("NumericEquals", &["10", "11"], &["11"], true),
            ("NumericEquals", &["10"], &[], false),
            ("NumericEquals", &["10"], &["ten"], false),
            ("NumericNotEquals", &["10"], &["11"], true),
            ("NumericNotEquals", &["10"], &["10"], false),
            ("NumericNotEquals", &["10"], &[], true),
            ("NumericLessThan", &["10"], &["9"], true),
            ("NumericLessThan", &["10"], &["10"], false),
            ("NumericLessThan", &["10"], &["-11"], true),
            ("NumericLessThanEquals", &["10"], &["10"], true),
            ("NumericLessThanEquals", &["10"], &["10.5"], false),
            ("NumericLessThanEquals", &["10"], &[], false),
            ("NumericGreaterThan", &["10"], &["11"], true),
            ("NumericGreaterThan", &["10"], &["10"], false),
            ("NumericGreaterThanEquals", &["10"], &["10"], true),
            ("NumericGreaterThanEquals", &["10"], &["9"], false),
            ("NumericGreaterThanEquals", &["10"], &["inf"], false),
        ],
    );
}

#[test]
fn dates() {
    check(
        "Condition operators, Date",
        &[
            ("DateEquals", &["2020-01-01T00:00:01Z"], &["2020-01-01T00:00:01Z"], true),
            ("DateEquals", &["2020-01-01T00:00:01Z"], &["1577836801"], true),
            ("DateEquals", &["1577836801"], &["2020-01-01T01:00:01+01:00"], true),
            ("DateEquals", &["2020-01-01"], &["2020-01-02"], false),
            ("DateEquals", &["2020-01-01"], &["soon"], false),
            ("DateNotEquals", &["2020-01-01"], &["2020-01-02"], true),
            ("DateNotEquals", &["2020-01-01"], &["2020-01-01T00:00Z"], false),
            ("DateNotEquals", &["2020-01-01"], &[], true),
            ("DateLessThan", &["2020-01-01"], &["2019-12-31"], true),
            ("DateLessThan", &["2020-01-01"], &["2020-01-01"], false),
            ("DateLessThanEquals", &["2020-01-01"], &["2020-01-01"], true),
            ("DateLessThanEquals", &["2020"], &["2020-01-02"], false),
            ("DateGreaterThan", &["2020-01-01T00:00:01Z"], &["2020-01-01T00:00:02Z"], true),
            ("DateGreaterThan", &["2020-01-01T00:00:01Z"], &["2020-01-01T00:00:01Z"], false),
            ("DateGreaterThan", &["2020-01-01T00:00:01Z"], &[], false),
            ("DateGreaterThanEquals", &["2020-01-01T00:00:01Z"], &["2020-01-01T00:00:01Z"], true),
            ("DateGreaterThanEquals", &["2020-01-01T00:00:01Z"], &["2020-01-01"], false),
        ],
    );
}

#[test]
fn booleans_bytes_and_absence() {
    check(
        "Condition operators, Boolean, Binary, Null",
        &[
            ("Bool", &["false"], &["false"], true),
            ("Bool", &["false"], &["true"], false),
            ("Bool", &["TRUE"], &["true"], true),
            ("Bool", &["false"], &[], false),
            ("BoolIfExists", &["false"], &[], true),
            ("BoolIfExists", &["false"], &["true"], false),
            ("BinaryEquals", &["QmluYXJ5VmFsdWVJbkJhc2U2NA=="], &["BinaryValueInBase64"], true),
            ("BinaryEquals", &["QmluYXJ5VmFsdWVJbkJhc2U2NA=="], &["binaryValueInBase64"], false),
            ("BinaryEquals", &["QQ=="], &[], false),
            ("Null", &["true"], &[], true),
            ("Null", &["true"], &["x"], false),
            ("Null", &["false"], &["x"], true),
            ("Null", &["false"], &[], false),
            ("Null", &["true", "false"], &[], true),
            ("ForAnyValue:Null", &["false"], &["x"], true),
        ],
    );
}

#[test]
fn addresses() {
    check(
        "Condition operators, IP address",
        &[
            ("IpAddress", &["203.0.113.0/24"], &["203.0.113.255"], true),
            ("IpAddress", &["203.0.113.0/24"], &["203.0.114.0"], false),
            ("IpAddress", &["203.0.113.7/24"], &["203.0.113.1"], true),
            ("IpAddress", &["203.0.113.7"], &["203.0.113.7"], true),
            ("IpAddress", &["203.0.113.7"], &["203.0.113.8"], false),
            ("IpAddress", &["0.0.0.0/0"], &["8.8.8.8"], true),
            ("IpAddress", &["0.0.0.0/0"], &["2001:db8::1"], false),
            ("IpAddress", &["203.0.113.0/24", "2001:DB8:1234:5678::/64"], &["2001:db8:1234:5678::9"], true),
            ("IpAddress", &["2001:DB8:1234:5678::/64"], &["2001:db8:1234:5679::9"], false),
            ("IpAddress", &["::/0"], &["2001:db8::1"], true),
            ("IpAddress", &["203.0.113.0/24"], &["::ffff:203.0.113.9"], true),
            ("IpAddress", &["203.0.113.0/24"], &["vpce"], false),
            ("IpAddress", &["203.0.113.0/24"], &[], false),
            ("IpAddressIfExists", &["203.0.113.0/24"], &[], true),
            ("NotIpAddress", &["203.0.113.0/24"], &["203.0.114.0"], true),
            ("NotIpAddress", &["203.0.113.0/24"], &["203.0.113.1"], false),
            ("NotIpAddress", &["203.0.113.0/24", "10.0.0.0/8"], &["10.1.2.3"], false),
            ("NotIpAddress", &["203.0.113.0/24"], &[], true),
        ],
    );
}

#[test]
fn arns() {
    const LONG: &[&str] = &["arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"];
    const TOPIC: &[&str] = &["arn:aws:sns:eu-west-1:111122223333:topic"];
    check(
        "Condition operators, Amazon Resource Name (ARN)",
        &[
            ("StringLike", &["arn:aws:someservice:*:111122223333:finance/*"], LONG, true),
            ("ArnLike", &["arn:aws:someservice:*:111122223333:finance/*"], LONG, false),
            ("ArnLike", &["arn:aws:someservice:*:999999999999:*"], LONG, true),
            ("ArnEquals", &["arn:aws:sns:eu-west-1:111122223333:topic"], TOPIC, true),
            ("ArnEquals", &["arn:aws:sns:*:*:t?p*"], TOPIC, true),
            ("ArnEquals", &["arn:aws:sns:eu-west-1:111122223333:Topic"], TOPIC, false),
            ("ArnEquals", &["arn:aws:sns:*"], TOPIC, false),
            ("ArnEquals", &["*"], TOPIC, true),
            ("ArnEquals", &["arn:aws:s3:::*"], TOPIC, false),
            ("ArnEquals", &["arn:aws:sns:*:*:*"], &["sns"], false),
            ("ArnEquals", &["arn:aws:sns:*:*:*"], &[], false),
            ("ArnNotEquals", &["arn:aws:sns:*:*:other"], TOPIC, true),
            ("ArnNotLike", &["arn:aws:sns:*:*:topic"], TOPIC, false),
            ("ArnNotLike", &["arn:aws:sns:*:*:topic"], &[], true),
            ("ArnLikeIfExists", &["arn:aws:sns:*:*:topic"], &[], true),
            ("ArnLike", &["arn:aws:sns:eu-west-1:111122223333:${test:absent}"], TOPIC, false),
            (
                "ArnLike",
                &["arn:aws:iam::111122223333:user/${test:Name}"],
                &["arn:aws:iam::111122223333:user/ann"],
                true,
            ),
        ],
    );
}

#[test]
fn if_exists() {
    check(
        "Condition operators, IfExists",
        &[
            ("StringLikeIfExists", &["t2.*"], &[], true),
            ("StringLikeIfExists", &["t2.*"], &["t2.nano"], true),
            ("StringLikeIfExists", &["t2.*"], &["m3.large"], false),
            ("StringNotEqualsIfExists", &["a"], &[], true),
            ("StringNotEqualsIfExists", &["a"], &["a"], false),
            ("NumericLessThanIfExists", &["1"], &[], true),
            ("DateLessThanIfExists", &["2020"], &[], true),
            ("BinaryEqualsIfExists", &["QQ=="], &[], true),
            ("ForAnyValue:StringEqualsIfExists", &["a"], &[], true),
            ("ForAllValues:StringEqualsIfExists", &["a"], &["b"], false),
        ],
    );
}

#[test]
fn sets() {
    const ATTRIBUTES: &[&str] = &["PostDateTime", "Message", "Tags"];
    check(
        "Single-valued vs. multivalued context keys; Multivalued context key examples",
        &[
            ("ForAllValues:StringLike", ATTRIBUTES, &["PostDateTime", "Message"], true),
            ("ForAllValues:StringLike", ATTRIBUTES, &["PostDateTime", "UserName"], false),
            ("ForAllValues:StringLike", ATTRIBUTES, &[], true),
            ("ForAllValues:StringLike", ATTRIBUTES, &[""], true),
            ("ForAnyValue:StringLike", &["ID", "PostDateTime"], &["UserName", "Message", "PostDateTime"], true),
            ("ForAnyValue:StringLike", &["ID", "PostDateTime"], &["UserName"], false),
            ("ForAnyValue:StringLike", &["ID"], &[], false),
            ("ForAnyValue:StringLike", &["*"], &[""], false),
            ("ForAllValues:StringNotLike", &["key1*"], &["key1:legal"], false),
            ("ForAllValues:StringNotLike", &["key1*"], &["key1:hr", "key1:personnel"], false),
            ("ForAllValues:StringNotLike", &["key1*"], &["key2:audit"], true),
            ("ForAllValues:StringNotLike", &["key1*"], &["key2:audit", "key1:hr"], false),
            ("ForAllValues:StringNotLike", &["key1*"], &[], true),
            ("ForAllValues:StringNotLike", &["key1*", "key2*"], &["key2:audit"], false),
            ("ForAnyValue:StringNotEquals", &["a", "b"], &["a", "c"], true),
            ("ForAnyValue:StringNotEquals", &["a", "b"], &["a", "b"], false),
            ("ForAnyValue:StringNotEquals", &["a"], &[], false),
            ("ForAllValues:NumericLessThan", &["10"], &["1", "2"], true),
            ("ForAllValues:NumericLessThan", &["10"], &["1", "12"], false),
            ("ForAnyValue:ArnLike", &["arn:aws:s3:::a*"], &["arn:aws:s3:::b", "arn:aws:s3:::ab"], true),
            ("ForAnyValue:IpAddress", &["10.0.0.0/8"], &["11.0.0.1", "10.0.0.1"], true),
        ],
    );
    // Without a set operator, a key with several values: any may match, none may match what is negated.
    check(
        "Conditions with multiple context keys or values",
        &[
            ("StringEquals", &["a"], &["b", "a"], true),
            ("StringNotEquals", &["a"], &["b", "a"], false),
            ("StringNotEquals", &["a"], &["b", "c"], true),
        ],
    );
}

#[test]
fn variables() {
    check(
        "IAM policy elements: Variables and tags",
        &[
            ("StringEquals", &["${test:name}"], &["ann"], true),
            ("StringEquals", &["${TEST:Name}"], &["ann"], true),
            ("StringEquals", &["x-${test:name}-y"], &["x-ann-y"], true),
            ("StringLike", &["home/${test:name}/*"], &["home/ann/a"], true),
            ("StringLike", &["home/${test:name}/*"], &["home/eve/a"], false),
            ("StringEqualsIgnoreCase", &["${test:name}"], &["ANN"], true),
            ("StringEquals", &["${test:absent}"], &["${test:absent}"], false),
            ("StringEquals", &["${test:absent}"], &[""], false),
            ("StringNotEquals", &["${test:absent}"], &["ann"], true),
            ("StringNotLike", &["${test:absent}*"], &["ann"], true),
            ("StringEquals", &["${test:absent, 'anonymous'}"], &["anonymous"], true),
            ("StringEquals", &["${test:name, 'anonymous'}"], &["ann"], true),
            ("StringEquals", &["${test:absent, 'a}b'}"], &["a}b"], true),
            ("StringEquals", &["${test:absent, ''}"], &[""], true),
            // A default is taken literally, as a value is.
            ("StringLike", &["${test:absent, '*'}"], &["x"], false),
            ("StringLike", &["${test:star}"], &["abc"], false),
            ("StringLike", &["${test:star}"], &["a*c"], true),
            ("StringLike", &["a${*}c"], &["abc"], false),
            ("StringLike", &["a${*}c"], &["a*c"], true),
            ("StringLike", &["a${?}c"], &["abc"], false),
            ("StringLike", &["a${?}c"], &["a?c"], true),
            ("StringEquals", &["${$}{test:name}"], &["${test:name}"], true),
            ("StringEquals", &["${test:name"], &["${test:name"], true),
            ("StringEquals", &["${}"], &["${}"], true),
            ("Bool", &["${test:flag, 'true'}"], &["true"], true),
        ],
    );
}
