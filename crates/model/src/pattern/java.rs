//! Java's names of classes.

/// Java's POSIX classes, which are of ASCII, and its names for Unicode properties that others call otherwise.
pub(super) fn java_class(name: &str) -> Option<&'static str> {
    Some(match name {
        "Alnum" => "0-9A-Za-z",
        "Alpha" => "A-Za-z",
        "ASCII" => r"\x00-\x7F",
        "Blank" => r"\t\x20",
        "Cntrl" => r"\x00-\x1F\x7F",
        "Digit" => "0-9",
        "Graph" => r"\x21-\x7E",
        "Lower" => "a-z",
        "Print" => r"\x20-\x7E",
        "Punct" => r"\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E",
        "Space" => r"\t\n\x0B\x0C\r\x20",
        "Upper" => "A-Z",
        "XDigit" => "0-9A-Fa-f",
        "all" => r"\x{0}-\x{10FFFF}",
        // Letters and decimal digits.
        "LD" => r"\p{L}\p{Nd}",
        "IsAlphabetic" => r"\p{Alphabetic}",
        "IsWhitespace" | "IsWhite_Space" => r"\p{White_Space}",
        _ => return None,
    })
}

/// Java's POSIX classes inside brackets for an engine that does not know them.
pub(super) fn posix_for_ecmascript(source: &str) -> String {
    let mut text = source.to_owned();
    for name in ["Alnum", "Alpha", "Digit", "Graph", "Lower", "Print", "Punct", "Upper", "XDigit"] {
        if let Some(inside) = java_class(name) {
            text = text.replace(&format!(r"[\p{{{name}}}"), &format!("[{inside}"));
            text = text.replace(&format!(r"\p{{{name}}}"), &format!("[{inside}]"));
        }
    }
    text
}
