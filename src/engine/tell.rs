//! Telling what a task came to.

use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::playbook::{Keyword, Task};
use crate::value::Value;

use super::driver::Driver;
use super::evaluate::{Evaluation, ItemPlan};
use super::event::{Event, Status, TaskEvent};
use super::machine::Failure;
use super::outcome::{Ended, ItemEnd, censored};

/// What is told of all items of a task.
struct Frame {
    title: Arc<str>,
    handler: bool,
    owed: bool,
    took: Duration,
}

impl Driver {
    /// The task's title with its templates rendered as far as they can be.
    pub(super) fn title(&self, task: &Task) -> Arc<str> {
        let own = match &task.name {
            Some(name) if name.is_template() => {
                let render = self.render(&self.machine, Some(task));
                match render.value(&Value::Str(name.clone())) {
                    Ok(value) => match value {
                        Value::Str(text) => text.as_str().to_string(),
                        other => other.to_masked_json().to_string(),
                    },
                    Err(_) => name.as_str().to_string(),
                }
            }
            Some(name) => name.as_str().to_string(),
            None => task.action.module.clone(),
        };
        match task.role() {
            Some(role) => format!("{} : {own}", role.role.name).into(),
            None => own.into(),
        }
    }

    /// Tells what a task came to, item by item.
    pub(super) fn report(
        &self,
        task: &Task,
        handler: bool,
        evaluation: &Evaluation,
        ended: &Ended,
    ) {
        let title = self.title(task);
        let owed = handler && self.is_owed(task);
        let last = ended.ends.len().min(evaluation.items.len()).saturating_sub(1);
        for (index, (item, end)) in evaluation.items.iter().zip(&ended.ends).enumerate() {
            for warning in &end.warnings {
                self.shared.sink.event(Event::Warning {
                    host: Some(Arc::clone(&self.machine.host)),
                    warning: Diagnostic::new(warning).at(&task.span),
                });
            }
            // The time is that of all items together: it is told once.
            let took = if index == last { ended.took } else { Duration::ZERO };
            let frame = Frame { title: Arc::clone(&title), handler, owed, took };
            let event = self.event_of(task, frame, item, end);
            self.shared.sink.event(Event::Task(Box::new(event)));
        }
    }

    /// One item, as far as it may be shown.
    fn event_of(&self, task: &Task, frame: Frame, item: &ItemPlan, end: &ItemEnd) -> TaskEvent {
        let hidden = item.manner.as_ref().map_or_else(|| self.hides(task), |manner| manner.hidden);
        let diff = item.manner.as_ref().and_then(|manner| manner.diff);
        let delegate = item.manner.as_ref().map(|manner| &manner.host);
        let status = match &end.status {
            Status::Failed { ignored, .. } if hidden => Status::Failed {
                message: "the message is hidden by `no_log`".into(),
                ignored: *ignored,
            },
            status => status.clone(),
        };
        TaskEvent {
            phase: self.phase,
            host: Arc::clone(&self.machine.host),
            delegate: delegate.filter(|host| **host != self.machine.host).cloned(),
            play: Arc::clone(&self.machine.run.name),
            title: frame.title,
            module: task.module().into(),
            span: task.span.clone(),
            handler: frame.handler,
            owed: frame.owed,
            item: item.item.as_ref().map(|(_, label)| {
                if hidden { crate::value::MASK.to_string() } else { label.clone() }
            }),
            status,
            diffs: if hidden { vec![] } else { super::outcome::shown(&end.diffs, diff) },
            diff,
            actions: if hidden { vec![] } else { end.actions.clone() },
            assumptions: item.assumptions.clone(),
            result: Some(if hidden {
                censored()
            } else {
                Value::Map(Arc::new(end.result.clone()))
            }),
            hidden,
            took: frame.took,
        }
    }

    /// `owed`: even if nothing is to be sent, the host must be told that it was done.
    pub(super) fn settled(&self, ends: &[ItemEnd], owed: bool) {
        self.shared.sink.event(Event::Settled {
            phase: self.phase,
            host: Arc::clone(&self.machine.host),
            outcome: super::outcome::overall(ends).outcome(),
            unsent: owed || ends.iter().any(|end| end.unsent),
        });
    }

    fn hides(&self, task: &Task) -> bool {
        let render = self.render(&self.machine, Some(task));
        // A `no_log` that cannot be rendered hides.
        render.flag(task, Keyword::NoLog).map_or(true, |flag| flag.unwrap_or(false))
    }

    /// A task failed for a reason outside of its own result.
    pub(super) fn fail_with(&mut self, task: &Task, handler: bool, message: String) {
        let evaluation = Evaluation::failed(message.clone());
        let failure = Failure::new(self.title(task), &message);
        let ended = Ended::at_once(vec![super::outcome::failed(message)]);
        self.report(task, handler, &evaluation, &ended);
        self.settled(&ended.ends, false);
        self.fail(failure);
    }
}
