//! Proving that we still get in: after a change that could shut us out, and at the end of a host's
//! play for what such changes left behind.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::diagnostic::Diagnostic;
use crate::playbook::Task;
use crate::remote::{Become, OnFailure, Output, Script, Shell, Target, Transport};
use crate::resource::Action;

use super::driver::{Driver, Exit, Halt};
use super::event::Event;
use super::guard::{self, Probation};
use super::link::LinkError;
use super::machine::End;
use super::outcome::complaint;
use super::send::{complaint_output, prepared};
use super::settings::Manner;

/// What is on probation, by the host that it is on.
pub type Pending = HashMap<Arc<str>, Held>;

/// The probation of one host, and who answers for it.
pub struct Held {
    probation: Probation,
    user: Arc<Become>,
    /// The task whose change came last.
    task: Arc<Task>,
}

impl Driver {
    /// An action's script, with what must be noted on the host before it.
    pub(super) fn ready(
        &mut self,
        task: &Arc<Task>,
        action: &dyn Action,
        manner: &Manner,
    ) -> Result<Script, Halt> {
        let mut script = prepared(action, manner);
        if let Some(note) = self.owe(task, manner) {
            script = behind(&note, &script);
        }
        let Some((inverse, check)) = guard::configuration_of(action) else { return Ok(script) };
        if self.target(&manner.host)?.transport == Transport::Local {
            return Ok(script);
        }
        let held = self.pending.entry(Arc::clone(&manner.host)).or_insert_with(|| Held {
            probation: Probation::new(),
            user: Arc::clone(&manner.become_user),
            task: Arc::clone(task),
        });
        held.task = Arc::clone(task);
        Ok(behind(&held.probation.keep(&inverse, check.as_ref()), &script))
    }

    /// The host has carried out an action: what was kept before it is there.
    pub(super) fn kept(&mut self, action: &dyn Action, host: &Arc<str>) {
        if let Some(held) = self.pending.get_mut(host)
            && guard::configuration_of(action).is_some()
        {
            held.probation.confirm();
        }
    }

    /// The connection will be gone for a while, and the lock with it: the host is to wait.
    pub(super) async fn bridge(&mut self, host: &Arc<str>, gone: Duration) -> Result<(), Halt> {
        let Some(held) = self.pending.get(host).filter(|held| held.probation.is_armed()) else {
            return Ok(());
        };
        let shell = self.links.shell(host, &self.target(host)?, &held.user).await?;
        let output = shell.run_one(held.probation.bridge(gone)).await?;
        match output.succeeded() {
            true => Ok(()),
            false => Err(Halt::Failed(complaint(&output))),
        }
    }

    /// The host came up with its changed configuration and let us in: it is told to keep it. Gives
    /// what it said if it had put it back by then.
    pub(super) async fn came_back(&mut self, host: &Arc<str>) -> Result<Option<Output>, Halt> {
        let held = self.pending.remove(host);
        let Some(held) = held.filter(|held| held.probation.is_armed()) else { return Ok(None) };
        let shell = self.links.shell(host, &self.target(host)?, &held.user).await?;
        let output = shell.run_one(held.probation.settle()).await?;
        Ok((!output.succeeded()).then_some(output))
    }

    /// A change that could shut us out: the host undoes it by itself unless a new login works.
    pub(super) async fn send_guarded(
        &mut self,
        task: &Arc<Task>,
        action: &dyn Action,
        manner: &Manner,
    ) -> Result<Output, Halt> {
        let script = self.ready(task, action, manner)?;
        let Some(effect) = guard::effect_of(action) else { return Ok(Output::default()) };
        let target = self.target(&manner.host)?;
        let shell = self.shell(manner).await?;
        if target.transport == Transport::Local {
            return Ok(shell.run_one(script).await?);
        }
        let held = self.pending.remove(&manner.host).map(|held| held.probation);
        let probation = held.unwrap_or_else(Probation::new);
        let began = Instant::now();
        let (outputs, cut) = try_out(&shell, [probation.arm(&effect), script]).await;
        if let Some(armed) = outputs.first().filter(|output| !output.succeeded()) {
            let reason = complaint(armed);
            shell.run_one(probation.undo()).await?;
            return Ok(complaint_output(format!(
                "the change was not made: it could not be guarded: {reason}"
            )));
        }
        // Configuration that its service refuses would shut us out at the next start.
        if let Some(refused) = outputs.get(1).filter(|output| !action.succeeded(output))
            && probation.is_armed()
        {
            shell.run_one(probation.undo()).await?;
            return Ok(put_back(refused));
        }
        match self.prove_access(&target, &manner.become_user, &probation, began).await {
            Ok(()) => {
                self.proven(&manner.host, began);
                Ok(outputs.into_iter().nth(1).unwrap_or_default())
            }
            Err(reason) => {
                self.healed(&target, (action, manner), &format!("{reason}{cut}"), began).await
            }
        }
    }

    fn proven(&self, host: &Arc<str>, began: Instant) {
        let event = Event::AccessProven { host: Arc::clone(host), took: began.elapsed() };
        self.shared.sink.event(event);
    }

