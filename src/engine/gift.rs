//! `delegate_facts`: facts that a task finds for the host that it is delegated to.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::playbook::{Keyword, Task};
use crate::value::Map;

use super::evaluate::Evaluation;
use super::memory::Memory;
use super::outcome::ItemEnd;

/// What one host is given by another.
pub struct Gift {
    /// Who gets it.
    pub host: Arc<str>,
    facts: Map,
    variables: Map,
    included: bool,
}

/// What hosts were given and have not taken yet.
#[derive(Default)]
pub struct Gifts(RwLock<HashMap<Arc<str>, Memory>>);

impl Gifts {
    /// Lays a gift down for its host.
    pub fn lay(&self, gift: &Gift) {
        let mut waiting = self.0.write().unwrap_or_else(PoisonError::into_inner);
        gift.add_to(waiting.entry(Arc::clone(&gift.host)).or_default());
    }

    /// Whether anything lies there for a host.
    pub fn wait_for(&self, host: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(host)
    }

    /// Takes what lies there for a host into its memory.
    pub fn take(&self, host: &str, memory: &mut Memory) {
        let taken = self.0.write().unwrap_or_else(PoisonError::into_inner).remove(host);
        if let Some(gift) = taken {
            add(&gift, memory);
        }
    }

    /// Shows what lies there for a host, over what it remembers.
    pub fn show(&self, host: &str, memory: &mut Memory) {
        let waiting = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(gift) = waiting.get(host) {
            add(gift, memory);
        }
    }
}

fn add(gift: &Memory, memory: &mut Memory) {
    memory.learn_facts(&gift.facts);
    memory.include(&gift.included);
    for (name, value) in gift.set.iter() {
        memory.set(&name.to_string(), value.clone());
    }
}

impl Gift {
    fn add_to(&self, memory: &mut Memory) {
        memory.learn_facts(&self.facts);
        if self.included {
            memory.include(&self.variables);
            return;
        }
        for (name, value) in &self.variables {
            memory.set(&name.to_string(), value.clone());
        }
    }
}

/// Whether a task's facts may go to other hosts, so that these wait for it.
pub fn gives(task: &Task) -> bool {
    task.effective(Keyword::DelegateFacts).is_some()
        && task.effective(Keyword::DelegateTo).is_some()
}

/// Takes out of a task's ends what goes to the hosts that its items were delegated to.
pub fn taken_out(
    host: &Arc<str>,
    task: &Task,
    evaluation: &Evaluation,
    ends: &mut [ItemEnd],
) -> Vec<Gift> {
    let mut gifts = Vec::new();
    for (item, end) in evaluation.items.iter().zip(ends) {
        let Some(manner) = item.manner.as_ref().filter(|manner| manner.delegate_facts) else {
            continue;
        };
        if manner.host == *host {
            continue;
        }
        gifts.push(Gift {
            host: Arc::clone(&manner.host),
            facts: std::mem::take(&mut end.facts),
            variables: std::mem::take(&mut end.variables),
            included: task.module() == "include_vars",
        });
    }
    gifts
}
