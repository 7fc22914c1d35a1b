//! The end of a task: what it leaves behind in the host's machine, whom it notifies, whether it failed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::playbook::Task;
use crate::resource::Suspend;
use crate::value::Value;

use super::driver::{Driver, Halt};
use super::evaluate::{Evaluation, Verdict, predict};
use super::event::{Phase, Status};
use super::flow::{Steered, steer};
use super::machine::{End, Failure, Machine};
use super::once::OnceResult;
use super::outcome::{Ended, ItemEnd, joined, words_of};

/// How soon after `meta: reset_connection` there is a connection again.
const RECONNECTS_WITHIN: Duration = Duration::from_secs(60);

impl Driver {
    /// A task is at its end: events, results, notifications, failure.
    pub(super) async fn settle(
        &mut self,
        task: &Arc<Task>,
        handler: bool,
        evaluation: &Evaluation,
        ended: Ended,
    ) -> Result<OnceResult, Halt> {
        let Ended { mut ends, took } = ended;
        for gift in super::gift::taken_out(&self.machine.host, task, evaluation, &mut ends) {
            self.shared.variables.gifts.lay(&gift);
        }
        let visit = self.machine.visit(task);
        let open = self.machine.is_open() || self.approvals.is_open(&self.machine.host, &visit);
        let steered = self.pass(task, evaluation, &mut ends, &visit);
        self.take_in(task, evaluation, &ends, &visit);
        let ended = Ended { ends, took };
        self.report(task, handler, evaluation, &ended);
        let ends = ended.ends;
        let owed = handler && self.phase == Phase::Plan && self.is_owed(task);
        self.settled(&ends, owed);
        let unknown = ends.iter().any(|end| matches!(end.status, Status::Unknown { .. }));
        let changed = ends.iter().any(ItemEnd::is_changed);
        if changed || unknown {
            self.notify(task, unknown || self.phase == Phase::Apply && open);
        } else {
            self.remind(task);
        }
        self.follow(steered).await?;
        let failed = self.failure_of(task, evaluation, &ends);
        if handler && failed.is_none() {
            self.pay(task);
            self.strike_out().await;
        }
        if let Some(failure) = &failed {
            self.fail((**failure).clone());
        }
        let registered = task.register.as_ref().map(|register| {
            let result = joined(&ends, evaluation.looped);
            (register.name.clone(), Value::Map(Arc::new(result)))
        });
        let variables = ends.iter().flat_map(|end| end.variables.clone()).collect();
        Ok(OnceResult { registered, variables, failed, notified: changed })
    }

    /// Takes the machine past the task, or into what it includes.
    fn pass(
        &mut self,
        task: &Arc<Task>,
        evaluation: &Evaluation,
        ends: &mut [ItemEnd],
        visit: &Arc<str>,
    ) -> Vec<Steered> {
        if task.action.flow.is_some() {
            return self.steer_items(task, evaluation, ends, visit);
        }
        self.machine.visited(task);
        self.machine.advance();
        vec![]
    }

    /// Takes what the task came to into what is known.
    fn take_in(
        &mut self,
        task: &Task,
        evaluation: &Evaluation,
        ends: &[ItemEnd],
        visit: &Arc<str>,
    ) {
        if self.phase == Phase::Plan {
            self.note_plan(visit, evaluation, ends);
            Self::remember(&mut self.machine, task, evaluation, ends);
        } else {
            Self::remember_results(&mut self.machine, task, evaluation, ends);
        }
    }

    /// Does what a task that steers the run asked for.
    async fn follow(&mut self, steered: Vec<Steered>) -> Result<(), Halt> {
        for outcome in steered {
            match outcome {
                Steered::Done => {}
                Steered::Reconnect => {
                    let host = Arc::clone(&self.machine.host);
                    self.bridge(&host, RECONNECTS_WITHIN).await?;
                    self.links.drop_connection(&host).await;
                }
                Steered::EndAll => self.crew.ended.store(true, Ordering::Release),
            }
        }
        Ok(())
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
