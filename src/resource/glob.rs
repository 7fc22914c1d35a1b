//! Paths that match a pattern.

use crate::remote::{Output, Script};

use super::host::{Host, Suspend};
use super::probe::{Probe, answers};
use super::query::{Query, State};

/// Asks whether a path or a pattern of the shell (`*`, `?`, `[`) matches anything; `~/` is the home.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Glob {
    /// The directory that a relative pattern starts from; the home where there is none.
    pub folder: Option<String>,
    /// The pattern.
    pub pattern: String,
}

/// Whether there is a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobState(pub bool);

impl State for GlobState {}

impl Query for Glob {
    type State = GlobState;

    fn script(queries: &[&Self]) -> Script {
        Probe::of_each(queries, |query, question| {
            if let Some(folder) = &query.folder {
                // No directory, no match.
                question.words(["cd", "--", folder]).line(" 2>/dev/null || exit 1");
            }
            question.assign("pattern", query.pattern.as_str());
            question.line(MATCH);
        })
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<GlobState, String>> {
        let all = answers(output, queries.len()).into_iter();
        all.map(|answer| answer.map(|(status, _)| GlobState(status == 0))).collect()
    }
}

/// An empty IFS keeps the pattern one word while its wildcards are replaced.
const MATCH: &str = r#"case $pattern in "~/"*) pattern=$HOME/${pattern#??};; esac
IFS=
set -- $pattern
[ -e "$1" ] || [ -L "$1" ]"#;

impl Host<'_> {
    /// Whether something matches; unknown where a planned opaque action may bring it.
    pub fn matches(&self, folder: Option<&str>, pattern: &str) -> Result<bool, Suspend> {
        let full = match folder {
            Some(folder) if !pattern.starts_with(['/', '~']) => format!("{folder}/{pattern}"),
            _ => pattern.to_string(),
        };
        if full.starts_with('/') && !full.contains(['*', '?', '[']) {
            return Ok(self.path(&full)?.attributes().is_some());
        }
        let query = Glob { folder: folder.map(str::to_string), pattern: pattern.to_string() };
        let found = self.state(query)?.0;
        match self.opaque(|opaque| opaque.may_bring(&full)) {
            Some(opaque) if !found => Err(Suspend::Unknown(std::sync::Arc::clone(&opaque.reason))),
            _ => Ok(found),
        }
    }
}
