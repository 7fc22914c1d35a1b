//! `mxprov apply`: plan, show the diff, ask, apply.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::sync::watch;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::engine::{self, Confirm, Counted, Inputs, RunError};
use crate::report::Reporter;
use crate::value::{Map, Redactor};

use super::connection::ConnectionFlags;
use super::exit::Exit;
use super::process::Process;
use super::prompt::Terminal;
use super::setup::{Setup, reporter};
use super::source::SourceFlags;

/// Flags of `apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// The playbooks; `playbooks/site.yml` if none is given.
    #[arg(value_name = "PLAYBOOK")]
    playbooks: Vec<PathBuf>,

    /// Plan and show; send nothing.
    #[arg(short = 'C', long)]
    check: bool,

    /// Show diffs while applying too; the plan always has them.
    #[arg(short = 'D', long)]
    diff: bool,

    /// Apply without a question.
    #[arg(short, long)]
    yes: bool,

    /// With `--check`: exit with 3 if there is something to change.
    #[arg(long)]
    detailed_exitcode: bool,

    /// Run notified handlers of hosts that failed.
    #[arg(long)]
    force_handlers: bool,

    /// Show more: results (-v), scripts (-vv), the wire (-vvv).
    #[arg(short, action = clap::ArgAction::Count)]
    verbose: u8,

    #[command(flatten)]
    source: SourceFlags,

    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Apply {
    /// Runs the command.
    pub async fn run(&self, process: &Process) -> Exit {
        let redactor = Redactor::new();
        let reporter = reporter(process, &redactor, self.verbose, self.diff);
        match self.carry_out(process, &reporter, &redactor).await {
            Ok(exit) => exit,
            Err(errors) => {
                errors.0.iter().for_each(|error| reporter.error(error));
                Exit::Usage
            }
        }
    }

    async fn carry_out(
        &self,
        process: &Process,
        reporter: &Arc<Reporter>,
        redactor: &Redactor,
    ) -> Result<Exit, Diagnostics> {
        if !self.check && !self.yes && !process.in_is_terminal {
            return Err(Diagnostic::new("there is no terminal to ask on")
                .hint("`--yes` applies without a question, `--check` only shows the plan")
                .into());
        }
        if self.source.inventory.is_empty() {
            return Err(Diagnostic::new("no inventory is given")
                .hint("give one with `-i FILE`")
                .into());
        }
        let setup = Setup::new(
            process,
            &self.source,
            Arc::clone(reporter),
            redactor.clone(),
            self.verbose,
        )?;
        let playbooks = self.playbooks();
        let paths: Vec<&Path> = playbooks.iter().map(PathBuf::as_path).collect();
        let playbook = setup.loader.load(&paths)?;
        playbook.warnings.iter().for_each(|warning| reporter.warning(warning));
        let mut choices = self.connection.choices(process).map_err(Diagnostic::new)?;
        choices.force_handlers = self.force_handlers;
        let beside = paths.first().and_then(|path| path.parent());
        let (shared, tally) =
            setup.shared(process, beside, choices, self.check, Arc::new(|_| true))?;
        let inputs = Inputs {
            shared,
            tally,
            links: setup.links(process),
            playbook,
            limit: setup.limit(&self.source)?,
            prompted: Arc::new(Map::new()),
            interrupt: interrupts(Arc::clone(reporter)),
        };
        let confirm = Question {
            yes: self.yes,
            terminal: Terminal { available: process.in_is_terminal },
            reporter: Arc::clone(reporter),
        };
        match engine::run(inputs, &confirm).await {
            Ok(recap) => {
                reporter.recap(&recap);
                Ok(Exit::of(&recap, self.check && self.detailed_exitcode))
            }
            Err(RunError::Wrong(errors)) => Err(errors),
            Err(error) => {
                reporter.message(&error.to_string());
                Ok(Exit::of_error(&error))
            }
        }
    }

    fn playbooks(&self) -> Vec<PathBuf> {
        if self.playbooks.is_empty() {
            vec!["playbooks/site.yml".into()]
        } else {
            self.playbooks.clone()
        }
    }
}

/// Asks whether the plan may be applied.
struct Question {
    yes: bool,
    terminal: Terminal,
    reporter: Arc<Reporter>,
}

impl Confirm for Question {
    fn confirm(&self, _pending: &Counted) -> Result<bool, RunError> {
        if self.yes {
            return Ok(true);
        }
        if !self.terminal.available {
            return Err(RunError::NobodyToAsk);
        }
        self.reporter.pause();
        Ok(self.terminal.agrees("Apply these changes?"))
    }
}

/// The first ctrl-C ends the run in order, the second at once.
fn interrupts(reporter: Arc<Reporter>) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if *sender.borrow() {
                reporter.pause();
                std::process::exit(Exit::Interrupted.code().into());
            }
            reporter.message("interrupted: what is under way is finished, nothing new is started; again to leave at once");
            sender.send_replace(true);
        }
    });
    receiver
}
