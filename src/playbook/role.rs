//! Roles, and the uses that plays make of them.

use std::sync::Arc;

use indexmap::IndexMap;

use super::spec::EntryPoint;
use super::{Location, Scope};
use crate::diagnostic::Span;
use crate::value::Map;

/// A role's directory and what `meta/` says. Loaded once.
#[derive(Debug)]
pub struct Role {
    /// The name it is used by, also `role_name`.
    pub name: String,
    /// Its directory, also `role_path`.
    pub directory: Location,
    /// `meta/main.yml`: `allow_duplicates`.
    pub allow_duplicates: bool,
    /// `meta/argument_specs.yml` (or in `meta/main.yml`), by entry point.
    pub argument_specs: IndexMap<String, Arc<EntryPoint>>,
}

/// One use of a role.
#[derive(Debug)]
pub struct RoleUse {
    /// The role.
    pub role: Arc<Role>,
    /// Where it is used.
    pub span: Span,
    /// How it is used.
    pub kind: RoleUseKind,
    /// Which files of the role.
    pub from: From,
    /// The content of `defaults/`, not rendered.
    pub defaults: Arc<Map>,
    /// The content of `vars/`, not rendered.
    pub vars: Arc<Map>,
    /// What `roles: [{role: x, a: 1}]` gives beside keywords: stronger than anything but extra vars.
    pub params: Arc<Map>,
    /// Whether its vars and defaults are visible to the whole play.
    pub public: bool,
    /// Whether a second use with the same [`RoleUse::identity`] runs again on a host where the first one ran a task.
    pub allow_duplicates: bool,
    /// Equal for uses of the same role with the same parameters, vars, tags, conditions and files.
    pub identity: String,
    /// The role that brings this one as a dependency, or whose tasks use it.
    pub parent: Option<Arc<RoleUse>>,
    /// The variables of all dependencies, theirs included: weaker than its own of the same tier.
    pub brought: Vec<Brought>,
    /// The places around the use.
    pub outer: Arc<Scope>,
}

/// What a dependency gives to the role that needs it.
#[derive(Debug, Clone)]
pub struct Brought {
    /// Its `defaults/`.
    pub defaults: Arc<Map>,
    /// Its `vars/`.
    pub vars: Arc<Map>,
}

/// How a role is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleUseKind {
    /// An entry of a play's `roles`.
    Play,
    /// A dependency of another role.
    Dependency,
    /// `import_role`.
    Import,
    /// `include_role`.
    Include,
}

/// The files of a role that a use takes; `main` if not written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct From {
    /// `tasks_from`.
    pub tasks: Option<String>,
    /// `vars_from`.
    pub vars: Option<String>,
    /// `defaults_from`.
    pub defaults: Option<String>,
    /// `handlers_from`.
    pub handlers: Option<String>,
}

impl RoleUse {
    /// The uses around this one, the nearest first.
    pub fn parents(&self) -> impl Iterator<Item = &Arc<Self>> {
        std::iter::successors(self.parent.as_ref(), |role| role.parent.as_ref())
    }
}
