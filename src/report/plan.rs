//! The plan, read like a diff: one block per task and difference, equal ones of many hosts folded.

use std::fmt::Write as _;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostic::plural;
use crate::engine::{Outcome, Status, TaskEvent};
use crate::value::Redactor;

use super::style::Style;
use super::{diff, fold};

/// One block: what a task does to the hosts that it does the same to.
#[derive(Default)]
struct Block {
    head: String,
    body: Vec<String>,
    assumptions: Vec<String>,
    hosts: Vec<Arc<str>>,
}

/// The plan that grows from events.
#[derive(Default)]
pub struct Plan {
    /// Tasks in the order in which they were first met, by place.
    tasks: IndexMap<String, IndexMap<String, Block>>,
    changed: usize,
    unknown: usize,
    unchanged: usize,
    failed: usize,
    hosts: Vec<Arc<str>>,
    unreachable: usize,
    /// The inventory's order; hosts finish in another.
    order: Vec<Arc<str>>,
}

impl Plan {
    /// A walk begins over these hosts, in the inventory's order.
    pub fn begin(&mut self, hosts: Vec<Arc<str>>) {
        self.order = hosts;
    }

    /// Takes the end of a task on a host, and its result as far as it is to be shown.
    pub fn take(&mut self, task: &TaskEvent, result: &[String], style: Style, redactor: &Redactor) {
        let (sign, note) = match &task.status {
            Status::Changed => (style.change("~"), None),
            Status::Unknown { reason } => {
                let note = format!("known after apply: {}", redactor.mask(reason));
                (style.unknown("?"), Some(style.unknown(&note)))
            }
            Status::Failed { message, ignored } => {
                let said = diff::clean(&redactor.mask(message));
                let word = if *ignored { "failed (ignored)" } else { "failed" };
                (style.bad("!"), Some(style.bad(&format!("{word}: {said}"))))
            }
            Status::Ok | Status::Skipped { .. } if result.is_empty() => return,
            Status::Ok => (style.good("="), None),
            Status::Skipped { reason } => {
                (style.faint("-"), Some(style.faint(&format!("skipped: {reason}"))))
            }
        };
        let mut body = body(task, note, style, redactor);
        body.extend(result.iter().cloned());
        let assumptions = task.assumptions.clone();
        let key = format!("{}\n{}", body.join("\n"), assumptions.join("\n"));
        let handler = match (task.handler, task.owed) {
            (true, true) => style.faint(" (handler, owed by an earlier run)"),
            (true, false) => style.faint(" (handler)"),
            _ => String::new(),
        };
        let head = format!(
            "{sign} {}{handler} {}",
            style.strong(&diff::clean(&redactor.mask(&task.title))),
            style.faint(&format!("[{}]", task.module))
        );
        let place = format!("{}{}", task.span, task.title);
        let block = self.tasks.entry(place).or_default().entry(key).or_default();
        if block.head.is_empty() {
            *block = Block { head, body, assumptions, hosts: vec![] };
        }
        if !block.hosts.contains(&task.host) {
            block.hosts.push(Arc::clone(&task.host));
            let order = &self.order;
            block.hosts.sort_by_key(|host| order.iter().position(|known| known == host));
        }
    }

    /// Counts a task that is at its end on a host.
    pub fn count(&mut self, host: &Arc<str>, outcome: Outcome) {
        if !self.hosts.contains(host) {
            self.hosts.push(Arc::clone(host));
        }
        match outcome {
            Outcome::Changed => self.changed += 1,
            Outcome::Unknown => self.unknown += 1,
            Outcome::Ok => self.unchanged += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Skipped | Outcome::Ignored => {}
        }
    }

    /// Counts a host that could not be reached.
    pub fn lose(&mut self) {
        self.unreachable += 1;
    }

    fn place(&self, host: Option<&Arc<str>>) -> Option<usize> {
        self.order.iter().position(|known| Some(known) == host)
    }

    /// The whole text.
    pub fn text(&self, style: Style) -> String {
        let mut text = String::new();
        for blocks in self.tasks.values() {
            let mut last: Option<(&str, &[Arc<str>])> = None;
            let mut told: Vec<(&str, &[Arc<str>])> = Vec::new();
            let mut blocks: Vec<&Block> = blocks.values().collect();
            blocks.sort_by_key(|block| self.place(block.hosts.first()));
            for block in blocks {
                // Items of one task on the same hosts share their head.
                if last != Some((&block.head, &block.hosts)) {
                    let _ = writeln!(
                        text,
                        "{} {}",
                        block.head,
                        style.faint(&fold::hosts(&block.hosts))
                    );
                }
                last = Some((&block.head, &block.hosts));
                for line in &block.body {
                    let _ = writeln!(text, "    {line}");
                }
                for assumption in &block.assumptions {
                    // Said once for all items of the task.
                    if !told.contains(&(assumption, &block.hosts)) {
                        told.push((assumption, &block.hosts));
                        let line = style.faint(&format!("assuming that {assumption}"));
                        let _ = writeln!(text, "    {line}");
                    }
                }
            }
            text.push('\n');
        }
        let _ = writeln!(text, "{}", self.summary(style));
        text
    }

    /// `12 to change, 3 known after apply, 41 unchanged on 8 hosts; 1 failed`
    fn summary(&self, style: Style) -> String {
        let hosts = plural(self.hosts.len(), "host");
        let mut wrong = Vec::new();
        if self.failed > 0 {
            wrong.push(style.bad(&format!("{} failed", self.failed)));
        }
        if self.unreachable > 0 {
            wrong.push(style.bad(&format!("{} unreachable", plural(self.unreachable, "host"))));
        }
        let nothing = self.changed == 0 && self.unknown == 0;
        let counts = if self.hosts.is_empty() {
            "nothing was planned".to_string()
        } else if nothing && wrong.is_empty() {
            style.good(&format!("nothing to do: {} unchanged on {hosts}", self.unchanged))
        } else if nothing {
            format!("nothing to change, {} unchanged on {hosts}", self.unchanged)
        } else {
            format!(
                "{}, {}, {} unchanged on {hosts}",
                style.change(&format!("{} to change", self.changed)),
                style.unknown(&format!("{} known after apply", self.unknown)),
                self.unchanged
            )
        };
        if wrong.is_empty() { counts } else { format!("{counts}; {}", wrong.join(", ")) }
    }
}

fn body(task: &TaskEvent, note: Option<String>, style: Style, redactor: &Redactor) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(item) = &task.item {
        lines.push(style.faint(&format!("item: {}", diff::clean(&redactor.mask(item)))));
    }
    lines.extend(note);
    if task.hidden {
        lines.push(style.faint("what it does is hidden by `no_log`"));
    }
    for (action, change) in task.actions.iter().zip(&task.diffs) {
        lines.push(diff::clean(&redactor.mask(action)));
        lines.extend(
            diff::lines(change, style, redactor).into_iter().map(|line| format!("  {line}")),
        );
    }
    if let Status::Failed { message, .. } = &task.status {
        let place = task.span.to_string();
        if !message.contains(&place) {
            lines.push(style.faint(&format!("at {place}")));
        }
    }
    lines
}
