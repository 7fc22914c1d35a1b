//! Where a user lives: home and primary group.

use std::sync::Arc;

use super::host::{Host, Suspend};
use super::probe::{Probe, answers};
use super::query::{Query, State};
use crate::remote::{Output, Script};

/// Asks for the home of a user. An action that makes or changes a user predicts it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Home {
    /// The user's name or number.
    pub user: String,
}

/// The home; none if there is no such user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeState(pub Option<Account>);

/// What belongs to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The home directory, absolute.
    pub home: String,
    /// Name of the primary group; the number where it has no name.
    pub group: String,
}

impl State for HomeState {}

const ASK: &str = r#"line=$(getent passwd "$user") || exit 44
gid=${line#*:*:*:}; gid=${gid%%:*}
home=${line#*:*:*:*:*:}; home=${home%%:*}
group=$(getent group "$gid") || group=$gid
printf '%s\n%s\n' "$home" "${group%%:*}""#;

impl Query for Home {
    type State = HomeState;

    fn script(queries: &[&Self]) -> Script {
        let mut probe = Probe::new();
        for query in queries {
            let mut question = Script::new();
            question.assign("user", query.user.as_str()).line(ASK);
            probe.ask(&question);
        }
        probe.script()
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<HomeState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| match answer? {
            (0, text) => match text.lines().collect::<Vec<_>>()[..] {
                [home, group] if home.starts_with('/') => Ok(HomeState(Some(Account {
                    home: home.to_string(),
                    group: group.to_string(),
                }))),
                _ => Err(format!("user `{}` has no home directory", query.user)),
            },
            (44, _) => Ok(HomeState(None)),
            (status, _) => {
                Err(format!("user `{}` could not be read (status {status})", query.user))
            }
        })
        .collect()
    }
}

impl Host<'_> {
    /// The home and primary group of a user, planned users too.
    ///
    /// A user that a planned opaque action may bring is unknown; one that is not there an error.
    pub fn account(&self, user: &str) -> Result<Account, Suspend> {
        let query = Home { user: user.to_string() };
        let state = self.state(query)?;
        match (&state.0, self.opaque(|_| true)) {
            (Some(account), _) => Ok(account.clone()),
            (None, Some(opaque)) => Err(Suspend::Unknown(Arc::clone(&opaque.reason))),
            (None, None) => Err(Suspend::failed(format!("there is no user `{user}`"))),
        }
    }
}