    /// Logs in anew and, over that login, tells the host to keep the change.
    async fn prove_access(
        &mut self,
        target: &Target,
        user: &Become,
        probation: &Probation,
        began: Instant,
    ) -> Result<(), String> {
        let mut reason = String::from("it took too long");
        while let Some(left) = guard::left(began, guard::PATIENCE) {
            let login = self.log_in_and_settle(target, user, probation);
            match tokio::time::timeout(left, login).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => reason = error.to_string(),
                Err(_) => return Err(reason),
            }
            // A service that restarts needs a moment; the deadline above bounds the tries.
            self.wait(Duration::from_millis(500)).await;
        }
        Err(reason)
    }

    async fn log_in_and_settle(
        &self,
        target: &Target,
        user: &Become,
        probation: &Probation,
    ) -> Result<(), LinkError> {
        let lost = |error: String| LinkError::Unreachable(error);
        let connection = self.links.prove(target).await?;
        let shell = connection.shell(user).await.map_err(|error| lost(error.to_string()))?;
        let output = shell.run_one(probation.settle()).await;
        let output = output.map_err(|error| lost(error.to_string()))?;
        connection.close().await;
        if output.succeeded() { Ok(()) } else { Err(lost(complaint(&output))) }
    }

    /// A change shut us out: waits for the host to undo it, and says what came of it.
    async fn healed(
        &mut self,
        target: &Target,
        (action, manner): (&dyn Action, &Manner),
        reason: &str,
        began: Instant,
    ) -> Result<Output, Halt> {
        match self.await_healing(target, &manner.host, began).await {
            Ok(()) => Ok(complaint_output(format!(
                "after this change no new login was possible: {reason}; the host has put everything \
                 back as it was and can be reached again"
            ))),
            Err(error) => Err(Halt::Unreachable(format!(
                "after the change \"{}\" no new login was possible: {reason}; the host should have put \
                 everything back, but it still cannot be reached: {error}",
                action.summary()
            ))),
        }
    }

    async fn await_healing(
        &mut self,
        target: &Target,
        host: &Arc<str>,
        began: Instant,
    ) -> Result<(), String> {
        let mut reason = String::from("it took too long");
        while guard::left(began, guard::HEALED).is_some() {
            match self.links.prove(target).await {
                Ok(connection) => {
                    self.links.replace(host, target, connection).await;
                    return Ok(());
                }
                Err(error) => reason = error.to_string(),
            }
            self.wait(Duration::from_secs(1)).await;
        }
        Err(reason)
    }

    /// The host's play is over: configuration that never took effect is proven, or put back.
    pub(super) async fn leave_nothing_unproven(&mut self, exit: Exit) -> Exit {
        let mut exit = exit;
        let pending = std::mem::take(&mut self.pending);
        for (host, held) in pending.into_iter().filter(|(_, held)| held.probation.is_armed()) {
            let settled = match exit {
                Exit::Finished(End::Done | End::Ended) => self.keep_or_fail(&host, &held).await,
                Exit::Unreachable(_) if host == self.machine.host => {
                    self.links.drop_connection(&host).await;
                    self.say_put_back(&host, &held.task, "is put back by the host itself");
                    continue;
                }
                _ => self.put_back(&host, &held).await,
            };
            exit = match settled {
                Ok(()) => exit,
                Err(Halt::Failed(message)) => {
                    self.fail_with(&held.task, false, message);
                    Exit::Finished(End::Failed)
                }
                Err(Halt::Unreachable(message)) => {
                    (self.crew.on_failure)(&self.machine.host);
                    self.links.drop_connection(&host).await;
                    Exit::Unreachable(message)
                }
            };
        }
        exit
    }

    async fn keep_or_fail(&mut self, host: &Arc<str>, held: &Held) -> Result<(), Halt> {
        let target = self.target(host)?;
        let links = Arc::clone(&self.links);
        let _turn = links.turn().await;
        let shell = self.links.shell(host, &target, &held.user).await?;
        let began = Instant::now();
        let check = shell.run_one(held.probation.check()).await?;
        let proof = match check.succeeded() {
            true => self.prove_access(&target, &held.user, &held.probation, began).await,
            false => Err(complaint(&check)),
        };
        let Err(reason) = proof else {
            self.proven(host, began);
            return Ok(());
        };
        shell.run_one(held.probation.undo()).await?;
        Err(Halt::Failed(format!(
            "the configuration was put back as it was, since a new login is not sure with it: {reason}"
        )))
    }

    async fn put_back(&self, host: &Arc<str>, held: &Held) -> Result<(), Halt> {
        let target = self.target(host)?;
        let _turn = self.links.turn().await;
        let shell = self.links.shell(host, &target, &held.user).await?;
        let output = shell.run_one(held.probation.undo()).await?;
        if !output.succeeded() {
            return Err(Halt::Failed(format!(
                "configuration that is not in effect could not be put back: {}",
                complaint(&output)
            )));
        }
        self.say_put_back(host, &held.task, "was put back as it was");
        Ok(())
    }

    fn say_put_back(&self, host: &Arc<str>, task: &Task, what: &str) {
        let text = format!(
            "configuration that could lock us out {what}: the play ended before it took effect"
        );
        let warning = Diagnostic::new(text).at(&task.span);
        self.shared.sink.event(Event::Warning { host: Some(Arc::clone(host)), warning });
    }
}

/// What the scripts gave, and what became of the connection: a change may cut this very one, whose
/// silence is not waited for.
async fn try_out(shell: &Shell, parts: [Script; 2]) -> (Vec<Output>, String) {
    let mut outputs: Vec<Output> = Vec::new();
    let mut sink = |_: usize, output: Output| outputs.push(output);
    let ran = shell.run(&parts, OnFailure::Stop, &mut sink);
    let cut = match tokio::time::timeout(guard::PATIENCE, ran).await {
        Ok(Ok(())) => String::new(),
        Ok(Err(lost)) => format!(" ({lost})"),
        Err(_) => " (the host fell silent)".to_string(),
    };
    (outputs, cut)
}

/// `script`, if `before` succeeds.
fn behind(before: &Script, script: &Script) -> Script {
    let mut all = Script::new();
    all.subshell(before).line("[ $? = 0 ] || exit 1").append(script);
    if script.is_hidden() {
        all.hide();
    }
    all
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
