//! Reads and parses files, each once.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::Loader;
use super::build::{Build, is_variable_name};
use super::fields::describe;
use crate::diagnostic::{Diagnostic, Span};
use crate::files::clean;
use crate::playbook::Location;
use crate::value::Map;
use crate::yaml::{self, Node};

/// The parsed files of one loader. Trees of files are told apart by address; the loader keeps them alive.
#[derive(Default)]
pub struct Documents {
    parsed: Mutex<HashMap<(usize, PathBuf), Arc<Node>>>,
}

impl Documents {
    fn get(&self, key: &(usize, PathBuf)) -> Option<Arc<Node>> {
        self.parsed.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn put(&self, key: (usize, PathBuf), node: &Arc<Node>) {
        self.parsed.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(node));
    }
}

impl Loader {
    /// The document of a file.
    pub(super) fn read(&self, location: &Location) -> Result<Arc<Node>, Diagnostic> {
        let path = clean(&location.path);
        let key = (Arc::as_ptr(&location.files).cast::<()>() as usize, path.clone());
        if let Some(node) = self.documents.get(&key) {
            return Ok(node);
        }
        let node = Arc::new(yaml::read(&*location.files, &*self.paths.unseal, &path)?);
        self.documents.put(key, &node);
        Ok(node)
    }
}

impl Build<'_> {
    /// The document of a file that stands where `span` names it.
    pub fn document(&mut self, location: &Location, span: &Span) -> Option<Arc<Node>> {
        let result = self.loader.read(location).map_err(|problem| problem.at(span));
        self.note(result)
    }

    /// The variables of a file. Unlike `vars`, Ansible takes any keys there: `vars['a-b']` reaches them.
    pub fn variables_file(&mut self, location: &Location, span: &Span) -> Option<Map> {
        let document = self.document(location, span)?;
        if document.is_null() {
            return Some(Map::new());
        }
        let path = location.path.display();
        let Some(entries) = document.as_mapping() else {
            let message =
                format!("`{path}` is a mapping of variables, and this is {}", describe(&document));
            self.error(Diagnostic::new(message).at(&document.span));
            return None;
        };
        let mut map = Map::new();
        for (key, value) in entries {
            let Some(name) = key.key() else { continue };
            if !key.as_str().is_some_and(is_variable_name) {
                let message = format!("`{name}` cannot be used as the name of a variable");
                let hint = format!("it is reached as `vars['{name}']` alone");
                self.warnings.push(Diagnostic::new(message).at(&key.span).hint(hint));
            }
            let value = value.to_value();
            self.check_templates(&value);
            map.insert(name, value);
        }
        Some(map)
    }
}
