//! Debian packages: what is installed, what apt would do, and having it done.

mod actions;
mod apt;
mod candidate;
mod deb;
mod key;
mod lists;
mod simulation;
mod sources;
mod state;

use std::sync::Arc;

pub use actions::{Apt, Clean, UpdateLists};
pub use apt::Options;
pub use candidate::{Candidate, CandidateState};
pub use deb::{DebFile, DebFileState, DebPackage};
pub use key::FetchKey;
pub use lists::{Archives, ArchivesState, Lists, ListsState, file_changed};
pub use simulation::{Change, Outcome, Simulation};
pub use sources::{Sources, SourcesState};
pub use state::{Installed, Package, PackageState, is_name};

use super::host::{Host, Suspend};
use super::world::Scope;

impl Host<'_> {
    /// What is known of packages; commands that were planned before are taken not to touch them.
    pub fn packages(&self, names: &[String]) -> Result<Vec<Arc<PackageState>>, Suspend> {
        self.states(names.iter().map(|name| Package { name: name.clone() }).collect())
    }

    /// What is known of one package.
    pub fn package(&self, name: &str) -> Result<Arc<PackageState>, Suspend> {
        self.state(Package { name: name.to_string() })
    }

    /// The packages that planned actions install.
    pub fn planned_packages(&self) -> Vec<String> {
        let planned = std::cell::RefCell::new(Vec::new());
        self.opaque(|opaque| {
            if let Scope::Packages(names) = &opaque.scope {
                planned.borrow_mut().extend(names.iter().cloned());
            }
            false
        });
        planned.into_inner()
    }

    /// How old the package lists are.
    pub fn package_lists(&self) -> Result<Arc<ListsState>, Suspend> {
        self.state(Lists)
    }
}
