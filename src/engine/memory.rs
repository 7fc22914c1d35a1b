//! What one host remembers during a run: facts, registered results, set variables.

use std::sync::Arc;

use crate::playbook::RoleUse;
use crate::value::{Key, Map, Value};

/// The variables that a host has come by.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// `ansible_facts`, without prefix.
    pub facts: Arc<Map>,
    /// Why facts are not known yet, if they are asked for and not answered.
    pub facts_pending: bool,
    /// `register`, `set_fact`.
    pub set: Arc<Map>,
    /// `include_vars`.
    pub included: Arc<Map>,
    /// The roles that `include_role: public` made visible.
    pub public_roles: Vec<Arc<RoleUse>>,
    /// Identities of the role uses that ran a task in this play.
    pub roles_run: Vec<String>,
}

impl Memory {
    /// Sets a variable as `register` and `set_fact` do.
    pub fn set(&mut self, name: &str, value: Value) {
        Arc::make_mut(&mut self.set).insert(Key::from(name), value);
    }

    /// Adds facts over those that are known.
    pub fn learn_facts(&mut self, facts: &Map) {
        let known = Arc::make_mut(&mut self.facts);
        for (name, value) in facts {
            known.insert(name.clone(), value.clone());
        }
    }

    /// Adds variables of an `include_vars`.
    pub fn include(&mut self, variables: &Map) {
        let known = Arc::make_mut(&mut self.included);
        for (name, value) in variables {
            known.insert(name.clone(), value.clone());
        }
    }
}
