//! Consecutive tasks whose changes are all known go out as one script, in one round trip.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::playbook::{Keyword, Task};
use crate::remote::{Lost, OnFailure, Output};
use crate::resource::{Action, World};

use super::driver::{Driver, Halt};
use super::evaluate::{Evaluation, Verdict, looks_at_others, runs_once};
use super::event::Phase;
use super::looping::ends_early;
use super::machine::{Machine, Work};
use super::once::OnceResult;
use super::outcome::{Ended, ItemEnd, conclude, failed};
use super::parcel::{Parcel, Sent};
use super::send::is_simple;
use super::settings::Manner;

/// More actions than this do not go out at once.
const MOST: usize = 60;

/// One task of a batch.
struct Entry {
    task: Arc<Task>,
    handler: bool,
    evaluation: Evaluation,
    /// The host before the task, to go back to if the task fails.
    before: Machine,
    /// How many actions the task has.
    actions: usize,
}

/// Whether a task's outcome is known before it is sent, so that others can be planned behind it.
pub fn is_plain(task: &Task, evaluation: &Evaluation) -> bool {
    let judged = task.register.is_some()
        || task.failed_when.is_some()
        || task.changed_when.is_some()
        || !task.until.is_empty();
    // These hold for one task: it does not go out with others.
    let alone = task.run_async.is_some()
        || task.effective(Keyword::Throttle).is_some()
        || task.effective(Keyword::IgnoreUnreachable).is_some();
    let [item] = &evaluation.items[..] else { return false };
    let Verdict::Plan(plan) = &item.verdict else { return false };
    let actions_are =
        |test: fn(&dyn Action) -> bool| plan.actions.iter().all(|action| test(action.as_ref()));
    !evaluation.looped
        && !judged
        && !alone
        && plan.finish.is_none()
        && actions_are(is_simple)
        && actions_are(|action| action.nature().opaque.is_none())
}

impl Driver {
    /// Sends a plain task together with the plain ones behind it.
    pub(super) async fn send_batch(
        &mut self,
        task: &Arc<Task>,
        evaluation: Evaluation,
        handler: bool,
    ) -> Result<OnceResult, Halt> {
        let visit = self.machine.visit(task);
        let Some(manner) = evaluation.items.first().and_then(|item| item.manner.clone()) else {
            return self.send_task(task, &evaluation, handler).await;
        };
        if evaluation.items.iter().any(|item| self.surprise(&visit, item).is_some()) {
            return self.send_task(task, &evaluation, handler).await;
        }
        let start = self.machine.world(&manner.host);
        let mut entries = vec![self.enter(task, evaluation, handler)];
        while entries.iter().map(|entry| entry.actions).sum::<usize>() < MOST {
            match self.next_plain(&manner) {
                Some((task, evaluation, handler)) => {
                    entries.push(self.enter(&task, evaluation, handler));
                }
                None => break,
            }
        }
        self.send_entries(entries, &manner, &start).await
    }

    /// Takes the machine over a task as if it were done already.
    fn enter(&mut self, task: &Arc<Task>, evaluation: Evaluation, handler: bool) -> Entry {
        let before = self.machine.clone();
        let ends = self.conclude_all(task, &evaluation, None);
        let mut machine = self.machine.clone();
        Self::remember(&mut machine, task, &evaluation, &ends);
        machine.visited(task);
        machine.advance();
        self.machine = machine;
        if ends.iter().any(ItemEnd::is_changed) {
            let visit = before.visit(task);
            let open = before.is_open() || self.approvals.is_open(&before.host, &visit);
            self.notify(task, open);
        } else {
            self.remind(task);
        }
        let actions = actions_of(&evaluation).count();
        Entry { task: Arc::clone(task), handler, evaluation, before, actions }
    }

    /// The next task, if it is plain (or has nothing to do) and nothing of it is missing.
    fn next_plain(&mut self, manner: &Manner) -> Option<(Arc<Task>, Evaluation, bool)> {
        loop {
            let (task, handler) = match self.machine.current()? {
                Work::Task { task, handler } => (task, handler),
                Work::Remind => {
                    self.remind_of_all();
                    self.machine.advance();
                    continue;
                }
                Work::Gather => return None,
            };
            if !handler && !(self.shared.selects)(&task) {
                self.machine.advance();
                continue;
            }
            let once = runs_once(&task, &self.render(&self.machine, Some(&task)));
            if once
                || self.machine.run.lockstep
                || looks_at_others(&task)
                || task.action.flow.is_some()
                || !ends_early(&task).is_empty()
            {
                return None;
            }
            let evaluation = self.evaluate(&self.machine, &task).ok()?;
            let visit = self.machine.visit(&task);
            let fits = |item: &super::evaluate::ItemPlan| match &item.verdict {
                Verdict::Skipped(_) => true,
                Verdict::Plan(plan) if plan.actions.is_empty() => true,
                Verdict::Plan(_) => {
                    self.surprise(&visit, item).is_none()
                        && item.manner.as_ref().is_some_and(|own| same_manner(own, manner))
                }
                _ => false,
            };
            let idle = evaluation.items.iter().all(|item| match &item.verdict {
                Verdict::Plan(plan) => plan.actions.is_empty(),
                _ => true,
            });
            let plain = idle || is_plain(&task, &evaluation);
            return (plain && evaluation.items.iter().all(fits))
                .then_some((task, evaluation, handler));
        }
    }

