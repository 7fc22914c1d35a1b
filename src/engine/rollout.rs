//! A play over its hosts: batches, failures that stop others, the end of the play.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::inventory::{Pattern, Selection};
use crate::module::Argument;
use crate::playbook::{Keyword, Play, Setting, Task};
use crate::resource::World;
use crate::value::{Key, Map, Value};

use super::approval::Approvals;
use super::controller::TaskFiles;
use super::driver::{Crew, Driver, Exit};
use super::event::{Event, Phase};
use super::guard::Probation;
use super::link::Links;
use super::machine::{End, Machine, PlayRun};
use super::meeting::Meeting;
use super::memory::Memory;
use super::outcome::words_of;
use super::render::Render;
use super::shared::Shared;
use super::variables::{Place, Variables};

/// What a walk knows of one host between plays.
#[derive(Clone, Default)]
pub struct HostState {
    memory: Memory,
    worlds: HashMap<Arc<str>, World>,
    approvals: Approvals,
}

/// One walk over the plays.
pub struct Walk {
    /// What all hosts share.
    pub shared: Arc<Shared>,
    /// The connections.
    pub links: Arc<Links>,
    /// Which walk.
    pub phase: Phase,
    /// The hosts that may take part; none for all.
    pub limit: Option<HashSet<String>>,
    /// Answers to `vars_prompt`, play by play; a play beyond the end was asked nothing.
    pub prompted: Arc<[Arc<Map>]>,
    /// Set when the user interrupts.
    pub interrupt: watch::Receiver<bool>,
    /// Hosts by name, as far as they took part.
    pub hosts: HashMap<Arc<str>, HostState>,
    /// Hosts that failed or could not be reached: out of the run.
    pub lost: HashSet<Arc<str>>,
    /// What was approved, in the second walk.
    pub approved: HashMap<Arc<str>, Approvals>,
    /// The run stops after this play.
    pub stopped: bool,
}

impl Walk {
    /// What the walk showed, by host.
    pub fn approvals(&self) -> HashMap<Arc<str>, Approvals> {
        let hosts = self.hosts.iter();
        hosts.map(|(host, state)| (Arc::clone(host), state.approvals.clone())).collect()
    }

    /// Goes through all plays.
    pub async fn run(&mut self, plays: &[Arc<Play>]) -> Result<(), Diagnostics> {
        for (index, play) in plays.iter().enumerate() {
            if self.stopped || *self.interrupt.borrow() {
                break;
            }
            self.play(index, play).await?;
        }
        Ok(())
    }

    async fn play(&mut self, index: usize, play: &Arc<Play>) -> Result<(), Diagnostics> {
        let render = self.outside(index, play);
        let name = play_name(play, &render);
        let all = self.hosts_of(play, &render)?;
        if all.is_empty() {
            self.shared.sink.event(Event::PlaySkipped { play: name });
            return Ok(());
        }
        let batches = batches(&all, play, &render)?;
        let halt_share = match &play.max_fail_percentage {
            Some(setting) => Some(
                render.number(setting).map_err(|suspend| wrong(setting, &words_of(&suspend)))?,
            ),
            None => None,
        };
        // The first batch that fails whole ends the rollout, also one of a single host.
        let alone = batches.len() == 1;
        for batch in batches {
            let batch: Vec<Arc<str>> =
                batch.into_iter().filter(|host| !self.lost.contains(host)).collect();
            if batch.is_empty() || self.stopped || *self.interrupt.borrow() {
                continue;
            }
            let run = Arc::new(PlayRun {
                play: Arc::clone(play),
                name: Arc::clone(&name),
                index,
                magic: Arc::new(self.magic(play, &name, &all, &batch)),
                lockstep: goes_in_step(play),
            });
            self.batch(&run, &batch, halt_share).await?;
            if !alone && batch.iter().all(|host| self.lost.contains(host)) {
                self.stopped = true;
            }
        }
        Ok(())
    }

