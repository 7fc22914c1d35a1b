//! Where a user lives: home and primary group.

use std::sync::Arc;

use super::account::User;
use super::host::{Host, Suspend};
use super::probe::{Probe, answers};
use super::query::{Query, State};
use crate::remote::{Output, Script};

/// Where a user lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The home directory, absolute.
    pub path: String,
    /// Name of the primary group; the number where it has no name.
    pub group: String,
}

/// Asks where the user who asks lives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnHome;

/// The home directory, absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnHomeState(pub String);

impl State for OwnHomeState {}

impl Query for OwnHome {
    type State = OwnHomeState;

    fn script(_: &[&Self]) -> Script {
        let mut question = Script::new();
        question.line(r#"getent passwd "$(id -u)" | cut -d: -f6"#);
        let mut probe = Probe::new();
        probe.ask(&question);
        probe.script()
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<OwnHomeState, String>> {
        let answer = answers(output, 1).remove(0);
        let home = answer.and_then(|(_, text)| match text.trim_end() {
            home if home.starts_with('/') => Ok(OwnHomeState(home.to_string())),
            _ => Err("this user has no home directory".to_string()),
        });
        vec![home; queries.len()]
    }
}

impl Host<'_> {
    /// The home of the user who asks.
    pub fn own_home(&self) -> Result<String, Suspend> {
        Ok(self.state(OwnHome)?.0.clone())
    }

    /// The home and primary group of a user, planned users too.
    ///
    /// A user that a planned opaque action may bring is unknown; one that is not there an error.
    pub fn home(&self, user: &str) -> Result<Home, Suspend> {
        let state = self.account(user)?;
        let Some(account) = &state.0 else {
            return Err(match self.opaque(|opaque| opaque.may_bring("/etc/passwd")) {
                Some(opaque) if !self.is_predicted(&User { name: user.to_string() }) => {
                    Suspend::Unknown(Arc::clone(&opaque.reason))
                }
                _ => Suspend::failed(format!("there is no user `{user}`")),
            });
        };
        if !account.home.starts_with('/') {
            return Err(Suspend::failed(format!("user `{user}` has no home directory")));
        }
        let group = match (account.group.as_str(), account.gid) {
            ("", Some(gid)) => gid.to_string(),
            ("", None) => user.to_string(),
            (name, _) => name.to_string(),
        };
        Ok(Home { path: account.home.clone(), group })
    }
}
