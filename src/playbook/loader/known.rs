//! The variables that are known before any host is.

use std::sync::Arc;

use super::build::Build;
use crate::playbook::{Scope, Vars};
use crate::value::{Map, Value};

impl Build<'_> {
    /// What names of imports and tags may use: the vars of role, play, blocks and the command line, `role_name`,
    /// `role_path`, `playbook_dir`.
    pub fn known_vars(&self, scope: &Arc<Scope>, own: Option<&Vars>) -> Map {
        let mut vars = Map::new();
        for layer in scope.vars_layers() {
            vars.extend(layer.vars.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        for (key, value) in own.iter().flat_map(|own| own.map.iter()) {
            vars.insert(key.clone(), value.clone());
        }
        let extra = &self.loader.paths.known_vars;
        vars.extend(extra.iter().map(|(key, value)| (key.clone(), value.clone())));
        let path = |location: &crate::playbook::Location| {
            Value::data(location.files.absolute(&location.path).display().to_string())
        };
        vars.insert("playbook_dir".into(), path(&scope.play().file.directory()));
        if let Some(role) = scope.role() {
            vars.insert("role_name".into(), Value::data(role.role.name.as_str()));
            vars.insert("role_path".into(), path(&role.role.directory));
        }
        vars
    }
}
