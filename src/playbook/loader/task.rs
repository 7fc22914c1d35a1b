//! Reads one task.

use std::sync::Arc;

use super::action::Called;
use super::build::{Build, wrong};
use super::fields::Fields;
use super::flow::Step;
use super::table::{INCLUDE_KEYWORDS, Level, NOT_ON_IMPORTS, not_waited_for};
use crate::diagnostic::Diagnostic;
use crate::playbook::{Action, Flow, Keyword, Register, Scope, Setting, Task, Vars};
use crate::value::{Str, Value};
use crate::yaml::Node;

/// A task that is read, with what it turned out to be.
pub struct Read {
    /// The task.
    pub task: Task,
    /// What it is.
    pub step: Step,
    /// `listen`, of a handler.
    pub listen: Vec<Str>,
}

impl Build<'_> {
    /// Reads a task or handler.
    pub fn task(&mut self, node: &Node, scope: &Arc<Scope>, level: Level) -> Option<Read> {
        let mut fields = self.fields(node, level.name())?;
        let name = fields.take_filled("name").and_then(|field| self.text(field.value, "name"));
        let repeat = self.repeat(&mut fields);
        let mut keywords = self.keywords(&mut fields, level);
        let register = fields.take_filled("register").and_then(|field| {
            let name = self.variable_name(field.value, "register")?;
            Some(Register { name, span: field.value.span.clone() })
        });
        let mut listen = Vec::new();
        if level == Level::Handler {
            listen =
                fields.take_filled("listen").map(|field| self.names(field)).unwrap_or_default();
        }
        let mut conditions =
            |build: &mut Self, name| fields.take_filled(name).map(|field| build.conditions(field));
        let until = conditions(self, "until").unwrap_or_default();
        let changed_when = conditions(self, "changed_when");
        let failed_when = conditions(self, "failed_when");
        let retries = self.number(&mut fields, "retries");
        let delay = self.number(&mut fields, "delay");
        let run_async = self.number(&mut fields, "async");
        let poll = self.number(&mut fields, "poll");
        if let Some(poll) = poll.as_ref().filter(|poll| is_nought(poll))
            && run_async.as_ref().is_some_and(|limit| !is_nought(limit))
        {
            self.error(not_waited_for(poll));
        }
        let foreign = !keywords.collections.is_empty() || scope.names_collections();
        let called = self.called(&mut fields, level, foreign)?;
        self.notified(keywords.notify.as_deref().unwrap_or_default());
        if let Some(span) = &called.local {
            let value = Value::data("localhost");
            let local = Setting { name: span.clone(), value, span: span.clone() };
            keywords.settings.entry(Keyword::DelegateTo).or_insert(local);
        }
        let step = self.step(&called, node)?;
        self.check_step_keywords(&step, &called, &fields);
        let Called { module, canonical, span, args, .. } = called;
        let flow = match &step {
            Step::Flow(flow) => Some(flow.clone()),
            _ => None,
        };
        let task = Task {
            name,
            span: node.span.clone(),
            action: Action { module, canonical, span, args, flow },
            keywords,
            repeat,
            register,
            until,
            retries,
            delay,
            changed_when,
            failed_when,
            run_async,
            poll,
            scope: Arc::clone(scope),
        };
        Some(Read { task, step, listen: texts(listen) })
    }

    fn number(&mut self, fields: &mut Fields<'_>, name: &str) -> Option<Setting> {
        let setting = fields.take_filled(name)?.setting();
        match name {
            "delay" => self.check_number(&setting, name),
            _ => self.check_count(&setting, name),
        }
        Some(setting)
    }

    /// Keywords that would be read and then mean nothing are refused.
    fn check_step_keywords(&mut self, step: &Step, called: &Called, fields: &Fields<'_>) {
        let include = matches!(step, Step::Flow(Flow::IncludeTasks(_) | Flow::IncludeRole(_)));
        let import = matches!(step, Step::ImportTasks(_) | Step::ImportRole(_));
        let module = called.canonical.unwrap_or_default();
        for field in fields.all() {
            let name = field.name;
            if include && Level::Task.allows(name) && !INCLUDE_KEYWORDS.contains(&name) {
                let problem = Diagnostic::new(format!("`{name}` cannot stand on `{module}`"));
                let hint = format!("write it under `apply` of `{module}` for the tasks inside");
                self.error(problem.at(&field.key.span).hint(hint));
            }
            let is_loop = name == "loop" || name.starts_with("with_");
            if import && (is_loop || NOT_ON_IMPORTS.contains(&name)) {
                let message = format!(
                    "`{name}` means nothing on `{module}`: imports are gone before the run"
                );
                let problem = Diagnostic::new(message).at(&field.key.span);
                if is_loop {
                    self.error(
                        problem.hint(format!("use `{}`", module.replace("import", "include"))),
                    );
                } else {
                    self.warnings.push(problem.hint("write it on the tasks inside"));
                }
            }
        }
        if let Step::Flow(Flow::Meta(_)) = step {
            for name in ["loop", "register", "notify", "until"] {
                if let Some(field) = fields.all().find(|field| field.name == name) {
                    self.error(
                        Diagnostic::new(format!("`{name}` means nothing on `meta`"))
                            .at(&field.key.span),
                    );
                }
            }
        }
    }

    /// The text of a setting that must be known before any host is. `own` are the vars beside the setting.
    pub fn known_text(
        &mut self,
        setting: &Setting,
        scope: &Arc<Scope>,
        own: Option<&Vars>,
        what: &str,
    ) -> Option<String> {
        let text = match &setting.value {
            Value::Str(text) => text,
            Value::Int(number) => return Some(number.to_string()),
            _ => {
                self.error(wrong(setting, what, "text"));
                return None;
            }
        };
        if !text.is_template() {
            return Some(text.as_str().to_string());
        }
        let vars = self.known_vars(scope, own);
        match self.loader.vocabulary.render(text, &vars) {
            Ok(Value::Str(text)) => Some(text.as_str().to_string()),
            Ok(Value::Int(number)) => Some(number.to_string()),
            Ok(other) => {
                let message = format!("`{what}` gives {}, and text is needed", other.type_name());
                self.error(Diagnostic::new(message).at(&setting.span));
                None
            }
            Err(problem) => {
                let hint = "an import is read before any host is known: only variables of the play, the role and \
                            the command line can be used; or include it while the play runs";
                self.error(
                    problem.at(&setting.span).during(format!("while reading `{what}`")).hint(hint),
                );
                None
            }
        }
    }
}

/// Whether a number is written out and is 0.
fn is_nought(setting: &Setting) -> bool {
    match &setting.value {
        Value::Int(number) => *number == 0,
        Value::Str(text) => text.as_str().trim() == "0",
        _ => false,
    }
}

/// The texts of settings that were checked to be text.
pub fn texts(settings: Vec<Setting>) -> Vec<Str> {
    let text = |setting: Setting| match setting.value {
        Value::Str(text) => Some(text),
        _ => None,
    };
    settings.into_iter().filter_map(text).collect()
}
