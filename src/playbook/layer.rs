//! The variables that the places around a task give, in the order of their strength.

use std::sync::Arc;

use super::{RoleUse, Scope, ScopeKind, Task};
use crate::value::Map;

/// Where a layer of variables comes from; a later one is stronger. The levels of the inventory, facts and
/// the run (`set_fact`, `register`, extra vars) go between: the engine puts them there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// `defaults/` of roles: weaker than the inventory.
    RoleDefaults,
    /// `vars` of the play, then `vars_prompt`, then `vars_files`: stronger than facts.
    Play,
    /// `vars/` of roles.
    RoleVars,
    /// `vars` of blocks, uses of roles and imports, the inner ones stronger.
    Block,
    /// `vars` of the task.
    Task,
    /// Parameters of a role: stronger than `set_fact` and `register`.
    RoleParams,
    /// `vars` of includes.
    IncludeParams,
}

/// One mapping of variables.
#[derive(Debug, Clone)]
pub struct Layer {
    /// How strong it is.
    pub tier: Tier,
    /// The variables, not rendered.
    pub vars: Arc<Map>,
}

impl Task {
    /// The variables that the task's places give, the weakest first. Not in it: those of the play's other public
    /// roles ([`super::Play::public_roles`]), which are weaker than the task's own role of the same tier.
    pub fn vars_layers(&self) -> Vec<Layer> {
        let mut layers = self.scope.vars_layers();
        if let Some(vars) = &self.keywords.vars {
            layers.push(Layer { tier: Tier::Task, vars: Arc::clone(&vars.map) });
        }
        layers.sort_by_key(|layer| layer.tier);
        layers
    }
}

impl Scope {
    /// The variables that this place and those around it give, the weakest first.
    pub fn vars_layers(self: &Arc<Self>) -> Vec<Layer> {
        let mut layers = Vec::new();
        let mut push = |tier, vars: &Arc<Map>| {
            if !vars.is_empty() {
                layers.push(Layer { tier, vars: Arc::clone(vars) });
            }
        };
        if let Some(role) = self.role() {
            let brought = &role.brought;
            for dependency in brought {
                push(Tier::RoleDefaults, &dependency.defaults);
            }
            for role in role.lineage() {
                push(Tier::RoleDefaults, &role.defaults);
            }
            for dependency in brought {
                push(Tier::RoleVars, &dependency.vars);
            }
            for role in role.lineage() {
                push(Tier::RoleVars, &role.vars);
            }
            for role in role.lineage() {
                push(Tier::RoleParams, &role.params);
            }
        }
        for scope in self.outward_in() {
            let Some(vars) = &scope.keywords.vars else { continue };
            match scope.kind {
                ScopeKind::Play => push(Tier::Play, &vars.map),
                ScopeKind::Block | ScopeKind::Role(_) | ScopeKind::Import => {
                    push(Tier::Block, &vars.map);
                }
                ScopeKind::Include => push(Tier::IncludeParams, &vars.map),
            }
        }
        layers.sort_by_key(|layer| layer.tier);
        layers
    }
}

impl RoleUse {
    /// The uses around this one and itself, outermost first.
    pub fn lineage(&self) -> Vec<&Self> {
        let mut lineage: Vec<&Self> = self.parents().map(AsRef::as_ref).collect();
        lineage.reverse();
        lineage.push(self);
        lineage
    }
}
