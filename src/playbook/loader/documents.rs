//! Reads and parses files, each once.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::Loader;
use super::build::{Build, is_variable_name};
use super::fields::describe;
use crate::diagnostic::{Diagnostic, Source, Span};
use crate::files::clean;
use crate::playbook::Location;
use crate::playbook::unlock::VAULT_HEADER;
use crate::value::Map;
use crate::yaml::{self, Content, Node};

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
        let text = location.files.read_text(&path)?;
        let vaulted = text.starts_with(VAULT_HEADER);
        let mut source = Source::new(path.display().to_string(), text);
        if vaulted {
            source = Source::new(source.name.clone(), self.unlock(&source)?);
        }
        let mut node = yaml::parse_one(&source)?;
        if vaulted {
            node = secret(node);
        }
        let node = Arc::new(node);
        self.documents.put(key, &node);
        Ok(node)
    }

    fn unlock(&self, source: &Arc<Source>) -> Result<String, Diagnostic> {
        match &self.paths.unlock {
            Some(unlock) => unlock.unlock(source),
            None => Err(Diagnostic::new(format!(
                "`{}` is vaulted, and no vault password is given",
                source.name
            ))
            .at(&Span::new(source, 0, 0))),
        }
    }
}

/// The same with every text secret: what stands in a vaulted file is.
fn secret(node: Node) -> Node {
    use crate::value::Value;
    let content = match node.content {
        Content::Scalar(Value::Str(text)) => Content::Scalar(Value::Str(text.secret())),
        Content::Scalar(value) => Content::Scalar(value),
        Content::Sequence(items) => Content::Sequence(items.into_iter().map(secret).collect()),
        Content::Mapping(entries) => {
            Content::Mapping(entries.into_iter().map(|(key, value)| (key, secret(value))).collect())
        }
    };
    Node { content, span: node.span }
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
