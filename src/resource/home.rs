//! Where a user lives: home and primary group.

use std::sync::Arc;

use super::account::User;
use super::host::{Host, Suspend};

/// Where a user lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The home directory, absolute.
    pub path: String,
    /// Name of the primary group; the number where it has no name.
    pub group: String,
}

impl Host<'_> {
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
