//! Uses of roles: found, read, and put around their tasks.

use std::sync::Arc;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::build::{Build, is_variable_name};
use super::fields::{Field, describe};
use super::meta::Meta;
use super::table::Level;
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::playbook::{
    Block, Brought, From, Handler, Item, Keywords, Location, Role, RoleUse, RoleUseKind, Scope,
    ScopeKind, Setting,
};
use crate::value::{Map, Str, Value};
use crate::yaml::Node;

/// A use of a role before the role is found.
pub struct Wanted {
    /// The role.
    pub name: String,
    /// Where it is named.
    pub span: Span,
    /// How it is used.
    pub kind: RoleUseKind,
    /// Its files.
    pub from: From,
    /// What the use says.
    pub keywords: Keywords,
    /// Its parameters.
    pub params: Map,
    /// Whether the play sees its variables.
    pub public: bool,
    /// Whether it may run twice; as its `meta` says if not given.
    pub allow_duplicates: Option<bool>,
    /// Whether its arguments are checked.
    pub validate: bool,
}

/// A use of a role with all that it brings.
pub struct Used {
    /// The use.
    pub role: Arc<RoleUse>,
    /// The dependencies' blocks, then its own.
    pub blocks: Vec<Arc<Block>>,
    /// The dependencies' handlers, then its own.
    pub handlers: Vec<Arc<Handler>>,
}

