//! `mxprov ping` and `mxprov facts`: one question to every host.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use indexmap::IndexMap;

use crate::diagnostic::Diagnostics;
use crate::engine::{Event, Sink, Status};
use crate::files::Tree;
use crate::report::Reporter;
use crate::value::{Redactor, Value};

use super::connection::ConnectionFlags;
use super::exit::Exit;
use super::process::Process;
use super::runner::{Order, Runner};
use super::setup::{Setup, Shows, reporter};
use super::source::SourceFlags;

/// Flags of `ping` and `facts`.
#[derive(Debug, Args)]
pub struct Ask {
    /// The hosts: a pattern.
    #[arg(default_value = "all", value_name = "PATTERN")]
    pattern: String,

    /// Show more: results (-v), scripts (-vv), the wire (-vvv).
    #[arg(short, action = clap::ArgAction::Count)]
    verbose: u8,

    #[command(flatten)]
    source: SourceFlags,

    #[command(flatten)]
    connection: ConnectionFlags,
}

/// The playbook that asks.
const QUESTION: &str = "question.yml";

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Whether it answers.
    Ping,
    /// What it is.
    Facts,
}

/// Keeps what each host answered.
struct Answers {
    reporter: Arc<Reporter>,
    answers: Mutex<IndexMap<Arc<str>, Result<Value, String>>>,
}

impl Sink for Answers {
    fn event(&self, event: Event) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Task(task) => {
                let answer = match &task.status {
                    Status::Failed { message, .. } => Err(message.clone()),
                    _ => Ok(task.result.unwrap_or(Value::Null)),
                };
                answers.insert(task.host, answer);
            }
            Event::Unreachable { host, message, .. } => {
                // The message was made to stand alone; here the host is said before it.
                let named = format!("`{host}`: ");
                let message = message.strip_prefix(&named).unwrap_or(&message).to_string();
                answers.insert(host, Err(message));
            }
            Event::Warning { mut warning, .. } => {
                // The place is in a playbook that nobody wrote.
                warning.span = warning.span.filter(|span| span.source.name != QUESTION);
                self.reporter.warning(&warning);
            }
            _ => {}
        }
    }
}

impl Ask {
    /// Runs the command.
    pub async fn run(&self, process: &Process, question: Question) -> Exit {
        let redactor = Redactor::new();
        let shows = Shows { verbosity: self.verbose, ..Shows::default() };
        let reporter = reporter(process, &redactor, shows);
        Exit::said(self.carry_out(process, &reporter, &redactor, question).await, &reporter)
    }

    async fn carry_out(
        &self,
        process: &Process,
        reporter: &Arc<Reporter>,
        redactor: &Redactor,
        question: Question,
    ) -> Result<Exit, Diagnostics> {
        self.source.must_be_given()?;
        let setup = Setup::new(
            process,
            &self.source,
            Arc::clone(reporter),
            redactor.clone(),
            self.verbose,
        )?;
        let limit = setup.limit(&self.source)?;
        setup.hosts_of(&self.pattern, limit.as_ref())?;
        let module = match question {
            Question::Ping => "ping",
            Question::Facts => "setup",
        };
        let pattern = serde_json::Value::from(self.pattern.as_str());
        let text =
            format!("- hosts: {pattern}\n  gather_facts: false\n  tasks:\n    - {module}:\n");
        let mut tree = Tree::default();
        tree.insert(QUESTION, text.as_bytes());
        let playbook = setup.loader_of(Arc::new(tree)).load(&[Path::new(QUESTION)])?;
        let answers =
            Arc::new(Answers { reporter: Arc::clone(reporter), answers: Mutex::default() });
        let runner = Runner::new(&setup, process, &self.connection)?;
        let recap = runner
            .ask(Order {
                playbook,
                beside: None,
                limit,
                selects: Arc::new(|_| true),
                check: true,
                sink: answers.clone(),
            })
            .await?;
        let answers = answers.answers.lock().unwrap_or_else(PoisonError::into_inner);
        // In the inventory's order, not in that in which they came.
        for host in setup.inventory.hosts.keys() {
            if let Some(answer) = answers.get(host.as_str()) {
                show(reporter, host, answer, question);
            }
        }
        Ok(Exit::of(&recap, false))
    }
}

fn show(reporter: &Reporter, host: &str, answer: &Result<Value, String>, question: Question) {
    match (answer, question) {
        (Err(message), _) => reporter.message(&format!("{host}: {message}")),
        (Ok(_), Question::Ping) => reporter.result(&format!("{host}: pong\n")),
        (Ok(result), Question::Facts) => {
            let facts = result.get("ansible_facts").cloned().unwrap_or(Value::Null);
            let all = Value::map([(host, facts)]);
            reporter.result(&format!("{:#}\n", all.to_masked_json()));
        }
    }
}
