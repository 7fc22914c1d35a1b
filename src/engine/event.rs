//! What happens in a run, as facts. Reporters consume them; nothing here is prose.

use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Span};
use crate::resource::Diff;
use crate::value::Value;

use super::run::Recap;

/// Which walk is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is sent but questions.
    Plan,
    /// What was planned is sent.
    Apply,
}

/// One fact.
#[derive(Debug, Clone)]
pub enum Event {
    /// A run begins: of these playbooks, for this person; `check` if nothing will be sent.
    RunStarted { playbooks: Vec<String>, check: bool, who: String },
    /// A walk begins over these hosts.
    PhaseStarted { phase: Phase, hosts: Vec<Arc<str>> },
    /// A play begins for these hosts (one batch of them, with `serial`).
    PlayStarted { phase: Phase, play: Arc<str>, hosts: Vec<Arc<str>> },
    /// No host matched a play's pattern.
    PlaySkipped { play: Arc<str> },
    /// A host works on a task.
    TaskStarted { phase: Phase, host: Arc<str>, title: Arc<str> },
    /// A host is asked this many questions at once.
    Asked { host: Arc<str>, questions: usize },
    /// A host is sent a batch of actions.
    Sent { host: Arc<str>, actions: Vec<String> },
    /// A task ended on a host, or one item of its loop.
    Task(Box<TaskEvent>),
    /// A task is at its end on a host, with all items of its loop.
    Settled { phase: Phase, host: Arc<str>, outcome: Outcome, unsent: bool },
    /// A handler was notified for the first time.
    Notified { host: Arc<str>, handler: Arc<str> },
    /// A host could not be reached; it is out of the run.
    Unreachable { phase: Phase, host: Arc<str>, message: String },
    /// A host failed; it is out of the run.
    HostFailed { phase: Phase, host: Arc<str> },
    /// A host is at the end of its work.
    HostDone { phase: Phase, host: Arc<str> },
    /// A guarded change was sent and a new login proved that we still get in.
    AccessProven { host: Arc<str>, took: Duration },
    /// What people should know.
    Warning { host: Option<Arc<str>>, warning: Diagnostic },
    /// The walk is over.
    PhaseDone { phase: Phase },
    /// The plan for these hosts may be applied, or may not.
    Decided { hosts: Vec<Arc<str>>, approved: bool },
    /// The run came to its end.
    RunDone { recap: Recap },
    /// The run could not be carried out, for this reason.
    RunStopped { reason: String },
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Nothing to do.
    Ok,
    /// Something changes, or was changed.
    Changed,
    /// A condition did not hold, or there was nothing to loop over.
    Skipped { reason: String },
    /// Only applying can tell.
    Unknown { reason: String },
    /// It failed.
    Failed { message: String, ignored: bool },
}

/// How a task ended, without the words, which `no_log` may hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to do.
    Ok,
    /// Something changes, or was changed.
    Changed,
    /// It was not for this host.
    Skipped,
    /// Only applying can tell.
    Unknown,
    /// It failed.
    Failed,
    /// It failed, and the run goes on all the same.
    Ignored,
}

impl Status {
    /// The same without the words.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Ok => Outcome::Ok,
            Self::Changed => Outcome::Changed,
            Self::Skipped { .. } => Outcome::Skipped,
            Self::Unknown { .. } => Outcome::Unknown,
            Self::Failed { ignored: true, .. } => Outcome::Ignored,
            Self::Failed { .. } => Outcome::Failed,
        }
    }
}

/// The end of a task on a host, or of one item of its loop.
#[derive(Debug, Clone)]
pub struct TaskEvent {
    /// In which walk.
    pub phase: Phase,
    /// On which host.
    pub host: Arc<str>,
    /// Where it was carried out, if that is another host.
    pub delegate: Option<Arc<str>>,
    /// The play's name.
    pub play: Arc<str>,
    /// `role : name` or the name, rendered as far as it could be.
    pub title: Arc<str>,
    /// The module.
    pub module: Arc<str>,
    /// Where the task stands.
    pub span: Span,
    /// Whether it is a handler.
    pub handler: bool,
    /// Whether it is a handler that an earlier run did not come to.
    pub owed: bool,
    /// The item's label in a loop.
    pub item: Option<String>,
    /// How it ended.
    pub status: Status,
    /// What changes; only where, with `diff: false`.
    pub diffs: Vec<Diff>,
    /// `diff`, if the task says it.
    pub diff: Option<bool>,
    /// What its actions do, one line each.
    pub actions: Vec<String>,
    /// What the plan takes for granted.
    pub assumptions: Vec<String>,
    /// What was registered; none where `no_log` hides it.
    pub result: Option<Value>,
    /// Whether nothing of it may be shown but that it happened.
    pub hidden: bool,
    /// How long it took to send.
    pub took: Duration,
}

/// Who takes the facts. Must not block for long.
pub trait Sink: Send + Sync {
    /// Takes one fact.
    fn event(&self, event: Event);
}

/// Takes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Sink for Silent {
    fn event(&self, _event: Event) {}
}
