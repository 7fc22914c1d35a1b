//! One host through one play: gives the machine the answers it lacks, sends what it plans.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::playbook::{Keyword, Task};
use crate::remote::Lost;
use crate::resource::Suspend;
use crate::value::{Key, Map, Value};

use super::access::Pending;
use super::approval::Approvals;
use super::controller::TaskFiles;
use super::debt::{Keeper, Ledger};
use super::evaluate::{
    Evaluation, ItemPlan, Missing, Subject, Verdict, Wanted, evaluate, looks_at_others, predict,
    runs_once,
};
use super::event::{Event, Phase, Status, TaskEvent};
use super::fetch;
use super::flow::{Steered, steer};
use super::gift;
use super::link::{LinkError, Links};
use super::lock::Alone;
use super::machine::{End, Failure, Machine, Work};
use super::meeting::Meeting;
use super::outcome::{Ended, ItemEnd, censored, conclude, joined, shown, words_of};
use super::render::Render;
use super::settings::target_of;
use super::shared::Shared;
use super::throttle::Throttle;
use super::variables::{Place, Variables};

/// Tasks that are looked at ahead of the first that lacks an answer.
const AHEAD: usize = 2000;

/// Results by visit.
type Told = std::sync::Mutex<std::collections::HashMap<Arc<str>, OnceResult>>;

/// What the hosts of a batch share while they run.
pub struct Crew {
    /// Where they meet.
    pub meeting: Arc<Meeting>,
    /// Nobody starts anything any more.
    pub halt: AtomicBool,
    /// Everybody ends here (`meta: end_play`).
    pub ended: AtomicBool,
    /// Results of `run_once` tasks, by visit.
    pub once: Told,
    /// Woken when a result of a `run_once` task is there.
    pub told: tokio::sync::Notify,
    /// Who waits before throttled tasks.
    pub throttle: Throttle,
    /// Called when a host fails or cannot be reached: may set `halt`.
    pub on_failure: Box<dyn Fn(&Arc<str>) + Send + Sync>,
}

impl Crew {
    fn tell(&self, key: &Arc<str>, result: OnceResult) {
        let mut once = self.once.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        once.insert(Arc::clone(key), result);
        drop(once);
        self.told.notify_waiters();
    }

    fn told(&self, key: &Arc<str>) -> Option<OnceResult> {
        let once = self.once.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        once.get(key).cloned()
    }

    /// The result of a `run_once` task; none if the run is interrupted before.
    async fn hear(
        &self,
        key: &Arc<str>,
        interrupt: &mut watch::Receiver<bool>,
    ) -> Option<OnceResult> {
        loop {
            let told = self.told.notified();
            if let Some(result) = self.told(key) {
                return Some(result);
            }
            tokio::select! {
                () = told => {}
                _ = interrupt.changed() => return self.told(key),
            }
        }
    }
}

/// What one host found for all.
#[derive(Clone, Default)]
pub struct OnceResult {
    registered: Option<(String, Value)>,
    variables: Map,
    failed: Option<Arc<Failure>>,
    notified: bool,
}

impl OnceResult {
    /// Nothing but what it registers: the host could not be reached, and that is let pass.
    fn unreachable(task: &Task, message: &str) -> Self {
        let result = super::outcome::unreachable(message.into()).result;
        let registered = task.register.as_ref();
        let registered = registered.map(|it| (it.name.clone(), Value::Map(Arc::new(result))));
        Self { registered, ..Self::default() }
    }
}

/// How a host left the play.
pub enum Exit {
    /// At its end.
    Finished(End),
    /// It could not be reached.
    Unreachable(String),
    /// The run was stopped before its end.
    Stopped,
}

