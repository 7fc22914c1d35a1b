//! A task as it is written, with the chain of places that it inherits from.

use std::path::Path;
use std::sync::Arc;

use super::{
    Args, Keyword, Keywords, Location, Loop, ModuleDefaults, RoleUse, Scope, Setting, Tag,
};
use crate::diagnostic::Span;
use crate::value::{Str, Value};

/// One task. Handlers are tasks too.
#[derive(Debug)]
pub struct Task {
    /// `name:`; may be a template.
    pub name: Option<Str>,
    /// Where it stands.
    pub span: Span,
    /// The module and its arguments.
    pub action: Action,
    /// What the task says itself.
    pub keywords: Keywords,
    /// `loop` or `with_*`.
    pub repeat: Option<Loop>,
    /// `register`: a valid variable name.
    pub register: Option<Register>,
    /// `until`: all must hold.
    pub until: Vec<Setting>,
    /// `retries`.
    pub retries: Option<Setting>,
    /// `delay`, in seconds.
    pub delay: Option<Setting>,
    /// `changed_when`: all must hold.
    pub changed_when: Option<Vec<Setting>>,
    /// `failed_when`: all must hold.
    pub failed_when: Option<Vec<Setting>>,
    /// `async`, in seconds.
    pub run_async: Option<Setting>,
    /// `poll`, in seconds; 0 is fire and forget.
    pub poll: Option<Setting>,
    /// The places around it.
    pub scope: Arc<Scope>,
}

impl Task {
    /// A task that nobody wrote, at the place of its action. `--tags` leaves it in.
    pub fn ours(name: &str, action: Action, scope: &Arc<Scope>) -> Arc<Self> {
        let span = action.span.clone();
        let always = Tag { text: Str::data("always"), span: span.clone() };
        Arc::new(Self {
            name: Some(Str::data(name)),
            span,
            action,
            keywords: Keywords { tags: vec![always], ..Keywords::default() },
            repeat: None,
            register: None,
            until: vec![],
            retries: None,
            delay: None,
            changed_when: None,
            failed_when: None,
            run_async: None,
            poll: None,
            scope: Arc::clone(scope),
        })
    }
}

/// `register: name`.
#[derive(Debug, Clone)]
pub struct Register {
    /// The variable.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
}

/// The module of a task and its arguments.
#[derive(Debug, Clone)]
pub struct Action {
    /// The module as written: `apt`, `ansible.builtin.apt`.
    pub module: String,
    /// The name under which the vocabulary has it; none for a module that only Ansible has.
    pub canonical: Option<&'static str>,
    /// Where the name stands.
    pub span: Span,
    /// The arguments.
    pub args: Args,
    /// What the task is if it steers the run instead of changing a host.
    pub flow: Option<Flow>,
}

/// The tasks that steer a run. Imports are gone after loading.
#[derive(Debug, Clone)]
pub enum Flow {
    /// `include_tasks`.
    IncludeTasks(Arc<IncludeTasks>),
    /// `include_role`.
    IncludeRole(Arc<IncludeRole>),
    /// `meta`.
    Meta(Meta),
    /// The check of a role's arguments before its tasks, or the same written out.
    ValidateArguments(ValidateArguments),
}

/// `include_tasks`: the file is found by [`super::Loader::include_tasks`] once its name is rendered.
#[derive(Debug, Clone)]
pub struct IncludeTasks {
    /// The file, mostly a template.
    pub file: Setting,
    /// `apply:`: keywords for the tasks inside.
    pub apply: Keywords,
}

/// `include_role`: loaded by [`super::Loader::include_role`] once its names are rendered.
#[derive(Debug, Clone)]
pub struct IncludeRole {
    /// `name` or `role`.
    pub role: Setting,
    /// `tasks_from`, `vars_from`, `defaults_from`, `handlers_from`.
    pub from: FromSettings,
    /// `public`: the role's vars and defaults are visible to the rest of the play.
    pub public: Option<Setting>,
    /// `allow_duplicates`.
    pub allow_duplicates: Option<Setting>,
    /// `rolespec_validate`.
    pub validate: Option<Setting>,
    /// `apply:`: keywords for the tasks inside.
    pub apply: Keywords,
}

/// The `*_from` arguments before rendering.
#[derive(Debug, Clone, Default)]
pub struct FromSettings {
    /// `tasks_from`.
    pub tasks: Option<Setting>,
    /// `vars_from`.
    pub vars: Option<Setting>,
    /// `defaults_from`.
    pub defaults: Option<Setting>,
    /// `handlers_from`.
    pub handlers: Option<Setting>,
}

