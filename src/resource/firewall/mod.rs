//! The firewall as UFW has it: its files are read, its command changes it.

mod actions;
mod rule;
mod state;

use std::sync::Arc;

pub use actions::ChangeFirewall;
pub use rule::{Address, Rule, other_position, port, set_rule};
pub use state::{AppProfiles, AppProfilesState, Firewall, FirewallState};

use super::host::{Host, Suspend, together};
use super::package::Package;

impl Host<'_> {
    /// The firewall; a planned package `ufw` gives one that is new.
    pub fn firewall(&self) -> Result<Arc<FirewallState>, Suspend> {
        let package = Package { name: "ufw".into() };
        together([self.state(Firewall).map(drop), self.state(package.clone()).map(drop)])?;
        let state = self.state(Firewall)?;
        if state.installed {
            return Ok(state);
        }
        if self.is_predicted(&package) && self.state(package)?.installed.is_some() {
            return Ok(Arc::new(FirewallState::fresh()));
        }
        match self.opaque(|opaque| opaque.may_bring("/usr/sbin/ufw")) {
            Some(opaque) => Err(Suspend::Unknown(Arc::clone(&opaque.reason))),
            None => Err(Suspend::failed(
                "ufw is not installed on the host; the package `ufw` brings it",
            )),
        }
    }
}
