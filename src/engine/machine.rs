//! Where one host stands in a play: a stack of lists of steps. No I/O; cloned for looking ahead.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::playbook::{Block, Handler, Item, Play, RoleUse, ScopeKind, Task};
use crate::resource::World;
use crate::value::{Map, Value};

use super::memory::Memory;

/// What is the same for all hosts of a play (or one batch of it).
pub struct PlayRun {
    /// The play.
    pub play: Arc<Play>,
    /// Its rendered name.
    pub name: Arc<str>,
    /// Its place in the playbook, from 0.
    pub index: usize,
    /// The variables that the engine sets for it: `ansible_play_hosts` …
    pub magic: Arc<Map>,
    /// Whether hosts go in lockstep (`strategy: linear` written out).
    pub lockstep: bool,
}

/// The next thing that a host has to do.
#[derive(Debug, Clone)]
pub enum Work {
    /// Gather facts.
    Gather,
    /// The last handlers are about to run: those that an earlier run owes are due.
    Remind,
    /// A task, or a handler.
    Task { task: Arc<Task>, handler: bool },
}

#[derive(Debug, Clone)]
enum Step {
    Gather,
    Item(Item),
    Handler(Arc<Task>),
    Remind,
    Flush,
}

#[derive(Debug, Clone)]
struct Frame {
    steps: VecDeque<Step>,
    /// Variables of the loop that included this.
    locals: Arc<Map>,
    /// Nothing of this could be planned, so nothing of it was refused either.
    open: bool,
    kind: FrameKind,
}

#[derive(Debug, Clone)]
enum FrameKind {
    Plain,
    /// `end_role` ends the innermost of these.
    Role,
    Block {
        block: Arc<Block>,
        stage: Stage,
        failure: Option<Arc<Failure>>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Main,
    Rescue,
    Always,
}

/// A task that failed, as `rescue` sees it.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The task's title.
    pub task: Arc<str>,
    /// What it would have registered.
    pub result: Value,
}

impl Failure {
    /// A failure that left nothing behind but its message.
    pub fn new(task: Arc<str>, message: &str) -> Self {
        let result = [("changed", Value::Bool(false)), ("failed", Value::Bool(true))];
        let message = ("msg", Value::data(message));
        Self { task, result: Value::map(result.into_iter().chain([message])) }
    }
}

/// How a host's play ended.
#[derive(Debug, Clone)]
pub enum End {
    /// All done.
    Done,
    /// `meta: end_host`, `end_play`, `end_batch`.
    Ended,
    /// A task failed and nothing rescued it.
    Failed,
}

/// A handler that was notified.
#[derive(Debug, Clone)]
struct Notice {
    handler: usize,
    /// By a task of which the plan could not tell whether it changes.
    open: bool,
}

/// One host in one play.
#[derive(Clone)]
pub struct Machine {
    /// The host.
    pub host: Arc<str>,
    /// The play.
    pub run: Arc<PlayRun>,
    /// What `vars_files` and `vars_prompt` gave on this host.
    pub play_vars: Arc<Vec<Arc<Map>>>,
    /// What it remembers.
    pub memory: Memory,
    /// What is known of this host, and of those that its tasks were delegated to.
    pub worlds: HashMap<Arc<str>, World>,
    /// The handlers of the play and of included roles.
    pub handlers: Vec<Arc<Handler>>,
    frames: Vec<Frame>,
    notified: Vec<Notice>,
    visits: HashMap<Arc<str>, usize>,
    failing: Option<Arc<Failure>>,
    ended: bool,
}

impl Machine {
    /// A host at the start of a play.
    pub fn new(
        host: Arc<str>,
        run: Arc<PlayRun>,
        mut memory: Memory,
        worlds: HashMap<Arc<str>, World>,
        gather: bool,
    ) -> Self {
        memory.roles_run.clear();
        let play = Arc::clone(&run.play);
        let items = |items: &[Item]| items.iter().cloned().map(Step::Item).collect::<Vec<_>>();
        let mut steps: VecDeque<Step> = VecDeque::new();
        if gather {
            steps.push_back(Step::Gather);
        }
        steps.extend(items(&play.pre_tasks));
        steps.push_back(Step::Flush);
        steps.extend(play.roles.iter().cloned().map(Item::Block).map(Step::Item));
        steps.extend(items(&play.tasks));
        steps.push_back(Step::Flush);
        steps.extend(items(&play.post_tasks));
        steps.extend([Step::Remind, Step::Flush]);
        let frame = Frame { steps, locals: Arc::default(), open: false, kind: FrameKind::Plain };
        Self {
            host,
            play_vars: Arc::default(),
            memory,
            worlds,
            handlers: play.handlers.clone(),
            run,
            frames: vec![frame],
            notified: vec![],
            visits: HashMap::new(),
            failing: None,
            ended: false,
        }
    }

