//! The engine against an evaluator that is as simple and slow as can be: recursion, no preparation, straight from the JSON.

use serde_json::{Map, Value, json};

use super::{caller, request};
use crate::{Context, Policy, Request, Verdict};

/// A small generator that repeats itself.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }

    fn text(&mut self, alphabet: &[&str], most: usize) -> String {
        (0..self.roll(most + 1)).map(|_| self.pick(alphabet)).collect()
    }

    fn list(&mut self, mut one: impl FnMut(&mut Self) -> String) -> Vec<String> {
        (0..=self.roll(2)).map(|_| one(self)).collect()
    }
}

/// What a pattern means, a character each; wildcards are characters that no text here has.
const ANY: char = '\u{1}';
const ONE: char = '\u{2}';

fn like(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([ANY, tail @ ..], _) => like(tail, text) || (!text.is_empty() && like(pattern, &text[1..])),
        ([ONE, tail @ ..], [_, rest @ ..]) => like(tail, rest),
        ([a, tail @ ..], [b, rest @ ..]) => a == b && like(tail, rest),
        _ => false,
    }
}

fn glob(pattern: &str, text: &str) -> bool {
    expand(pattern, true, &[]).is_some_and(|pattern| like(&pattern, &text.chars().collect::<Vec<_>>()))
}

type Given<'a> = [(&'a str, Option<Vec<String>>)];

/// The three variables that the statements below have, and wildcards. A variable without a value makes the text match nothing.
fn expand(pattern: &str, wild: bool, given: &Given<'_>) -> Option<Vec<char>> {
    let value = |key: &str| match given.iter().find(|(name, _)| *name == key)?.1.as_deref() {
        Some([value]) => Some(value.as_str()),
        _ => None,
    };
    let (mut out, mut rest) = (Vec::new(), pattern);
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("${*}") {
            out.push('*');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("${t:one}") {
            out.extend(value("t:one")?.chars());
            rest = after;
        } else if let Some(after) = rest.strip_prefix("${T:Two, 'd*'}") {
            out.extend(value("t:two").unwrap_or("d*").chars());
            rest = after;
        } else {
            out.push(match first {
                '*' if wild => ANY,
                '?' if wild => ONE,
                other => other,
            });
            rest = rest.strip_prefix(first).unwrap();
        }
    }
    Some(out)
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        one => vec![one.as_str().unwrap().to_owned()],
    }
}

fn one_matches(test: &str, wanted: &str, text: &str, given: &Given<'_>) -> bool {
    let equals = || expand(wanted, false, given).map(|wanted| wanted.into_iter().collect::<String>());
    match test {
        "StringEquals" => equals().is_some_and(|wanted| wanted == text),
        "StringEqualsIgnoreCase" => equals().is_some_and(|wanted| wanted.to_lowercase() == text.to_lowercase()),
        "StringLike" => {
            expand(wanted, true, given).is_some_and(|wanted| like(&wanted, &text.chars().collect::<Vec<_>>()))
        }
        "ArnLike" => {
            let (wanted, text): (Vec<&str>, Vec<&str>) = (wanted.split(':').collect(), text.splitn(6, ':').collect());
            wanted == ["*"]
                || (wanted.len() == 6
                    && text.len() == 6
                    && wanted.iter().zip(text).all(|(wanted, text)| glob(wanted, text)))
        }
        "NumericLessThan" => text.parse::<i64>().is_ok_and(|text| text < wanted.parse::<i64>().unwrap()),
        other => panic!("{other}"),
    }
}

fn condition_holds(operator: &str, key: &str, wanted: &[String], all: &Given<'_>) -> bool {
    let given = all.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).and_then(|(_, values)| values.as_ref());
    let (set, name) = operator.split_once(':').unwrap_or(("", operator));
    let (if_exists, name) = (name.ends_with("IfExists"), name.trim_end_matches("IfExists"));
    if name == "Null" {
        return wanted.iter().any(|wanted| (wanted == "true") == given.is_none());
    }
    let (negated, name) = (name.contains("Not"), name.replace("Not", ""));
    match given {
        None if if_exists => true,
        None => set == "ForAllValues" || (set.is_empty() && negated),
        Some(given) => {
            let passes = |given: &String| wanted.iter().any(|wanted| one_matches(&name, wanted, given, all)) != negated;
            let full = given.iter().filter(|given| !given.is_empty());
            match set {
                "ForAllValues" => full.clone().all(passes),
                "ForAnyValue" => full.clone().any(passes),
                _ if negated => given.iter().all(passes),
                _ => given.iter().any(passes),
            }
        }
    }
}

fn principal_matches(value: &Value, arn: &str) -> bool {
    if value == "*" {
        return true;
    }
    let account = arn.split(':').nth(4).unwrap_or("none");
    texts(&value["AWS"])
        .iter()
        .any(|named| named == "*" || named == arn || named == account || named.ends_with(&format!("{account}:root")))
}

