//! A play over its hosts: batches, failures that stop others, the end of the play.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::watch;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::inventory::{Pattern, Selection};
use crate::module::Argument;
use crate::playbook::{Play, Setting};
use crate::resource::World;
use crate::value::{Key, Map, Value};

use super::access::Pending;
use super::approval::Approvals;
use super::controller::TaskFiles;
use super::crew::Crew;
use super::debt::Ledger;
use super::driver::{Driver, Exit};
use super::event::{Event, Phase};
use super::halting::{crew, goes_in_step};
use super::link::Links;
use super::machine::{End, Machine, PlayRun};
use super::memory::Memory;
use super::outcome::words_of;
use super::render::Render;
use super::serial::batches;
use super::shared::Shared;
use super::variables::{Place, Variables};

/// What a walk knows of one host between plays.
#[derive(Clone, Default)]
pub struct HostState {
    memory: Memory,
    worlds: HashMap<Arc<str>, World>,
    approvals: Approvals,
    ledger: Ledger,
}

impl HostState {
    /// What was read of hosts, and nothing that came of it.
    fn as_read(&self) -> Self {
        let worlds = self.worlds.iter();
        let worlds = worlds.map(|(host, world)| (Arc::clone(host), world.as_read())).collect();
        Self { worlds, ledger: self.ledger.clone(), ..Self::default() }
    }
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

    /// What the walk has read, by host.
    pub fn read(&self) -> HashMap<Arc<str>, HostState> {
        let hosts = self.hosts.iter();
        hosts.map(|(host, state)| (Arc::clone(host), state.as_read())).collect()
    }

    /// Goes through all plays.
    pub async fn run(&mut self, plays: &[Arc<Play>]) -> Result<(), Diagnostics> {
        for (index, play) in plays.iter().enumerate() {
            if self.stopped || *self.interrupt.borrow() {
                break;
            }
            self.play(index, play).await?;
        }
        if self.phase == Phase::Plan {
            self.name_strangers();
        }
        Ok(())
    }

    /// Handlers that an earlier run owes and that no play of this one has.
    fn name_strangers(&self) {
        for (host, state) in self.hosts.iter().filter(|(host, _)| !self.lost.contains(*host)) {
            for name in state.ledger.strangers() {
                let warning = Diagnostic::new(format!(
                    "an earlier run did not come to the handler `{name}` on `{host}`, and no play of \
                     this one has it; it stays owed"
                ));
                self.shared.sink.event(Event::Warning { host: Some(Arc::clone(host)), warning });
            }
        }
    }

    async fn play(&mut self, index: usize, play: &Arc<Play>) -> Result<(), Diagnostics> {
        let render = self.outside(index, play);
        let name = play_name(play, &render);
        let all = self.hosts_of(play, &render)?;
        if all.is_empty() {
            // Where hosts have left the run, it is not the pattern that is at fault.
            if self.lost.is_empty() {
                self.shared.sink.event(Event::PlaySkipped { play: name });
            }
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
        let crew = crew(run, batch.len(), halt_share);
        let mut running = tokio::task::JoinSet::new();
        for host in batch {
            let mut driver = self.driver(run, host, &crew)?;
            running.spawn(async move {
                let exit = driver.run().await;
                (driver, exit)
            });
        }
        while let Some(done) = running.join_next().await {
            match done {
                Ok((driver, exit)) => self.take_back(driver, exit),
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
            pending: Pending::default(),
            ledger: state.ledger,
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

    fn take_back(&mut self, driver: Driver, exit: Exit) {
        let Driver { machine, approvals, ledger, .. } = driver;
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
        let state = HostState { memory: machine.memory, worlds: machine.worlds, approvals, ledger };
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
