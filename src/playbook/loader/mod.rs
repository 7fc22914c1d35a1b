//! Reads playbooks, roles and task files into typed plays.

use std::path::Path;
use std::sync::Arc;

use super::{
    Block, From, Handler, IncludeRole, IncludeTasks, Item, Location, Playbook, RoleUse, Task,
    Vocabulary,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::files::Files;
use crate::value::Map;

/// Loads playbooks before a run and includes during it; files are read and parsed once.
pub struct Loader {
    pub(super) vocabulary: Arc<dyn Vocabulary>,
    pub(super) paths: Paths,
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
}

/// An `include_role` with its names rendered.
#[derive(Debug, Clone)]
pub struct RoleRequest {
    /// The role.
    pub name: String,
    /// Its files.
    pub from: From,
    /// `public`.
    pub public: bool,
    /// `allow_duplicates`.
    pub allow_duplicates: bool,
    /// `rolespec_validate`.
    pub validate: bool,
}

/// What an `include_role` brings.
#[derive(Debug, Clone)]
pub struct IncludedRole {
    /// The use.
    pub role: Arc<RoleUse>,
    /// Its tasks, dependencies and the check of its arguments first.
    pub block: Arc<Block>,
    /// Its handlers and those of its dependencies; they join the play's.
    pub handlers: Vec<Arc<Handler>>,
}

impl Loader {
    /// A loader that has read nothing yet.
    pub fn new(vocabulary: Arc<dyn Vocabulary>, paths: Paths) -> Self {
        Self { vocabulary, paths }
    }

    /// Loads playbook files, one after the other. All that needs no host is checked.
    pub fn load(&self, _playbooks: &[&Path]) -> Result<Playbook, Diagnostics> {
        Err(Diagnostic::new("playbooks cannot be loaded yet").into())
    }

    /// The tasks of an `include_tasks` whose file name is rendered, as a block whose scope is the include.
    /// The file is looked for beside the file that the task stands in, then in the role's `tasks/`.
    pub fn include_tasks(
        &self,
        _task: &Arc<Task>,
        _include: &IncludeTasks,
        _file: &str,
    ) -> Result<Arc<Block>, Diagnostics> {
        Err(Diagnostic::new("tasks cannot be included yet").into())
    }

    /// The handlers of an `include_tasks` among handlers.
    pub fn include_handlers(
        &self,
        _task: &Arc<Task>,
        _include: &IncludeTasks,
        _file: &str,
    ) -> Result<Vec<Arc<Handler>>, Diagnostics> {
        Err(Diagnostic::new("handlers cannot be included yet").into())
    }

    /// The role of an `include_role` whose names are rendered.
    pub fn include_role(
        &self,
        _task: &Arc<Task>,
        _include: &IncludeRole,
        _request: &RoleRequest,
    ) -> Result<IncludedRole, Diagnostics> {
        Err(Diagnostic::new("roles cannot be included yet").into())
    }

    /// The variables of a file: of `vars_files` or `include_vars`. Not rendered.
    pub fn vars_file(&self, _file: &Location) -> Result<Arc<Map>, Diagnostic> {
        Err(Diagnostic::new("variable files cannot be loaded yet"))
    }

    /// The tasks of a list, for the caller's convenience.
    pub fn tasks(items: &[Item]) -> Vec<&Arc<Task>> {
        items.iter().flat_map(Item::tasks).collect()
    }
}