/// One host in one play.
pub struct Driver {
    /// What all hosts share.
    pub shared: Arc<Shared>,
    /// The connections.
    pub links: Arc<Links>,
    /// Where the host stands.
    pub machine: Machine,
    /// Which walk this is.
    pub phase: Phase,
    /// What the plan shows (first walk) or what was approved (second).
    pub approvals: Approvals,
    /// The batch's common state.
    pub crew: Arc<Crew>,
    /// Set when the user interrupts.
    pub interrupt: watch::Receiver<bool>,
    /// Changes of connectivity since access was last proven.
    pub pending: Pending,
    /// Handlers that are owed.
    pub ledger: Ledger,
}

/// A task that stopped the host's run.
pub enum Halt {
    /// The connection is gone or cannot be made.
    Unreachable(String),
    /// It cannot go on, for a reason that is the task's failure.
    Failed(String),
}

impl From<LinkError> for Halt {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Unreachable(message) => Self::Unreachable(message),
            LinkError::Become(message) => Self::Failed(message),
        }
    }
}

impl From<Lost> for Halt {
    fn from(lost: Lost) -> Self {
        Self::Unreachable(lost.to_string())
    }
}

impl Driver {
    /// Runs the host to the end of the play.
    pub async fn run(&mut self) -> Exit {
        let exit = self.walk().await;
        let exit = self.leave_nothing_unproven(exit).await;
        self.settle_debts(&exit).await;
        self.shared.variables.publish(&self.machine.host, &self.machine.memory);
        self.crew.meeting.leave();
        exit
    }

    fn stopped(&self) -> bool {
        *self.interrupt.borrow() || self.crew.halt.load(Ordering::Acquire)
    }

    async fn walk(&mut self) -> Exit {
        loop {
            if self.stopped() {
                return Exit::Stopped;
            }
            if self.crew.ended.load(Ordering::Acquire) {
                self.machine.end();
            }
            let Some(work) = self.machine.current() else {
                return Exit::Finished(self.machine.result());
            };
            let at = match &work {
                Work::Remind => {
                    self.remind_of_all();
                    self.machine.advance();
                    continue;
                }
                Work::Gather => (super::gather::task(&self.machine.run.play), false),
                Work::Task { task, handler } => (Arc::clone(task), *handler),
            };
            let done = match work {
                Work::Gather | Work::Remind => self.gather().await,
                Work::Task { task, handler } => self.task(&task, handler).await,
            };
            if let Err(Halt::Unreachable(message)) = done {
                if self.forgives(&at.0) && !self.stopped() {
                    self.pass_unreachable(&at.0, at.1, message).await;
                    continue;
                }
                (self.crew.on_failure)(&self.machine.host);
                return Exit::Unreachable(message);
            }
            if let Err(Halt::Failed(message)) = done {
                if self.stopped() {
                    self.fail(Failure { task: at.0.title().into(), result: Value::Null });
                } else {
                    self.fail_with(&at.0, at.1, message);
                }
            }
        }
    }

    /// A task failed for a reason outside of its own result.
    pub(super) fn fail_with(&mut self, task: &Task, handler: bool, message: String) {
        let item = ItemPlan {
            item: None,
            locals: Arc::default(),
            manner: None,
            verdict: Verdict::Failed(message.clone()),
            assumptions: vec![],
        };
        let evaluation = Evaluation { items: vec![item], looped: false };
        let failure = Failure::new(self.title(task), &message);
        let ended = Ended::at_once(vec![super::outcome::failed(message)]);
        self.report(task, handler, &evaluation, &ended);
        self.settled(&ended.ends, false);
        self.fail(failure);
    }

    /// A renderer for a task of this host.
    pub(super) fn render<'a>(&'a self, machine: &Machine, task: Option<&'a Task>) -> Render<'a> {
        let place = Place {
            play: &machine.run.play,
            play_vars: &machine.play_vars,
            task,
            magic: &Self::magic(machine, task),
        };
        Render {
            shared: &self.shared,
            variables: Variables::of_task(
                &self.shared.variables,
                &machine.host,
                &machine.memory,
                &place,
                &machine.locals(),
            ),
            files: TaskFiles::new(&self.shared, task),
            may_write: self.phase == Phase::Apply,
        }
    }

