//! `cargo xtask tidy`: the rules of the house that no compiler checks.
//!
//! A rule is a function from the files of the tree to findings. A line that has to break a rule of the sources says
//! `tidy: allow` and why.

mod crates;
mod documents;
mod sources;

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Failure;

/// A text file of the tree.
struct File {
    /// Its path from the root, with slashes.
    path: String,
    text: String,
}

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// From 1; 0 when it is about the whole file.
    line: usize,
    problem: String,
}

impl Finding {
    fn new(path: &str, line: usize, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, problem: problem.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.problem),
            line => write!(f, "{}:{line}: {}", self.path, self.problem),
        }
    }
}

/// Checks the tree and fails when it has findings.
pub(crate) fn run(root: &Path) -> Result<(), Failure> {
    let paths = paths(root)?;
    let files: Vec<File> = paths
        .iter()
        .filter_map(|path| Some(File { path: path.clone(), text: fs::read_to_string(root.join(path)).ok()? }))
        .collect();
    let mut findings = Vec::new();
    findings.extend(sources::check(&files));
    findings.extend(crates::check(&files));
    findings.extend(documents::check(&files, &paths));
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("{} files, tidy", files.len());
            Ok(())
        }
        count => Err(format!("{count} findings").into()),
    }
}

/// The files that are in the tree or would be added to it.
fn paths(root: &Path) -> Result<Vec<String>, Failure> {
    let mut git = Command::new("git");
    git.arg("-C").arg(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = git.output()?;
    if !output.status.success() {
        return Err("git could not list the files of the tree".into());
    }
    let list = String::from_utf8(output.stdout)?;
    let mut paths: Vec<String> =
        list.split('\0').filter(|path| !path.is_empty() && root.join(path).is_file()).map(str::to_owned).collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}