    /// The next thing to do; nothing at the end. Asking again gives the same.
    pub fn current(&mut self) -> Option<Work> {
        loop {
            let frame = self.frames.last_mut()?;
            match frame.steps.front() {
                None => self.leave(),
                Some(Step::Gather) => return Some(Work::Gather),
                Some(Step::Remind) => return Some(Work::Remind),
                Some(Step::Item(Item::Task(task))) => {
                    return Some(Work::Task { task: Arc::clone(task), handler: false });
                }
                Some(Step::Handler(task)) => {
                    return Some(Work::Task { task: Arc::clone(task), handler: true });
                }
                Some(Step::Item(Item::Block(block))) => {
                    let (block, open) = (Arc::clone(block), frame.open);
                    let locals = Arc::clone(&frame.locals);
                    frame.steps.pop_front();
                    match &block.scope.kind {
                        ScopeKind::Role(role) if self.ran_already(role) => {}
                        ScopeKind::Role(_) => self.enter_use(&block, locals, open),
                        _ => self.enter(block, locals, open),
                    }
                }
                Some(Step::Flush) => self.flush(),
            }
        }
    }

    /// The current work is done.
    pub fn advance(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.steps.pop_front();
        }
    }

    /// The variables of the loops around the current work.
    pub fn locals(&self) -> Arc<Map> {
        self.frames.last().map(|frame| Arc::clone(&frame.locals)).unwrap_or_default()
    }

    /// Whether the current work stands where the plan could not look.
    pub fn is_open(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.open)
    }

    /// What tells this visit of a task from others on this host: equal in both walks.
    pub fn visit(&self, task: &Task) -> Arc<str> {
        let place = format!("{}@{}", self.run.index, task.span);
        let count = self.visits.get(place.as_str()).copied().unwrap_or(0);
        format!("{place}#{count}").into()
    }

    /// Counts the visit of a task.
    pub fn visited(&mut self, task: &Task) {
        let place: Arc<str> = format!("{}@{}", self.run.index, task.span).into();
        *self.visits.entry(place).or_insert(0) += 1;
    }

    /// Goes into a block, such as an include brings. `open` if the plan could not look into it.
    pub fn enter(&mut self, block: Arc<Block>, locals: Arc<Map>, open: bool) {
        let steps = block.items.iter().cloned().map(Step::Item).collect();
        let kind = FrameKind::Block { block, stage: Stage::Main, failure: None };
        self.frames.push(Frame { steps, locals, open, kind });
    }

    /// Whether the same use of a role ran a task on this host in this play, and once is enough.
    fn ran_already(&self, role: &RoleUse) -> bool {
        !role.allow_duplicates && self.memory.roles_run.contains(&role.identity)
    }

    /// Goes into the tasks of one use of a role.
    fn enter_use(&mut self, block: &Block, locals: Arc<Map>, open: bool) {
        let steps = block.items.iter().cloned().map(Step::Item).collect();
        self.frames.push(Frame { steps, locals, open, kind: FrameKind::Role });
    }

    /// Notes that a task ran, for the role that it belongs to.
    pub fn ran(&mut self, task: &Task) {
        let Some(role) = task.role() else { return };
        if !self.memory.roles_run.contains(&role.identity) {
            self.memory.roles_run.push(role.identity.clone());
        }
    }

    /// Goes into the blocks of an included role.
    pub fn enter_role(&mut self, block: Arc<Block>, locals: Arc<Map>, open: bool) {
        let steps = VecDeque::from([Step::Item(Item::Block(block))]);
        self.frames.push(Frame { steps, locals, open, kind: FrameKind::Role });
    }

    /// The handlers with this name or topic.
    pub fn answering(&self, notified: &str, names: &dyn Fn(&Task) -> Option<String>) -> Vec<usize> {
        // One handler of a name runs, also of those that listen to a topic.
        let by_name = Handler::winner(&self.handlers, |handler| {
            handler.answers(notified, names(&handler.task).as_deref()) && !handler.listens(notified)
        });
        let by_topic = |index: usize| {
            let name = names(&self.handlers[index].task);
            let same = |other: &Handler| other.listens(notified) && names(&other.task) == name;
            self.handlers[index].listens(notified)
                && (name.is_none() || Handler::winner(&self.handlers, same) == Some(index))
        };
        let all = 0..self.handlers.len();
        all.filter(|index| by_name == Some(*index) || by_topic(*index)).collect()
    }

    /// Notifies a handler. Says whether that is for the first time.
    pub fn notify(&mut self, handler: usize, open: bool) -> bool {
        match self.notified.iter_mut().find(|notice| notice.handler == handler) {
            Some(notice) => {
                notice.open &= open;
                false
            }
            None => {
                self.notified.push(Notice { handler, open });
                true
            }
        }
    }

    /// The handlers that were notified and have not run.
    pub fn pending(&self) -> impl Iterator<Item = &Arc<Handler>> {
        self.notified.iter().map(|notice| &self.handlers[notice.handler])
    }

    /// Runs the notified handlers before anything else (`meta: flush_handlers`).
    pub fn flush_now(&mut self) {
        let steps = VecDeque::from([Step::Flush]);
        let locals = Arc::default();
        self.frames.push(Frame { steps, locals, open: false, kind: FrameKind::Plain });
    }

    /// One notified handler, then again, in the order of the play.
    fn flush(&mut self) {
        self.notified.sort_by_key(|notice| notice.handler);
        let next = if self.notified.is_empty() { None } else { Some(self.notified.remove(0)) };
        let Some(notice) = next else {
            self.advance();
            return;
        };
        let task = Arc::clone(&self.handlers[notice.handler].task);
        self.frames.push(Frame {
            steps: VecDeque::from([Step::Handler(task)]),
            locals: Arc::default(),
            open: notice.open,
            kind: FrameKind::Plain,
        });
    }

    /// A task failed: on to the rescue, to the always, or to the end.
    pub fn fail(&mut self, failure: Arc<Failure>, force_handlers: bool) {
        while let Some(frame) = self.frames.pop() {
            let FrameKind::Block { block, stage, .. } = frame.kind else { continue };
            let next = match stage {
                Stage::Main if !block.rescue.is_empty() => Some((Stage::Rescue, &block.rescue)),
                Stage::Main | Stage::Rescue if !block.always.is_empty() => {
                    Some((Stage::Always, &block.always))
                }
                _ => None,
            };
            let Some((stage, items)) = next else { continue };
            if stage == Stage::Rescue {
                let task = Value::map([("name", Value::data(&*failure.task))]);
                self.memory.set("ansible_failed_task", task);
                self.memory.set("ansible_failed_result", failure.result.clone());
            }
            let steps = items.iter().cloned().map(Step::Item).collect();
            let failure = (stage == Stage::Always).then_some(failure);
            let kind = FrameKind::Block { block: Arc::clone(&block), stage, failure };
            self.frames.push(Frame { steps, locals: frame.locals, open: true, kind });
            return;
        }
        self.failing = Some(failure);
        if force_handlers && !self.notified.is_empty() {
            self.flush_now();
        }
    }

    /// A frame is at its end.
    fn leave(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        let FrameKind::Block { block, stage, failure } = frame.kind else { return };
        match (stage, failure) {
            (Stage::Always, Some(failure)) => self.fail(failure, false),
            (Stage::Always, None) => {}
            (_, _) if block.always.is_empty() => {}
            (_, failure) => {
                let steps = block.always.iter().cloned().map(Step::Item).collect();
                let kind = FrameKind::Block { block, stage: Stage::Always, failure };
                self.frames.push(Frame { steps, locals: frame.locals, open: frame.open, kind });
            }
        }
    }

    /// Ends the host's play (`meta: end_host`).
    pub fn end(&mut self) {
        self.frames.clear();
        self.notified.clear();
        self.ended = true;
    }

    /// Ends the innermost role (`meta: end_role`).
    pub fn end_role(&mut self) {
        while let Some(frame) = self.frames.pop() {
            if matches!(frame.kind, FrameKind::Role) {
                return;
            }
        }
    }

    /// Forgives failures so far (`meta: clear_host_errors`).
    pub fn clear_errors(&mut self) {
        self.failing = None;
    }

    /// How the play ended; only meaningful when [`Self::current`] has nothing left.
    pub fn result(&self) -> End {
        match (&self.failing, self.ended) {
            (Some(_), _) => End::Failed,
            (None, true) => End::Ended,
            (None, false) => End::Done,
        }
    }

    /// What is known of a host that tasks are carried out on.
    pub fn world(&self, host: &str) -> World {
        self.worlds.get(host).cloned().unwrap_or_default()
    }

    /// The same, to change it.
    pub fn world_mut(&mut self, host: &Arc<str>) -> &mut World {
        self.worlds.entry(Arc::clone(host)).or_default()
    }
}
