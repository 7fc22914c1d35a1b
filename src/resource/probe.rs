//! Asking many questions in one script, and taking its output apart again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::remote::{Output, Script};

/// Ends each answer: a line with this mark and the status of the probe.
const MARK: char = '\u{1e}';

/// A script that answers questions one after the other.
///
/// What users of the host can write into an answer (file contents, crontabs) goes out as base64,
/// so that nobody but the host's administrator can fake the end of an answer.
#[derive(Default)]
pub struct Probe {
    script: Script,
}

impl Probe {
    /// A probe that asks nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The script that asks the same of each of these; `ask` writes the question.
    pub fn of_each<Q>(queries: &[&Q], ask: impl Fn(&Q, &mut Script)) -> Script {
        Self::new().and_each(queries, ask)
    }

    /// As [`Self::of_each`], after what is here.
    pub fn and_each<Q>(mut self, queries: &[&Q], ask: impl Fn(&Q, &mut Script)) -> Script {
        for query in queries {
            let mut question = Script::new();
            ask(query, &mut question);
            self.ask(&question);
        }
        self.script
    }

    /// Fixed text before the questions, such as a shell function.
    pub fn prelude(&mut self, text: &'static str) -> &mut Self {
        self.script.line(text);
        self
    }

    /// A question; its standard output is the answer, its status belongs to it.
    pub fn ask(&mut self, question: &Script) -> &mut Self {
        self.script.subshell(question);
        self.script.line(r#"printf '\n\036%s\n' "$?""#);
        self
    }

    /// The whole script.
    pub fn script(self) -> Script {
        self.script
    }
}

/// The answers in order: the status of each question and what it printed.
pub fn answers(output: &Output, count: usize) -> Vec<Result<(i32, String), String>> {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut rest = text.as_ref();
    let mut answers = Vec::with_capacity(count);
    for _ in 0..count {
        answers.push(match next_answer(rest) {
            Some((answer, after)) => {
                rest = after;
                Ok(answer)
            }
            None => Err(why(output)),
        });
    }
    answers
}

fn next_answer(text: &str) -> Option<((i32, String), &str)> {
    let end = text.find(MARK)?;
    let (status, rest) = text[end + MARK.len_utf8()..].split_once('\n')?;
    let body = text[..end].strip_suffix('\n').unwrap_or(&text[..end]);
    Some(((status.parse().ok()?, body.to_string()), rest))
}

/// Why there is no answer: the first line of the script's complaints.
fn why(output: &Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    match complaint.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("the host could not be asked: {line}"),
        None => {
            format!("the host could not be asked: the probe ended with status {}", output.status)
        }
    }
}

/// Lines `name=value` as pairs, such as `systemctl show` prints.
pub fn fields(answer: &str) -> impl Iterator<Item = (&str, &str)> {
    answer.lines().filter_map(|line| line.split_once('='))
}

/// The bytes of a base64 answer (coreutils' `base64`, lines of 76 columns).
pub fn base64_field(answer: &str) -> Result<Vec<u8>, String> {
    let packed: String = answer.split_ascii_whitespace().collect();
    STANDARD.decode(packed).map_err(|error| format!("the host sent broken base64: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart_and_missing_ones_are_errors() {
        let output = Output {
            stdout: b"one\ntwo\n\n\x1e0\n\n\x1e3\n".to_vec(),
            stderr: b"sh: gone\n".to_vec(),
            ..Output::default()
        };
        let answers = answers(&output, 3);
        assert_eq!(answers[0], Ok((0, "one\ntwo\n".to_string())));
        assert_eq!(answers[1], Ok((3, String::new())));
        assert_eq!(answers[2], Err("the host could not be asked: sh: gone".to_string()));
    }
}
