//! Reads the keywords that several levels share.

use std::sync::Arc;

use super::build::{Build, bad_variable_name, is_variable_name, wrong};
use super::fields::{Field, Fields, describe};
use super::table::Level;
use crate::diagnostic::Diagnostic;
use crate::inventory::CONNECTION_VARIABLES;
use crate::playbook::{Keyword, Keywords, ModuleDefaults, Setting, Tag, Vars};
use crate::value::{Map, Str, Value};
use crate::yaml::Node;

impl Build<'_> {
    /// Takes all shared keywords that may stand at `level`. An empty value counts as not written, as in Ansible.
    pub fn keywords(&mut self, fields: &mut Fields<'_>, level: Level) -> Keywords {
        let mut keywords = Keywords::default();
        for keyword in Keyword::ALL.into_iter().filter(|keyword| level.allows(keyword.name())) {
            if let Some(field) = fields.take_filled(keyword.name()) {
                let setting = field.setting();
                self.check_keyword(keyword, &setting);
                keywords.settings.insert(keyword, setting);
            }
        }
        if level.allows("when") {
            keywords.when =
                fields.take_filled("when").map(|field| self.conditions(field)).unwrap_or_default();
        }
        if level.allows("notify") {
            keywords.notify = fields.take_filled("notify").map(|field| self.names(field));
        }
        keywords.vars = fields.take_filled("vars").and_then(|field| {
            if !matches!(level, Level::Play | Level::PlaybookImport) {
                self.refuse_connection_variables(field, level);
            }
            self.vars(field)
        });
        keywords.tags = fields.take("tags").map(|field| self.tags(field)).unwrap_or_default();
        if level.allows("environment") {
            self.more_keywords(fields, &mut keywords);
        }
        keywords
    }

    fn more_keywords(&mut self, fields: &mut Fields<'_>, keywords: &mut Keywords) {
        if let Some(field) = fields.take_filled("environment") {
            keywords.environment = self.environment(field);
        }
        if let Some(field) = fields.take_filled("module_defaults") {
            keywords.module_defaults = self.module_defaults(field);
        }
        if let Some(field) = fields.take_filled("collections") {
            let names = self.list(field.value, "`collections`");
            keywords.collections =
                names.iter().filter_map(|name| self.text(name, "collections")).collect();
        }
    }

    fn check_keyword(&mut self, keyword: Keyword, setting: &Setting) {
        let name = keyword.name();
        match keyword {
            Keyword::AnyErrorsFatal
            | Keyword::Become
            | Keyword::CheckMode
            | Keyword::DelegateFacts
            | Keyword::Diff
            | Keyword::IgnoreErrors
            | Keyword::IgnoreUnreachable
            | Keyword::NoLog
            | Keyword::RunOnce => self.check_bool(setting, name),
            Keyword::Port | Keyword::Throttle | Keyword::Timeout => self.check_count(setting, name),
            Keyword::BecomeExe
            | Keyword::BecomeFlags
            | Keyword::BecomeMethod
            | Keyword::BecomeUser
            | Keyword::Connection
            | Keyword::DelegateTo
            | Keyword::RemoteUser => self.check_text(setting, name),
        }
    }

    /// A host has one connection for all of a play: what stands below a play cannot change it.
    fn refuse_connection_variables(&mut self, field: Field<'_>, level: Level) {
        for (key, _) in field.value.as_mapping().into_iter().flatten() {
            let Some(name) = key.as_str().filter(|name| CONNECTION_VARIABLES.contains(name)) else {
                continue;
            };
            let message = format!("`{name}` has no effect in the `vars` of {}", level.name());
            let hint = "a host has one connection in a play: set this in the inventory or the play's `vars`";
            self.error(Diagnostic::new(message).at(&key.span).hint(hint));
        }
    }

    /// Conditions: one or a list, each an expression or a truth value.
    pub fn conditions(&mut self, field: Field<'_>) -> Vec<Setting> {
        let nodes = field.value.as_sequence().unwrap_or(std::slice::from_ref(field.value));
        nodes.iter().filter_map(|node| self.condition(field, node)).collect()
    }

    fn condition(&mut self, field: Field<'_>, node: &Node) -> Option<Setting> {
        let value = node.to_value();
        match &value {
            Value::Str(text) if text.as_str().trim().is_empty() => {
                self.error(
                    Diagnostic::new(format!("`{}` is empty", field.name))
                        .at(&node.span)
                        .hint("remove it"),
                );
                return None;
            }
            Value::Str(text) if text.is_template() => self.check_templates(&value),
            Value::Str(text) => {
                let problems = self.loader.vocabulary.check_expression(text);
                self.errors(problems);
            }
            Value::Bool(_) => {}
            _ => {
                let message = format!(
                    "`{}` is an expression or a list of them, and this is {}",
                    field.name,
                    describe(node)
                );
                self.error(Diagnostic::new(message).at(&node.span));
                return None;
            }
        }
        Some(Setting { name: field.key.span.clone(), value, span: node.span.clone() })
    }

    /// One text or a list of texts, each may be a template: `notify`, `listen`.
    pub fn names(&mut self, field: Field<'_>) -> Vec<Setting> {
        let nodes = field.value.as_sequence().unwrap_or(std::slice::from_ref(field.value));
        let mut settings = Vec::new();
        for node in nodes {
            if let Some(text) = self.text(node, field.name) {
                let name = field.key.span.clone();
                settings.push(Setting { name, value: Value::Str(text), span: node.span.clone() });
            }
        }
        settings
    }

    /// A `vars` mapping.
    pub fn vars(&mut self, field: Field<'_>) -> Option<Vars> {
        let map = self.variables(field.value, &format!("`{}`", field.name))?;
        Some(Vars { map: Arc::new(map), span: field.value.span.clone() })
    }

    /// The variables of a `vars` mapping. Nothing is an empty mapping.
    fn variables(&mut self, node: &Node, what: &str) -> Option<Map> {
        let Some(entries) = node.as_mapping() else {
            let message =
                format!("{what} is a mapping of variables, and this is {}", describe(node));
            self.error(Diagnostic::new(message).at(&node.span));
            return None;
        };
        let mut map = Map::new();
        for (key, value) in entries {
            match key.as_str() {
                Some(name) if is_variable_name(name) => {
                    let value = value.to_value();
                    self.check_templates(&value);
                    map.insert(name.into(), value);
                }
                Some(name) => {
                    self.error(bad_variable_name(name, what.trim_matches('`'), &key.span));
                }
                None => {
                    let message =
                        format!("a variable in {what} has a name, and this is {}", describe(key));
                    self.error(Diagnostic::new(message).at(&key.span).hint("put it in quotes"));
                }
            }
        }
        Some(map)
    }

    fn tags(&mut self, field: Field<'_>) -> Vec<Tag> {
        let value = field.value;
        if value.as_sequence().is_none() && value.as_str().is_none() {
            let message =
                format!("`tags` is a list or a text with commas, and this is {}", describe(value));
            self.error(Diagnostic::new(message).at(&value.span));
            return vec![];
        }
        let Some(nodes) = value.as_sequence() else { return self.split_tags(value) };
        nodes.iter().filter_map(|node| self.tag(node)).collect()
    }

    /// A comma list.
    fn split_tags(&mut self, node: &Node) -> Vec<Tag> {
        let Some(text) = self.text(node, "tags") else { return vec![] };
        let tag = |text| Tag { text, span: node.span.clone() };
        if text.is_template() {
            return vec![tag(text)];
        }
        let parts = text.as_str().split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|part| tag(Str::data(part).with_origin(Some(node.span.clone())))).collect()
    }

    /// An entry of a list; Ansible takes its commas as part of the tag.
    fn tag(&mut self, node: &Node) -> Option<Tag> {
        let text = self.text(node, "tags")?;
        if text.as_str().contains(',') && !text.is_template() {
            let message = format!("`{}` is one tag, comma included", text.as_str());
            let warning = Diagnostic::new(message).at(&node.span);
            self.warnings.push(warning.hint("write each tag as an entry of its own"));
        }
        Some(Tag { text, span: node.span.clone() })
    }

    fn environment(&mut self, field: Field<'_>) -> Vec<Setting> {
        let nodes = field.value.as_sequence().unwrap_or(std::slice::from_ref(field.value));
        let mut settings = Vec::new();
        for node in nodes.iter().filter(|node| !node.is_null()) {
            let setting = Setting {
                name: field.key.span.clone(),
                value: node.to_value(),
                span: node.span.clone(),
            };
            self.check_templates(&setting.value);
            let template = matches!(&setting.value, Value::Str(text) if text.is_template());
            if setting.value.as_map().is_some() || template {
                settings.push(setting);
            } else {
                self.error(wrong(
                    &setting,
                    "environment",
                    "a mapping, or a template that gives one",
                ));
            }
        }
        settings
    }

    fn module_defaults(&mut self, field: Field<'_>) -> Vec<ModuleDefaults> {
        let nodes = field.value.as_sequence().unwrap_or(std::slice::from_ref(field.value));
        nodes.iter().flat_map(|node| self.defaults_of(node)).collect()
    }

    fn defaults_of(&mut self, node: &Node) -> Vec<ModuleDefaults> {
        let Some(mut fields) = self.fields(node, "`module_defaults`") else { return vec![] };
        let mut all = Vec::new();
        for field in fields.take_where(|_| true) {
            let setting = field.setting();
            self.check_templates(&setting.value);
            let template = matches!(&setting.value, Value::Str(text) if text.is_template());
            if setting.value.as_map().is_none() && !template {
                self.error(wrong(&setting, field.name, "a mapping of arguments"));
            } else if !field.name.starts_with("group/") && !self.is_module(field.name) {
                self.error(self.unknown_module(field.name).at(&field.key.span));
            } else {
                all.push(ModuleDefaults { module: Str::data(field.name), args: setting });
            }
        }
        all
    }

    /// What is left over is wrong.
    pub fn refuse_rest(&mut self, fields: &mut Fields<'_>, level: Level) {
        for field in fields.take_where(|_| true) {
            self.error(level.refuse(&field));
        }
    }
}
