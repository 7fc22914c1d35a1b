//! Reads playbooks, roles and task files into typed plays.

mod action;
mod arguments;
mod build;
mod documents;
mod fields;
mod flow;
mod follow;
mod free_form;
mod imports;
mod include;
mod items;
mod keywords;
mod known;
mod meta;
mod play;
mod play_vars;
mod playbook;
mod repeat;
mod role_files;
mod roles;
mod table;
mod task;
mod validation;

use std::path::Path;
use std::sync::Arc;

pub use include::{IncludedRole, RoleRequest};
pub use table::{keyword_places, not_waited_for};

use super::{Keywords, Location, Playbook, Vocabulary};
use crate::diagnostic::Diagnostics;
use crate::files::Files;
use crate::value::Map;
use crate::yaml::Unseal;

/// Loads playbooks before a run and includes during it; files are read and parsed once.
pub struct Loader {
    vocabulary: Arc<dyn Vocabulary>,
    paths: Paths,
    documents: documents::Documents,
    includes: include::Cache,
}

/// Where the loader reads from, and what is known before any host.
#[derive(Clone)]
pub struct Paths {
    /// The controller's files.
    pub files: Arc<dyn Files>,
    /// Where roles are looked for after `roles/` beside the playbook, in order: beside the inventory, `roles/` of the
    /// working directory, the roles that are part of the program.
    pub role_roots: Vec<Location>,
    /// Variables that names of imported files may use: the extra vars.
    pub known_vars: Arc<Map>,
    /// Opens vaulted files.
    pub unseal: Arc<dyn Unseal>,
}

impl Loader {
    /// A loader that has read nothing yet.
    pub fn new(vocabulary: Arc<dyn Vocabulary>, paths: Paths) -> Self {
        Self {
            vocabulary,
            paths,
            documents: documents::Documents::default(),
            includes: include::Cache::default(),
        }
    }

    /// Loads playbook files, one after the other. All that needs no host is checked; the error holds all that is wrong.
    pub fn load(&self, playbooks: &[&Path]) -> Result<Playbook, Diagnostics> {
        let mut build = build::Build::new(self);
        let mut plays = Vec::new();
        for path in playbooks {
            let file = Location::new(Arc::clone(&self.paths.files), crate::files::clean(path));
            plays.extend(build.playbook(&file, None, &Keywords::default()));
        }
        let mut warnings = Vec::new();
        for warning in std::mem::take(&mut build.warnings) {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        build::in_order(&mut warnings);
        build.finish(Some(Playbook { plays, warnings }))
    }
}
