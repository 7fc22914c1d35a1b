//! Regular expressions as in Python's `re`.

use fancy_regex::{Regex, RegexBuilder};

use super::failure::Stop;

/// A pattern that backtracks more than this is refused.
const BACKTRACK_LIMIT: usize = 5_000_000;

/// `re.IGNORECASE` and the like.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flags {
    /// `re.IGNORECASE`
    pub ignore_case: bool,
    /// `re.MULTILINE`
    pub multiline: bool,
    /// `re.DOTALL`
    pub dot_all: bool,
}

/// A compiled pattern.
pub(crate) fn compile(pattern: &str, flags: Flags) -> Result<Regex, Stop> {
    let mut prefix = String::new();
    for (set, letter) in [(flags.ignore_case, 'i'), (flags.multiline, 'm'), (flags.dot_all, 's')] {
        if set {
            prefix.push(letter);
        }
    }
    let whole = if prefix.is_empty() { pattern.into() } else { format!("(?{prefix}){pattern}") };
    RegexBuilder::new(&whole)
        .backtrack_limit(BACKTRACK_LIMIT)
        .build()
        .map_err(|error| Stop::error(format!("cannot read the pattern `{pattern}`: {error}")))
}

/// Whether a pattern is found anywhere.
pub(crate) fn finds(pattern: &Regex, text: &str) -> Result<bool, Stop> {
    pattern.is_match(text).map_err(|error| failed(&error))
}

/// A pattern that cannot be decided.
pub(crate) fn failed(error: &fancy_regex::Error) -> Stop {
    Stop::error(format!("the pattern cannot be matched: {error}"))
}
