//! Looks ahead into what a play includes during the run, as far as it is literal, and checks what is notified.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::build::Build;
use super::imports::{find_tasks, include_scope, literal_include};
use super::roles::Wanted;
use crate::diagnostic::Diagnostic;
use crate::files::clean;
use crate::playbook::{
    Flow, From, FromSettings, Handler, IncludeRole, IncludeTasks, Keywords, RoleUseKind, Setting,
    Task,
};
use crate::value::Map;

/// How many includes are looked into for one play.
const MOST: usize = 5_000;

impl Build<'_> {
    /// Reads the files and roles that are included under a literal name, so that what is wrong in them is found now.
    /// What a condition may keep from running may be missing.
    pub fn follow_includes(&mut self) {
        let mut seen: HashSet<PathBuf> = HashSet::new();
        let mut next = 0;
        while let Some((task, perhaps)) = self.play.includes.get(next).cloned() {
            self.play.perhaps = perhaps;
            next += 1;
            if next > MOST {
                return;
            }
            let Some(name) = literal_include(&task).map(ToString::to_string) else {
                self.play.open |= matches!(task.action.flow, Some(Flow::IncludeRole(_)));
                continue;
            };
            match &task.action.flow {
                Some(Flow::IncludeTasks(include)) => {
                    self.follow_tasks(&task, include, &name, &mut seen);
                }
                Some(Flow::IncludeRole(include)) => {
                    self.follow_role(&task, include, &name, &mut seen);
                }
                _ => {}
            }
        }
    }

    fn follow_tasks(
        &mut self,
        task: &Arc<Task>,
        include: &IncludeTasks,
        name: &str,
        seen: &mut HashSet<PathBuf>,
    ) {
        let found = match find_tasks(name, &task.scope, &include.file.span) {
            Ok(found) => found,
            Err(problem) => {
                if !self.play.perhaps {
                    self.error(problem);
                }
                return;
            }
        };
        if !seen.insert(clean(&found.path)) {
            return;
        }
        let step = format!(
            "while looking into `{}`, included at {}",
            found.path.display(),
            include.file.span
        );
        self.traced(&step, |build| {
            let Some(document) = build.document(&found, &include.file.span) else { return };
            let nodes = build.task_list(&document);
            let scope = include_scope(task, &include.apply, found);
            build.items(nodes, &scope);
        });
    }

    fn follow_role(
        &mut self,
        task: &Arc<Task>,
        include: &IncludeRole,
        name: &str,
        seen: &mut HashSet<PathBuf>,
    ) {
        let directory = match self.find_role(name, &task.scope) {
            Ok(directory) => directory,
            Err(problem) => {
                self.play.open = true;
                if !self.play.perhaps {
                    self.error(problem.at(&include.role.span));
                }
                return;
            }
        };
        let Some(from) = literal_from(&include.from) else {
            self.play.open |= include.from.handlers.is_some();
            return;
        };
        let key = directory.path.join(format!("{from:?}"));
        if !seen.insert(key) {
            return;
        }
        let scope = include_scope(task, &include.apply, task.scope.file.clone());
        let wanted = included(name, include, from);
        if let Some(used) = self.use_role(wanted, &scope) {
            self.play.foreseen_handlers.extend(used.handlers);
        }
    }

    /// Literal names that are notified must have a handler somewhere.
    pub fn check_notified(&mut self, handlers: &[Arc<Handler>]) {
        let mut foreseen = std::mem::take(&mut self.play.foreseen_handlers);
        foreseen.append(&mut self.play.imported_handlers);
        let all: Vec<&Arc<Handler>> = handlers.iter().chain(&foreseen).collect();
        let open = self.play.open
            || all
                .iter()
                .any(|handler| matches!(handler.task.action.flow, Some(Flow::IncludeTasks(_))));
        for name in std::mem::take(&mut self.play.notified) {
            let Some(text) = name.literal_text() else { continue };
            if open || all.iter().any(|handler| may_answer(handler, text)) {
                continue;
            }
            let known = all.iter().flat_map(|handler| {
                let own = handler.task.name.iter().map(crate::value::Str::as_str);
                own.chain(handler.listen.iter().map(crate::value::Str::as_str))
            });
            let problem = Diagnostic::new(format!("there is no handler `{text}`")).at(&name.span);
            let problem = problem.suggest(text, known);
            self.error(if problem.hints.is_empty() {
                problem.hint("add it under `handlers` of the play or the role")
            } else {
                problem
            });
        }
    }
}

/// A use of a role by `include_role`, for reading it before its settings are rendered.
fn included(name: &str, include: &IncludeRole, from: From) -> Wanted {
    Wanted {
        name: name.to_string(),
        span: include.role.span.clone(),
        kind: RoleUseKind::Include,
        from,
        keywords: Keywords::default(),
        params: Map::new(),
        public: false,
        allow_duplicates: Some(true),
        validate: true,
    }
}

fn literal_from(from: &FromSettings) -> Option<From> {
    let text = |setting: &Option<Setting>| match setting {
        None => Some(None),
        Some(setting) => setting.literal_text().map(|text| Some(text.to_string())),
    };
    Some(From {
        tasks: text(&from.tasks)?,
        vars: text(&from.vars)?,
        defaults: text(&from.defaults)?,
        handlers: text(&from.handlers)?,
    })
}

/// Whether a handler is or may be the one: where its name is a template, the text around the template decides.
fn may_answer(handler: &Handler, notified: &str) -> bool {
    let Some(name) = &handler.task.name else { return handler.listens(notified) };
    if !name.is_template() {
        return handler.answers(notified, Some(name.as_str()));
    }
    let text = name.as_str();
    let before = text.find("{{").map_or("", |at| &text[..at]);
    let after = text.rfind("}}").map_or("", |at| &text[at + 2..]);
    handler.listens(notified) || (notified.contains(before) && notified.ends_with(after))
}
