//! What was shown and approved, so that nothing else is sent.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::module::Plan;
use crate::resource::Action;

/// What the plan said of one visit of a task on one host.
#[derive(Debug, Clone, Default)]
pub struct Approval {
    /// Identities of the actions that were shown.
    identities: HashSet<String>,
    /// Only applying can tell: whatever it turns out to be may be sent.
    open: bool,
}

/// What was approved, by host and visit.
#[derive(Debug, Clone, Default)]
pub struct Approvals {
    tasks: HashMap<(Arc<str>, Arc<str>), Approval>,
}

impl Approvals {
    /// Notes the actions that a plan shows.
    pub fn show(&mut self, host: &Arc<str>, visit: &Arc<str>, plan: &Plan) {
        let approval = self.entry(host, visit);
        approval.identities.extend(plan.actions.iter().flat_map(|action| action.identities()));
    }

    /// Notes that only applying can tell what a task will do.
    pub fn leave_open(&mut self, host: &Arc<str>, visit: &Arc<str>) {
        self.entry(host, visit).open = true;
    }

    /// Whether a task was shown as known after apply.
    pub fn is_open(&self, host: &Arc<str>, visit: &Arc<str>) -> bool {
        self.get(host, visit).is_some_and(|approval| approval.open)
    }

    /// The first action that was not approved, in words.
    pub fn surprise(&self, host: &Arc<str>, visit: &Arc<str>, plan: &Plan) -> Option<String> {
        if self.is_open(host, visit) {
            return None;
        }
        let known = self.get(host, visit);
        let approved = |identity: &String| {
            known.is_some_and(|approval| approval.identities.contains(identity))
        };
        let is_approved = |action: &dyn Action| {
            action.identities().iter().all(approved)
                || action.foreseen().is_some_and(|identity| approved(&identity))
        };
        plan.actions
            .iter()
            .find(|action| !is_approved(action.as_ref()))
            .map(|action| action.summary())
    }

    fn entry(&mut self, host: &Arc<str>, visit: &Arc<str>) -> &mut Approval {
        self.tasks.entry((Arc::clone(host), Arc::clone(visit))).or_default()
    }

    fn get(&self, host: &Arc<str>, visit: &Arc<str>) -> Option<&Approval> {
        self.tasks.get(&(Arc::clone(host), Arc::clone(visit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::docker::{ImageState, PinImage};

    fn pin(digest: Option<&str>) -> Plan {
        let mut plan = Plan::new();
        plan.act(PinImage {
            name: "r/app:1".into(),
            before: Arc::new(ImageState::default()),
            kept: None,
            digest: digest.map(str::to_string),
            pulls: true,
            size: None,
            lock: "/lock".into(),
            environment: vec![],
        });
        plan
    }

    #[test]
    fn what_a_plan_could_not_know_is_approved_and_what_it_showed_differently_is_not() {
        let (host, visit) = ("h".into(), "v".into());
        let surprise = |shown: &Plan, sent: &Plan| {
            let mut approvals = Approvals::default();
            approvals.show(&host, &visit, shown);
            approvals.surprise(&host, &visit, sent).is_some()
        };
        let (open, first, second) = (pin(None), pin(Some("sha256:1")), pin(Some("sha256:2")));
        assert!(!surprise(&open, &first));
        assert!(!surprise(&open, &open));
        assert!(!surprise(&first, &first));
        assert!(surprise(&first, &second));
    }
}
