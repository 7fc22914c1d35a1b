//! Reads playbook files and the playbooks that they import.

use std::sync::Arc;

use super::build::Build;
use super::table::Level;
use crate::diagnostic::{Diagnostic, Span};
use crate::files::clean;
use crate::playbook::{Keywords, Location, Play, Setting, Vars};
use crate::value::{Map, Value};
use crate::yaml::Node;

const IMPORT: [&str; 2] = ["import_playbook", "ansible.builtin.import_playbook"];

impl Build<'_> {
    /// The plays of a file.
    pub fn playbook(
        &mut self,
        file: &Location,
        named: Option<&Span>,
        import: &Keywords,
    ) -> Vec<Arc<Play>> {
        let read = self.loader.read(file).map_err(|problem| problem.at_maybe(named));
        let Some(document) = self.note(read) else { return vec![] };
        if document.is_null() || document.as_sequence().is_some_and(<[Node]>::is_empty) {
            self.error(Diagnostic::new("this playbook is empty").at(&document.span));
            return vec![];
        }
        if document.as_mapping().is_some() {
            let problem = Diagnostic::new("a playbook is a list of plays, and this is a mapping")
                .at(&document.span);
            self.error(problem.hint("start each play with `- `"));
            return vec![];
        }
        let nodes = self.list(&document, "a playbook");
        let named = named.unwrap_or(&document.span);
        let plays = self.within(file, named, |build| {
            nodes.iter().flat_map(|node| build.entry(node, file, import)).collect()
        });
        plays.unwrap_or_default()
    }

    fn entry(&mut self, node: &Node, file: &Location, import: &Keywords) -> Vec<Arc<Play>> {
        if IMPORT.iter().any(|name| node.entry(name).is_some()) {
            return self.import_playbook(node, file, import);
        }
        if let Some((key, _)) = node.entry("include") {
            self.error(self.unknown_module("include").at(&key.span));
            return vec![];
        }
        self.play(node, file, import).into_iter().collect()
    }

    fn import_playbook(
        &mut self,
        node: &Node,
        file: &Location,
        outer: &Keywords,
    ) -> Vec<Arc<Play>> {
        let Some(mut fields) = self.fields(node, "a playbook import") else { return vec![] };
        fields.take("name");
        let mut keywords = self.keywords(&mut fields, Level::PlaybookImport);
        let target = IMPORT.iter().find_map(|name| fields.take(name));
        self.refuse_rest(&mut fields, Level::PlaybookImport);
        keywords.tags.splice(0..0, outer.tags.iter().cloned());
        keywords.when.splice(0..0, outer.when.iter().cloned());
        keywords.vars = joined(keywords.vars, outer.vars.as_ref());
        let Some(field) = target else { return vec![] };
        let setting = field.setting();
        let Some(name) = self.playbook_name(&setting, keywords.vars.as_ref()) else {
            return vec![];
        };
        let mut location = file.directory().join(&name);
        location.path = clean(&location.path);
        if !location.files.is_file(&location.path) {
            let path = location.path.display();
            let problem =
                Diagnostic::new(format!("there is no playbook `{name}`")).at(&setting.span);
            self.error(problem.hint(format!("looked for `{path}`")));
            return vec![];
        }
        let step = format!("while importing `{}` at {}", location.path.display(), setting.span);
        self.traced(&step, |build| build.playbook(&location, Some(&setting.span), &keywords))
    }

    fn playbook_name(&mut self, setting: &Setting, vars: Option<&Vars>) -> Option<String> {
        let Value::Str(text) = &setting.value else {
            self.error(super::build::wrong(setting, "import_playbook", "the name of a file"));
            return None;
        };
        if !text.is_template() {
            return Some(text.as_str().trim().to_string());
        }
        let mut known: Map = vars.map(|vars| (*vars.map).clone()).unwrap_or_default();
        let extra = &self.loader.paths.known_vars;
        known.extend(extra.iter().map(|(key, value)| (key.clone(), value.clone())));
        match self.loader.vocabulary.render(text, &known) {
            Ok(value) => value.as_str().map(ToString::to_string),
            Err(problem) => {
                let hint = "a playbook is imported before any host is known: only extra vars can be used here";
                self.error(problem.at(&setting.span).hint(hint));
                None
            }
        }
    }
}

/// The vars of nested imports: the outer ones win, as over a play's.
fn joined(own: Option<Vars>, outer: Option<&Vars>) -> Option<Vars> {
    let Some(outer) = outer else { return own };
    let mut joined = own.unwrap_or_else(|| outer.clone());
    let mut map = (*joined.map).clone();
    map.extend(outer.map.iter().map(|(key, value)| (key.clone(), value.clone())));
    joined.map = Arc::new(map);
    Some(joined)
}
