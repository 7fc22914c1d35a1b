//! Handlers: which of them a task notifies, and which an earlier run still owes.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::playbook::{Handler, Task};
use crate::remote::{Output, Script};
use crate::value::Value;

use super::debt::{Debt, Keeper};
use super::driver::{Driver, Exit};
use super::event::{Event, Phase};
use super::outcome::{complaint, words_of};
use super::settings::Manner;

/// The handlers that a task names, and the names that are none.
#[derive(Default)]
struct Named {
    handlers: Vec<usize>,
    problems: Vec<String>,
}

impl Driver {
    /// Notifies the task's handlers.
    pub(super) fn notify(&mut self, task: &Task, open: bool) {
        let named = self.named(task);
        for handler in named.handlers {
            self.wake(handler, open);
        }
        if !named.problems.is_empty() {
            self.fail_with(task, false, named.problems.join("; "));
        }
    }

    /// A task has nothing to notify of: those of its handlers that an earlier run owes are due.
    pub(super) fn remind(&mut self, task: &Task) {
        if self.ledger.earlier().next().is_none() {
            return;
        }
        for handler in self.named(task).handlers {
            self.wake_if_owed(handler);
        }
    }

    /// The play's last handlers are about to run: all that an earlier run owes are due.
    pub(super) fn remind_of_all(&mut self) {
        if self.ledger.earlier().next().is_none() {
            return;
        }
        let debts: Vec<Option<Debt>> =
            self.machine.handlers.iter().map(|handler| self.debt(&handler.task)).collect();
        for debt in self.ledger.earlier().cloned().collect::<Vec<_>>() {
            let named = (0..debts.len()).filter(|index| debts[*index].as_ref() == Some(&debt));
            let named: Vec<usize> = named.collect();
            let handlers: Vec<Arc<Handler>> =
                named.iter().map(|index| Arc::clone(&self.machine.handlers[*index])).collect();
            // Of handlers of one name only one ever runs.
            let winner = Handler::winner(&handlers, |handler| handler.task.name.is_some());
            let due = winner.map_or(named.clone(), |winner| vec![named[winner]]);
            for handler in due {
                self.ledger.know(&debt);
                self.wake(handler, false);
            }
        }
    }

    /// Takes what a host says that earlier runs owe.
    pub(super) fn learn_debts(&mut self, keeper: Keeper, output: &Output) {
        if !output.succeeded() {
            let text = format!(
                "`{}` cannot say which handlers earlier runs owe: {}",
                keeper.host,
                complaint(output)
            );
            let host = Some(Arc::clone(&self.machine.host));
            self.shared.sink.event(Event::Warning { host, warning: Diagnostic::new(text) });
        }
        let host = Arc::clone(&self.machine.host);
        self.ledger.learn(&host, keeper, output);
    }

    fn wake_if_owed(&mut self, handler: usize) {
        let debt = self.debt(&self.machine.handlers[handler].task);
        if let Some(debt) = debt.filter(|debt| self.ledger.is_earlier(debt)) {
            self.ledger.know(&debt);
            self.wake(handler, false);
        }
    }

    fn wake(&mut self, handler: usize, open: bool) {
        if self.machine.notify(handler, open) {
            let task = Arc::clone(&self.machine.handlers[handler].task);
            let host = Arc::clone(&self.machine.host);
            self.shared.sink.event(Event::Notified { host, handler: self.title(&task) });
        }
    }

    fn named(&self, task: &Task) -> Named {
        let mut named = Named::default();
        let mut names: Vec<String> = Vec::new();
        let render = self.render(&self.machine, Some(task));
        for setting in task.notify() {
            match render.value(&setting.value) {
                Ok(Value::Str(text)) => names.push(text.as_str().to_string()),
                Ok(Value::List(items)) => {
                    names.extend(items.iter().filter_map(Value::as_str).map(str::to_string));
                }
                Ok(_) => named.problems.push(format!("{}: `notify` needs names", setting.span)),
                Err(suspend) => named.problems.push(words_of(&suspend)),
            }
        }
        for name in names {
            let found = self.machine.answering(&name, &|handler| self.name_of(handler));
            if found.is_empty() {
                named.problems.push(format!("there is no handler `{name}`"));
            }
            named.handlers.extend(found);
        }
        named
    }

