//! Sending what was planned: batches of actions, each followed by the proof that it took effect.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::module::Plan;
use crate::playbook::Task;
use crate::remote::{OnFailure, Output, Script, Shell};
use crate::resource::{Action, Step};
use crate::value::{MASK, Value};

use super::driver::{Driver, Halt};
use super::evaluate::{Evaluation, ItemPlan, Verdict};
use super::event::{Event, Phase, Status};
use super::guard;
use super::once::OnceResult;
use super::outcome::{Ended, ItemEnd, conclude, failed, until_holds, words_of};
use super::parcel::{Parcel, Sent};
use super::settings::Manner;

impl Driver {
    /// Sends a task's actions item by item and settles the task.
    pub(super) async fn send_task(
        &mut self,
        task: &Arc<Task>,
        evaluation: &Evaluation,
        handler: bool,
    ) -> Result<OnceResult, Halt> {
        let began = Instant::now();
        let visit = self.machine.visit(task);
        let mut ends = Vec::with_capacity(evaluation.items.len());
        let pause = self.pause_of(task)?;
        for (index, item) in evaluation.items.iter().enumerate() {
            if index > 0 && !pause.is_zero() {
                self.wait(pause).await;
            }
            let end = match self.surprise(&visit, item) {
                Some(message) => failed(message),
                None => self.send_item(task, item).await?,
            };
            let last = self.is_last(task, item, &end);
            let last = last.map_err(|suspend| Halt::Failed(words_of(&suspend)))?;
            ends.push(end);
            if last || *self.interrupt.borrow() {
                break;
            }
        }
        let ended = Ended { ends, took: began.elapsed() };
        self.settle(task, handler, evaluation, ended).await
    }

    /// Why an item must not be sent: it was not shown.
    pub(super) fn surprise(&self, visit: &Arc<str>, item: &ItemPlan) -> Option<String> {
        let Verdict::Plan(plan) = &item.verdict else { return None };
        let reads = item.manner.as_ref().is_some_and(|manner| manner.always_runs);
        if self.phase == Phase::Plan || reads || self.machine.is_open() {
            return None;
        }
        let action = self.approvals.surprise(&self.machine.host, visit, plan)?;
        Some(format!(
            "the host is no longer as it was when the plan was shown: this task would now {action}, \
             which nobody has approved; run again to see a new plan"
        ))
    }

    async fn send_item(&mut self, task: &Arc<Task>, item: &ItemPlan) -> Result<ItemEnd, Halt> {
        let (plan, manner) = match (&item.verdict, &item.manner) {
            (Verdict::Plan(plan), Some(manner)) if !plan.actions.is_empty() => (plan, manner),
            _ => {
                let render = self.render(&self.machine, Some(task));
                return Ok(conclude(task, &render.with_locals(&item.locals), item, None));
            }
        };
        let (retries, delay) = self.patience(task, item)?;
        let mut attempt = 0;
        loop {
            let sent = self.carry(task, plan, manner).await?;
            self.learn(plan, manner, &sent);
            attempt += 1;
            let (mut end, holds) = self.judge(task, item, sent);
            if !task.until.is_empty() {
                end.result.insert("attempts".into(), Value::Int(attempt));
            }
            if holds {
                return Ok(end);
            }
            if attempt >= retries || *self.interrupt.borrow() {
                return Ok(given_up(end, attempt, manner));
            }
            self.wait(delay).await;
        }
    }

    /// What an item came to that was sent, and whether its `until` holds.
    fn judge(&self, task: &Task, item: &ItemPlan, sent: Sent) -> (ItemEnd, bool) {
        let render = self.render(&self.machine, Some(task)).with_locals(&item.locals);
        let mut end = conclude(task, &render, item, Some(&sent.outputs));
        if let Some(mismatch) = sent.mismatch.filter(|_| end.failure().is_none()) {
            end = failed(format!("the host did not become what was planned: {mismatch}"));
        }
        if task.until.is_empty() {
            return (end, true);
        }
        match until_holds(task, &render, &end) {
            Ok(holds) => (end, holds),
            Err(suspend) => (failed(words_of(&suspend)), true),
        }
    }

