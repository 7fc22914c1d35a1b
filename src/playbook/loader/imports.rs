//! `import_tasks` and `import_role`: read in place, before the run.

use std::path::PathBuf;
use std::sync::Arc;

use super::build::{Build, DEEPEST};
use super::roles::Wanted;
use crate::diagnostic::{Diagnostic, Span};
use crate::files::clean;
use crate::playbook::{
    Block, Flow, From, FromSettings, Handler, IncludeRole, Item, Keywords, Location, RoleUseKind,
    Scope, ScopeKind, Setting, Task, literal_bool,
};
use crate::value::Map;
use crate::yaml::Node;

impl Build<'_> {
    /// Puts the tasks of a file in the place of the task.
    pub fn import_tasks(&mut self, task: Task, file: &Setting) -> Option<Arc<Block>> {
        let (scope, document) = self.imported(task, file)?;
        let nodes = self.task_list(&document);
        let items = self.inside(&scope, file, |build| build.items(nodes, &scope))?;
        Some(Arc::new(Block::plain(scope, items)))
    }

    /// The same among handlers.
    pub fn import_handlers(
        &mut self,
        task: Task,
        file: &Setting,
        list: usize,
    ) -> Vec<Arc<Handler>> {
        let Some((scope, document)) = self.imported(task, file) else { return vec![] };
        let nodes = self.task_list(&document);
        let handlers = self.inside(&scope, file, |build| build.handlers(nodes, &scope));
        let handlers = handlers.unwrap_or_default();
        handlers
            .into_iter()
            .map(|handler| Arc::new(Handler { list, ..(*handler).clone() }))
            .collect()
    }

    fn imported(&mut self, task: Task, file: &Setting) -> Option<(Arc<Scope>, Arc<Node>)> {
        let name = self.known_text(file, &task.scope, task.keywords.vars.as_ref(), "file")?;
        let found = find_tasks(&name, &task.scope, &file.span);
        let location = self.note(found)?;
        let step = format!("while importing `{}` at {}", location.path.display(), file.span);
        let document = self.traced(&step, |build| build.document(&location, &file.span))?;
        let scope = Scope {
            kind: ScopeKind::Import,
            name: task.name,
            span: task.span,
            keywords: task.keywords,
            file: location,
            parent: Some(task.scope),
        };
        Some((Arc::new(scope), document))
    }

    fn inside<T>(
        &mut self,
        scope: &Arc<Scope>,
        file: &Setting,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let step = format!("while importing `{}` at {}", scope.file.path.display(), file.span);
        self.traced(&step, |build| build.within(&scope.file, &file.span, read))
    }

    /// The entries of a file of tasks.
    pub fn task_list<'n>(&mut self, document: &'n Node) -> &'n [Node] {
        self.list(document, "a file of tasks")
    }

    /// Runs `read` inside a file or role, unless we are inside of it already.
    pub fn within<T>(
        &mut self,
        file: &Location,
        span: &Span,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let path = clean(&file.path);
        if let Some(at) = self.stack.iter().position(|other| *other == path) {
            let around = self.stack[at..].iter().chain([&path]);
            let names: Vec<String> = around.map(|path| format!("`{}`", path.display())).collect();
            let message = format!("imports go in a circle: {}", names.join(" → "));
            self.error(Diagnostic::new(message).at(span));
            return None;
        }
        if self.stack.len() >= DEEPEST {
            self.error(
                Diagnostic::new(format!("imports are nested deeper than {DEEPEST}")).at(span),
            );
            return None;
        }
        self.stack.push(path);
        let result = read(self);
        self.stack.pop();
        Some(result)
    }

    /// Puts a role in the place of the task.
    pub fn import_role(&mut self, task: Task, role: &IncludeRole) -> Option<Arc<Block>> {
        let name = self.known_text(&role.role, &task.scope, task.keywords.vars.as_ref(), "name")?;
        let from = self.known_from(&role.from, &task);
        let literal = |setting: &Option<Setting>, unless: bool| {
            setting.as_ref().and_then(|setting| literal_bool(&setting.value)).unwrap_or(unless)
        };
        let wanted = Wanted {
            name,
            span: role.role.span.clone(),
            kind: RoleUseKind::Import,
            from,
            keywords: Keywords::default(),
            params: Map::new(),
            public: literal(&role.public, true),
            allow_duplicates: Some(literal(&role.allow_duplicates, true)),
            validate: literal(&role.validate, true),
        };
        let scope = Arc::new(Scope {
            kind: ScopeKind::Import,
            name: task.name,
            span: task.span,
            keywords: task.keywords,
            file: task.scope.file.clone(),
            parent: Some(task.scope),
        });
        let used = self.use_role(wanted, &scope)?;
        self.play.imported_roles.push(used.role);
        self.play.imported_handlers.extend(used.handlers);
        let items = used.blocks.into_iter().map(Item::Block).collect();
        Some(Arc::new(Block::plain(scope, items)))
    }

    fn known_from(&mut self, from: &FromSettings, task: &Task) -> From {
        let mut text = |setting: &Option<Setting>, name: &str| {
            setting.as_ref().and_then(|setting| {
                self.known_text(setting, &task.scope, task.keywords.vars.as_ref(), name)
            })
        };
        From {
            tasks: text(&from.tasks, "tasks_from"),
            vars: text(&from.vars, "vars_from"),
            defaults: text(&from.defaults, "defaults_from"),
            handlers: text(&from.handlers, "handlers_from"),
        }
    }
}