    fn magic(machine: &Machine, task: Option<&Task>) -> Arc<Map> {
        let Some(role) = task.and_then(Task::role) else { return Arc::clone(&machine.run.magic) };
        let mut magic = (*machine.run.magic).clone();
        let mut set = |name: &str, value: Value| magic.insert(Key::from(name), value);
        let path = role.role.directory.files.absolute(&role.role.directory.path);
        set("role_path", Value::data(path.display().to_string()));
        set("role_name", Value::data(role.role.name.as_str()));
        set("ansible_role_name", Value::data(role.role.name.as_str()));
        let parents = task.map(Task::parent_role_names).unwrap_or_default();
        set("ansible_parent_role_names", Value::list(parents.into_iter().map(Value::data)));
        Arc::new(magic)
    }

    async fn gather(&mut self) -> Result<(), Halt> {
        let task = super::gather::task(&self.machine.run.play);
        self.task(&task, false).await
    }

    async fn task(&mut self, task: &Arc<Task>, handler: bool) -> Result<(), Halt> {
        if !handler && !(self.shared.selects)(task) {
            self.machine.advance();
            return Ok(());
        }
        self.shared.variables.take_gifts(&self.machine.host, &mut self.machine.memory);
        let title = self.title(task);
        self.shared.sink.event(Event::TaskStarted {
            phase: self.phase,
            host: Arc::clone(&self.machine.host),
            title,
        });
        let (once, meets) = {
            let render = self.render(&self.machine, Some(task));
            let once = runs_once(task, &render);
            (once, once || self.machine.run.lockstep || looks_at_others(task))
        };
        let mut hosts = vec![];
        if meets {
            self.shared.variables.publish(&self.machine.host, &self.machine.memory);
            let key = self.machine.visit(task);
            hosts = self.crew.meeting.arrive(&key, &self.machine.host).await;
            if self.stopped() {
                return Ok(());
            }
        }
        if once && hosts.len() > 1 {
            return self.once(task, handler, &hosts).await;
        }
        let key: Arc<str> = format!("{} is done", self.machine.visit(task)).into();
        {
            let _place = self.place_at(task).await?;
            self.carry_out(task, handler).await?;
        }
        if gift::gives(task) {
            self.crew.meeting.arrive(&key, &self.machine.host).await;
        }
        Ok(())
    }

    /// One host of those that met does it; the others take its result.
    async fn once(
        &mut self,
        task: &Arc<Task>,
        handler: bool,
        hosts: &[Arc<str>],
    ) -> Result<(), Halt> {
        let key = self.machine.visit(task);
        let order = self.machine.run.magic.get("ansible_play_hosts").and_then(Value::as_list);
        let place = |host: &Arc<str>| {
            order.and_then(|all| all.iter().position(|name| name.as_str() == Some(&**host)))
        };
        let leader = hosts.iter().min_by_key(|host| place(host)).cloned();
        if leader.as_ref() == Some(&self.machine.host) {
            let result = self.carry_out(task, handler).await;
            let shared = match &result {
                Ok(result) => result.clone(),
                Err(Halt::Unreachable(message)) if self.forgives(task) => {
                    OnceResult::unreachable(task, message)
                }
                Err(Halt::Unreachable(message) | Halt::Failed(message)) => OnceResult {
                    registered: None,
                    variables: Map::new(),
                    failed: Some(Arc::new(Failure::new(self.title(task), message))),
                    notified: false,
                },
            };
            self.crew.tell(&key, shared);
            return result.map(|_| ());
        }
        let Some(result) = self.crew.hear(&key, &mut self.interrupt).await else { return Ok(()) };
        self.machine.visited(task);
        self.machine.advance();
        if handler && result.failed.is_none() {
            self.pay(task);
            self.strike_out().await;
        }
        if let Some((name, value)) = result.registered {
            self.machine.memory.set(&name, value);
        }
        for (name, value) in &result.variables {
            self.machine.memory.set(&name.to_string(), value.clone());
        }
        if result.notified {
            self.notify(task, false);
        }
        if let Some(failure) = result.failed {
            self.fail((*failure).clone());
        }
        Ok(())
    }