    /// A renderer for what stands outside of any host: `hosts`, `serial`.
    fn outside(&self, index: usize, play: &Arc<Play>) -> Render<'_> {
        outside(&self.shared, play, &[self.prompted(index)])
    }

    fn prompted(&self, index: usize) -> Arc<Map> {
        self.prompted.get(index).cloned().unwrap_or_default()
    }

    fn hosts_of(&self, play: &Play, render: &Render<'_>) -> Result<Vec<Arc<str>>, Diagnostics> {
        let selection = selected(play, render)?;
        if self.phase == Phase::Plan {
            for warning in selection.unmatched {
                self.shared.sink.event(Event::Warning { host: None, warning });
            }
        }
        let mut hosts: Vec<Arc<str>> = selection
            .hosts
            .into_iter()
            .filter(|host| self.limit.as_ref().is_none_or(|limit| limit.contains(host)))
            .map(Into::into)
            .filter(|host| !self.lost.contains(host))
            .collect();
        match play.order.as_ref().and_then(Setting::literal_text) {
            Some("sorted") => hosts.sort_unstable(),
            Some("reverse_sorted") => hosts.sort_unstable_by(|left, right| right.cmp(left)),
            Some("reverse_inventory") => hosts.reverse(),
            Some("shuffle") => {
                use rand::seq::SliceRandom as _;
                hosts.shuffle(&mut rand::rng());
            }
            _ => {}
        }
        Ok(hosts)
    }

    fn magic(&self, play: &Play, name: &Arc<str>, all: &[Arc<str>], batch: &[Arc<str>]) -> Map {
        let list = |hosts: &[Arc<str>]| Value::list(hosts.iter().map(|host| Value::data(&**host)));
        let alive: Vec<Arc<str>> =
            all.iter().filter(|host| !self.lost.contains(*host)).cloned().collect();
        let directory = play.file.files.absolute(&play.file.directory().path);
        [
            ("ansible_play_hosts", list(&alive)),
            ("ansible_play_hosts_all", list(all)),
            ("ansible_play_batch", list(batch)),
            ("play_hosts", list(&alive)),
            ("ansible_play_name", Value::data(&**name)),
            ("playbook_dir", Value::data(directory.display().to_string())),
        ]
        .into_iter()
        .map(|(key, value)| (Key::from(key), value))
        .collect()
    }

    async fn batch(
        &mut self,
        run: &Arc<PlayRun>,
        batch: &[Arc<str>],
        halt_share: Option<f64>,
    ) -> Result<(), Diagnostics> {
        self.shared.sink.event(Event::PlayStarted {
            phase: self.phase,
            play: Arc::clone(&run.name),
            hosts: batch.to_vec(),
        });
        let crew = Self::crew(run, batch.len(), halt_share);
        let mut running = tokio::task::JoinSet::new();
        for host in batch {
            let mut driver = self.driver(run, host, &crew)?;
            running.spawn(async move {
                let exit = driver.run().await;
                (driver.machine, driver.approvals, exit)
            });
        }
        while let Some(done) = running.join_next().await {
            match done {
                Ok((machine, approvals, exit)) => self.take_back(machine, approvals, exit),
                Err(error) => {
                    let message =
                        format!("a host's work ended in a fault of mxprov itself: {error}");
                    return Err(Diagnostic::new(message).into());
                }
            }
        }
        if crew.halt.load(Ordering::Acquire) {
            self.stopped = true;
        }
        if batch.iter().all(|host| self.lost.contains(host)) && batch.len() > 1 {
            self.stopped = true;
        }
        Ok(())
    }

    fn crew(run: &Arc<PlayRun>, hosts: usize, halt_share: Option<f64>) -> Arc<Crew> {
        let fatal = is_fatal_anywhere(&run.play);
        let failed = AtomicUsize::new(0);
        let seen: Mutex<HashSet<Arc<str>>> = Mutex::default();
        Arc::new_cyclic(|crew: &std::sync::Weak<Crew>| {
            let crew = crew.clone();
            Crew {
                meeting: Meeting::of(hosts),
                halt: AtomicBool::new(false),
                ended: AtomicBool::new(false),
                once: Mutex::default(),
                told: tokio::sync::Notify::new(),
                on_failure: Box::new(move |host| {
                    let first = seen
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .insert(Arc::clone(host));
                    if !first {
                        return;
                    }
                    let count = failed.fetch_add(1, Ordering::AcqRel) + 1;
                    #[expect(clippy::cast_precision_loss, reason = "numbers of hosts")]
                    let share = 100.0 * count as f64 / hosts as f64;
                    let halts = fatal || halt_share.is_some_and(|limit| share > limit);
                    if let Some(crew) = crew.upgrade().filter(|_| halts) {
                        crew.halt.store(true, Ordering::Release);
                    }
                }),
            }
        })
    }

    fn driver(
        &self,
        run: &Arc<PlayRun>,
        host: &Arc<str>,
        crew: &Arc<Crew>,
    ) -> Result<Driver, Diagnostics> {
        let state = self.hosts.get(host).cloned().unwrap_or_default();
        let gather = match &run.play.gather_facts {
            Some(setting) => self
                .outside(run.index, &run.play)
                .truth(setting)
                .map_err(|suspend| wrong(setting, &words_of(&suspend)))?,
            None => true,
        };
        let mut machine =
            Machine::new(Arc::clone(host), Arc::clone(run), state.memory, state.worlds, gather);
        machine.play_vars = Arc::new(self.play_vars(run, &machine)?);
        let approvals = match self.phase {
            Phase::Plan => state.approvals,
            Phase::Apply => self.approved.get(host).cloned().unwrap_or_default(),
        };
        Ok(Driver {
            shared: Arc::clone(&self.shared),
            links: Arc::clone(&self.links),
            machine,
            phase: self.phase,
            approvals,
            crew: Arc::clone(crew),
            interrupt: self.interrupt.clone(),
            probation: Probation::default(),
        })
    }

    /// What `vars_prompt` and `vars_files` give on a host; a later one wins.
    fn play_vars(
        &self,
        run: &Arc<PlayRun>,
        machine: &Machine,
    ) -> Result<Vec<Arc<Map>>, Diagnostics> {
        let mut layers = vec![self.prompted(run.index)];
        for entry in &run.play.vars_files {
            let mut names = Vec::new();
            let mut found = None;
            for candidate in &entry.candidates {
                let place =
                    Place { play: &run.play, play_vars: &layers, task: None, magic: &run.magic };
                let variables = Variables::of_task(
                    &self.shared.variables,
                    &machine.host,
                    &machine.memory,
                    &place,
                    &Arc::default(),
                );
                let files = TaskFiles::new(&self.shared, None);
                let render = Render { shared: &self.shared, variables, files, may_write: false };
                let name = render
                    .text(candidate)
                    .map_err(|suspend| wrong(candidate, &words_of(&suspend)))?;
                if let Some(file) = self.shared.loader.find_vars_file(&name, &run.play.scope) {
                    found = Some(self.shared.loader.vars_file(&file)?);
                    break;
                }
                names.push(format!("`{name}`"));
            }
            match found {
                Some(vars) => layers.push(vars),
                None => {
                    let message = format!("no variables file {} is there", names.join(" or "));
                    return Err(Diagnostic::new(message).at(&entry.span).into());
                }
            }
        }
        Ok(layers)
    }

    fn take_back(&mut self, machine: Machine, approvals: Approvals, exit: Exit) {
        let host = Arc::clone(&machine.host);
        let phase = self.phase;
        match exit {
            Exit::Finished(End::Done | End::Ended) => {
                self.shared.sink.event(Event::HostDone { phase, host: Arc::clone(&host) });
            }
            Exit::Finished(End::Failed) => {
                self.lost.insert(Arc::clone(&host));
                self.shared.sink.event(Event::HostFailed { phase, host: Arc::clone(&host) });
            }
            Exit::Unreachable(message) => {
                self.lost.insert(Arc::clone(&host));
                self.shared.sink.event(Event::Unreachable {
                    phase,
                    host: Arc::clone(&host),
                    message,
                });
            }
            Exit::Stopped => {}
        }
        let state = HostState { memory: machine.memory, worlds: machine.worlds, approvals };
        self.hosts.insert(host, state);
    }
}

