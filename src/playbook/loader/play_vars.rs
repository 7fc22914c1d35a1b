//! Reads a play's `vars_files` and `vars_prompt`.

use std::sync::Arc;

use super::build::Build;
use super::fields::Fields;
use crate::diagnostic::Diagnostic;
use crate::files::clean;
use crate::playbook::{Location, Scope, Setting, VarsFile, VarsPrompt};
use crate::yaml::Node;

const PROMPT_KEYWORDS: [&str; 6] = ["name", "prompt", "default", "private", "confirm", "unsafe"];

impl Build<'_> {
    /// Takes `vars_files`. Files whose names are literal are read at once, to find what is wrong in them.
    pub fn vars_files(&mut self, fields: &mut Fields<'_>, scope: &Arc<Scope>) -> Vec<VarsFile> {
        let Some(field) = fields.take_filled("vars_files") else { return vec![] };
        let nodes = field.value.as_sequence().unwrap_or(std::slice::from_ref(field.value));
        let mut files = Vec::new();
        for node in nodes.iter().filter(|node| !node.is_null()) {
            let names = node.as_sequence().unwrap_or(std::slice::from_ref(node));
            let candidates: Vec<Setting> =
                names.iter().filter_map(|name| self.file_name(&field.key.span, name)).collect();
            self.check_vars_file(&candidates, scope);
            files.push(VarsFile { candidates, span: node.span.clone() });
        }
        files
    }

    fn file_name(&mut self, key: &crate::diagnostic::Span, node: &Node) -> Option<Setting> {
        let text = self.text(node, "vars_files")?;
        let value = crate::value::Value::Str(text);
        Some(Setting { name: key.clone(), value, span: node.span.clone() })
    }

    fn check_vars_file(&mut self, candidates: &[Setting], scope: &Arc<Scope>) {
        for candidate in candidates {
            let Some(name) = candidate.literal_text() else { return };
            if let Some(file) = vars_location(name, scope) {
                self.variables_file(&file, &candidate.span);
                return;
            }
        }
        if let Some(first) = candidates.first() {
            let names: Vec<String> = candidates
                .iter()
                .filter_map(Setting::literal_text)
                .map(|name| format!("`{name}`"))
                .collect();
            let message = match names.as_slice() {
                [one] => format!("there is no file {one}"),
                _ => format!("there is none of the files {}", names.join(", ")),
            };
            let directory = scope.file.directory();
            let place = directory.path.join("vars");
            let hint = format!("looked in `{}` and beside the playbook", place.display());
            self.error(Diagnostic::new(message).at(&first.span).hint(hint));
        }
    }

    /// Takes `vars_prompt`.
    pub fn vars_prompt(&mut self, fields: &mut Fields<'_>) -> Vec<VarsPrompt> {
        let Some(field) = fields.take_filled("vars_prompt") else { return vec![] };
        let nodes = self.list(field.value, "`vars_prompt`");
        nodes.iter().filter_map(|node| self.prompt(node)).collect()
    }

    fn prompt(&mut self, node: &Node) -> Option<VarsPrompt> {
        let mut fields = self.fields(node, "an entry of `vars_prompt`")?;
        let Some(name) = fields.take("name") else {
            self.error(
                Diagnostic::new("this entry of `vars_prompt` names no variable")
                    .at(&node.span)
                    .hint("add `name`"),
            );
            return None;
        };
        let name = self.variable_name(name.value, "name")?;
        let mut truth = |build: &mut Self, keyword: &str, unless: bool| {
            let Some(field) = fields.take_filled(keyword) else { return unless };
            let setting = field.setting();
            build.check_bool(&setting, keyword);
            setting.literal_bool().unwrap_or(unless)
        };
        let private = truth(self, "private", true);
        let confirm = truth(self, "confirm", false);
        let untrusted = truth(self, "unsafe", false);
        let prompt = fields.take_filled("prompt").map(|field| field.setting());
        let default = fields.take_filled("default").map(|field| field.setting());
        for setting in prompt.iter().chain(&default) {
            self.check_templates(&setting.value);
        }
        for field in fields.take_where(|_| true) {
            let keyword = field.name;
            let problem = if ["encrypt", "salt", "salt_size"].contains(&keyword) {
                let hint = "hash the value where it is used, with the filter `password_hash`";
                Diagnostic::new(format!("`{keyword}` in `vars_prompt` is not supported by mxprov"))
                    .hint(hint)
            } else {
                let message = format!("`{keyword}` is not a keyword of `vars_prompt`");
                Diagnostic::new(message).suggest(keyword, PROMPT_KEYWORDS)
            };
            self.error(problem.at(&field.key.span));
        }
        Some(VarsPrompt {
            name,
            span: node.span.clone(),
            prompt,
            default,
            private,
            confirm,
            untrusted,
        })
    }
}

/// A file of `vars_files`: in `vars/` beside the playbook, or beside it.
pub fn vars_location(name: &str, scope: &Arc<Scope>) -> Option<Location> {
    let directory = scope.play().file.directory();
    [directory.join("vars").join(name), directory.join(name)].into_iter().find_map(|mut file| {
        file.path = clean(&file.path);
        file.files.is_file(&file.path).then_some(file)
    })
}