    /// Plans the task until nothing is missing, then shows or sends it.
    async fn carry_out(&mut self, task: &Arc<Task>, handler: bool) -> Result<OnceResult, Halt> {
        let mut evaluation = self.evaluate_fully(task).await?;
        let _alone = match self.phase {
            Phase::Apply => self.alone(task, &mut evaluation).await?,
            Phase::Plan => None,
        };
        let sends = |item: &ItemPlan| match &item.verdict {
            Verdict::Plan(plan) if !plan.actions.is_empty() => {
                self.phase == Phase::Apply
                    || item.manner.as_ref().is_some_and(|manner| manner.always_runs)
            }
            _ => false,
        };
        if evaluation.items.iter().any(sends) {
            if self.phase == Phase::Apply && super::batch::is_plain(task, &evaluation) {
                return self.send_batch(task, evaluation, handler).await;
            }
            return self.send_task(task, &evaluation, handler).await;
        }
        let evaluation = self.cut_short(task, evaluation);
        let ends: Vec<ItemEnd> = {
            let render = self.render(&self.machine, Some(task));
            evaluation
                .items
                .iter()
                .map(|item| conclude(task, &render.with_locals(&item.locals), item, None))
                .collect()
        };
        self.settle(task, handler, &evaluation, Ended::at_once(ends)).await
    }

    /// Whoever changes a machine is the only one of this run to do so, whatever its names: what
    /// another name has changed since is asked anew.
    async fn alone(
        &mut self,
        task: &Arc<Task>,
        evaluation: &mut Evaluation,
    ) -> Result<Option<Alone>, Halt> {
        let host = Arc::clone(&self.machine.host);
        let manner = evaluation.items.iter().find_map(|item| match (&item.verdict, &item.manner) {
            (Verdict::Plan(plan), Some(manner)) if !plan.actions.is_empty() => {
                (manner.host == host).then(|| Arc::clone(manner))
            }
            _ => None,
        });
        let Some(manner) = manner else { return Ok(None) };
        let target = self.target(&host)?;
        let who = self.shared.choices.who.clone();
        loop {
            let alone = self.links.alone(&host, &target).await;
            {
                let _turn = self.links.turn().await;
                self.links.hold(&host, &target, &manner.become_user, &who).await?;
            }
            if !self.links.is_right(&host, &alone) {
                continue;
            }
            if alone.stale {
                self.machine.world_mut(&host).forget_all();
                *evaluation = self.evaluate_fully(task).await?;
            }
            return Ok(Some(alone));
        }
    }

    /// Evaluates a task, asking for what is missing, with what the tasks after it will miss.
    async fn evaluate_fully(&mut self, task: &Arc<Task>) -> Result<Evaluation, Halt> {
        // Each round answers at least one question that was open before.
        loop {
            match self.evaluate(&self.machine, task) {
                Ok(evaluation) => return Ok(evaluation),
                Err(Missing(wanted)) => {
                    let wanted = self.look_ahead(wanted);
                    self.ask(wanted).await?;
                }
            }
            if self.stopped() {
                return Err(Halt::Failed("the run was stopped".into()));
            }
        }
    }

    pub(super) fn evaluate(
        &self,
        machine: &Machine,
        task: &Arc<Task>,
    ) -> Result<Evaluation, Missing> {
        let render = self.render(machine, Some(task));
        let locals = machine.locals();
        evaluate(&Subject {
            task,
            host: &machine.host,
            worlds: &machine.worlds,
            render: &render,
            locals: &locals,
        })
    }