/// Looks for a file of tasks: beside the file that names it, in the `tasks/` of the roles around, in the
/// playbook's directory.
pub fn find_tasks(name: &str, scope: &Arc<Scope>, span: &Span) -> Result<Location, Diagnostic> {
    let mut tried: Vec<Location> = vec![scope.file.directory().join(name)];
    let role = scope.role();
    for role in role.into_iter().chain(role.into_iter().flat_map(|role| role.parents())) {
        tried.push(role.role.directory.join("tasks").join(name));
        tried.push(role.role.directory.join(name));
    }
    tried.push(scope.play().file.directory().join(name));
    let mut seen: Vec<PathBuf> = Vec::new();
    for mut location in tried {
        location.path = clean(&location.path);
        if location.files.is_file(&location.path) {
            return Ok(location);
        }
        if !seen.contains(&location.path) {
            seen.push(location.path);
        }
    }
    let places: Vec<String> = seen.iter().map(|path| format!("`{}`", path.display())).collect();
    let problem = Diagnostic::new(format!("there is no file `{name}`")).at(span);
    Err(problem.hint(format!("looked for {}", places.join(", "))))
}

/// The scope that the tasks of an include stand in: its vars, and inside of them what `apply` says.
pub fn include_scope(task: &Arc<Task>, apply: &Keywords, file: Location) -> Arc<Scope> {
    let vars = task.keywords.vars.clone();
    let outer = Arc::new(Scope {
        kind: ScopeKind::Include,
        name: task.name.clone(),
        span: task.span.clone(),
        keywords: Keywords { vars, ..Keywords::default() },
        file: file.clone(),
        parent: Some(Arc::clone(&task.scope)),
    });
    if apply.is_empty() {
        return outer;
    }
    Arc::new(Scope {
        kind: ScopeKind::Block,
        name: None,
        span: task.span.clone(),
        keywords: apply.clone(),
        file,
        parent: Some(outer),
    })
}

/// Whether nothing around the task or on it can keep it from running, as far as conditions go.
pub fn is_unconditional(task: &Task) -> bool {
    task.conditions().is_empty() && task.repeat.is_none()
}

/// The literal name of what a task includes.
pub fn literal_include(task: &Task) -> Option<&str> {
    let setting = match task.action.flow.as_ref()? {
        Flow::IncludeTasks(include) => &include.file,
        Flow::IncludeRole(include) => &include.role,
        Flow::Meta(_) | Flow::ValidateArguments(_) => return None,
    };
    setting.literal_text()
}