fn applies(statement: &Value, request: &Request<'_>, given: &Given<'_>) -> bool {
    let action = |element: &str| {
        texts(&statement[element]).iter().any(|text| glob(&text.to_lowercase(), &request.action.to_lowercase()))
    };
    let resource = |element: &str| {
        let text: Vec<char> = request.resource.chars().collect();
        texts(&statement[element])
            .iter()
            .any(|wanted| expand(wanted, true, given).is_some_and(|wanted| like(&wanted, &text)))
    };
    principal_matches(&statement["Principal"], request.caller.arn)
        && (if statement.get("Action").is_some() { action("Action") } else { !action("NotAction") })
        && (if statement.get("Resource").is_some() { resource("Resource") } else { !resource("NotResource") })
        && statement["Condition"].as_object().unwrap().iter().all(|(operator, keys)| {
            keys.as_object().unwrap().iter().all(|(key, wanted)| condition_holds(operator, key, &texts(wanted), given))
        })
}

const PIECES: &[&str] = &["a", "A", "b", "b", "*", "?", "/", "${*}", "${t:one}", "${T:Two, 'd*'}"];

fn statement(dice: &mut Dice) -> Value {
    let mut fields = Map::new();
    fields.insert("Effect".into(), json!(dice.pick(&["Allow", "Allow", "Deny"])));
    let named =
        ["*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/a", "444455556666"];
    let principal =
        if dice.roll(4) == 0 { json!("*") } else { json!({"AWS": dice.list(|dice| dice.pick(&named).to_owned())}) };
    fields.insert("Principal".into(), principal);
    let actions = dice
        .list(|dice| dice.pick(&["*", "s3:Get*", "s3:get?bject", "s3:PutObject", "s3:*Object*", "sqs:*"]).to_owned());
    fields.insert(dice.pick(&["Action", "Action", "NotAction"]).into(), json!(actions));
    let resources = dice.list(|dice| match dice.roll(5) {
        0 => "*".to_owned(),
        _ => ["arn:aws:s3:::b/", &dice.text(PIECES, 6)].concat(),
    });
    fields.insert(dice.pick(&["Resource", "Resource", "NotResource"]).into(), json!(resources));
    let mut conditions = Map::new();
    for _ in 0..dice.roll(3) {
        let test = dice.pick(&[
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
            "NumericLessThan",
            "ArnLike",
            "ArnNotLike",
            "Null",
        ]);
        let set = dice.pick(&["", "", "ForAllValues:", "ForAnyValue:"]);
        let if_exists = if test == "Null" { "" } else { dice.pick(&["", "", "IfExists"]) };
        let values = dice.list(|dice| match test {
            "NumericLessThan" => dice.roll(4).to_string(),
            "Null" => dice.pick(&["true", "false"]).to_owned(),
            "ArnLike" | "ArnNotLike" => {
                (0..6).map(|_| dice.text(&["a", "b", "*", "?"], 2)).collect::<Vec<_>>().join(":")
            }
            _ => dice.text(PIECES, 3),
        });
        conditions.insert([set, test, if_exists].concat(), json!({dice.pick(&["t:one", "T:Two", "t:none"]): values}));
    }
    fields.insert("Condition".into(), conditions.into());
    fields.into()
}

#[test]
fn the_engine_agrees_with_the_naive_evaluator() {
    let mut seen = [0_usize; 3];
    for seed in 0..20_000 {
        let mut dice = Dice(seed);
        dice.roll(2);
        let statements: Vec<Value> = (0..=dice.roll(2)).map(|_| statement(&mut dice)).collect();
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let policy = Policy::parse(&text).unwrap();
        let given: Vec<(&str, Option<Vec<String>>)> = ["t:one", "t:two"]
            .map(|key| {
                (
                    key,
                    (dice.roll(3) > 0).then(|| {
                        dice.list(|dice| match dice.roll(4) {
                            0 => (0..6).map(|_| dice.text(&["a", "b"], 2)).collect::<Vec<_>>().join(":"),
                            _ => dice.text(&["a", "b", "1", "2", "*"], 2),
                        })
                    }),
                )
            })
            .to_vec();
        let mut context = Context::new();
        for (key, values) in &given {
            if let Some(values) = values {
                context.set_all(*key, values.iter().map(String::as_str));
            }
        }
        let resource = ["arn:aws:s3:::b/", &dice.text(&["a", "b", "b", "/", "d*"], 6)].concat();
        let arn = dice.pick(&[
            "arn:aws:iam::111122223333:user/a",
            "arn:aws:iam::111122223333:user/b",
            "arn:aws:iam::444455556666:root",
            "",
        ]);
        let action = dice.pick(&["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]);
        let request = Request { caller: caller(arn), action, resource: &resource, ..request(&context) };

        let applying = |effect: &str| {
            statements.iter().any(|statement| statement["Effect"] == effect && applies(statement, &request, &given))
        };
        let expected = if applying("Deny") { 0 } else { 1 + usize::from(!applying("Allow")) };
        let found = match policy.verdict(&request) {
            Verdict::Deny(_) => 0,
            Verdict::Allow(..) => 1,
            Verdict::Silent => 2,
        };
        assert_eq!(found, expected, "seed {seed}: {text} for {request:?}");
        seen[found] += 1;
    }
    assert!(seen.iter().all(|count| *count > 1_000), "{seen:?}");
}
