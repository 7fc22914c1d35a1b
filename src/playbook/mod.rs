//! Plays, blocks, tasks, handlers, roles: loading, checking, includes.
//!
//! [`Loader::load`] reads playbooks into a [`Playbook`]: every error that needs no host is found there, many at once.
//! Nothing is rendered; the engine walks [`Play`], [`Item`] and [`Task`] per host, asks a task for what it inherits
//! ([`Task::effective`], [`Task::conditions`], [`Task::tags`], [`Task::vars_layers`]) and calls the loader again for
//! `include_tasks`, `include_role` and `vars_files`, whose names may need a host.

mod block;
mod keywords;
mod layer;
mod listing;
mod loader;
mod location;
mod play;
mod repeat;
mod role;
mod scope;
mod select;
mod setting;
pub mod spec;
mod task;
#[cfg(test)]
mod tests;
mod vocabulary;

pub use block::{Block, Brings, Handler, Item};
pub use keywords::{Keyword, Keywords, ModuleDefaults, Tag, Vars};
pub use layer::{Layer, Tier};
pub use listing::{PlayListing, TaskListing, list_tags, list_tasks};
pub use loader::{IncludedRole, Loader, Paths, RoleRequest, keyword_places, not_waited_for};
pub use location::Location;
pub use play::{Play, Playbook, VarsFile, VarsPrompt};
pub use repeat::{Loop, LoopControl, LoopKind};
pub use role::{Brought, From, Role, RoleUse, RoleUseKind};
pub use scope::{Scope, ScopeKind};
pub use select::{TagFilter, find_start, matches_pattern};
pub use setting::{Args, FreeForm, Setting, literal_bool, literal_text};
pub use task::{
    Action, Flow, FromSettings, IncludeRole, IncludeTasks, Meta, Register, Task, ValidateArguments,
};
pub use vocabulary::{Known, Vocabulary};
