//! What a file holds.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::remote::{Output, Script};

use super::super::probe::{Probe, answers, base64_field};
use super::super::query::{Query, State};

/// Asks for the SHA-256 of a regular file; links are followed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Digest {
    /// The absolute path.
    pub path: String,
}

/// A SHA-256 in hexadecimal; none if there is no regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestState(pub Option<String>);

/// Asks for the bytes of a regular file; links are followed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Content {
    /// The absolute path.
    pub path: String,
}

/// The bytes of a file; none if there is no regular file.
#[derive(Clone, PartialEq, Eq)]
pub struct ContentState(pub Option<Arc<Vec<u8>>>);

impl std::fmt::Debug for ContentState {
    /// Contents may be secret: only the size and the digest show.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            None => f.write_str("absent"),
            Some(bytes) => write!(f, "{} bytes with sha256 {}", bytes.len(), digest_of(bytes)),
        }
    }
}

impl State for DigestState {}
impl State for ContentState {}

/// The SHA-256 of bytes in hexadecimal.
pub fn digest_of(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// A status of a probe: there is no regular file.
const NO_FILE: i32 = 44;

fn ask_each<'a>(paths: impl Iterator<Item = &'a str>, command: &'static str) -> Script {
    let mut probe = Probe::new();
    for path in paths {
        let mut question = Script::new();
        question.assign("path", path);
        question.line(r#"[ -f "$path" ] || exit 44"#);
        question.line(command);
        probe.ask(&question);
    }
    probe.script()
}

fn present<T>(
    path: &str,
    answer: Result<(i32, String), String>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    match answer? {
        (0, text) => read(&text).map(Some),
        (NO_FILE, _) => Ok(None),
        (status, _) => Err(format!("`{path}` could not be read (status {status})")),
    }
}

impl Query for Digest {
    type State = DigestState;

    fn script(queries: &[&Self]) -> Script {
        ask_each(queries.iter().map(|query| query.path.as_str()), r#"sha256sum <"$path""#)
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<DigestState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| {
            let digest = |text: &str| Ok(text.chars().take(64).collect::<String>());
            present(&query.path, answer, digest).map(DigestState)
        })
        .collect()
    }
}

impl Query for Content {
    type State = ContentState;

    fn script(queries: &[&Self]) -> Script {
        ask_each(queries.iter().map(|query| query.path.as_str()), r#"base64 <"$path""#)
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<ContentState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| {
            present(&query.path, answer, |text| base64_field(text).map(Arc::new)).map(ContentState)
        })
        .collect()
    }
}