    /// Walks on with a copy of the machine, as if what is asked for were unknown, and collects
    /// what the tasks after this one will ask.
    fn look_ahead(&self, mut wanted: Vec<Wanted>) -> Vec<Wanted> {
        let mut scout = self.machine.clone();
        let reason = "it is being asked for";
        for _ in 0..AHEAD {
            let (task, gather) = match scout.current() {
                None => break,
                Some(Work::Gather) => (super::gather::task(&scout.run.play), true),
                Some(Work::Remind) => {
                    scout.advance();
                    continue;
                }
                Some(Work::Task { task, handler }) => {
                    if !handler && !(self.shared.selects)(&task) {
                        scout.advance();
                        continue;
                    }
                    (task, false)
                }
            };
            let evaluation = match self.evaluate(&scout, &task) {
                Ok(evaluation) => evaluation,
                Err(Missing(more)) => {
                    wanted.extend(more);
                    scout.memory.facts_pending |= gather || task.module() == "setup";
                    scout.visited(&task);
                    scout.advance();
                    if let Some(register) = &task.register {
                        scout.memory.set(&register.name, Value::unknown(reason));
                    }
                    continue;
                }
            };
            if self.scout_over(&mut scout, &task, &evaluation).is_none() {
                break;
            }
        }
        wanted
    }

    /// Takes a copy of the machine over a task that could be planned; none where it must stop.
    fn scout_over(
        &self,
        scout: &mut Machine,
        task: &Arc<Task>,
        evaluation: &Evaluation,
    ) -> Option<()> {
        let (ends, steps) = {
            let render = self.render(scout, Some(task));
            let mut ends: Vec<ItemEnd> = evaluation
                .items
                .iter()
                .map(|item| conclude(task, &render.with_locals(&item.locals), item, None))
                .collect();
            // Nobody is given anything yet.
            drop(gift::taken_out(&scout.host, task, evaluation, &mut ends));
            if task.action.flow.is_some() {
                let mut copy = scout.clone();
                copy.visited(task);
                copy.advance();
                for item in evaluation
                    .items
                    .iter()
                    .rev()
                    .filter(|item| matches!(item.verdict, Verdict::Flow))
                {
                    let render = render.with_locals(&item.locals);
                    match steer(&mut copy, task, &render, &item.locals, false) {
                        Ok(Steered::Done) => {}
                        _ => return None,
                    }
                }
                (ends, Some(copy))
            } else {
                (ends, None)
            }
        };
        if let Some(copy) = steps {
            *scout = copy;
            return Some(());
        }
        if ends.iter().any(|end| end.failure().is_some()) {
            return None;
        }
        Self::remember(scout, task, evaluation, &ends);
        scout.visited(task);
        scout.advance();
        Some(())
    }

    /// What a concluded task leaves in the machine: predictions, facts, variables, results.
    pub(super) fn remember(
        machine: &mut Machine,
        task: &Task,
        evaluation: &Evaluation,
        ends: &[ItemEnd],
    ) {
        for item in &evaluation.items {
            if let (Verdict::Plan(plan), Some(manner)) = (&item.verdict, &item.manner) {
                let world = machine.world_mut(&manner.host);
                predict(plan, manner, world);
            }
        }
        Self::remember_results(machine, task, evaluation, ends);
    }

    pub(super) fn remember_results(
        machine: &mut Machine,
        task: &Task,
        evaluation: &Evaluation,
        ends: &[ItemEnd],
    ) {
        let runs =
            |end: &ItemEnd| !matches!(end.status, Status::Skipped { .. } | Status::Unknown { .. });
        if ends.iter().any(runs) {
            machine.ran(task);
        }
        for end in ends {
            if !end.facts.is_empty() {
                machine.memory.facts_pending = false;
                machine.memory.learn_facts(&end.facts);
            }
            if task.module() == "include_vars" {
                machine.memory.include(&end.variables);
            } else {
                for (name, value) in &end.variables {
                    machine.memory.set(&name.to_string(), value.clone());
                }
            }
        }
        if let Some(register) = &task.register {
            let result = joined(ends, evaluation.looped);
            machine.memory.set(&register.name, Value::Map(Arc::new(result)));
        }
    }

