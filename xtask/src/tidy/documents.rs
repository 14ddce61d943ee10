//! Rules about documents: what they point at exists, and the licences are there.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::{File, Finding};

/// Files that the tree must have.
const REQUIRED: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// `[text](target)`.
static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\]\(([^()\s]+)\)").ok());

/// A path between backquotes.
static CODE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"`([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*/?)`").ok());

pub(super) fn check(files: &[File], paths: &[String]) -> Vec<Finding> {
    let places = places(paths);
    let mut findings = Vec::new();
    for name in REQUIRED {
        if !places.contains(name) {
            findings.push(Finding::new(name, 0, "is missing"));
        }
    }
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        findings.extend(dead_pointers(file, &places));
    }
    findings
}

/// All files and folders.
fn places(paths: &[String]) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    for path in paths {
        places.insert(path.clone());
        for (at, _) in path.match_indices('/') {
            places.extend(path.get(..at).map(str::to_owned));
        }
    }
    places
}

fn dead_pointers(file: &File, places: &BTreeSet<String>) -> Vec<Finding> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut findings = Vec::new();
    let mut fenced = false;
    for (index, line) in file.text.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        for target in captures(&LINK, line) {
            let path = target.split('#').next().unwrap_or_default();
            let elsewhere = path.is_empty() || path.contains("://") || path.starts_with("mailto:");
            if !elsewhere && !places.contains(&resolve(folder, path)) {
                findings.push(Finding::new(&file.path, index + 1, format!("the link to {target} leads nowhere")));
            }
        }
        for path in captures(&CODE, line) {
            if is_path(path, places) && !places.contains(&resolve("", path)) && !places.contains(&resolve(folder, path))
            {
                findings.push(Finding::new(&file.path, index + 1, format!("there is no {path}")));
            }
        }
    }
    findings
}

fn captures<'a>(rule: &LazyLock<Option<Regex>>, line: &'a str) -> Vec<&'a str> {
    let Some(rule) = rule.as_ref() else { return Vec::new() };
    rule.captures_iter(line).filter_map(|found| found.get(1)).map(|found| found.as_str()).collect()
}

/// Whether words between backquotes are meant as a path of this tree: they start with one of its folders and hold no
/// placeholder, which is written in capitals.
fn is_path(words: &str, places: &BTreeSet<String>) -> bool {
    let first = words.split('/').next().unwrap_or_default();
    let placeholder =
        |part: &str| part.len() > 1 && !part.contains('.') && part.chars().all(|c| c.is_ascii_uppercase());
    words.contains('/') && places.contains(first) && !words.trim_end_matches('/').split('/').any(placeholder)
}

/// A relative path from a folder, as a path from the root.
fn resolve(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = if path.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let paths = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "docs/guide.md", "crates/model/src/lib.rs"]
            .map(str::to_owned);
        let file = File { path: "docs/guide.md".to_owned(), text: text.to_owned() };
        check(&[file], &paths).into_iter().map(|finding| finding.problem).collect()
    }

    #[test]
    fn links_lead_somewhere() {
        assert_eq!(problems("[a](../README.md#top) [b](guide.md) [c](https://example.com/x) [d](#here)"), [""; 0]);
        assert_eq!(problems("[a](gone.md)"), ["the link to gone.md leads nowhere"]);
    }

    #[test]
    fn paths_exist() {
        assert_eq!(
            problems("`crates/model/src/lib.rs`, `crates/model/`, `crates/NAME`, `application/json`, `a/b`"),
            [""; 0]
        );
        assert_eq!(problems("`crates/modle`"), ["there is no crates/modle"]);
        assert_eq!(problems("```\n`crates/modle`\n```"), [""; 0]);
    }

    #[test]
    fn licences_are_required() {
        let found: Vec<_> = check(&[], &[]).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, REQUIRED);
    }
}