    /// `retries` and `delay` as they hold for the item.
    fn patience(&self, task: &Task, item: &ItemPlan) -> Result<(i64, Duration), Halt> {
        let render = self.render(&self.machine, Some(task)).with_locals(&item.locals);
        let number = |setting: &Option<crate::playbook::Setting>, default: f64| match setting {
            Some(setting) => {
                render.number(setting).map_err(|suspend| Halt::Failed(words_of(&suspend)))
            }
            None => Ok(default),
        };
        let retries = number(&task.retries, 3.0)?;
        let delay = number(&task.delay, 5.0)?;
        #[expect(clippy::cast_possible_truncation, reason = "a small number that a person wrote")]
        let retries = (retries as i64).max(1);
        Ok((retries, Duration::from_secs_f64(delay)))
    }

    /// Waits, unless the user interrupts.
    pub(super) async fn wait(&mut self, delay: Duration) {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            _ = self.interrupt.changed() => {}
        }
    }

    /// Takes what the host said after the actions into what is known of it.
    fn learn(&mut self, plan: &Plan, manner: &Manner, sent: &Sent) {
        let host = Arc::clone(&manner.host);
        let user = manner.user_key();
        let world = self.machine.world_mut(&host);
        let opaque = plan.actions.iter().any(|action| action.nature().opaque.is_some());
        let reads = manner.only_reads || plan.reads && sent.outputs.len() == plan.actions.len();
        if opaque && !reads {
            world.forget_all();
        }
        // Predictions invalidate what was read; what was proven then takes their place.
        for action in plan.actions.iter().take(sent.outputs.len()) {
            action.predict(world);
        }
        for (query, state) in &sent.proven {
            world.settle(&user, query.id().clone(), Arc::clone(state));
        }
    }

    /// Carries out the actions of one item.
    async fn carry(
        &mut self,
        task: &Arc<Task>,
        plan: &Plan,
        manner: &Manner,
    ) -> Result<Sent, Halt> {
        let links = Arc::clone(&self.links);
        let _turn = links.turn().await;
        self.hold_for(manner, plan.actions.iter()).await?;
        self.say_sent(manner, plan.actions.iter());
        let mut sent = Sent::default();
        let mut rest = &plan.actions[..];
        while !rest.is_empty()
            && sent.outputs.iter().zip(&plan.actions).all(|(out, act)| act.succeeded(out))
        {
            let simple = rest.iter().take_while(|action| is_simple(action.as_ref())).count();
            let (now, later) = rest.split_at(simple.max(1));
            if simple > 0 {
                self.send_together(task, now, manner, &mut sent).await?;
            } else {
                self.send_special(task, &now[0], manner, &mut sent).await?;
            }
            rest = later;
        }
        Ok(sent)
    }

    /// Holds the host's lock, where that is needed for these actions.
    pub(super) async fn hold_for(
        &self,
        manner: &Manner,
        mut actions: impl Iterator<Item = &Arc<dyn Action>>,
    ) -> Result<(), Halt> {
        let own = self.phase == Phase::Apply && manner.host == self.machine.host;
        // A host watches over what is kept there by waiting for its lock.
        if own || actions.any(|action| guard::configuration_of(action.as_ref()).is_some()) {
            let (target, who) = (self.target(&manner.host)?, &self.shared.choices.who);
            self.links.hold(&manner.host, &target, &manner.become_user, who).await?;
        }
        Ok(())
    }

    pub(super) fn say_sent<'a>(
        &self,
        manner: &Manner,
        actions: impl Iterator<Item = &'a Arc<dyn Action>>,
    ) {
        let actions = actions.map(|action| match manner.hidden {
            true => MASK.to_string(),
            false => action.summary(),
        });
        let (host, actions) = (Arc::clone(&manner.host), actions.collect());
        self.shared.sink.event(Event::Sent { host, actions });
    }

    /// The shell of the user that it is carried out as.
    pub(super) async fn shell(&self, manner: &Manner) -> Result<Arc<Shell>, Halt> {
        let target = self.target(&manner.host)?;
        Ok(self.links.shell(&manner.host, &target, &manner.become_user).await?)
    }

    /// Simple actions and their proofs go out as one batch.
    async fn send_together(
        &mut self,
        task: &Arc<Task>,
        actions: &[Arc<dyn Action>],
        manner: &Manner,
        sent: &mut Sent,
    ) -> Result<(), Halt> {
        let shell = self.shell(manner).await?;
        let mut parcel = Parcel::default();
        let mut world = self.machine.world(&manner.host);
        for action in actions {
            let script = self.ready(task, action.as_ref(), manner)?;
            parcel.add(0, action.as_ref(), script, &mut world);
        }
        let mut outputs: Vec<Option<Output>> = vec![None; parcel.parts.len()];
        let mut sink = |index: usize, output: Output| outputs[index] = Some(output);
        shell.run(&parcel.parts, OnFailure::Stop, &mut sink).await?;
        for new in parcel.sort(outputs, manner, 1) {
            for (action, _) in actions.iter().zip(&new.outputs) {
                self.kept(action.as_ref(), &manner.host);
            }
            sent.absorb(new);
        }
        Ok(())
    }

    /// Actions that do not go through the shell in one piece.
    async fn send_special(
        &mut self,
        task: &Arc<Task>,
        action: &Arc<dyn Action>,
        manner: &Manner,
        sent: &mut Sent,
    ) -> Result<(), Halt> {
        let output = match action.step() {
            Step::Store { path, content } => {
                let written = self.shared.store.write(std::path::Path::new(&path), &content);
                match written {
                    Ok(()) => Output::default(),
                    Err(error) => complaint_output(format!("`{path}` cannot be written: {error}")),
                }
            }
            Step::Restart(restart) => {
                self.bridge(&manner.host, restart.limit).await?;
                let output = self.restart(&restart, manner).await?;
                match output.succeeded() {
                    true => self.came_back(&manner.host).await?.unwrap_or(output),
                    false => output,
                }
            }
            Step::Reconnect { delay, limit } => {
                self.bridge(&manner.host, delay + limit + Duration::from_secs(60)).await?;
                self.reconnect(delay, limit, manner).await?
            }
            Step::Shell(_) if guard::effect_of(action.as_ref()).is_some() => {
                self.send_guarded(task, action.as_ref(), manner).await?
            }
            Step::Shell(_) => self.send_detached(task, action.as_ref(), manner).await?,
        };
        let fine = action.succeeded(&output);
        sent.outputs.push(output);
        if fine && matches!(action.step(), Step::Shell(_)) {
            self.prove(action, manner, sent).await?;
        }
        Ok(())
    }
}