    /// Asks the hosts, all users at once.
    pub(super) async fn ask(&mut self, wanted: Vec<Wanted>) -> Result<(), Halt> {
        let groups = fetch::groups(wanted);
        let mut asking = Vec::new();
        for group in groups {
            let questions = group.queries.len();
            let host = Arc::clone(&group.host);
            self.shared.sink.event(Event::Asked { host: Arc::clone(&host), questions });
            let target = match fetch::needs_host(&group.queries) {
                true => Some(self.target(&host)?),
                false => None,
            };
            let links = Arc::clone(&self.links);
            // What an earlier run left unproven is put back by the host: the answers come after.
            let keeper = Keeper { host: Arc::clone(&host), user: Arc::clone(&group.user) };
            let fresh = target.is_some() && self.ledger.is_news(&keeper);
            let first = fresh.then(|| {
                let healing = self.phase == Phase::Plan;
                let wait = healing.then(super::guard::wait_for_healing);
                let mut first = wait.unwrap_or_default();
                first.append(&Ledger::question());
                first
            });
            asking.push(async move {
                let shell = match target {
                    Some(target) => Some(links.shell(&group.host, &target, &group.user).await?),
                    None => None,
                };
                Ok::<_, LinkError>((keeper, fetch::ask(group, shell.as_deref(), first).await?))
            });
        }
        let answers = {
            let _turn = self.links.turn().await;
            futures_util::future::join_all(asking).await
        };
        for answers in answers {
            let (keeper, (answers, first)) = answers?;
            if let Some(output) = first {
                self.learn_debts(keeper, &output);
            }
            for answer in answers {
                self.machine.world_mut(&answer.host).learn(&answer.user, answer.id, answer.state);
            }
        }
        Ok(())
    }

    /// How a host is reached: this one, or one that a task is delegated to.
    pub(super) fn target(&self, host: &Arc<str>) -> Result<crate::remote::Target, Halt> {
        let render = if *host == self.machine.host {
            self.render(&self.machine, None)
        } else {
            Render {
                shared: &self.shared,
                variables: Variables::of_host(
                    &self.shared.variables,
                    host,
                    &super::memory::Memory::default(),
                ),
                files: TaskFiles::new(&self.shared, None),
                may_write: false,
            }
        };
        let play = (*host == self.machine.host).then_some(&*self.machine.run.play);
        target_of(host, &render, play).map_err(|suspend| Halt::Failed(words_of(&suspend)))
    }

    /// The task's title with its templates rendered as far as they can be.
    pub(super) fn title(&self, task: &Task) -> Arc<str> {
        let own = match &task.name {
            Some(name) if name.is_template() => {
                let render = self.render(&self.machine, Some(task));
                match render.value(&Value::Str(name.clone())) {
                    Ok(value) => match value {
                        Value::Str(text) => text.as_str().to_string(),
                        other => other.to_masked_json().to_string(),
                    },
                    Err(_) => name.as_str().to_string(),
                }
            }
            Some(name) => name.as_str().to_string(),
            None => task.action.module.clone(),
        };
        match task.role() {
            Some(role) => format!("{} : {own}", role.role.name).into(),
            None => own.into(),
        }
    }

