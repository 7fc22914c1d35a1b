//! Whether two paths are the same file.

use crate::remote::{Output, Script};

use super::super::probe::{Probe, answers};
use super::super::query::{Query, State};

/// Asks whether two paths are hard links to the same file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SameFile {
    /// One path.
    pub left: String,
    /// The other.
    pub right: String,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SameFileState(pub bool);

impl State for SameFileState {}

impl Query for SameFile {
    type State = SameFileState;

    fn script(queries: &[&Self]) -> Script {
        let mut probe = Probe::new();
        for query in queries {
            let same = ["[", &query.left, "-ef", &query.right, "]"];
            probe.ask(&Script::of(same));
        }
        probe.script()
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<SameFileState, String>> {
        let answers = answers(output, queries.len());
        answers
            .into_iter()
            .map(|answer| answer.map(|(status, _)| SameFileState(status == 0)))
            .collect()
    }
}
