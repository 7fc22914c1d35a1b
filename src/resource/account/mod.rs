//! Users and groups of a host.

mod actions;
mod defaults;
mod group_actions;
mod state;

use std::sync::Arc;

pub use actions::{CreateUser, DeleteUser, MakeHome, ModifyUser, SshKey, UserChange};
pub use defaults::{UserDefaults, UserDefaultsState};
pub use group_actions::{CreateGroup, DeleteGroup, ModifyGroup};
pub use state::{Account, Group, GroupEntry, GroupState, Hash, Shadow, User, UserState, is_name};

use super::host::{Host, Suspend};

impl Host<'_> {
    /// A user; absent after a planned package or command that may bring it is unknown.
    pub fn account(&self, name: &str) -> Result<Arc<UserState>, Suspend> {
        self.state(User { name: name.to_string() })
    }

    /// A group, likewise.
    pub fn group(&self, name: &str) -> Result<Arc<GroupState>, Suspend> {
        self.state(Group { name: name.to_string() })
    }

    /// A group that a task relies on: if a planned package may bring it, its absence is unknown.
    pub fn group_if_known(&self, name: &str) -> Result<Arc<GroupState>, Suspend> {
        let state = self.group(name)?;
        let query = Group { name: name.to_string() };
        match self.opaque(|opaque| opaque.may_bring("/etc/group")) {
            Some(opaque) if state.0.is_none() && !self.is_predicted(&query) => {
                Err(Suspend::Unknown(Arc::clone(&opaque.reason)))
            }
            _ => Ok(state),
        }
    }
}
