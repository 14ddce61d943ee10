//! Regular expressions of the models.
//!
//! They are written for Java and ECMAScript engines. A pattern is first put into the dialect of the `regex` crate, which runs
//! in linear time; lookaheads at its start and lookbehinds at its end, which that crate lacks, become expressions of their own. What still does not
//! compile is given to a backtracking engine, for texts of bounded length. Nothing is compiled before it is needed.
//!
//! Services match whole strings: IAM refuses `a b` by `[\w+=,.@-]+`, which would find a match inside of it. Only where a pattern
//! itself anchors one end and not the other is the other left open.

mod dialect;
mod ends;
mod java;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use regex::{Regex, RegexBuilder};

/// Longer texts are not given to the backtracking engine, and pass.
const MAX_BACKTRACKED: usize = 2048;

/// Bytes that one compiled expression may take.
const MAX_COMPILED: usize = 4 << 20;

/// Bytes that the cache of one expression's matcher may grow to.
const MAX_CACHE: usize = 512 << 10;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    engine: Engine,
}

#[derive(Debug)]
enum Engine {
    /// Expressions that must match, or must not.
    Linear(Vec<(bool, Regex)>),
    Backtracking(regress::Regex),
    /// No engine takes it: every text passes.
    None,
}

/// Which engine a pattern runs on.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Used {
    Linear,
    Backtracking,
    None,
}

impl Pattern {
    /// The pattern compiled, once for the life of the program: models hold a few thousand, of which few are ever used.
    pub(crate) fn of(source: &str) -> Arc<Pattern> {
        static COMPILED: OnceLock<RwLock<HashMap<Box<str>, Arc<Pattern>>>> = OnceLock::new();
        let compiled = COMPILED.get_or_init(RwLock::default);
        if let Some(pattern) = compiled.read().unwrap_or_else(PoisonError::into_inner).get(source) {
            return pattern.clone();
        }
        // Compiled without the lock, so that an expensive pattern keeps nobody waiting.
        let pattern = Arc::new(Pattern::compile(source));
        compiled.write().unwrap_or_else(PoisonError::into_inner).insert(source.into(), pattern.clone());
        pattern
    }

    /// Whether a text satisfies the pattern.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match &self.engine {
            Engine::Linear(expressions) => expressions.iter().all(|(wanted, regex)| regex.is_match(text) == *wanted),
            Engine::Backtracking(regex) => text.len() > MAX_BACKTRACKED || regex.find(text).is_some(),
            Engine::None => true,
        }
    }

    fn compile(source: &str) -> Pattern {
        let linear = [dialect::Brackets::Nested, dialect::Brackets::Literal]
            .into_iter()
            .find_map(|brackets| Self::linear(&dialect::expressions(source, brackets)?));
        let backtracking = || regress::Regex::with_flags(&dialect::ecmascript(source), "u").ok();
        // Without the flag an engine takes escapes and braces that it refuses with it.
        let lenient = || regress::Regex::new(&dialect::ecmascript(source)).ok();
        let engine = match linear {
            Some(expressions) => Engine::Linear(expressions),
            None => backtracking().or_else(lenient).map_or(Engine::None, Engine::Backtracking),
        };
        Pattern { engine }
    }

    fn linear(expressions: &[(bool, String)]) -> Option<Vec<(bool, Regex)>> {
        let compiled = expressions.iter().map(|(wanted, expression)| {
            let regex = RegexBuilder::new(expression).size_limit(MAX_COMPILED).dfa_size_limit(MAX_CACHE).build();
            regex.ok().map(|regex| (*wanted, regex))
        });
        compiled.collect()
    }

    #[cfg(test)]
    pub(crate) fn used(source: &str) -> Used {
        match Self::compile(source).engine {
            Engine::Linear(_) => Used::Linear,
            Engine::Backtracking(_) => Used::Backtracking,
            Engine::None => Used::None,
        }
    }
}

#[cfg(test)]
mod tests;
