//! Reads the tasks that steer a run: `include_*`, `import_*`, `meta`, `validate_argument_spec`.

use std::sync::Arc;

use super::action::Called;
use super::build::{Build, wrong};
use super::fields::Fields;
use super::table::Level;
use crate::diagnostic::{Diagnostic, Span};
use crate::playbook::{
    Args, Flow, FromSettings, IncludeRole, IncludeTasks, Keywords, Meta, Setting, ValidateArguments,
};
use crate::value::Value;
use crate::yaml::Node;

/// The modules that this layer knows by itself.
pub const NAMES: [&str; 6] = [
    "include_tasks",
    "import_tasks",
    "include_role",
    "import_role",
    "meta",
    "validate_argument_spec",
];

/// Our name of a module that steers the run.
pub fn canonical(name: &str) -> Option<&'static str> {
    let short = ["ansible.builtin.", "ansible.legacy."]
        .into_iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    NAMES.into_iter().find(|known| *known == short)
}

/// What a task is once its arguments are read.
pub enum Step {
    /// A module.
    Plain,
    /// A task that steers the run while it runs.
    Flow(Flow),
    /// `import_tasks`, expanded at once.
    ImportTasks(Setting),
    /// `import_role`, expanded at once.
    ImportRole(Arc<IncludeRole>),
}

const ROLE_ARGUMENTS: [&str; 11] = [
    "name",
    "role",
    "tasks_from",
    "vars_from",
    "defaults_from",
    "handlers_from",
    "public",
    "allow_duplicates",
    "rolespec_validate",
    "apply",
    "_raw_params",
];

