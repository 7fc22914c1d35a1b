//! The chain of places that a task stands in: include, block, role, play.

use std::sync::Arc;

use super::{Keyword, Keywords, Location, RoleUse, Setting, Tag};
use crate::diagnostic::Span;
use crate::value::Str;

/// One place that gives keywords to what is inside it. Chains end at a play.
#[derive(Debug)]
pub struct Scope {
    /// What it is.
    pub kind: ScopeKind,
    /// `name:`, if it has one.
    pub name: Option<Str>,
    /// Where it stands.
    pub span: Span,
    /// What it says itself.
    pub keywords: Keywords,
    /// The file that its tasks are written in; relative includes, files and templates start from there.
    pub file: Location,
    /// The next place outward; none for a play.
    pub parent: Option<Arc<Scope>>,
}

/// What a scope is.
#[derive(Debug, Clone)]
pub enum ScopeKind {
    /// A play.
    Play,
    /// One use of a role: `roles:`, a dependency, `import_role`, `include_role`.
    Role(Arc<RoleUse>),
    /// A block.
    Block,
    /// `import_tasks`, `import_role`: everything it says holds for each task inside.
    Import,
    /// `include_tasks`, `include_role`: only `apply:` and its vars hold inside; the vars are include parameters.
    Include,
}

impl Scope {
    /// This scope and the ones around it, inner to outer.
    pub fn chain(self: &Arc<Self>) -> impl Iterator<Item = &Arc<Self>> {
        std::iter::successors(Some(self), |scope| scope.parent.as_ref())
    }

    /// This scope and the ones around it, outer to inner.
    pub fn outward_in(self: &Arc<Self>) -> Vec<&Arc<Self>> {
        let mut chain: Vec<_> = self.chain().collect();
        chain.reverse();
        chain
    }

    /// The play that everything ends in.
    pub fn play(self: &Arc<Self>) -> &Arc<Self> {
        self.chain().last().unwrap_or(self)
    }

    /// The innermost role use around this place.
    pub fn role(self: &Arc<Self>) -> Option<&Arc<RoleUse>> {
        self.chain().find_map(|scope| match &scope.kind {
            ScopeKind::Role(role) => Some(role),
            _ => None,
        })
    }

    /// The innermost value of a keyword.
    pub fn effective(self: &Arc<Self>, keyword: Keyword) -> Option<&Setting> {
        self.chain().find_map(|scope| scope.keywords.get(keyword))
    }

    /// The conditions of all places, outer to inner.
    pub fn conditions(self: &Arc<Self>) -> Vec<&Setting> {
        self.outward_in().into_iter().flat_map(|scope| &scope.keywords.when).collect()
    }

    /// The tags of all places, outer to inner.
    pub fn tags(self: &Arc<Self>) -> Vec<&Tag> {
        self.outward_in().into_iter().flat_map(|scope| &scope.keywords.tags).collect()
    }

    /// Whether names of modules without a collection may mean modules of a collection that is not Ansible's own.
    pub fn names_collections(self: &Arc<Self>) -> bool {
        let mut names = self.chain().flat_map(|scope| &scope.keywords.collections);
        names.any(|name| !["ansible.builtin", "ansible.legacy"].contains(&name.as_str()))
    }

    /// The `environment` entries of all places, outer to inner: later ones win.
    pub fn environment(self: &Arc<Self>) -> Vec<&Setting> {
        self.outward_in().into_iter().flat_map(|scope| &scope.keywords.environment).collect()
    }
}
