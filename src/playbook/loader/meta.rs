//! A role's `meta/`: dependencies, duplicates, specifications of arguments.

use std::sync::Arc;

use indexmap::IndexMap;

use super::build::{Build, wrong};
use super::roles::Wanted;
use crate::diagnostic::{Diagnostic, Span};
use crate::playbook::spec::{self, EntryPoint};
use crate::playbook::{Location, RoleUseKind, Scope};
use crate::value::Str;

/// What `meta/` says.
#[derive(Default)]
pub struct Meta {
    /// `allow_duplicates`.
    pub allow_duplicates: bool,
    /// `dependencies`.
    pub dependencies: Vec<Wanted>,
    /// `collections`.
    pub collections: Vec<Str>,
    /// `argument_specs`.
    pub argument_specs: IndexMap<String, Arc<EntryPoint>>,
}

const KEYWORDS: [&str; 7] = [
    "allow_duplicates",
    "argument_specs",
    "collections",
    "dependencies",
    "galaxy_info",
    "standalone",
    "cleanup",
];

impl Build<'_> {
    /// Reads a role's `meta/`. `scope` is where the role is used.
    pub fn meta(&mut self, directory: &Location, span: &Span, scope: &Arc<Scope>) -> Meta {
        let mut meta = Meta::default();
        if let Some(file) = self.role_file(directory, "meta", None, span) {
            self.main(&file, span, scope, &mut meta);
        }
        let specs = ["argument_specs.yml", "argument_specs.yaml"]
            .map(|name| directory.join("meta").join(name))
            .into_iter()
            .find(|file| file.files.is_file(&file.path));
        if let Some(file) = specs
            && let Some(document) = self.document(&file, span)
            && !document.is_null()
        {
            match document.entry("argument_specs") {
                Some((_, specs)) => self.argument_specs(specs, &mut meta),
                None => self
                    .error(Diagnostic::new("`argument_specs` is missing here").at(&document.span)),
            }
        }
        meta
    }

    fn main(&mut self, file: &Location, span: &Span, scope: &Arc<Scope>, meta: &mut Meta) {
        let Some(document) = self.document(file, span) else { return };
        if document.is_null() {
            return;
        }
        let Some(mut fields) = self.fields(&document, "a role's `meta/main.yml`") else { return };
        if let Some(field) = fields.take_filled("allow_duplicates") {
            let setting = field.setting();
            match setting.literal_bool() {
                Some(truth) => meta.allow_duplicates = truth,
                None => self.error(wrong(&setting, "allow_duplicates", "true or false")),
            }
        }
        if let Some(field) = fields.take_filled("collections") {
            let names = self.list(field.value, "`collections`");
            meta.collections =
                names.iter().filter_map(|name| self.text(name, "collections")).collect();
        }
        if let Some(field) = fields.take("dependencies") {
            for node in self.list(field.value, "`dependencies`") {
                meta.dependencies.extend(self.role_entry(node, scope, RoleUseKind::Dependency));
            }
        }
        if let Some(field) = fields.take_filled("argument_specs") {
            self.argument_specs(field.value, meta);
        }
        for field in fields.take_where(|name| !KEYWORDS.contains(&name)) {
            let problem = Diagnostic::new(format!(
                "`{}` is not a keyword of a role's `meta/main.yml`",
                field.name
            ));
            self.error(problem.at(&field.key.span).suggest(field.name, KEYWORDS));
        }
    }

    fn argument_specs(&mut self, node: &crate::yaml::Node, meta: &mut Meta) {
        let specs = spec::read(node);
        self.errors(specs.errors);
        self.warnings.extend(specs.warnings);
        meta.argument_specs = specs.entry_points;
    }
}
