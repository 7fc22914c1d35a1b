//! Takes events and prints them for people.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::diagnostic::Diagnostic;
use crate::engine::{Event, Phase, Recap, Sink, Status, TaskEvent};
use crate::value::Redactor;

use super::plan::Plan;
use super::progress::Progress;
use super::style::Style;
use super::{diagnostic, diff, fold, recap};

/// How much people want to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// What changes.
    Normal,
    /// `-v`: results too.
    Results,
    /// `-vv`: scripts too.
    Scripts,
    /// `-vvv`: the wire.
    Wire,
}

/// What the reporter must know of its surroundings.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Colours on standard output.
    pub style: Style,
    /// Colours on standard error.
    pub error_style: Style,
    /// Whether standard error is a terminal that can show progress.
    pub terminal: bool,
    /// How much to show.
    pub verbosity: Verbosity,
    /// Show diffs while applying too (`--diff`).
    pub diffs: bool,
}

/// Prints events.
pub struct Reporter {
    options: Options,
    redactor: Redactor,
    state: Mutex<State>,
}

struct State {
    plan: Plan,
    progress: Progress,
    /// What tasks that are there to show something have shown with the plan.
    shown: HashSet<String>,
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
}

impl Reporter {
    /// A reporter that prints to these two streams.
    pub fn new(
        options: Options,
        redactor: Redactor,
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
    ) -> Self {
        let progress = Progress::new(options.terminal);
        let (plan, shown) = (Plan::default(), HashSet::new());
        let state = Mutex::new(State { plan, progress, shown, out, err });
        Self { options, redactor, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A result, for standard output.
    pub fn result(&self, text: &str) {
        let mut state = self.state();
        let State { progress, out, .. } = &mut *state;
        // A reader that went away is no error of ours.
        progress.suspend(|| drop(out.write_all(text.as_bytes()).and_then(|()| out.flush())));
    }

    /// A message, for standard error.
    pub fn message(&self, text: &str) {
        let mut state = self.state();
        let State { progress, err, .. } = &mut *state;
        let text = self.redactor.mask(text);
        progress.suspend(|| drop(writeln!(err, "{text}")));
    }

    /// An error with its place.
    pub fn error(&self, error: &Diagnostic) {
        self.message(&diagnostic::render(error, false, self.options.error_style.colour));
    }

    /// A warning with its place.
    pub fn warning(&self, warning: &Diagnostic) {
        self.message(&diagnostic::render(warning, true, self.options.error_style.colour));
    }

    /// What happened to whom, and where the journal of it lies.
    pub fn recap(&self, recap: &Recap, journal: Option<&Path>) {
        self.state().progress.clear();
        self.result(&recap::text(recap, journal, self.options.style));
    }

    /// Takes the progress lines away, for a question.
    pub fn pause(&self) {
        self.state().progress.clear();
    }

    fn applied(&self, task: &TaskEvent) {
        let style = self.options.style;
        let (word, paint): (&str, fn(Style, &str) -> String) = match &task.status {
            Status::Changed => ("changed", Style::change),
            Status::Failed { ignored: false, .. } => ("failed", Style::bad),
            Status::Failed { .. } => ("ignored", Style::bad),
            Status::Ok if self.options.verbosity >= Verbosity::Results => ("ok", Style::good),
            Status::Skipped { .. } if self.options.verbosity >= Verbosity::Results => {
                ("skipped", Style::faint)
            }
            _ if self.prints(task) => return self.show_late(task),
            _ => return,
        };
        let item =
            task.item.as_ref().map(|item| format!(" ({})", self.safe(item))).unwrap_or_default();
        let took = if task.took.as_millis() >= 500 {
            style.faint(&format!(" {:.1}s", task.took.as_secs_f64()))
        } else {
            String::new()
        };
        let mut text = format!(
            "{}: {} {}{item}{took}\n",
            task.host,
            paint(style, word),
            self.safe(&task.title)
        );
        if let Status::Failed { message, .. } = &task.status {
            for line in self.safe(message).lines() {
                text.push_str(&format!("    {}\n", style.bad(line)));
            }
            text.push_str(&format!("    {}\n", style.faint(&task.span.to_string())));
        }
        if task.diff.unwrap_or(self.options.diffs) && task.status == Status::Changed {
            for change in &task.diffs {
                for line in diff::lines(change, style, &self.redactor) {
                    text.push_str(&format!("    {line}\n"));
                }
            }
        }
        self.result(&text);
        let result = self.result_lines(task);
        if !result.is_empty() {
            self.result(&indented(&result));
        }
    }

    /// What a task is there to show, unless the plan has shown the same.
    fn show_late(&self, task: &TaskEvent) {
        let lines = self.result_lines(task);
        if lines.is_empty() || self.state().shown.contains(&said(task, &lines)) {
            return;
        }
        let item =
            task.item.as_ref().map(|item| format!(" ({})", self.safe(item))).unwrap_or_default();
        let head = format!("{}: {}{item}\n", task.host, self.safe(&task.title));
        self.result(&(head + &indented(&lines)));
    }

    /// Whether a task is there to show something.
    fn prints(&self, task: &TaskEvent) -> bool {
        task.module.as_ref() == "debug"
            && task.status == Status::Ok
            && self.options.verbosity < Verbosity::Results
    }

    /// A task's result as far as it is to be seen.
    fn result_lines(&self, task: &TaskEvent) -> Vec<String> {
        let is_debug = task.module.as_ref() == "debug" && task.status == Status::Ok;
        let wanted = self.options.verbosity >= Verbosity::Results || is_debug;
        let skipped = matches!(task.status, Status::Skipped { .. });
        let Some(result) = task.result.as_ref().filter(|_| wanted && !skipped) else {
            return vec![];
        };
        let json = result.to_masked_json();
        let shown = match (is_debug, &json) {
            (true, serde_json::Value::Object(fields)) => fields
                .iter()
                .filter(|(name, _)| !is_bookkeeping(name, fields))
                .map(|(name, value)| match value {
                    serde_json::Value::String(text) => format!("{name}: {text}"),
                    other => format!("{name}: {other:#}"),
                })
                .collect::<Vec<_>>()
                .join("\n"),
            _ => format!("{json:#}"),
        };
        self.safe(&shown).lines().map(str::to_string).collect()
    }

    /// Text from hosts or variables, fit for a terminal.
    fn safe(&self, text: &str) -> String {
        diff::clean(&self.redactor.mask(text))
    }

    fn planned(&self, task: &TaskEvent) {
        let result = self.result_lines(task);
        if self.prints(task) {
            self.state().shown.insert(said(task, &result));
        }
        self.state().plan.take(task, &result, self.options.style, &self.redactor);
    }
}

/// A loop's item stands in the head already, and `debug` neither changes nor fails.
fn is_bookkeeping(name: &str, fields: &serde_json::Map<String, serde_json::Value>) -> bool {
    let of_loop = fields.get("ansible_loop_var").and_then(serde_json::Value::as_str);
    ["changed", "failed", "ansible_loop_var"].contains(&name) || of_loop == Some(name)
}

fn indented(lines: &[String]) -> String {
    lines.iter().map(|line| format!("    {line}\n")).collect()
}

/// One host's task with what it showed.
fn said(task: &TaskEvent, lines: &[String]) -> String {
    format!("{}\n{}\n{}", task.host, task.span, lines.join("\n"))
}

impl Sink for Reporter {
    fn event(&self, event: Event) {
        match event {
            Event::Task(task) if task.phase == Phase::Plan => self.planned(&task),
            Event::Task(task) => self.applied(&task),
            Event::Settled { phase: Phase::Plan, host, outcome, .. } => {
                let mut state = self.state();
                state.plan.count(&host, outcome);
                state.progress.foresee(&host);
            }
            Event::Settled { host, .. } => self.state().progress.step(&host),
            Event::TaskStarted { host, title, .. } => {
                let title = self.safe(&title);
                self.state().progress.working(&host, &title);
            }
            Event::Asked { host, questions } if self.options.verbosity >= Verbosity::Scripts => {
                self.message(&format!(
                    "{host}: {} asked",
                    crate::diagnostic::plural(questions, "question")
                ));
            }
            Event::Sent { host, actions } if self.options.verbosity >= Verbosity::Results => {
                self.message(&format!("{host}: {}", self.safe(&actions.join(", "))));
            }
            Event::Unreachable { host, message, phase } => {
                self.state().progress.done(&host);
                if phase == Phase::Plan {
                    self.state().plan.lose();
                }
                // The message was made to stand alone.
                let message = message.strip_prefix(&format!("`{host}`: ")).unwrap_or(&message);
                let style = self.options.error_style;
                self.message(&format!(
                    "{host}: {} {}",
                    style.bad("unreachable:"),
                    self.safe(message)
                ));
            }
            Event::HostDone { host, .. } | Event::HostFailed { host, .. } => {
                self.state().progress.done(&host);
            }
            Event::PlaySkipped { play } => {
                self.message(&format!("play `{play}`: no host matches"));
            }
            Event::Warning { warning, .. } => self.warning(&warning),
            Event::AccessProven { host, took } => {
                self.message(&format!(
                    "{host}: access proven by a new login after {:.1} s",
                    took.as_secs_f64()
                ));
            }
            Event::PhaseDone { phase: Phase::Plan } => {
                let text = {
                    let mut state = self.state();
                    state.progress.clear();
                    state.plan.text(self.options.style)
                };
                self.result(&text);
            }
            Event::PhaseDone { .. } => self.state().progress.clear(),
            Event::PhaseStarted { phase: Phase::Apply, hosts } => {
                self.message(&format!("applying on {}", fold::hosts(&hosts)));
                self.state().progress.expect(&hosts);
            }
            Event::PhaseStarted { hosts, .. } => self.state().plan.begin(hosts),
            Event::RunStarted { .. }
            | Event::Decided { .. }
            | Event::RunDone { .. }
            | Event::RunStopped { .. }
            | Event::PlayStarted { .. }
            | Event::Asked { .. }
            | Event::Sent { .. }
            | Event::Notified { .. } => {}
        }
    }
}
