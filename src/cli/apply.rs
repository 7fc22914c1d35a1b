//! `mxprov apply`: plan, show the diff, ask, apply.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::engine::{self, Choices, Confirm, Counted, RunError, Sink};
use crate::playbook::{Playbook, TagFilter, Task, find_start, list_tags};
use crate::report::{Fan, JsonLines, Reporter};
use crate::value::Redactor;
use clap::{Args, ValueEnum};

use super::connection::ConnectionFlags;
use super::exit::Exit;
use super::journal::{Journal, JournalFlags};
use super::process::Process;
use super::prompt::Terminal;
use super::runner::{Order, Runner, Selects};
use super::setup::{Setup, Shows, reporter};
use super::source::SourceFlags;

/// Tags that select by themselves.
const SPECIAL_TAGS: [&str; 5] = ["all", "always", "never", "tagged", "untagged"];

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

    /// Only tasks with one of these tags.
    #[arg(short, long, value_name = "TAGS")]
    tags: Vec<String>,

    /// Not the tasks with one of these tags.
    #[arg(long, value_name = "TAGS")]
    skip_tags: Vec<String>,

    /// Begin with the task of this name.
    #[arg(long, value_name = "NAME")]
    start_at_task: Option<String>,

    /// List the tasks and do nothing.
    #[arg(long)]
    list_tasks: bool,

    /// List the tags and do nothing.
    #[arg(long)]
    list_tags: bool,

    /// List the hosts and do nothing.
    #[arg(long)]
    list_hosts: bool,

    /// Run notified handlers of hosts that failed.
    #[arg(long)]
    force_handlers: bool,

    /// Show more: results (-v), scripts (-vv), the wire (-vvv).
    #[arg(short, action = clap::ArgAction::Count)]
    verbose: u8,

    /// What stands on standard output; with `json` all that is for people goes to standard error.
    #[arg(long, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    output: Output,

    #[command(flatten)]
    journal: JournalFlags,

    #[command(flatten)]
    source: SourceFlags,

    #[command(flatten)]
    connection: ConnectionFlags,
}

/// What stands on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// The plan and the recap, for people.
    Text,
    /// Each event of the run on a line, as in the journal.
    Json,
}

impl Apply {
    /// Runs the command.
    pub async fn run(&self, process: &Process) -> Exit {
        let redactor = Redactor::new();
        let shows = Shows {
            verbosity: self.verbose,
            diffs: self.diff,
            only_errors: self.output == Output::Json,
        };
        let reporter = reporter(process, &redactor, shows);
        Exit::said(self.carry_out(process, &reporter, &redactor).await, &reporter)
    }

    async fn carry_out(
        &self,
        process: &Process,
        reporter: &Arc<Reporter>,
        redactor: &Redactor,
    ) -> Result<Exit, Diagnostics> {
        let lists = self.list_tasks || self.list_tags || self.list_hosts;
        if !lists && !self.check && !self.yes && !process.in_is_terminal {
            return Err(Diagnostic::new("there is no terminal to ask on")
                .hint("`--yes` applies without a question, `--check` only shows the plan")
                .into());
        }
        if lists && self.output == Output::Json {
            return Err(Diagnostic::new("lists are text")
                .hint("`--output json` shows what happens in a run")
                .into());
        }
        self.source.must_be_given()?;
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
        self.check_tags(&playbook).iter().for_each(|warning| reporter.warning(warning));
        let filter = TagFilter::new(
            self.tags.iter().map(String::as_str),
            self.skip_tags.iter().map(String::as_str),
        );
        if lists {
            let hosts =
                if self.list_hosts { self.hosts(process, &setup, &playbook)? } else { Vec::new() };
            reporter.result(&self.listing(&playbook, &filter, &hosts));
            return Ok(Exit::Done);
        }
        let selects = self.selects(&playbook, filter)?;
        let runner = Runner::new(&setup, process, &self.connection)?;
        let runner = runner.force_handlers(self.force_handlers);
        let limit = setup.limit(&self.source)?;
        let first = paths.first().copied().unwrap_or(Path::new(""));
        let fan = self.fan(reporter, redactor);
        let order = Order {
            playbook,
            beside: first.parent().map(Path::to_path_buf),
            limit,
            selects,
            check: self.check,
            sink: Arc::clone(&fan) as Arc<dyn Sink>,
        };
        let confirm = Question {
            yes: self.yes,
            terminal: Terminal { available: process.in_is_terminal },
            reporter: Arc::clone(reporter),
            asking: runner.asking(),
        };
        let inputs = runner.inputs(order)?;
        let journal = self.journal.open(process, first, redactor, reporter)?;
        if let Some(journal) = &journal {
            fan.add(journal.lines());
        }
        let result = engine::run(inputs, &confirm).await;
        if let Some(flaw) = journal.as_ref().and_then(Journal::flaw) {
            reporter.warning(&flaw);
        }
        match result {
            Ok(recap) => {
                reporter.recap(&recap, journal.as_ref().map(Journal::path));
                Ok(Exit::of(&recap, self.check && self.detailed_exitcode))
            }
            Err(RunError::Wrong(errors)) => Err(errors),
            Err(error) => {
                reporter.message(&error.to_string());
                Ok(Exit::of_error(&error))
            }
        }
    }