    /// A task is at its end: events, results, notifications, failure.
    pub(super) async fn settle(
        &mut self,
        task: &Arc<Task>,
        handler: bool,
        evaluation: &Evaluation,
        ended: Ended,
    ) -> Result<OnceResult, Halt> {
        let Ended { mut ends, took } = ended;
        for gift in gift::taken_out(&self.machine.host, task, evaluation, &mut ends) {
            self.shared.variables.gifts.lay(&gift);
        }
        let visit = self.machine.visit(task);
        let open = self.machine.is_open();
        let mut steered = vec![];
        if task.action.flow.is_some() {
            steered = self.steer_items(task, evaluation, &mut ends, &visit);
        } else {
            self.machine.visited(task);
            self.machine.advance();
        }
        if self.phase == Phase::Plan {
            self.note_plan(&visit, evaluation, &ends);
            let mut machine = self.machine.clone();
            Self::remember(&mut machine, task, evaluation, &ends);
            self.machine = machine;
        } else {
            let mut machine = self.machine.clone();
            Self::remember_results(&mut machine, task, evaluation, &ends);
            self.machine = machine;
        }
        let ended = Ended { ends, took };
        self.report(task, handler, evaluation, &ended);
        let ends = ended.ends;
        let owed = handler && self.phase == Phase::Plan && self.is_owed(task);
        self.settled(&ends, owed);
        let unknown = ends.iter().any(|end| matches!(end.status, Status::Unknown { .. }));
        let changed = ends.iter().any(ItemEnd::is_changed);
        if changed || unknown {
            let was_open = self.phase == Phase::Apply
                && (open || self.approvals.is_open(&self.machine.host, &visit));
            self.notify(task, unknown || was_open);
        } else {
            self.remind(task);
        }
        for outcome in steered {
            match outcome {
                Steered::Done => {}
                Steered::Reconnect => {
                    let host = Arc::clone(&self.machine.host);
                    self.bridge(&host, Duration::from_secs(60)).await?;
                    self.links.drop_connection(&host).await;
                }
                Steered::EndAll => self.crew.ended.store(true, Ordering::Release),
            }
        }
        let failure = self.failure_of(task, evaluation, &ends);
        if handler && failure.is_none() {
            self.pay(task);
            self.strike_out().await;
        }
        if let Some(failure) = &failure {
            self.fail((**failure).clone());
        }
        Ok(OnceResult {
            registered: task.register.as_ref().map(|register| {
                let result = joined(&ends, evaluation.looped);
                (register.name.clone(), Value::Map(Arc::new(result)))
            }),
            variables: ends.iter().flat_map(|end| end.variables.clone()).collect(),
            failed: failure,
            notified: changed,
        })
    }

    fn steer_items(
        &mut self,
        task: &Arc<Task>,
        evaluation: &Evaluation,
        ends: &mut [ItemEnd],
        visit: &Arc<str>,
    ) -> Vec<Steered> {
        let open = self.machine.is_open()
            || self.phase == Phase::Apply && self.approvals.is_open(&self.machine.host, visit);
        let mut copy = self.machine.clone();
        copy.visited(task);
        copy.advance();
        let mut outcomes = Vec::new();
        {
            let render = self.render(&self.machine, Some(task));
            // The last item's include goes in first, so that the first item's runs first.
            for (item, end) in evaluation.items.iter().zip(ends).rev() {
                if !matches!(item.verdict, Verdict::Flow) {
                    continue;
                }
                match steer(&mut copy, task, &render.with_locals(&item.locals), &item.locals, open)
                {
                    Ok(outcome) => outcomes.push(outcome),
                    Err(Suspend::Unknown(unknown)) => {
                        end.status = Status::Unknown { reason: unknown.reason.clone() };
                    }
                    Err(suspend) => *end = super::outcome::failed(words_of(&suspend)),
                }
            }
        }
        self.machine = copy;
        outcomes
    }

    /// Notes what the plan shows of a task.
    fn note_plan(&mut self, visit: &Arc<str>, evaluation: &Evaluation, ends: &[ItemEnd]) {
        let host = Arc::clone(&self.machine.host);
        for (item, end) in evaluation.items.iter().zip(ends) {
            if matches!(end.status, Status::Unknown { .. }) {
                self.approvals.leave_open(&host, visit);
            }
            if let Verdict::Plan(plan) = &item.verdict {
                self.approvals.show(&host, visit, plan);
            }
        }
        if self.machine.is_open() {
            self.approvals.leave_open(&host, visit);
        }
    }

