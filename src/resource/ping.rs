//! Whether a host answers at all.

use crate::remote::{Output, Script};

use super::query::{Query, State};

/// Asks nothing but an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ping;

/// The host answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pong;

impl State for Pong {}

impl Query for Ping {
    type State = Pong;

    fn script(_: &[&Self]) -> Script {
        Script::of(["echo", "pong"])
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<Pong, String>> {
        let said = String::from_utf8_lossy(&output.stdout);
        let answer = match said.trim() {
            "pong" => Ok(Pong),
            other => Err(format!("the host answered `{other}` instead of `pong`")),
        };
        vec![answer; queries.len()]
    }
}