    /// Whoever takes the events: the person, and a machine that reads along.
    fn fan(&self, reporter: &Arc<Reporter>, redactor: &Redactor) -> Arc<Fan> {
        let fan = Arc::new(Fan::default());
        fan.add(Arc::clone(reporter) as Arc<dyn Sink>);
        if self.output == Output::Json {
            // A reader that went away is no error of ours.
            let out = Box::new(std::io::stdout());
            fan.add(Arc::new(JsonLines::new(out, redactor.clone(), jiff::Timestamp::now)));
        }
        fan
    }

    /// Tags of the command line that no task has, as far as tasks are known before they run.
    fn check_tags(&self, playbook: &Playbook) -> Vec<Diagnostic> {
        let everything = TagFilter::new(std::iter::empty(), std::iter::empty());
        let plays = list_tags(playbook, &everything);
        let known: Vec<&str> =
            plays.iter().flat_map(|(_, tags)| tags.iter().map(String::as_str)).collect();
        let given = self.tags.iter().chain(&self.skip_tags);
        let words = given.flat_map(|given| given.split(',')).map(str::trim);
        let is_unknown = |tag: &&str| !known.contains(tag) && !SPECIAL_TAGS.contains(tag);
        let unknown = words.filter(|tag| !tag.is_empty()).filter(is_unknown);
        unknown
            .map(|tag| {
                let message = format!("no task that is known before the run has the tag `{tag}`");
                Diagnostic::new(message).suggest(tag, known.iter().copied())
            })
            .collect()
    }

    /// Which tasks run: by their tags, and from `--start-at-task` on.
    fn selects(&self, playbook: &Playbook, filter: TagFilter) -> Result<Selects, Diagnostic> {
        let Some(name) = &self.start_at_task else {
            return Ok(Arc::new(move |task: &Task| filter.selects_task(task)));
        };
        let Some((play, first)) = find_start(playbook, name) else {
            let titles: Vec<String> = playbook
                .plays
                .iter()
                .flat_map(|play| play.all_tasks())
                .map(|task| task.title())
                .collect();
            let known = titles.iter().map(String::as_str);
            return Err(Diagnostic::new(format!("there is no task `{name}` to start at"))
                .suggest(name, known));
        };
        let before: HashSet<String> = playbook
            .plays
            .iter()
            .enumerate()
            .filter(|(index, _)| *index <= play)
            .flat_map(|(index, here)| {
                let tasks = here.all_tasks();
                let end = match index == play {
                    true => tasks.iter().position(|task| task.span == first.span).unwrap_or(0),
                    false => tasks.len(),
                };
                tasks.into_iter().take(end).map(|task| task.span.to_string()).collect::<Vec<_>>()
            })
            .collect();
        Ok(Arc::new(move |task: &Task| {
            filter.selects_task(task) && !before.contains(&task.span.to_string())
        }))
    }

    /// The hosts of each play that `--limit` leaves.
    fn hosts(
        &self,
        process: &Process,
        setup: &Setup,
        playbook: &Playbook,
    ) -> Result<Vec<Vec<String>>, Diagnostics> {
        let limit = setup.limit(&self.source)?;
        let playbooks = self.playbooks();
        let beside = playbooks.first().and_then(|path| path.parent());
        let order = Order {
            playbook: Playbook::default(),
            beside: beside.map(Path::to_path_buf),
            limit: None,
            selects: Arc::new(|_: &Task| true),
            check: true,
            sink: Arc::clone(&setup.reporter) as Arc<dyn Sink>,
        };
        let (shared, _) = setup.shared(process, &order, Choices::default())?;
        let named = |play| {
            let selection = engine::hosts_named(&shared, play)?;
            selection.unmatched.iter().for_each(|warning| setup.reporter.warning(warning));
            let hosts = selection.hosts.into_iter();
            let is_left = |host: &String| limit.as_ref().is_none_or(|limit| limit.contains(host));
            Ok(hosts.filter(is_left).collect())
        };
        playbook.plays.iter().map(named).collect()
    }

    /// `hosts`: those of each play, none if they are not listed.
    fn listing(&self, playbook: &Playbook, filter: &TagFilter, hosts: &[Vec<String>]) -> String {
        let mut text = String::new();
        let plays = list_tags(playbook, filter);
        for (index, (play, tags)) in plays.iter().enumerate() {
            text.push_str(&format!("play: {} ({})\n", play.name, play.hosts));
            for host in hosts.get(index).into_iter().flatten() {
                text.push_str(&format!("  {host}\n"));
            }
            if self.list_tasks {
                for task in &play.tasks {
                    text.push_str(&format!("  {} [{}]\n", task.title, task.tags.join(", ")));
                }
            }
            if self.list_tags {
                let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
                text.push_str(&format!("  tags: {}\n", tags.join(", ")));
            }
        }
        text
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
    asking: Arc<AtomicBool>,
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
        self.asking.store(true, Ordering::Release);
        let agrees = self.terminal.agrees("Apply these changes?");
        self.asking.store(false, Ordering::Release);
        Ok(agrees)
    }
}