    /// A handler's name, as far as it can be rendered.
    fn name_of(&self, handler: &Task) -> Option<String> {
        let name = handler.name.as_ref()?;
        if !name.is_template() {
            return Some(name.as_str().to_string());
        }
        let render = self.render(&self.machine, Some(handler));
        render.value(&Value::Str(name.clone())).ok()?.as_str().map(str::to_string)
    }

    /// What is noted of a handler; none if its name cannot be known.
    fn debt(&self, handler: &Task) -> Option<Debt> {
        let name = match &handler.name {
            Some(_) => self.name_of(handler)?,
            None => handler.action.module.clone(),
        };
        let place = match handler.role() {
            Some(role) => format!("role {}", role.role.name),
            None => format!("play {}", self.machine.run.name),
        };
        let mask = |text: &str| self.shared.redactor.mask(text);
        Some(Debt::new(&self.machine.host, &mask(&place), &mask(&name)))
    }

    /// Whether an earlier run owes this handler.
    pub(super) fn is_owed(&self, handler: &Task) -> bool {
        self.debt(handler).is_some_and(|debt| self.ledger.is_earlier(&debt))
    }

    /// What goes before a change, in the same script: a note of the handlers that it notifies.
    pub(super) fn owe(&mut self, task: &Task, manner: &Manner) -> Option<Script> {
        if self.phase == Phase::Plan || task.notify().is_empty() || task.never_changes() {
            return None;
        }
        let handlers = self.named(task).handlers;
        let debts = handlers.into_iter().map(|index| &self.machine.handlers[index].task);
        let debts: Vec<Debt> = debts.filter_map(|handler| self.debt(handler)).collect();
        let keeper =
            Keeper { host: Arc::clone(&manner.host), user: Arc::clone(&manner.become_user) };
        self.ledger.note(&keeper, debts)
    }

    /// A handler has run: nobody owes it any more, unless it was notified again since.
    pub(super) fn pay(&mut self, handler: &Task) {
        if self.phase == Phase::Apply
            && let Some(debt) = self.debt(handler)
            && !self.pending_debts().contains(&debt)
        {
            self.ledger.pay(&debt);
        }
    }

    fn pending_debts(&self) -> Vec<Debt> {
        self.machine.pending().filter_map(|handler| self.debt(&handler.task)).collect()
    }

    /// The host's play is over: what it noted and does not owe is struck out.
    pub(super) async fn settle_debts(&mut self, exit: &Exit) {
        if self.phase == Phase::Plan {
            return;
        }
        let pending = self.pending_debts();
        self.ledger.keep_only(&pending);
        if !matches!(exit, Exit::Unreachable(_)) {
            self.strike_out().await;
        }
    }

    /// Tells the hosts what is no longer owed.
    pub(super) async fn strike_out(&mut self) {
        for (keeper, script) in self.ledger.strike_out() {
            let told = async {
                let target = self.target(&keeper.host).ok()?;
                let _turn = self.links.turn().await;
                let shell = self.links.shell(&keeper.host, &target, &keeper.user).await.ok()?;
                shell.run_one(script).await.ok()
            };
            let problem = match told.await {
                Some(output) if output.succeeded() => continue,
                Some(output) => complaint(&output),
                None => "the connection is gone".to_string(),
            };
            let text = format!(
                "`{}` could not be told that handlers have run: {problem}; the next run will run them again",
                keeper.host
            );
            let host = Some(Arc::clone(&self.machine.host));
            self.shared.sink.event(Event::Warning { host, warning: Diagnostic::new(text) });
        }
    }
}
