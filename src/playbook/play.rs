//! Plays and playbooks.

use std::sync::Arc;

use super::{Block, Handler, Item, Location, RoleUse, Scope, Setting, Task};
use crate::diagnostic::{Diagnostic, Span};
use crate::value::{Map, Str};

/// The plays of one or more playbook files, `import_playbook` expanded.
#[derive(Debug, Default)]
pub struct Playbook {
    /// In order.
    pub plays: Vec<Arc<Play>>,
    /// What is legal but surely not meant.
    pub warnings: Vec<Diagnostic>,
}

/// One play.
#[derive(Debug)]
pub struct Play {
    /// `name:`; may be a template. A play without one is known by its hosts.
    pub name: Option<Str>,
    /// Where it stands.
    pub span: Span,
    /// `hosts`: a pattern, a list of patterns, or templates of them.
    pub hosts: Setting,
    /// Its keywords; every task's chain ends here. `vars`, `tags`, `become`, `environment` … are in it.
    pub scope: Arc<Scope>,
    /// `vars_prompt`.
    pub vars_prompt: Vec<VarsPrompt>,
    /// `vars_files`, in order; found with [`super::Loader::vars_file`] per host, since names may be templates.
    pub vars_files: Vec<VarsFile>,
    /// `gather_facts`; facts are gathered unless it is false.
    pub gather_facts: Option<Setting>,
    /// `gather_subset`.
    pub gather_subset: Option<Setting>,
    /// `gather_timeout`, in seconds.
    pub gather_timeout: Option<Setting>,
    /// `fact_path`.
    pub fact_path: Option<Setting>,
    /// `pre_tasks`; handlers are flushed after them.
    pub pre_tasks: Vec<Item>,
    /// The uses of roles, dependencies before who needs them. Each is a block whose scope is [`super::ScopeKind::Role`],
    /// the check of its arguments first. So it is inside imports and includes of roles, too.
    pub roles: Vec<Arc<Block>>,
    /// `tasks`; handlers are flushed after them.
    pub tasks: Vec<Item>,
    /// `post_tasks`; handlers are flushed after them.
    pub post_tasks: Vec<Item>,
    /// All handlers in the order they run in: the roles', then the play's own.
    pub handlers: Vec<Arc<Handler>>,
    /// The roles that `import_role` brings anywhere in the play.
    pub imported_roles: Vec<Arc<RoleUse>>,
    /// `serial`: a number, a percentage, or a list of them.
    pub serial: Option<Setting>,
    /// `strategy`: `linear`, `free`, `host_pinned`.
    pub strategy: Option<Setting>,
    /// `max_fail_percentage`.
    pub max_fail_percentage: Option<Setting>,
    /// `force_handlers`.
    pub force_handlers: Option<Setting>,
    /// `order`: `inventory`, `sorted`, `reverse_sorted`, `reverse_inventory`, `shuffle`.
    pub order: Option<Setting>,
    /// The file that the play is written in; its directory is `playbook_dir`.
    pub file: Location,
}

/// An entry of `vars_files`: the first of the names that exists.
#[derive(Debug, Clone)]
pub struct VarsFile {
    /// One or more names, mostly templates.
    pub candidates: Vec<Setting>,
    /// Where the entry stands.
    pub span: Span,
}

/// An entry of `vars_prompt`.
#[derive(Debug, Clone)]
pub struct VarsPrompt {
    /// The variable.
    pub name: String,
    /// Where the entry stands.
    pub span: Span,
    /// `prompt`: the question; the variable's name if not written.
    pub prompt: Option<Setting>,
    /// `default`.
    pub default: Option<Setting>,
    /// `private`: what is typed is not shown; true if not written.
    pub private: bool,
    /// `confirm`: ask twice.
    pub confirm: bool,
    /// `unsafe`: what is typed is never a template.
    pub untrusted: bool,
}

impl Play {
    /// The play's own vars.
    pub fn vars(&self) -> Option<&Arc<Map>> {
        self.scope.keywords.vars.as_ref().map(|vars| &vars.map)
    }

    /// The roles whose vars and defaults every task of the play sees, the weakest first: those of `roles`, their
    /// dependencies, and imports.
    pub fn public_roles(&self) -> impl Iterator<Item = &Arc<RoleUse>> {
        let listed = self.roles.iter().filter_map(|block| block.scope.role());
        listed.chain(&self.imported_roles).filter(|role| role.public)
    }

    /// Everything that runs in order, without handlers.
    pub fn items(&self) -> impl Iterator<Item = Item> {
        let roles = self.roles.iter().cloned().map(Item::Block);
        let before = self.pre_tasks.iter().cloned();
        before.chain(roles).chain(self.tasks.iter().cloned()).chain(self.post_tasks.iter().cloned())
    }

    /// All tasks in the order they are written to run in, without handlers.
    pub fn all_tasks(&self) -> Vec<Arc<Task>> {
        self.items()
            .flat_map(|item| item.tasks().into_iter().cloned().collect::<Vec<_>>())
            .collect()
    }
}
