use super::*;

fn matches(pattern: &str, text: &str) -> bool {
    Pattern::compile(pattern).matches(text)
}

#[test]
fn patterns_match_whole_strings() {
    assert!(matches(r"[\w+=,.@-]+", "user@example.com"));
    assert!(!matches(r"[\w+=,.@-]+", "a b"));
    assert!(!matches(r"[0-9]{12}", "1234567890123"));
    // One end that the pattern itself anchors leaves the other open.
    assert!(matches(r"^arn:aws", "arn:aws:s3:::bucket"));
    assert!(matches(r"\.fifo$", "queue.fifo"));
    // Not so where both are anchored, or the dollar is a character.
    assert!(!matches(r"^[a-z]+$", "abc1"));
    assert!(!matches(r"a\$", "ba$"));
}

#[test]
fn classes_of_java_are_ascii() {
    assert!(matches(r"\w+", "abc_1") && !matches(r"\w+", "é"));
    assert!(matches(r"\p{Alnum}+", "aZ9") && !matches(r"\p{Alnum}+", "a-"));
    assert!(matches(r"[\p{Print}&&[^|:/]]+", "a b") && !matches(r"[\p{Print}&&[^|:/]]+", "a|b"));
    assert!(matches(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "Größe 7") && !matches(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "a;b"));
    assert!(matches(r"\P{C}+", "text") && !matches(r"\P{C}+", "a\u{7}"));
}

#[test]
fn surrogate_pairs_are_characters() {
    let any = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*";
    assert!(matches(any, "雲居 \u{1F600}\t") && !matches(any, "\u{1}"));
    assert!(matches(r"[^\uD800-\uDFFF]*", "\u{1F600}"));
}

#[test]
fn lookaheads_at_the_start_run_in_linear_time() {
    let name = r"^(?!aws:)[a-zA-Z+-=._:/]+$";
    assert_eq!(Pattern::used(name), Used::Linear);
    assert!(matches(name, "team") && !matches(name, "aws:team"));
    assert!(matches(r"(?=.{3,5}$)[a-z]+", "abcd") && !matches(r"(?=.{3,5}$)[a-z]+", "abcdef"));
}

#[test]
fn lookbehinds_at_the_end_run_in_linear_time() {
    let name = r"(?! )[\p{L}\p{N}\p{Z}-_]*(?<! )";
    assert_eq!(Pattern::used(name), Used::Linear);
    assert!(matches(name, "a b") && !matches(name, "a ") && !matches(name, " a"));
}

#[test]
fn lookaheads_inside_are_backtracked() {
    let domain = r"(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])";
    assert_eq!(Pattern::used(domain), Used::Backtracking);
    assert!(matches(domain, "www.example.com") && !matches(domain, "-www.example.com"));
    // Too long for that engine: it passes.
    assert!(matches(domain, &"-".repeat(MAX_BACKTRACKED + 1)));
}

#[test]
fn braces_and_brackets_that_are_themselves() {
    assert!(matches(r"\{[a-z]+}", "{name}"));
    assert!(matches("a{b}", "a{b}"));
    assert!(matches(r"[^/:|\000-\037]+", "abc") && !matches(r"[^/:|\000-\037]+", "a\u{1f}"));
    assert!(matches(r"[+-]?[\w-]+", "-a-b"));
    assert!(matches(r"[a&&b]+", "a&b"));
}

/// Every pattern of every model: which engine takes it. The backtracked ones are those with lookaheads inside and back
/// references; none may be left without an engine.
#[test]
fn every_pattern_of_the_models_has_an_engine() {
    let catalog = crate::Catalog::get();
    let mut seen = std::collections::BTreeMap::new();
    for entry in catalog.services() {
        let service = catalog.load(&entry.id).unwrap();
        for shape in &service.shapes {
            if let Some(pattern) = &shape.pattern {
                seen.entry(pattern.clone()).or_insert_with(|| format!("{} {}", entry.id, shape.name));
            }
        }
    }
    let (mut backtracked, mut none) = (0, Vec::new());
    for (pattern, place) in &seen {
        match Pattern::used(pattern) {
            Used::Linear => {}
            Used::Backtracking => backtracked += 1,
            Used::None => none.push(format!("{place}: {pattern}")),
        }
    }
    println!("{} patterns, {backtracked} backtracked, {} without an engine", seen.len(), none.len());
    assert!(seen.len() > 4000);
    assert!(backtracked * 50 < seen.len(), "{backtracked} of {} backtrack", seen.len());
    assert_eq!(none, Vec::<String>::new());
}
