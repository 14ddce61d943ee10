//! AWS's names in Rust's manner.

/// A member or operation in snake case: `VisibilityTimeout` is `visibility_timeout`, `MD5OfBody` is `md5_of_body`.
pub(crate) fn snake(name: &str) -> String {
    // A plural of an abbreviation is one word: `ARNs`; so is the protocol with a version after it: `IPv6`.
    let name = name.replace("IPv", "Ipv");
    let letters: Vec<char> = name.chars().collect();
    let at = |index: usize| letters.get(index).copied();
    let mut out = String::new();
    for (index, &letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        let before = index.checked_sub(1).and_then(at);
        let (after, then) = (at(index + 1), at(index + 2));
        let starts_word = letter.is_ascii_uppercase()
            && match before {
                Some(before) if before.is_ascii_lowercase() || before.is_ascii_digit() => true,
                Some(before) if before.is_ascii_uppercase() => {
                    let plural = after == Some('s') && then.is_none_or(|then| !then.is_ascii_lowercase());
                    after.is_some_and(|after| after.is_ascii_lowercase()) && !plural
                }
                _ => false,
            };
        if starts_word && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    let out = out.trim_end_matches('_');
    if out.starts_with(|first: char| first.is_ascii_digit()) || out.is_empty() {
        format!("_{out}")
    } else {
        out.to_owned()
    }
}

/// A field or function: snake case, and raw where it is a keyword.
pub(crate) fn identifier(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
        "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
        "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type",
        "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
    ];
    let name = snake(name);
    if KEYWORDS.contains(&name.as_str()) {
        format!("r#{name}")
    } else if matches!(name.as_str(), "self" | "super" | "crate") {
        // These cannot be raw.
        name + "_"
    } else {
        name
    }
}

/// A type or variant: the model's name with its first letter in upper case and without what Rust refuses.
pub(crate) fn camel(name: &str) -> String {
    let mut out = String::new();
    for part in name.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        let mut letters = part.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    match out.as_str() {
        "" => "_".to_owned(),
        "Self" => "Self_".to_owned(),
        _ if out.starts_with(|first: char| first.is_ascii_digit()) => format!("N{out}"),
        _ => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_become_fields() {
        for (aws, rust) in [
            ("VisibilityTimeout", "visibility_timeout"),
            ("MD5OfMessageBody", "md5_of_message_body"),
            ("queueUrls", "queue_urls"),
            ("AWSAccountIds", "aws_account_ids"),
            ("DBInstanceIdentifier", "db_instance_identifier"),
            ("VpcCIDRs", "vpc_cidrs"),
            ("IPv6Addresses", "ipv6_addresses"),
            ("ListObjectsV2", "list_objects_v2"),
            ("AssumeRoleWithSAML", "assume_role_with_saml"),
            ("x-amz-meta", "x_amz_meta"),
            ("__value", "value"),
            ("2ndTry", "_2nd_try"),
            ("Type", "r#type"),
            ("self", "self_"),
        ] {
            assert_eq!(identifier(aws), rust);
        }
    }

    #[test]
    fn shapes_become_types() {
        for (aws, rust) in
            [("queueEntry", "QueueEntry"), ("__ListOf_x", "ListOfX"), ("SAMLInput", "SAMLInput"), ("Self", "Self_")]
        {
            assert_eq!(camel(aws), rust);
        }
    }
}
