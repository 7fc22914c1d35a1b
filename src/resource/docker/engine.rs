//! The engine, and the versions of what talks to it.

use crate::remote::{Output, Script};

use super::super::probe::{Probe, answers};
use super::super::query::{Query, State};

/// Asks whether Docker answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Engine;

/// What answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EngineState {
    /// The engine's version; none if it does not answer.
    pub server: Option<Version>,
    /// That of `docker compose`; none if there is none.
    pub compose: Option<Version>,
    /// What it runs on: `linux/amd64`; empty if it does not answer.
    pub platform: String,
    /// Why the engine does not answer.
    pub problem: String,
}

/// A version as far as it decides anything: `2.26.1-4` is 2.26.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second.
    pub minor: u32,
}

impl Version {
    /// This version.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// `v2.26.1-4`, `26.1.5+dfsg1`, `2.40.0`.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().trim_start_matches('v').split('.');
        let mut number = || {
            let part = numbers.next()?;
            let digits = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
            part[..digits].parse().ok()
        };
        Some(Self { major: number()?, minor: number()? })
    }
}

impl State for EngineState {}

const PROBE: &str = r#"command -v docker >/dev/null 2>&1 || exit 44
said=$(docker version --format '{{.Server.Version}} {{.Server.Os}}/{{.Server.Arch}}' 2>&1)
case $? in 0) printf 'server %s\n' "$said";; *) printf 'problem %s\n' "$said" | head -n 1;; esac
printf 'compose %s\n' "$(docker compose version --short 2>/dev/null)""#;

impl Query for Engine {
    type State = EngineState;

    fn script(_: &[&Self]) -> Script {
        let mut question = Script::new();
        question.line(PROBE);
        let mut probe = Probe::new();
        probe.ask(&question);
        probe.script()
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<EngineState, String>> {
        let answer = answers(output, 1).remove(0);
        let state = answer.map(|(status, text)| match status {
            0 => read(&text),
            _ => {
                EngineState { problem: "there is no `docker` on the host".into(), ..<_>::default() }
            }
        });
        vec![state; queries.len()]
    }
}

fn read(text: &str) -> EngineState {
    let mut state = EngineState::default();
    for (word, rest) in text.lines().filter_map(|line| line.split_once(' ')) {
        match word {
            "server" => {
                let (version, platform) = rest.split_once(' ').unwrap_or((rest, ""));
                state.server = Version::parse(version);
                state.platform = platform.trim().to_string();
            }
            "compose" => state.compose = Version::parse(rest),
            "problem" => state.problem = format!("docker does not answer on the host: {rest}"),
            _ => {}
        }
    }
    if state.server.is_none() && state.problem.is_empty() {
        state.problem = "docker does not say its version".into();
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_distributions_write_them() {
        let state = read("server 26.1.5+dfsg1 linux/amd64\ncompose 2.26.1-4\n");
        assert_eq!(state.server, Some(Version::new(26, 1)));
        assert_eq!(state.platform, "linux/amd64");
        assert_eq!(state.compose, Some(Version::new(2, 26)));
        assert_eq!(read("server v20.10.24\ncompose \n").compose, None);
        let silent = read("problem Cannot connect to the Docker daemon\ncompose 2.0.1\n");
        assert!(silent.server.is_none() && silent.problem.contains("Cannot connect"));
    }
}
