//! Asking hosts for what planning lacks: for a task, and for those behind it in the same round trip.

use std::sync::Arc;

use crate::playbook::Task;
use crate::remote::Script;
use crate::value::Value;

use super::debt::{Keeper, Ledger};
use super::driver::{Driver, Halt};
use super::evaluate::{Evaluation, Missing, Subject, Verdict, Wanted, evaluate};
use super::event::{Event, Phase};
use super::fetch;
use super::flow::{Steered, steer};
use super::guard::wait_for_healing;
use super::link::LinkError;
use super::machine::{Machine, Work};
use super::outcome::{ItemEnd, conclude};

/// Tasks that are looked at ahead of the first that lacks an answer.
const AHEAD: usize = 2000;

impl Driver {
    /// Evaluates a task, asking for what is missing, with what the tasks after it will miss.
    pub(super) async fn evaluate_fully(&mut self, task: &Arc<Task>) -> Result<Evaluation, Halt> {
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
        if task.action.flow.is_some() {
            *scout = self.scout_into(scout, task, evaluation)?;
            return Some(());
        }
        let mut ends: Vec<ItemEnd> = {
            let render = self.render(scout, Some(task));
            let items = evaluation.items.iter();
            items
                .map(|item| conclude(task, &render.with_locals(&item.locals), item, None))
                .collect()
        };
        if ends.iter().any(|end| end.failure().is_some()) {
            return None;
        }
        // Nobody is given anything yet.
        drop(super::gift::taken_out(&scout.host, task, evaluation, &mut ends));
        Self::remember(scout, task, evaluation, &ends);
        scout.visited(task);
        scout.advance();
        Some(())
    }

    /// The machine behind a task that steers the run.
    fn scout_into(
        &self,
        scout: &Machine,
        task: &Arc<Task>,
        evaluation: &Evaluation,
    ) -> Option<Machine> {
        let render = self.render(scout, Some(task));
        let mut copy = scout.clone();
        copy.visited(task);
        copy.advance();
        let flows = evaluation.items.iter().filter(|item| matches!(item.verdict, Verdict::Flow));
        for item in flows.rev() {
            let render = render.with_locals(&item.locals);
            match steer(&mut copy, task, &render, &item.locals, false) {
                Ok(Steered::Done) => {}
                _ => return None,
            }
        }
        Some(copy)
    }

    /// What comes before the first questions to a user of a host: what an earlier run left
    /// unproven is put back by the host, and handlers may be owed.
    fn first_question(&mut self, keeper: &Keeper) -> Option<Script> {
        if !self.ledger.is_news(keeper) {
            return None;
        }
        let mut first = match self.phase {
            Phase::Plan => wait_for_healing(),
            Phase::Apply => Script::new(),
        };
        first.append(&Ledger::question());
        Some(first)
    }

    /// Asks the hosts, all users at once.
    async fn ask(&mut self, wanted: Vec<Wanted>) -> Result<(), Halt> {
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
            let keeper = Keeper { host: Arc::clone(&host), user: Arc::clone(&group.user) };
            let first = target.as_ref().and_then(|_| self.first_question(&keeper));
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
}
