//! What a task would do to a host.

use std::fmt;
use std::sync::Arc;

use crate::remote::Output;
use crate::resource::Action;
use crate::value::{Key, Map, Value};

/// What a module makes of the outputs of its actions, in their order.
pub type Finish = Arc<dyn Fn(&[Output]) -> Outcome + Send + Sync>;

/// The list of actions that bring a host where the arguments want it, and what the task registers.
#[derive(Clone, Default)]
pub struct Plan {
    /// What is to be changed; nothing on a converged host.
    pub actions: Vec<Arc<dyn Action>>,
    /// What the task registers as far as it is known now.
    pub result: Map,
    /// Whether the task counts as changed; by default it does when there are actions.
    pub changed: Option<bool>,
    /// Facts of the host that the task sets (`ansible_facts`).
    pub facts: Map,
    /// Variables that the task sets for the rest of the run (`set_fact`, `include_vars`).
    pub variables: Map,
    /// What people should know.
    pub warnings: Vec<String>,
    /// Why the task has nothing to do and counts as skipped.
    pub skipped: Option<String>,
    /// Why the task has failed although it has a result: a check that does not hold.
    pub failed: Option<String>,
    /// Reads the result out of the outputs, where applying tells more than planning did.
    pub finish: Option<Finish>,
    /// The actions only read, so they may run while planning too.
    pub reads: bool,
}

/// What an applied task registers.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Fields over those of [`Plan::result`].
    pub result: Map,
    /// Whether it counts as changed; none leaves it to the plan.
    pub changed: Option<bool>,
    /// The message, if it failed.
    pub failed: Option<String>,
}

impl Plan {
    /// Nothing to do.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an action.
    pub fn act(&mut self, action: impl Action + 'static) -> &mut Self {
        self.actions.push(Arc::new(action));
        self
    }

    /// Adds a field to the result.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.result.insert(Key::from(name), value.into());
        self
    }

    /// Sets a field of the result.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.result.insert(Key::from(name), value.into());
        self
    }

    /// Whether the task would count as changed.
    pub fn is_change(&self) -> bool {
        self.changed.unwrap_or(!self.actions.is_empty())
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("actions", &self.actions)
            .field("result", &self.result)
            .field("changed", &self.changed)
            .finish_non_exhaustive()
    }
}
