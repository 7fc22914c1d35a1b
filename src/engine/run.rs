//! A whole run: plan, show, ask, apply.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::diagnostic::Diagnostics;
use crate::playbook::Playbook;
use crate::value::Map;

use super::event::{Event, Phase};
use super::link::Links;
use super::rollout::Walk;
use super::shared::Shared;
use super::tally::{Counted, Counts, Tally};

/// What a run works on.
pub struct Inputs {
    /// What all hosts share; its sink is `tally`.
    pub shared: Arc<Shared>,
    /// Counts.
    pub tally: Arc<Tally>,
    /// The connections.
    pub links: Arc<Links>,
    /// The plays.
    pub playbook: Playbook,
    /// The hosts that `--limit` leaves; none for all.
    pub limit: Option<HashSet<String>>,
    /// Answers to `vars_prompt`, play by play; a play beyond the end was asked nothing.
    pub prompted: Arc<[Arc<Map>]>,
    /// Set when the user interrupts.
    pub interrupt: watch::Receiver<bool>,
}

/// Whoever says whether the plan may be applied.
pub trait Confirm: Send + Sync {
    /// Whether to go on; the plan was shown.
    fn confirm(&self, pending: &Counted) -> Result<bool, RunError>;
}

/// Why a run could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Something is wrong with the inputs.
    #[error(transparent)]
    Wrong(#[from] Diagnostics),
    /// The plan was not approved.
    #[error("nothing was applied: the plan was not approved")]
    Declined,
    /// Nobody could be asked.
    #[error(
        "nothing was applied: there is no terminal to ask on; `--yes` applies without a question"
    )]
    NobodyToAsk,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Recap {
    /// What happened to whom.
    pub counts: Counted,
    /// Whether anything was sent.
    pub applied: bool,
    /// Whether the plan has changes (or unknowns) that were not applied.
    pub pending: bool,
    /// Whether the user interrupted.
    pub interrupted: bool,
    /// Whether a failure kept hosts from their end that did not fail themselves.
    pub stopped: bool,
}

impl Recap {
    /// Whether any host failed.
    pub fn any_failed(&self) -> bool {
        self.counts.values().any(|counts| counts.failed > 0)
    }

    /// Whether any host could not be reached.
    pub fn any_unreachable(&self) -> bool {
        self.counts.values().any(|counts| counts.unreachable)
    }

    /// The hosts that failed or could not be reached.
    pub fn lost(&self) -> Vec<&str> {
        let lost = self.counts.iter().filter(|(_, counts)| counts.failed > 0 || counts.unreachable);
        lost.map(|(host, _)| &**host).collect()
    }
}

/// As long as this after a plan began, what it read of hosts on which nothing is to change is not
/// asked again.
const FRESH: Duration = Duration::from_secs(30);

/// Plans; unless this is a check, asks and applies what was planned.
pub async fn run(inputs: Inputs, confirm: &dyn Confirm) -> Result<Recap, RunError> {
    inputs.shared.sink.event(Event::RunStarted {
        playbooks: playbooks(&inputs.playbook),
        check: inputs.shared.check,
        who: inputs.shared.choices.who.clone(),
    });
    let result = plan_and_apply(&inputs, confirm).await;
    inputs.links.close().await;
    inputs.shared.sink.event(match &result {
        Ok(recap) => Event::RunDone { recap: recap.clone() },
        Err(error) => Event::RunStopped { reason: error.to_string() },
    });
    result
}

/// The files that the plays stand in, each once.
fn playbooks(playbook: &Playbook) -> Vec<String> {
    let files = playbook.plays.iter().map(|play| play.span.source.name.clone());
    files.collect::<indexmap::IndexSet<String>>().into_iter().collect()
}

async fn plan_and_apply(inputs: &Inputs, confirm: &dyn Confirm) -> Result<Recap, RunError> {
    let began = Instant::now();
    let mut plan = walk(inputs, Phase::Plan);
    announce(inputs, &plan);
    plan.run(&inputs.playbook.plays).await?;
    inputs.shared.sink.event(Event::PhaseDone { phase: Phase::Plan });
    let planned = inputs.tally.counted(Phase::Plan);
    let pending = planned.values().any(|counts| counts.changed > 0 || counts.unknown > 0);
    let interrupted = *inputs.interrupt.borrow();
    let recap = |counts: Counted, applied: bool, stopped: bool| Recap {
        counts: ordered(counts, inputs),
        applied,
        pending: pending && !applied,
        interrupted: *inputs.interrupt.borrow(),
        stopped,
    };
    let idle = !planned.values().any(Counts::has_work);
    if inputs.shared.check || interrupted || idle || plan.stopped {
        return Ok(recap(planned, false, plan.stopped));
    }
    // A host whose plan did not come to its end has nothing that could be approved.
    let ready = |host: &Arc<str>| {
        !plan.lost.contains(host) && planned.get(host).is_some_and(Counts::has_work)
    };
    let applying: HashSet<String> =
        planned.keys().filter(|host| ready(host)).map(ToString::to_string).collect();
    if applying.is_empty() {
        return Ok(recap(planned, false, false));
    }
    let approved = confirm.confirm(&planned)?;
    let hosts = planned.keys().filter(|host| ready(host)).cloned().collect();
    inputs.shared.sink.event(Event::Decided { hosts, approved });
    if !approved {
        return Err(RunError::Declined);
    }
    let mut apply = walk(inputs, Phase::Apply);
    apply.approved = plan.approvals();
    apply.limit = Some(applying.clone());
    if !pending && began.elapsed() < FRESH {
        apply.hosts = plan.read();
    }
    announce(inputs, &apply);
    apply.run(&inputs.playbook.plays).await?;
    inputs.shared.sink.event(Event::PhaseDone { phase: Phase::Apply });
    let mut counts = inputs.tally.counted(Phase::Apply);
    for (host, planned) in planned {
        counts.entry(host).or_insert(planned);
    }
    Ok(recap(counts, true, apply.stopped))
}

/// The hosts in the inventory's order, not in that in which they were done.
fn ordered(mut counts: Counted, inputs: &Inputs) -> Counted {
    let place = |host: &Arc<str>| inputs.shared.variables.inventory.hosts.get_index_of(&**host);
    counts.sort_by_key(|host, _| place(host).unwrap_or(usize::MAX));
    counts
}

fn walk(inputs: &Inputs, phase: Phase) -> Walk {
    Walk {
        shared: Arc::clone(&inputs.shared),
        links: Arc::clone(&inputs.links),
        phase,
        limit: inputs.limit.clone(),
        prompted: Arc::clone(&inputs.prompted),
        interrupt: inputs.interrupt.clone(),
        hosts: std::collections::HashMap::new(),
        lost: HashSet::new(),
        approved: std::collections::HashMap::new(),
        stopped: false,
    }
}

fn announce(inputs: &Inputs, walk: &Walk) {
    let hosts = inputs.shared.variables.inventory.hosts.keys();
    let hosts = hosts
        .filter(|host| walk.limit.as_ref().is_none_or(|limit| limit.contains(*host)))
        .map(|host| host.as_str().into())
        .collect();
    inputs.shared.sink.event(Event::PhaseStarted { phase: walk.phase, hosts });
}