/// A renderer for what stands outside of any host.
pub(super) fn outside<'a>(
    shared: &'a Arc<Shared>,
    play: &Arc<Play>,
    play_vars: &[Arc<Map>],
) -> Render<'a> {
    let nobody: Arc<str> = "localhost".into();
    let variables = Variables::of_task(
        &shared.variables,
        &nobody,
        &Memory::default(),
        &Place { play, play_vars, task: None, magic: &Arc::default() },
        &Arc::default(),
    );
    let files = TaskFiles::new(shared, None);
    Render { shared, variables, files, may_write: false }
}

/// Whether all hosts go through a task before any goes on to the next: so that a failure can stop
/// the others where they stand.
fn goes_in_step(play: &Play) -> bool {
    play.strategy.as_ref().and_then(Setting::literal_text) == Some("linear")
        || play.max_fail_percentage.is_some()
        || is_fatal_anywhere(play)
}

fn is_fatal_anywhere(play: &Play) -> bool {
    play.items().any(|item| is_fatal(&item)) || is_set(play, Keyword::AnyErrorsFatal)
}

fn is_fatal(item: &crate::playbook::Item) -> bool {
    item.tasks().iter().any(|task| task_is_fatal(task))
}

/// The hosts that a play names, as far as that is known before it runs.
pub fn hosts_named(shared: &Arc<Shared>, play: &Arc<Play>) -> Result<Selection, Diagnostics> {
    selected(play, &outside(shared, play, &[]))
}

