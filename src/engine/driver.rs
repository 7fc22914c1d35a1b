//! One host through one play: gives the machine the answers it lacks, sends what it plans.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::watch;

use crate::playbook::Task;
use crate::remote::Lost;
use crate::value::Value;

use super::access::Pending;
use super::approval::Approvals;
use super::crew::Crew;
use super::debt::Ledger;
use super::evaluate::{Evaluation, ItemPlan, Verdict, looks_at_others, runs_once};
use super::event::{Event, Phase};
use super::link::{LinkError, Links};
use super::lock::Alone;
use super::machine::{End, Failure, Machine, Work};
use super::once::OnceResult;
use super::outcome::{Ended, ItemEnd, conclude};
use super::shared::Shared;

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

    pub(super) fn stopped(&self) -> bool {
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
        if super::gift::gives(task) {
            self.crew.meeting.arrive(&key, &self.machine.host).await;
        }
        Ok(())
    }

    /// Plans the task until nothing is missing, then shows or sends it.
    pub(super) async fn carry_out(
        &mut self,
        task: &Arc<Task>,
        handler: bool,
    ) -> Result<OnceResult, Halt> {
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
}
