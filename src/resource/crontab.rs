//! Crontabs of users.

use std::fmt;

use super::action::{Action, Step};
use super::diff::{Diff, Text};
use super::host::{Host, Suspend};
use super::probe::{Probe, answers, base64_field};
use super::query::{Query, State};
use super::world::World;
use crate::remote::{Output, Script};

/// Asks for the crontab of a user; an empty name is the user who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Crontab {
    /// The user.
    pub user: String,
}

/// What crontab(1) says.
#[derive(Clone, PartialEq, Eq)]
pub enum CrontabState {
    /// The tool is not installed.
    NoTool,
    /// There is no such user.
    NoUser,
    /// The text; none if the user has no crontab.
    Text(Option<String>),
}

impl fmt::Debug for CrontabState {
    /// Crontabs may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTool => f.write_str("no crontab tool"),
            Self::NoUser => f.write_str("no such user"),
            Self::Text(None) => f.write_str("no crontab"),
            Self::Text(Some(text)) => write!(f, "{} lines", text.lines().count()),
        }
    }
}

impl State for CrontabState {
    fn agrees_with(&self, actual: &Self) -> bool {
        let lines = |state: &Self| match state {
            Self::Text(Some(text)) if !text.trim().is_empty() => Some(text.trim_end().to_string()),
            _ => None,
        };
        lines(self) == lines(actual)
    }
}

const NO_TOOL: i32 = 45;
const NO_USER: i32 = 46;

/// A crontab ends with a line `.`; anything else is a complaint.
const ASK: &str = r#"command -v crontab >/dev/null || exit 45
if [ -n "$user" ]; then
  id -u -- "$user" >/dev/null 2>&1 || exit 46
  { crontab -u "$user" -l && echo .; } 2>&1 | base64
else
  { crontab -l && echo .; } 2>&1 | base64
fi"#;

impl Query for Crontab {
    type State = CrontabState;

    fn script(queries: &[&Self]) -> Script {
        Probe::of_each(queries, |query, question| {
            question.assign("user", query.user.as_str()).line(ASK);
        })
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<CrontabState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| match answer? {
            (NO_TOOL, _) => Ok(CrontabState::NoTool),
            (NO_USER, _) => Ok(CrontabState::NoUser),
            (_, packed) => read(&query.user, &String::from_utf8_lossy(&base64_field(&packed)?)),
        })
        .collect()
    }
}

fn read(user: &str, said: &str) -> Result<CrontabState, String> {
    match said.strip_suffix(".\n") {
        Some(text) => Ok(CrontabState::Text(Some(text.to_string()))),
        None if said.contains("no crontab for") => Ok(CrontabState::Text(None)),
        None => Err(format!("the crontab of `{user}` could not be read: {}", said.trim())),
    }
}

impl Host<'_> {
    /// The crontab of a user; none if there is none. A planned package that brings the tool is
    /// assumed to bring no crontab.
    pub fn crontab(&self, user: &str) -> Result<Option<String>, Suspend> {
        match &*self.state(Crontab { user: user.to_string() })? {
            CrontabState::Text(text) => Ok(text.clone()),
            CrontabState::NoTool => {
                match self.opaque(|opaque| opaque.may_bring("/usr/bin/crontab")) {
                    Some(opaque) => {
                        self.assume(format!("{} `crontab`", opaque.brings()));
                        Ok(None)
                    }
                    None => Err(Suspend::failed(
                        "`crontab` is not on the host; the package `cron` brings it",
                    )),
                }
            }
            CrontabState::NoUser => self.home(user).map(|_| None),
        }
    }
}

/// Replaces the crontab of a user.
#[derive(Clone)]
pub struct WriteCrontab {
    /// The user; empty for the one who acts.
    pub user: String,
    /// The whole new text.
    pub text: String,
    /// What it is now.
    pub old: Option<String>,
    /// People must not see it.
    pub secret: bool,
    /// Keep the old text in a file, whose name is printed.
    pub backup: bool,
}

impl fmt::Debug for WriteCrontab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriteCrontab of {:?} with {} lines", self.user, self.text.lines().count())
    }
}

impl Action for WriteCrontab {
    fn summary(&self) -> String {
        match self.user.as_str() {
            "" => "write the crontab".to_string(),
            user => format!("write the crontab of {user}"),
        }
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        script.data("content", self.text.as_bytes());
        script.assign("user", self.user.as_str());
        script.line(r#"set -- ${user:+-u "$user"}"#);
        if self.backup {
            script.line(
                r#"kept=$(mktemp /tmp/crontab-XXXXXXXX)
crontab "$@" -l >"$kept" 2>/dev/null || :
printf '%s\n' "$kept""#,
            );
        }
        script.line(r#"content | crontab "$@" - >&2"#);
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        let state = CrontabState::Text(Some(self.text.clone()));
        world.predict(Crontab { user: self.user.clone() }, state);
    }

    fn diff(&self) -> Diff {
        let name = if self.user.is_empty() {
            "crontab".into()
        } else {
            format!("crontab of {}", self.user)
        };
        let mut diff = Diff::of(name);
        diff.text = Some(if self.secret {
            Text::hidden("the content is secret")
        } else {
            Text::new(self.old.as_ref().map(String::as_bytes), Some(self.text.as_bytes()))
        });
        diff
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crontab_is_told_from_a_complaint() {
        assert_eq!(read("a", "@daily x\n.\n"), Ok(CrontabState::Text(Some("@daily x\n".into()))));
        assert_eq!(read("a", "no crontab for a\n"), Ok(CrontabState::Text(None)));
        assert!(read("a", "must be privileged to use -u\n").is_err());
    }
}