    fn failure_of(
        &self,
        task: &Task,
        evaluation: &Evaluation,
        ends: &[ItemEnd],
    ) -> Option<Arc<Failure>> {
        ends.iter().find_map(ItemEnd::failure)?;
        let result = Value::Map(Arc::new(joined(ends, evaluation.looped)));
        Some(Arc::new(Failure { task: self.title(task), result }))
    }

    pub(super) fn report(
        &self,
        task: &Task,
        handler: bool,
        evaluation: &Evaluation,
        ended: &Ended,
    ) {
        let title = self.title(task);
        let owed = handler && self.is_owed(task);
        let last = ended.ends.len().min(evaluation.items.len()).saturating_sub(1);
        for (index, (item, end)) in evaluation.items.iter().zip(&ended.ends).enumerate() {
            // The time is that of all items together: it is told once.
            let took = if index == last { ended.took } else { Duration::ZERO };
            let hidden =
                item.manner.as_ref().map_or_else(|| self.hides(task), |manner| manner.hidden);
            let diff = item.manner.as_ref().and_then(|manner| manner.diff);
            let delegate = item.manner.as_ref().map(|manner| &manner.host);
            let delegate = delegate.filter(|host| **host != self.machine.host).cloned();
            for warning in &end.warnings {
                self.shared.sink.event(Event::Warning {
                    host: Some(Arc::clone(&self.machine.host)),
                    warning: crate::diagnostic::Diagnostic::new(warning).at(&task.span),
                });
            }
            let status = match &end.status {
                Status::Failed { ignored, .. } if hidden => Status::Failed {
                    message: "the message is hidden by `no_log`".into(),
                    ignored: *ignored,
                },
                status => status.clone(),
            };
            self.shared.sink.event(Event::Task(Box::new(TaskEvent {
                phase: self.phase,
                host: Arc::clone(&self.machine.host),
                delegate,
                play: Arc::clone(&self.machine.run.name),
                title: Arc::clone(&title),
                module: task.module().into(),
                span: task.span.clone(),
                handler,
                owed,
                item: item.item.as_ref().map(|(_, label)| {
                    if hidden { crate::value::MASK.to_string() } else { label.clone() }
                }),
                status,
                diffs: if hidden { vec![] } else { shown(&end.diffs, diff) },
                diff,
                actions: if hidden { vec![] } else { end.actions.clone() },
                assumptions: item.assumptions.clone(),
                result: Some(if hidden {
                    censored()
                } else {
                    Value::Map(Arc::new(end.result.clone()))
                }),
                hidden,
                took,
            })));
        }
    }

    /// `owed`: even if nothing is to be sent, the host must be told that it was done.
    pub(super) fn settled(&self, ends: &[ItemEnd], owed: bool) {
        self.shared.sink.event(Event::Settled {
            phase: self.phase,
            host: Arc::clone(&self.machine.host),
            outcome: super::outcome::overall(ends).outcome(),
            unsent: owed || ends.iter().any(|end| end.unsent),
        });
    }

    fn hides(&self, task: &Task) -> bool {
        let render = self.render(&self.machine, Some(task));
        // A `no_log` that cannot be rendered hides.
        render.flag(task, Keyword::NoLog).map_or(true, |flag| flag.unwrap_or(false))
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        let force = self
            .machine
            .run
            .play
            .force_handlers
            .as_ref()
            .and_then(crate::playbook::Setting::literal_bool);
        let force = force.unwrap_or(self.shared.choices.force_handlers);
        self.machine.fail(Arc::new(failure), force);
        let over = self.machine.current().is_none() && matches!(self.machine.result(), End::Failed);
        if over {
            (self.crew.on_failure)(&self.machine.host);
        }
    }
}