    pub(super) fn conclude_all(
        &self,
        task: &Task,
        evaluation: &Evaluation,
        outputs: Option<&[Output]>,
    ) -> Vec<ItemEnd> {
        let render = self.render(&self.machine, Some(task));
        evaluation
            .items
            .iter()
            .map(|item| conclude(task, &render.with_locals(&item.locals), item, outputs))
            .collect()
    }

    fn lay_out(
        &mut self,
        entries: &[Entry],
        manner: &Manner,
        start: &World,
    ) -> Result<Parcel, Halt> {
        let mut parcel = Parcel::default();
        let mut world = start.clone();
        for (index, entry) in entries.iter().enumerate() {
            for action in actions_of(&entry.evaluation) {
                let script = self.ready(&entry.task, action.as_ref(), manner)?;
                parcel.add(index, action.as_ref(), script, &mut world);
            }
        }
        Ok(parcel)
    }

    async fn send_entries(
        &mut self,
        entries: Vec<Entry>,
        manner: &Manner,
        start: &World,
    ) -> Result<OnceResult, Halt> {
        let (sent, lost, took) = self.send_at_once(&entries, manner, start).await?;
        for (index, (entry, sent)) in entries.into_iter().zip(sent).enumerate() {
            for (action, _) in actions_of(&entry.evaluation).zip(&sent.outputs) {
                self.kept(action.as_ref(), &manner.host);
            }
            let went_well = sent.outputs.iter().all(Output::succeeded) && sent.mismatch.is_none();
            if went_well && sent.outputs.len() == entry.actions {
                let took = if index == 0 { took } else { Duration::ZERO };
                self.confirm_entry(&entry, manner, &sent, took);
                continue;
            }
            // A part that was not reported may have run: the next run will see.
            if let Some(lost) = lost.filter(|_| went_well) {
                return Err(lost.into());
            }
            self.ledger.doubt();
            return self.fail_entry(entry, manner, sent, took).await;
        }
        match lost {
            Some(lost) => Err(lost.into()),
            None => {
                self.strike_out().await;
                Ok(OnceResult::default())
            }
        }
    }

    /// Sends all entries: what came back for each, why no more did, and how long it took.
    async fn send_at_once(
        &mut self,
        entries: &[Entry],
        manner: &Manner,
        start: &World,
    ) -> Result<(Vec<Sent>, Option<Lost>, Duration), Halt> {
        let links = Arc::clone(&self.links);
        let _turn = links.turn().await;
        let actions = || entries.iter().flat_map(|entry| actions_of(&entry.evaluation));
        self.hold_for(manner, actions()).await?;
        let began = Instant::now();
        let parcel = self.lay_out(entries, manner, start)?;
        self.say_sent(manner, actions());
        let shell = self.shell(manner).await?;
        let mut outputs: Vec<Option<Output>> = vec![None; parcel.parts.len()];
        let mut sink = |index: usize, output: Output| outputs[index] = Some(output);
        let lost = shell.run(&parcel.parts, OnFailure::Stop, &mut sink).await.err();
        let took = began.elapsed();
        Ok((parcel.sort(outputs, manner, entries.len()), lost, took))
    }

    /// A task of the batch is done, and the host is as it was predicted.
    fn confirm_entry(&mut self, entry: &Entry, manner: &Manner, sent: &Sent, took: Duration) {
        let user = manner.user_key();
        let world = self.machine.world_mut(&manner.host);
        for (query, state) in &sent.proven {
            // A later task of the batch may have changed it again.
            world.settle_unless_newer(&user, query, state);
        }
        let outputs = (entry.actions > 0).then_some(&sent.outputs[..]);
        let ends = self.conclude_all(&entry.task, &entry.evaluation, outputs);
        let ended = Ended { ends, took };
        self.report(&entry.task, entry.handler, &entry.evaluation, &ended);
        self.settled(&ended.ends, false);
        if entry.handler {
            self.pay(&entry.task);
        }
    }

    /// A task of the batch failed: those behind it were not carried out.
    async fn fail_entry(
        &mut self,
        entry: Entry,
        manner: &Manner,
        sent: Sent,
        took: Duration,
    ) -> Result<OnceResult, Halt> {
        self.machine = entry.before;
        let world = self.machine.world_mut(&manner.host);
        for item in &entry.evaluation.items {
            if let Verdict::Plan(plan) = &item.verdict {
                for action in &plan.actions {
                    for (query, _) in world.record(|world| action.predict(world)) {
                        world.forget_id(query.id());
                    }
                }
            }
        }
        let mut ends = self.conclude_all(&entry.task, &entry.evaluation, Some(&sent.outputs));
        if let (Some(mismatch), Some(end)) = (sent.mismatch, ends.first_mut())
            && end.failure().is_none()
        {
            *end = failed(format!("the host did not become what was planned: {mismatch}"));
        }
        debug_assert_eq!(self.phase, Phase::Apply);
        let ended = Ended { ends, took };
        self.settle(&entry.task, entry.handler, &entry.evaluation, ended).await
    }
}

/// The actions of a task, item by item.
fn actions_of(evaluation: &Evaluation) -> impl Iterator<Item = &Arc<dyn Action>> {
    let plans = evaluation.items.iter().filter_map(|item| match &item.verdict {
        Verdict::Plan(plan) => Some(plan),
        _ => None,
    });
    plans.flat_map(|plan| &plan.actions)
}

/// Whether two items go through the same shell with the same surroundings.
fn same_manner(left: &Manner, right: &Manner) -> bool {
    left.host == right.host
        && left.hidden == right.hidden
        && left.user_key() == right.user_key()
        && left.timeout == right.timeout
        && left.environment == right.environment
}
