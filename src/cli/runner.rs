//! How a command runs a playbook: what is alike for all that do.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::engine::{self, Choices, Confirm, Counted, Inputs, Recap, RunError, Sink};
use crate::playbook::{Playbook, Task};

use super::connection::ConnectionFlags;
use super::process::Process;
use super::prompt::Terminal;
use super::setup::Setup;

/// Which tasks run.
pub type Selects = Arc<dyn Fn(&Task) -> bool + Send + Sync>;

/// What is to be run.
pub struct Order {
    /// The plays.
    pub playbook: Playbook,
    /// The playbook's folder, whose variables of groups and hosts count.
    pub beside: Option<PathBuf>,
    /// The hosts that `--limit` leaves; none for all.
    pub limit: Option<HashSet<String>>,
    /// Which tasks run.
    pub selects: Selects,
    /// Nothing is sent but questions.
    pub check: bool,
    /// Takes the events.
    pub sink: Arc<dyn Sink>,
}

/// Runs playbooks, with the passwords that were asked for.
pub struct Runner<'a> {
    setup: &'a Setup,
    process: &'a Process,
    choices: Choices,
    asking: Arc<AtomicBool>,
    interrupt: OnceLock<watch::Receiver<bool>>,
}

/// There is nothing to confirm: nothing is changed.
struct Never;

impl Confirm for Never {
    fn confirm(&self, _pending: &Counted) -> Result<bool, RunError> {
        Ok(false)
    }
}

impl<'a> Runner<'a> {
    /// Asks for passwords.
    pub fn new(
        setup: &'a Setup,
        process: &'a Process,
        connection: &ConnectionFlags,
    ) -> Result<Self, Diagnostics> {
        let choices = connection.choices(process).map_err(Diagnostic::new)?;
        let (asking, interrupt) = (Arc::default(), OnceLock::new());
        Ok(Self { setup, process, choices, asking, interrupt })
    }

    /// Notified handlers of hosts that failed run too, or do not.
    #[must_use]
    pub fn force_handlers(mut self, force: bool) -> Self {
        self.choices.force_handlers = force;
        self
    }

    /// To be set while a person is asked: ctrl-C leaves at once then.
    pub fn asking(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.asking)
    }

    /// All that the engine needs, with the answers of people. From here on ctrl-C ends the run in
    /// order.
    pub fn inputs(&self, order: Order) -> Result<Inputs, Diagnostics> {
        let forks = self.choices.forks;
        let (shared, tally) = self.setup.shared(self.process, &order, self.choices.clone())?;
        let terminal = Terminal { available: self.process.in_is_terminal };
        let extra = &self.setup.extra;
        let prompted = super::vars_prompt::answers(&shared, &order.playbook, extra, terminal)?;
        let watch = || super::interrupt::watch(&self.setup.reporter, &self.asking);
        Ok(Inputs {
            shared,
            tally,
            links: self.setup.links(self.process, forks),
            playbook: order.playbook,
            limit: order.limit,
            prompted,
            interrupt: self.interrupt.get_or_init(watch).clone(),
        })
    }

    /// Plans, and that is all.
    pub async fn ask(&self, order: Order) -> Result<Recap, Diagnostics> {
        match engine::run(self.inputs(order)?, &Never).await {
            Ok(recap) => Ok(recap),
            Err(RunError::Wrong(errors)) => Err(errors),
            Err(error) => Err(Diagnostic::new(error.to_string()).into()),
        }
    }
}