impl Build<'_> {
    /// What a task is. `apply` is read from the node, for its places.
    pub fn step(&mut self, called: &Called, node: &Node) -> Option<Step> {
        let (args, span) = (&called.args, &called.span);
        match called.canonical {
            Some("import_tasks") => {
                self.only(called, &["file"]);
                self.file_argument(called).map(Step::ImportTasks)
            }
            Some("include_tasks") => {
                self.only(called, &["file", "apply"]);
                let apply = self.apply(called, node);
                let file = self.file_argument(called)?;
                Some(Step::Flow(Flow::IncludeTasks(Arc::new(IncludeTasks { file, apply }))))
            }
            Some("import_role") => {
                if let Some(apply) = args.get("apply") {
                    let problem = Diagnostic::new("`import_role` takes no `apply`").at(&apply.name);
                    self.error(problem.hint(
                        "write the keywords on the task itself: an import gives them to its tasks",
                    ));
                    return None;
                }
                self.role_arguments(called, node).map(Step::ImportRole)
            }
            Some("include_role") => {
                self.role_arguments(called, node).map(|role| Step::Flow(Flow::IncludeRole(role)))
            }
            Some("meta") => self.meta_action(args, span).map(|meta| Step::Flow(Flow::Meta(meta))),
            Some("validate_argument_spec") => {
                if args.get("argument_spec").is_none() {
                    self.error(
                        Diagnostic::new("`validate_argument_spec` needs `argument_spec`").at(span),
                    );
                }
                let entry_point = "main".to_string();
                Some(Step::Flow(Flow::ValidateArguments(ValidateArguments {
                    spec: None,
                    entry_point,
                })))
            }
            _ => Some(Step::Plain),
        }
    }

    fn only(&mut self, called: &Called, known: &[&str]) {
        for (name, setting) in &called.args.named {
            if !known.contains(&name.as_str()) {
                let message = format!("`{}` has no argument `{name}`", called.module);
                let problem =
                    Diagnostic::new(message).at(&setting.name).suggest(name, known.iter().copied());
                let hint = "variables for the tasks inside go under `vars`";
                self.error(if problem.hints.is_empty() { problem.hint(hint) } else { problem });
            }
        }
    }

    fn file_argument(&mut self, called: &Called) -> Option<Setting> {
        let setting = argument(&called.args, &["file"]);
        let Some(setting) = setting else {
            let message = format!("`{}` needs the name of a file", called.module);
            self.error(Diagnostic::new(message).at(&called.span));
            return None;
        };
        if setting.value.as_str().is_none_or(|text| text.trim().is_empty()) {
            self.error(wrong(&setting, "file", "the name of a file"));
            return None;
        }
        Some(setting)
    }

    fn role_arguments(&mut self, called: &Called, node: &Node) -> Option<Arc<IncludeRole>> {
        self.only(called, &ROLE_ARGUMENTS);
        let args = &called.args;
        let Some(role) = argument(args, &["name", "role"]) else {
            let message = format!("`{}` needs `name`, the role", called.module);
            self.error(Diagnostic::new(message).at(&called.span));
            return None;
        };
        self.check_text(&role, "name");
        let text = |name: &str| args.get(name).cloned();
        let from = FromSettings {
            tasks: text("tasks_from"),
            vars: text("vars_from"),
            defaults: text("defaults_from"),
            handlers: text("handlers_from"),
        };
        for (setting, name) in [
            (&from.tasks, "tasks_from"),
            (&from.vars, "vars_from"),
            (&from.defaults, "defaults_from"),
            (&from.handlers, "handlers_from"),
        ] {
            if let Some(setting) = setting {
                self.check_text(setting, name);
            }
        }
        for name in ["public", "allow_duplicates", "rolespec_validate"] {
            if let Some(setting) = args.get(name) {
                self.check_bool(setting, name);
            }
        }
        Some(Arc::new(IncludeRole {
            role,
            from,
            public: text("public"),
            allow_duplicates: text("allow_duplicates"),
            validate: text("rolespec_validate"),
            apply: self.apply(called, node),
        }))
    }

    /// `apply:` of an include.
    fn apply(&mut self, called: &Called, node: &Node) -> Keywords {
        let Some(setting) = called.args.get("apply") else { return Keywords::default() };
        let inside = node.entry(&called.module).and_then(|(_, value)| value.entry("apply"));
        let under_args = || node.entry("args").and_then(|(_, value)| value.entry("apply"));
        let Some((_, apply)) = inside.or_else(under_args) else {
            self.error(wrong(setting, "apply", "a mapping of keywords"));
            return Keywords::default();
        };
        let Some(mut fields) = self.fields(apply, "`apply`") else { return Keywords::default() };
        self.keywords_and_rest(&mut fields, Level::Block)
    }

    fn keywords_and_rest(&mut self, fields: &mut Fields<'_>, level: Level) -> Keywords {
        let keywords = self.keywords(fields, level);
        self.refuse_rest(fields, level);
        keywords
    }

    fn meta_action(&mut self, args: &Args, span: &Span) -> Option<Meta> {
        let free = args.free_form.as_ref();
        let Some(free) = free.filter(|_| args.named.is_empty()) else {
            self.error(Diagnostic::new("`meta` needs the name of what to do").at(span));
            return None;
        };
        let name = free.text.as_str();
        let found = METAS.into_iter().find(|(known, _)| *known == name);
        if found.is_none() {
            let known = METAS.map(|(known, _)| known);
            let problem = Diagnostic::new(format!("`meta` knows no `{name}`"))
                .at(&free.span)
                .suggest(name, known);
            self.error(problem);
        }
        found.map(|(_, meta)| meta)
    }
}

const METAS: [(&str, Meta); 10] = [
    ("flush_handlers", Meta::FlushHandlers),
    ("refresh_inventory", Meta::RefreshInventory),
    ("noop", Meta::Noop),
    ("clear_facts", Meta::ClearFacts),
    ("clear_host_errors", Meta::ClearHostErrors),
    ("end_play", Meta::EndPlay),
    ("end_host", Meta::EndHost),
    ("end_batch", Meta::EndBatch),
    ("end_role", Meta::EndRole),
    ("reset_connection", Meta::ResetConnection),
];

/// An argument, or the free text.
fn argument(args: &Args, names: &[&str]) -> Option<Setting> {
    args.first(names).cloned().or_else(|| {
        let free = args.free_form.as_ref()?;
        let value = Value::Str(free.text.clone());
        Some(Setting { name: free.span.clone(), value, span: free.span.clone() })
    })
}
