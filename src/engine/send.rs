//! Sending what was planned: batches of actions, each followed by the proof that it took effect.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::module::Plan;
use crate::playbook::Task;
use crate::remote::{JobId, OnFailure, Output, Script, Shell};
use crate::resource::{Action, AnyQuery, AnyState, Step};

use super::driver::{Driver, Halt, OnceResult};
use super::evaluate::{Evaluation, ItemPlan, Verdict};
use super::event::{Event, Phase, Status};
use super::fetch::Bundle;
use super::guard::{self, Probation};
use super::link::LinkError;
use super::outcome::{Ended, ItemEnd, conclude, failed, until_holds, words_of};
use super::settings::{Manner, user_key};

/// What came back for one item: the outputs of its actions, and what was found wrong after them.
#[derive(Default)]
pub(super) struct Sent {
    /// What each action gave.
    pub outputs: Vec<Output>,
    /// The host is not as an action predicted.
    pub mismatch: Option<String>,
    /// Answers of the proof, to be remembered.
    pub proven: Vec<(AnyQuery, AnyState)>,
}

/// An action with the proof that it took effect.
pub(super) struct Proof {
    /// What the action predicts.
    pub predicted: Vec<(AnyQuery, AnyState)>,
    /// The questions that show it.
    pub bundles: Vec<Bundle>,
}

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
        for item in &evaluation.items {
            let end = match self.surprise(&visit, item) {
                Some(message) => failed(message),
                None => self.send_item(task, item).await?,
            };
            ends.push(end);
            if *self.interrupt.borrow() {
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
        let (Verdict::Plan(plan), Some(manner)) = (&item.verdict, &item.manner) else {
            let render = self.render(&self.machine, Some(task));
            return Ok(conclude(task, &render.with_locals(&item.locals), item, None));
        };
        if plan.actions.is_empty() {
            let render = self.render(&self.machine, Some(task));
            return Ok(conclude(task, &render.with_locals(&item.locals), item, None));
        }
        let (retries, delay) = self.patience(task, item)?;
        let mut attempt = 0;
        loop {
            let sent = self.carry(plan, manner).await?;
            self.learn(plan, manner, &sent);
            let (end, again) = {
                let render = self.render(&self.machine, Some(task)).with_locals(&item.locals);
                let mut end = conclude(task, &render, item, Some(&sent.outputs));
                if let Some(mismatch) = sent.mismatch.filter(|_| end.failure().is_none()) {
                    end = failed(format!("the host did not become what was planned: {mismatch}"));
                }
                end.result.insert("attempts".into(), crate::value::Value::Int(attempt + 1));
                let again = if task.until.is_empty() {
                    false
                } else {
                    match until_holds(task, &render, &end) {
                        Ok(holds) => !holds,
                        Err(suspend) => return Ok(failed(words_of(&suspend))),
                    }
                };
                (end, again)
            };
            if !again {
                if task.until.is_empty() {
                    let mut end = end;
                    end.result.shift_remove("attempts");
                    return Ok(end);
                }
                return Ok(end);
            }
            attempt += 1;
            if attempt >= retries || *self.interrupt.borrow() {
                let mut end = end;
                let message = match &end.status {
                    Status::Failed { message, .. } => message.clone(),
                    _ => format!("`until` does not hold after {attempt} attempts"),
                };
                let ignored = manner.ignore_errors;
                end.status = Status::Failed { message, ignored };
                end.result.insert("failed".into(), crate::value::Value::Bool(true));
                return Ok(end);
            }
            self.wait(delay).await;
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
    async fn carry(&mut self, plan: &Plan, manner: &Manner) -> Result<Sent, Halt> {
        let target = self.target(&manner.host)?;
        let _turn = self.links.turn().await;
        if self.phase == Phase::Apply && manner.host == self.machine.host {
            self.links
                .hold(&manner.host, &target, &manner.become_user, &self.shared.choices.who)
                .await?;
        }
        let shown = |action: &Arc<dyn Action>| match manner.hidden {
            true => crate::value::MASK.to_string(),
            false => action.summary(),
        };
        let actions: Vec<String> = plan.actions.iter().map(shown).collect();
        self.shared.sink.event(Event::Sent { host: Arc::clone(&manner.host), actions });
        let mut sent = Sent::default();
        let mut rest = &plan.actions[..];
        while !rest.is_empty()
            && sent.outputs.iter().zip(&plan.actions).all(|(out, act)| act.succeeded(out))
        {
            let simple = rest.iter().take_while(|action| is_simple(action.as_ref())).count();
            let (now, later) = rest.split_at(simple.max(1));
            if simple > 0 {
                self.send_together(now, manner, &mut sent).await?;
            } else {
                self.send_special(&now[0], manner, &mut sent).await?;
            }
            rest = later;
        }
        Ok(sent)
    }

    pub(super) async fn shell(&self, manner: &Manner) -> Result<Arc<Shell>, Halt> {
        let target = self.target(&manner.host)?;
        Ok(self.links.shell(&manner.host, &target, &manner.become_user).await?)
    }

    /// Simple actions and their proofs go out as one batch.
    async fn send_together(
        &mut self,
        actions: &[Arc<dyn Action>],
        manner: &Manner,
        sent: &mut Sent,
    ) -> Result<(), Halt> {
        let shell = self.shell(manner).await?;
        let mut parts: Vec<Script> = Vec::new();
        let mut proofs: Vec<(usize, Proof)> = Vec::new();
        let mut owners: Vec<(usize, Option<usize>)> = Vec::new();
        let mut world = self.machine.world(&manner.host);
        for (index, action) in actions.iter().enumerate() {
            self.probation.note(action.as_ref());
            parts.push(prepared(action.as_ref(), manner));
            owners.push((index, None));
            let proof = proof_of(action.as_ref(), &world);
            // The next one finds what this one left behind: enabled, then started.
            action.predict(&mut world);
            for bundle in 0..proof.bundles.len() {
                parts.push(proof.bundles[bundle].script());
                owners.push((index, Some(bundle)));
            }
            proofs.push((index, proof));
        }
        let mut outputs: Vec<Option<Output>> = vec![None; parts.len()];
        let mut sink = |index: usize, output: Output| outputs[index] = Some(output);
        shell
            .run(&parts, OnFailure::Stop, &mut sink)
            .await
            .map_err(|lost| Halt::Unreachable(lost.to_string()))?;
        let mut answers: Vec<(usize, AnyQuery, Result<AnyState, String>)> = Vec::new();
        let user = user_key(&manner.become_user);
        for ((action, bundle), output) in owners.into_iter().zip(outputs) {
            let Some(output) = output else { continue };
            match bundle {
                None => sent.outputs.push(output),
                Some(bundle) => {
                    let bundle = &proofs[action].1.bundles[bundle];
                    let states = bundle.answers(&manner.host, &user, &output);
                    let with_queries = bundle.queries.iter().zip(states);
                    answers.extend(
                        with_queries.map(|(query, answer)| (action, query.clone(), answer.state)),
                    );
                }
            }
        }
        for (index, proof) in &proofs {
            let own = answers.iter().filter(|(action, ..)| action == index);
            let own: Vec<_> = own.map(|(_, query, state)| (query.clone(), state.clone())).collect();
            judge(proof, own, sent);
        }
        Ok(())
    }

    /// Actions that do not go through the shell in one piece.
    async fn send_special(
        &mut self,
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
            Step::Restart(restart) => self.restart(&restart, manner).await?,
            Step::Reconnect { delay, limit } => self.reconnect(delay, limit, manner).await?,
            Step::Shell(_) if guard::effect_of(action.as_ref()).is_some() => {
                self.send_guarded(action.as_ref(), manner).await?
            }
            Step::Shell(_) => self.send_detached(action.as_ref(), manner).await?,
        };
        let fine = action.succeeded(&output);
        sent.outputs.push(output);
        if fine && matches!(action.step(), Step::Shell(_)) {
            self.prove(action.as_ref(), manner, sent).await?;
        }
        Ok(())
    }

    /// Asks the host whether an action took effect.
    async fn prove(
        &mut self,
        action: &dyn Action,
        manner: &Manner,
        sent: &mut Sent,
    ) -> Result<(), Halt> {
        let proof = proof_of(action, &self.machine.world(&manner.host));
        if proof.bundles.is_empty() {
            return Ok(());
        }
        let shell = self.shell(manner).await?;
        let scripts: Vec<Script> = proof.bundles.iter().map(Bundle::script).collect();
        let mut outputs: Vec<Output> = vec![Output::default(); scripts.len()];
        let mut sink = |index: usize, output: Output| outputs[index] = output;
        shell
            .run(&scripts, OnFailure::Continue, &mut sink)
            .await
            .map_err(|lost| Halt::Unreachable(lost.to_string()))?;
        let user = user_key(&manner.become_user);
        let mut answers = Vec::new();
        for (bundle, output) in proof.bundles.iter().zip(&outputs) {
            let states = bundle.answers(&manner.host, &user, output);
            answers.extend(
                bundle.queries.iter().cloned().zip(states.into_iter().map(|answer| answer.state)),
            );
        }
        judge(&proof, answers, sent);
        Ok(())
    }

    /// What must not be cut half-way runs in a session of its own on the host; a lost connection
    /// is made anew and picks the result up.
    async fn send_detached(
        &mut self,
        action: &dyn Action,
        manner: &Manner,
    ) -> Result<Output, Halt> {
        let id = JobId::random();
        let label = action.summary();
        let script = prepared(action, manner);
        let mut lost = None;
        for _ in 0..3 {
            let shell = match self.shell(manner).await {
                Ok(shell) => shell,
                Err(Halt::Unreachable(message)) => {
                    lost = Some(message);
                    self.links.drop_connection(&manner.host).await;
                    continue;
                }
                Err(other) => return Err(other),
            };
            let run = async {
                shell.detach(&id, &label, &script).await?;
                shell.follow(&id, &label, &mut |_| ()).await
            };
            match run.await {
                Ok(output) => return Ok(output),
                Err(crate::remote::JobError::Lost(error)) => {
                    lost = Some(error.to_string());
                    self.links.drop_connection(&manner.host).await;
                }
                Err(other) => return Ok(complaint_output(other.to_string())),
            }
        }
        Err(Halt::Unreachable(lost.unwrap_or_else(|| "the connection was lost".into())))
    }

    /// A change that could shut us out: the host undoes it by itself unless a new login works.
    async fn send_guarded(&mut self, action: &dyn Action, manner: &Manner) -> Result<Output, Halt> {
        let Some(effect) = guard::effect_of(action) else { return Ok(Output::default()) };
        let target = self.target(&manner.host)?;
        let shell = self.shell(manner).await?;
        if target.transport == crate::remote::Transport::Local {
            return shell
                .run_one(prepared(action, manner))
                .await
                .map_err(|lost| Halt::Unreachable(lost.to_string()));
        }
        let name = guard::name();
        let began = Instant::now();
        let parts = [self.probation.arm(&name, &effect), prepared(action, manner)];
        let mut outputs: Vec<Output> = Vec::new();
        let mut sink = |_: usize, output: Output| outputs.push(output);
        let ran = shell.run(&parts, OnFailure::Stop, &mut sink);
        // The change may cut this very connection: its silence is not waited for.
        let cut = match tokio::time::timeout(guard::PATIENCE, ran).await {
            Ok(Ok(())) => None,
            Ok(Err(lost)) => Some(lost.to_string()),
            Err(_) => Some("the host fell silent".to_string()),
        };
        match outputs.first() {
            Some(armed) if !armed.succeeded() => {
                let said = super::outcome::complaint(armed);
                return Ok(complaint_output(format!(
                    "the change was not made: it could not be guarded: {said}"
                )));
            }
            _ => {}
        }
        // Configuration that its service refuses would shut us out at the next start.
        if let Some(refused) = outputs.get(1).filter(|output| !action.succeeded(output))
            && self.probation.has_kept()
        {
            shell
                .run_one(Probation::undo(&name))
                .await
                .map_err(|lost| Halt::Unreachable(lost.to_string()))?;
            self.probation.clear();
            return Ok(put_back(refused));
        }
        match self.prove_access(&target, manner, &name, began).await {
            Ok(()) => {
                self.probation.clear();
                let took = began.elapsed();
                self.shared
                    .sink
                    .event(Event::AccessProven { host: Arc::clone(&manner.host), took });
                Ok(outputs.into_iter().nth(1).unwrap_or_default())
            }
            Err(reason) => {
                let healed = self.await_healing(&target, manner, began).await;
                self.probation = Probation::default();
                let cut = cut.map(|cut| format!(" ({cut})")).unwrap_or_default();
                match healed {
                    Ok(()) => Ok(complaint_output(format!(
                        "after this change no new login was possible: {reason}{cut}; the host has put \
                         everything back as it was and can be reached again"
                    ))),
                    Err(error) => Err(Halt::Unreachable(format!(
                        "after the change \"{}\" no new login was possible: {reason}{cut}; the host should \
                         have put everything back, but it still cannot be reached: {error}",
                        action.summary()
                    ))),
                }
            }
        }
    }

    /// Logs in anew and, over that login, tells the host to keep the change.
    async fn prove_access(
        &mut self,
        target: &crate::remote::Target,
        manner: &Manner,
        name: &str,
        began: Instant,
    ) -> Result<(), String> {
        let mut reason = String::from("it took too long");
        while let Some(left) = guard::left(began, guard::PATIENCE) {
            let tried =
                tokio::time::timeout(left, self.log_in_and_disarm(target, manner, name)).await;
            match tried {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => reason = error.to_string(),
                Err(_) => return Err(reason),
            }
            // A service that restarts needs a moment; the deadline above bounds the tries.
            self.wait(Duration::from_millis(500)).await;
        }
        Err(reason)
    }

    async fn log_in_and_disarm(
        &self,
        target: &crate::remote::Target,
        manner: &Manner,
        name: &str,
    ) -> Result<(), LinkError> {
        let connection = self.links.prove(target).await?;
        let shell = connection
            .shell(&manner.become_user)
            .await
            .map_err(|error| LinkError::Unreachable(error.to_string()))?;
        let output = shell
            .run_one(Probation::disarm(name))
            .await
            .map_err(|lost| LinkError::Unreachable(lost.to_string()))?;
        if !output.succeeded() {
            return Err(LinkError::Unreachable(super::outcome::complaint(&output)));
        }
        connection.close().await;
        Ok(())
    }

    /// Waits for a host that shut us out to undo that.
    async fn await_healing(
        &mut self,
        target: &crate::remote::Target,
        manner: &Manner,
        began: Instant,
    ) -> Result<(), String> {
        let mut reason = String::from("it took too long");
        while guard::left(began, guard::HEALED).is_some() {
            match self.links.prove(target).await {
                Ok(connection) => {
                    self.links.replace(&manner.host, target, connection).await;
                    return Ok(());
                }
                Err(error) => reason = error.to_string(),
            }
            self.wait(Duration::from_secs(1)).await;
        }
        Err(reason)
    }
}

/// What a refused change said, and that its configuration is as it was.
fn put_back(refused: &Output) -> Output {
    let mut output = refused.clone();
    let note = "the configuration was put back as it was before this run\n";
    if !output.stderr.is_empty() && !output.stderr.ends_with(b"\n") {
        output.stderr.push(b'\n');
    }
    output.stderr.extend_from_slice(note.as_bytes());
    output
}

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

pub(super) fn proof_of(action: &dyn Action, world: &crate::resource::World) -> Proof {
    let predicted = world.record(|world| action.predict(world));
    let queries: Vec<AnyQuery> = predicted.iter().map(|(query, _)| query.clone()).collect();
    Proof { predicted, bundles: Bundle::of(queries) }
}

/// Compares what the host is with what was predicted.
pub(super) fn judge(
    proof: &Proof,
    answers: Vec<(AnyQuery, Result<AnyState, String>)>,
    sent: &mut Sent,
) {
    for (query, answer) in answers {
        let Some((_, predicted)) =
            proof.predicted.iter().find(|(known, _)| known.id() == query.id())
        else {
            continue;
        };
        match answer {
            Ok(actual) => {
                if let Err(difference) = query.check(predicted, &actual) {
                    sent.mismatch.get_or_insert(difference);
                }
                sent.proven.retain(|(known, _)| known.id() != query.id());
                sent.proven.push((query, actual));
            }
            Err(error) => {
                sent.mismatch.get_or_insert(error);
            }
        }
    }
}
