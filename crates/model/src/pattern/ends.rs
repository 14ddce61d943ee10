//! What stands at the ends of a pattern: anchors, lookaheads, lookbehinds.

/// Which ends are left open: the start where only the end is anchored by the pattern itself, and the reverse.
pub(super) fn ends(source: &str) -> (bool, bool) {
    let starts = source.starts_with('^') || source.starts_with(r"\A");
    let stops = source.ends_with('$') && !source.ends_with(r"\$") || source.ends_with(r"\z") || source.ends_with(r"\Z");
    (stops && !starts, starts && !stops)
}

/// Whether the pattern has no alternative at its outermost level, so that what stands at its start holds for all of it.
pub(super) fn whole_alternation(source: &str) -> bool {
    let (mut depth, mut class, mut escaped) = (0usize, false, false);
    for letter in source.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => depth += 1,
            ')' if !class => depth = depth.saturating_sub(1),
            '|' if !class && depth == 0 => return false,
            _ => {}
        }
    }
    true
}

/// A lookahead at the start: whether it is positive, what is inside, and what follows.
pub(super) fn lookahead(source: &str) -> Option<(bool, &str, &str)> {
    let (wanted, rest) = match source.strip_prefix("(?!") {
        Some(rest) => (false, rest),
        None => (true, source.strip_prefix("(?=")?),
    };
    let (mut depth, mut class, mut escaped) = (0usize, false, false);
    for (at, letter) in rest.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => depth += 1,
            ')' if !class => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Some((wanted, rest.get(..at)?, rest.get(at + 1..)?)),
            },
            _ => {}
        }
    }
    None
}

/// A lookbehind of literal text at the end: what precedes it, whether it is positive, and what is inside.
pub(super) fn lookbehind(source: &str) -> Option<(&str, bool, &str)> {
    let end = source.strip_suffix('$').unwrap_or(source).strip_suffix(')')?;
    let at = end.rfind('(')?;
    let (before, group) = end.split_at_checked(at)?;
    let (wanted, inner) = match group.strip_prefix("(?<!") {
        Some(inner) => (false, inner),
        None => (true, group.strip_prefix("(?<=")?),
    };
    // Anything that a bracket or an escape could change the meaning of is left to the other engine.
    (!inner.contains(['\\', '[', ']', '|'])).then_some((before, wanted, inner))
}