/// An item whose `until` never held.
fn given_up(mut end: ItemEnd, attempts: i64, manner: &Manner) -> ItemEnd {
    let message = match &end.status {
        Status::Failed { message, .. } => message.clone(),
        _ => format!("`until` does not hold after {attempts} attempts"),
    };
    end.status = Status::Failed { message, ignored: manner.ignore_errors };
    end.result.insert("failed".into(), Value::Bool(true));
    end
}

/// What failed here looks like what failed on the host.
pub(super) fn complaint_output(message: String) -> Output {
    Output { status: 1, stderr: message.into_bytes(), ..Output::default() }
}

/// Whether an action can go out in one batch with others.
pub(super) fn is_simple(action: &dyn Action) -> bool {
    let nature = action.nature();
    matches!(action.step(), Step::Shell(_))
        && !nature.detached
        && guard::effect_of(action).is_none()
}

/// An action's script with the task's environment and time limit.
pub(super) fn prepared(action: &dyn Action, manner: &Manner) -> Script {
    let Step::Shell(text) = action.step() else { return Script::new() };
    let mut script = Script::new();
    let own = action.nature().own_environment;
    for (name, value) in manner.environment.iter().filter(|_| !own) {
        if value.is_secret() {
            script.export(name, secrecy::SecretString::from(value.as_str()));
        } else {
            script.export(name, value.as_str());
        }
    }
    script.append(&text);
    if let Some(limit) = manner.timeout.or(action.nature().limit) {
        script.limit(limit);
    }
    if manner.hidden {
        script.hide();
    }
    script
}