fn selected(play: &Play, render: &Render<'_>) -> Result<Selection, Diagnostics> {
    let pattern = render
        .value(&play.hosts.value)
        .map_err(|suspend| wrong(&play.hosts, &words_of(&suspend)))?;
    let texts = crate::module::Words::read(&pattern).map_err(|error| wrong(&play.hosts, &error))?;
    let pattern =
        Pattern::parse_all(texts.iter().map(|text| (text.as_str(), Some(&play.hosts.span))))?;
    Ok(render.shared.variables.inventory.select(&pattern))
}

fn task_is_fatal(task: &Task) -> bool {
    task.effective(Keyword::AnyErrorsFatal).and_then(Setting::literal_bool).unwrap_or(false)
}

fn is_set(play: &Play, keyword: Keyword) -> bool {
    play.scope.keywords.get(keyword).and_then(Setting::literal_bool).unwrap_or(false)
}

fn play_name(play: &Play, render: &Render<'_>) -> Arc<str> {
    let name = match &play.name {
        Some(name) => {
            render.value(&Value::Str(name.clone())).unwrap_or_else(|_| Value::Str(name.clone()))
        }
        None => play.hosts.value.clone(),
    };
    match &name {
        Value::Str(text) => text.as_str().into(),
        other => other.to_masked_json().to_string().into(),
    }
}

pub(super) fn wrong(setting: &Setting, problem: &str) -> Diagnostics {
    let problem = problem.strip_prefix(&format!("{}: ", setting.span)).unwrap_or(problem);
    Diagnostic::new(problem.to_string()).at(&setting.span).into()
}

/// `serial`: the hosts in batches; the last size repeats.
fn batches(
    hosts: &[Arc<str>],
    play: &Play,
    render: &Render<'_>,
) -> Result<Vec<Vec<Arc<str>>>, Diagnostics> {
    let Some(setting) = &play.serial else { return Ok(vec![hosts.to_vec()]) };
    let value =
        render.value(&setting.value).map_err(|suspend| wrong(setting, &words_of(&suspend)))?;
    let sizes: Vec<Value> = match &value {
        Value::List(items) => items.to_vec(),
        other => vec![other.clone()],
    };
    let mut batches = Vec::new();
    let mut rest = hosts;
    let mut index = 0;
    while !rest.is_empty() {
        let size = sizes.get(index).or(sizes.last()).map(|size| batch_size(size, hosts.len()));
        let size =
            size.transpose().map_err(|problem| wrong(setting, &problem))?.unwrap_or(rest.len());
        let (batch, later) = rest.split_at(size.min(rest.len()));
        batches.push(batch.to_vec());
        rest = later;
        index += 1;
    }
    Ok(batches)
}

fn batch_size(size: &Value, hosts: usize) -> Result<usize, String> {
    let wrong = || format!("`serial` needs a number of hosts or a percentage, not {size:?}");
    let number = match size.as_str().and_then(|text| text.trim().strip_suffix('%')) {
        Some(percent) => {
            let percent: f64 = percent.trim().parse().map_err(|_| wrong())?;
            #[expect(clippy::cast_precision_loss, reason = "numbers of hosts")]
            let share = percent / 100.0 * hosts as f64;
            #[expect(clippy::cast_possible_truncation, reason = "numbers of hosts")]
            let share = share as i64;
            share.max(1)
        }
        None => i64::read(size).map_err(|_| wrong())?,
    };
    // Ansible takes 0 and less for all hosts.
    Ok(if number <= 0 { hosts } else { usize::try_from(number).unwrap_or(hosts) })
}