impl Build<'_> {
    /// An entry of `roles` or `dependencies`.
    pub fn role_entry(
        &mut self,
        node: &Node,
        scope: &Arc<Scope>,
        kind: RoleUseKind,
    ) -> Option<Wanted> {
        let wanted = |name, span, keywords, params| Wanted {
            name,
            span,
            kind,
            from: From::default(),
            keywords,
            params,
            public: true,
            allow_duplicates: None,
            validate: true,
        };
        if let Some(name) = node.as_str() {
            let name = self.role_name(node, name, scope)?;
            return Some(wanted(name, node.span.clone(), Keywords::default(), Map::new()));
        }
        let mut fields = self.fields(node, "a use of a role")?;
        let (role, name) = (fields.take("role"), fields.take("name"));
        let Some(field) = role.or(name) else {
            self.error(
                Diagnostic::new("this use of a role names no role")
                    .at(&node.span)
                    .hint("add `role: name`"),
            );
            return None;
        };
        let text = self.text(field.value, "role")?;
        let name = self.role_name(field.value, text.as_str(), scope)?;
        let mut keywords = self.keywords(&mut fields, Level::Role);
        self.settle_tags(&mut keywords, scope);
        let mut params = Map::new();
        for field in fields.take_where(|_| true) {
            self.role_param(&field, &mut params);
        }
        Some(wanted(name, field.value.span.clone(), keywords, params))
    }

    fn role_param(&mut self, field: &Field<'_>, params: &mut Map) {
        let name = field.name;
        if ["tasks_from", "vars_from", "defaults_from", "handlers_from"].contains(&name) {
            let problem = Diagnostic::new(format!("`{name}` means nothing in a use of a role"));
            self.error(problem.at(&field.key.span).hint("use `import_role` under `tasks`"));
            return;
        }
        if Level::Task.allows(name)
            || super::table::REFUSED.contains(&name)
            || !is_variable_name(name)
        {
            self.error(Level::Role.refuse(field));
            return;
        }
        let keyword = did_you_mean(name, Level::Role.keywords());
        if let Some(keyword) =
            keyword.filter(|keyword| strsim::osa_distance(keyword, name) == 1 && name.len() > 3)
        {
            let warning = Diagnostic::new(format!("`{name}` is taken as a parameter of the role"))
                .at(&field.key.span);
            self.warnings.push(warning.hint(format!("did you mean the keyword `{keyword}`?")));
        }
        let value = field.value.to_value();
        self.check_templates(&value);
        params.insert(name.into(), value);
    }

    fn role_name(&mut self, node: &Node, name: &str, scope: &Arc<Scope>) -> Option<String> {
        if name.trim().is_empty() {
            self.error(
                Diagnostic::new(format!("the name of a role is {}", describe(node))).at(&node.span),
            );
            return None;
        }
        let setting =
            Setting { name: node.span.clone(), value: node.to_value(), span: node.span.clone() };
        match &setting.value {
            Value::Str(text) if text.is_template() => {
                self.known_text(&setting, scope, None, "role")
            }
            _ => Some(name.to_string()),
        }
    }

    /// Finds a role and reads all of it.
    pub fn use_role(&mut self, wanted: Wanted, outer: &Arc<Scope>) -> Option<Used> {
        let found = self.find_role(&wanted.name, outer);
        let directory = self.note(found.map_err(|problem| problem.at(&wanted.span)))?;
        let span = wanted.span.clone();
        let entry = directory.join(wanted.from.tasks.as_deref().unwrap_or("main"));
        let step = format!("while loading role `{}`", wanted.name);
        self.traced(&step, |build| {
            build.within(&entry, &span, |build| build.used(wanted, &directory, outer))
        })
    }

    fn used(&mut self, mut wanted: Wanted, directory: &Location, outer: &Arc<Scope>) -> Used {
        let mut meta = self.meta(directory, &wanted.span, outer);
        wanted.keywords.collections.append(&mut meta.collections);
        let dependencies = std::mem::take(&mut meta.dependencies);
        let brought = self.brought(&dependencies, outer, 0);
        let (keywords, validate) = (wanted.keywords.clone(), wanted.validate);
        let role = Arc::new(self.role_use(wanted, meta, brought, (directory, outer)));
        let scope = |file: Location| {
            Arc::new(Scope {
                kind: ScopeKind::Role(Arc::clone(&role)),
                name: None,
                span: role.span.clone(),
                keywords: keywords.clone(),
                file,
                parent: Some(Arc::clone(outer)),
            })
        };
        let tasks = self.role_file(directory, "tasks", role.from.tasks.as_deref(), &role.span);
        let place = tasks.clone().unwrap_or_else(|| directory.join("tasks/main.yml"));
        let own = scope(place);
        let (mut blocks, mut handlers) = (Vec::new(), Vec::new());
        for dependency in dependencies {
            if let Some(used) = self.use_role(dependency, &own) {
                blocks.extend(used.blocks);
                handlers.extend(used.handlers);
            }
        }
        let check = if validate { super::validation::task(&role, &own) } else { None };
        let mut items: Vec<Item> = check.map(Item::Task).into_iter().collect();
        items.extend(tasks.map(|file| self.role_tasks(&file, &own)).unwrap_or_default());
        let file = self.role_file(directory, "handlers", role.from.handlers.as_deref(), &role.span);
        if let Some(file) = file {
            handlers.extend(self.role_handlers(&file, &scope(file.clone())));
        }
        blocks.push(Arc::new(Block::plain(own, items)));
        Used { role, blocks, handlers }
    }

    fn role_use(
        &mut self,
        wanted: Wanted,
        meta: Meta,
        brought: Vec<Brought>,
        (directory, outer): (&Location, &Arc<Scope>),
    ) -> RoleUse {
        let from = wanted.from.clone();
        RoleUse {
            defaults: self.role_vars(directory, "defaults", from.defaults.as_deref(), &wanted.span),
            vars: self.role_vars(directory, "vars", from.vars.as_deref(), &wanted.span),
            brought,
            identity: identity(directory, &wanted),
            role: Arc::new(Role {
                name: wanted.name,
                directory: directory.clone(),
                allow_duplicates: meta.allow_duplicates,
                argument_specs: meta.argument_specs,
            }),
            span: wanted.span,
            kind: wanted.kind,
            params: Arc::new(wanted.params),
            public: wanted.public,
            allow_duplicates: wanted.allow_duplicates.unwrap_or(meta.allow_duplicates),
            parent: outer.role().cloned(),
            outer: Arc::clone(outer),
            from,
        }
    }

    fn role_tasks(&mut self, file: &Location, scope: &Arc<Scope>) -> Vec<Item> {
        let Some(document) = self.document(file, &scope.span) else { return vec![] };
        let nodes = self.task_list(&document);
        self.items(nodes, scope)
    }

    fn role_handlers(&mut self, file: &Location, scope: &Arc<Scope>) -> Vec<Arc<Handler>> {
        let Some(document) = self.document(file, &scope.span) else { return vec![] };
        let nodes = self.task_list(&document);
        self.handlers(nodes, scope)
    }

    /// The variables of all dependencies, theirs first.
    fn brought(
        &mut self,
        dependencies: &[Wanted],
        scope: &Arc<Scope>,
        depth: usize,
    ) -> Vec<Brought> {
        let mut all = Vec::new();
        if depth > super::build::DEEPEST {
            return all;
        }
        for wanted in dependencies {
            let Ok(directory) = self.find_role(&wanted.name, scope) else { continue };
            if self.stack.contains(&directory.join("main").path) {
                continue;
            }
            let inner = self.meta(&directory, &wanted.span, scope);
            self.stack.push(directory.join("main").path);
            all.extend(self.brought(&inner.dependencies, scope, depth + 1));
            self.stack.pop();
            all.push(Brought {
                defaults: self.role_vars(&directory, "defaults", None, &wanted.span),
                vars: self.role_vars(&directory, "vars", None, &wanted.span),
            });
        }
        all
    }
}

/// A digest of all that makes two uses of a role the same (observed with ansible-core 2.19: `become` is not part of it).
fn identity(directory: &Location, wanted: &Wanted) -> String {
    let mut digest = Sha256::new();
    let mut part = |text: &str| {
        digest.update(text.len().to_le_bytes());
        digest.update(text.as_bytes());
    };
    part(&directory.path.display().to_string());
    part(&format!("{:?}", wanted.from));
    part(&whole(&Value::Map(Arc::new(wanted.params.clone()))));
    if let Some(vars) = &wanted.keywords.vars {
        part(&whole(&Value::Map(Arc::clone(&vars.map))));
    }
    for tag in &wanted.keywords.tags {
        part(tag.text.as_str());
    }
    for condition in &wanted.keywords.when {
        part(&whole(&condition.value));
    }
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(digest.finalize())
}

/// A value as one text, vaulted ones by their envelope.
fn whole(value: &Value) -> String {
    match value {
        Value::Encrypted(encrypted) => encrypted.envelope.clone(),
        Value::List(items) => {
            format!("[{}]", items.iter().map(whole).collect::<Vec<_>>().join(","))
        }
        Value::Map(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key}:{}", whole(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        Value::Str(text) => Str::as_str(text).to_string(),
        other => format!("{other:?}"),
    }
}
