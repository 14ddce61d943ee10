//! What a command prints: for people by default, as JSON with `--json`.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::Failure;

/// Where answers go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// JSON, or text for people.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints one answer: the value itself as JSON, or what `text` makes of it.
    pub(crate) fn show(self, value: &Value, text: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
        if self.json {
            line(&serde_json::to_string_pretty(value).map_err(Failure::other)?)
        } else {
            line(text(value).trim_end())
        }
    }

    /// Prints one of many answers as they come: JSON on a line of its own, or text.
    pub(crate) fn show_line(self, value: &Value, text: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
        line(&if self.json { value.to_string() } else { text(value) })
    }
}

/// Prints a line on standard output, at once.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::Silent,
        _ => Failure::other(format!("cannot write to standard output: {error}")),
    })
}

/// Prints a line on standard error; that nobody reads it is no failure.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A sign of life on a terminal's standard error for work that may take longer than a second. Bytes are counted where their number is known.
pub(crate) fn progress(what: &'static str, bytes: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match bytes {
        Some(bytes) => (ProgressBar::new(bytes), "{msg} {bar:30} {bytes}/{total_bytes} {eta}"),
        None => (ProgressBar::no_length(), "{msg} {spinner} {bytes} {elapsed}"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Columns of text, each as wide as its widest cell; the first row is the heading.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A member of an answer as text, without the quotes of a string; `-` when it is absent.
pub(crate) fn member(value: &Value, name: &str) -> String {
    match value.get(name) {
        None | Some(Value::Null) => "-".into(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [vec!["name".into(), "n".into()], vec!["a-long-one".into(), "12".into()]];
        assert_eq!(table(&rows), "name        n\na-long-one  12\n");
    }

    #[test]
    fn members_print_bare() {
        let value = serde_json::json!({"text": "a", "number": 2, "none": null});
        assert_eq!(["text", "number", "none", "absent"].map(|name| member(&value, name)), ["a", "2", "-", "-"]);
    }
}
