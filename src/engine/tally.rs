//! Counts what happened to whom, while passing the events on.

use std::sync::{Arc, Mutex};

use indexmap::IndexMap;

use super::event::{Event, Outcome, Phase, Sink};

/// What happened on one host, in the columns of Ansible's recap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tasks that are as they should be, the changed ones among them.
    pub ok: usize,
    /// Tasks that change or changed something.
    pub changed: usize,
    /// Tasks of which only applying can tell.
    pub unknown: usize,
    /// Tasks that have something to send, although it may be no change: requests, commands with
    /// `changed_when: false`.
    pub unsent: usize,
    /// Whether the host could not be reached.
    pub unreachable: bool,
    /// Tasks that failed.
    pub failed: usize,
    /// Tasks whose conditions did not hold.
    pub skipped: usize,
    /// Failures that a `rescue` made good.
    pub rescued: usize,
    /// Failures that `ignore_errors` let pass.
    pub ignored: usize,
}

impl Counts {
    /// Whether applying would send anything.
    pub fn has_work(&self) -> bool {
        self.changed > 0 || self.unknown > 0 || self.unsent > 0
    }
}

/// The counts of one walk by host.
pub type Counted = IndexMap<Arc<str>, Counts>;

/// Counts and passes on.
pub struct Tally {
    inner: Arc<dyn Sink>,
    plan: Mutex<Counted>,
    apply: Mutex<Counted>,
}

impl Tally {
    /// A tally in front of `inner`.
    pub fn new(inner: Arc<dyn Sink>) -> Arc<Self> {
        Arc::new(Self { inner, plan: Mutex::default(), apply: Mutex::default() })
    }

    /// The counts of a walk.
    pub fn counted(&self, phase: Phase) -> Counted {
        self.of(phase).lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn of(&self, phase: Phase) -> &Mutex<Counted> {
        match phase {
            Phase::Plan => &self.plan,
            Phase::Apply => &self.apply,
        }
    }

    fn change(&self, phase: Phase, host: &Arc<str>, change: impl FnOnce(&mut Counts)) {
        let mut counted = self.of(phase).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(counted.entry(Arc::clone(host)).or_default());
    }

    fn count(&self, phase: Phase, host: &Arc<str>, outcome: Outcome) {
        self.change(phase, host, |counts| match outcome {
            Outcome::Ok => counts.ok += 1,
            Outcome::Changed => {
                counts.ok += 1;
                counts.changed += 1;
            }
            Outcome::Skipped => counts.skipped += 1,
            Outcome::Unknown => counts.unknown += 1,
            Outcome::Ignored => {
                counts.ok += 1;
                counts.ignored += 1;
            }
            Outcome::Failed => counts.failed += 1,
        });
    }
}

impl Sink for Tally {
    fn event(&self, event: Event) {
        match &event {
            Event::Settled { phase, host, outcome, unsent } => {
                self.count(*phase, host, *outcome);
                self.change(*phase, host, |counts| counts.unsent += usize::from(*unsent));
            }
            Event::Unreachable { phase, host, .. } => {
                self.change(*phase, host, |counts| counts.unreachable = true);
            }
            Event::HostDone { phase, host } => self.change(*phase, host, |counts| {
                // The host went on after these.
                counts.rescued += counts.failed;
                counts.failed = 0;
            }),
            _ => {}
        }
        self.inner.event(event);
    }
}