/// What `meta` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meta {
    /// `flush_handlers`
    FlushHandlers,
    /// `refresh_inventory`
    RefreshInventory,
    /// `noop`
    Noop,
    /// `clear_facts`
    ClearFacts,
    /// `clear_host_errors`
    ClearHostErrors,
    /// `end_play`
    EndPlay,
    /// `end_host`
    EndHost,
    /// `end_batch`
    EndBatch,
    /// `end_role`
    EndRole,
    /// `reset_connection`
    ResetConnection,
}

/// The arguments that a role (or a task) must be called with. Check with [`super::spec::validate`].
#[derive(Debug, Clone)]
pub struct ValidateArguments {
    /// The role's specification of one entry point; none where the task brings its own as an argument.
    pub spec: Option<Arc<super::spec::Options>>,
    /// The entry point's name: `main`.
    pub entry_point: String,
}

impl Task {
    /// The innermost value of a keyword, the task's own first.
    pub fn effective(&self, keyword: Keyword) -> Option<&Setting> {
        self.keywords.get(keyword).or_else(|| self.scope.effective(keyword))
    }

    /// The conditions of all places, outer to inner; all must hold, and the first that does not ends the evaluation.
    pub fn conditions(&self) -> Vec<&Setting> {
        let mut conditions = self.scope.conditions();
        conditions.extend(&self.keywords.when);
        conditions
    }

    /// The tags of all places, outer to inner.
    pub fn tags(&self) -> Vec<&Tag> {
        let mut tags = self.scope.tags();
        tags.extend(&self.keywords.tags);
        tags
    }

    /// The `environment` entries of all places, outer to inner: later ones win.
    pub fn environment(&self) -> Vec<&Setting> {
        let mut environment = self.scope.environment();
        environment.extend(&self.keywords.environment);
        environment
    }

    /// The `module_defaults` of all places, outer to inner: later ones win.
    pub fn module_defaults(&self) -> Vec<&ModuleDefaults> {
        let outer = self.scope.outward_in();
        let mut defaults: Vec<_> =
            outer.into_iter().flat_map(|scope| &scope.keywords.module_defaults).collect();
        defaults.extend(&self.keywords.module_defaults);
        defaults
    }

    /// The names or topics to notify, from the innermost place that says `notify`; each may be a template, also for a list.
    pub fn notify(&self) -> &[Setting] {
        let places = self.scope.chain().map(|scope| &scope.keywords);
        let mut places = std::iter::once(&self.keywords).chain(places);
        places.find_map(|keywords| keywords.notify.as_deref()).unwrap_or(&[])
    }

    /// Whether `changed_when: false` is written out.
    pub fn never_changes(&self) -> bool {
        self.changed_when.as_deref().is_some_and(|conditions| {
            matches!(conditions, [setting] if matches!(setting.value, Value::Bool(false)))
        })
    }

    /// The role that the task belongs to.
    pub fn role(&self) -> Option<&Arc<RoleUse>> {
        self.scope.role()
    }

    /// The names of the roles around the task's role, the nearest first: `ansible_parent_role_names`.
    pub fn parent_role_names(&self) -> Vec<&str> {
        self.role()
            .map(|role| role.parents().map(|parent| parent.role.name.as_str()).collect())
            .unwrap_or_default()
    }

    /// The file that the task is written in.
    pub fn file(&self) -> &Location {
        &self.scope.file
    }

    /// Where a relative `src` is looked for, the nearest first: the role, the file's own directory, the playbook;
    /// in each first `kind` (`templates`, `files`, `vars`, `tasks`), then the directory itself.
    pub fn search_roots(&self, kind: &str) -> Vec<Location> {
        let mut roots: Vec<Location> = Vec::new();
        let mut bases: Vec<Location> = Vec::new();
        if let Some(role) = self.role() {
            bases.push(role.role.directory.clone());
            bases.extend(role.parents().map(|parent| parent.role.directory.clone()));
        }
        bases.push(self.file().directory());
        bases.push(self.scope.play().file.directory());
        for base in bases {
            for place in [base.join(kind), base] {
                if !roots.iter().any(|known| known.same_place(&place)) {
                    roots.push(place);
                }
            }
        }
        roots
    }

    /// The module's name for people, with what it does: `include_tasks`, `apt`.
    pub fn module(&self) -> &str {
        self.action.canonical.unwrap_or(&self.action.module)
    }

    /// `role : name`, or the name, or the module: how reports and `--start-at-task` know the task.
    pub fn title(&self) -> String {
        let own = self.name.as_ref().map_or(self.action.module.as_str(), Str::as_str);
        match self.role() {
            Some(role) => format!("{} : {own}", role.role.name),
            None => own.to_string(),
        }
    }
}

impl Location {
    /// Whether both are the same path of the same tree.
    pub fn same_place(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.files, &other.files) && Path::new(&self.path) == Path::new(&other.path)
    }
}
