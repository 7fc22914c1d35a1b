//! Tasks that one host carries out for all.

use std::sync::Arc;

use crate::playbook::Task;
use crate::value::{Map, Value};

use super::driver::{Driver, Halt};
use super::machine::Failure;

/// What one host found for all.
#[derive(Clone, Default)]
pub struct OnceResult {
    /// The name and value that it registers.
    pub registered: Option<(String, Value)>,
    /// Variables that it sets.
    pub variables: Map,
    /// Why it failed.
    pub failed: Option<Arc<Failure>>,
    /// Whether it changed something.
    pub notified: bool,
}

impl OnceResult {
    /// Nothing but what it registers: the host could not be reached, and that is let pass.
    fn unreachable(task: &Task, message: &str) -> Self {
        let result = super::outcome::unreachable(message.into()).result;
        let registered = task.register.as_ref();
        let registered = registered.map(|it| (it.name.clone(), Value::Map(Arc::new(result))));
        Self { registered, ..Self::default() }
    }
}

impl Driver {
    /// One host of those that met does it; the others take its result.
    pub(super) async fn once(
        &mut self,
        task: &Arc<Task>,
        handler: bool,
        hosts: &[Arc<str>],
    ) -> Result<(), Halt> {
        let key = self.machine.visit(task);
        if self.leads(hosts) {
            let result = self.carry_out(task, handler).await;
            let shared = match &result {
                Ok(result) => result.clone(),
                Err(Halt::Unreachable(message)) if self.forgives(task) => {
                    OnceResult::unreachable(task, message)
                }
                Err(Halt::Unreachable(message) | Halt::Failed(message)) => OnceResult {
                    failed: Some(Arc::new(Failure::new(self.title(task), message))),
                    ..OnceResult::default()
                },
            };
            self.crew.tell(&key, shared);
            return result.map(|_| ());
        }
        let Some(result) = self.crew.hear(&key, &mut self.interrupt).await else { return Ok(()) };
        self.machine.visited(task);
        self.machine.advance();
        if handler && result.failed.is_none() {
            self.pay(task);
            self.strike_out().await;
        }
        self.take_over(task, result);
        Ok(())
    }

    /// Whether this host comes first in the play of those that met.
    fn leads(&self, hosts: &[Arc<str>]) -> bool {
        let order = self.machine.run.magic.get("ansible_play_hosts").and_then(Value::as_list);
        let place = |host: &Arc<str>| {
            order.and_then(|all| all.iter().position(|name| name.as_str() == Some(&**host)))
        };
        hosts.iter().min_by_key(|host| place(host)) == Some(&self.machine.host)
    }

    /// What another host found is as if this one had found it.
    fn take_over(&mut self, task: &Task, result: OnceResult) {
        if let Some((name, value)) = result.registered {
            self.machine.memory.set(&name, value);
        }
        for (name, value) in &result.variables {
            self.machine.memory.set(&name.to_string(), value.clone());
        }
        if result.notified {
            self.notify(task, false);
        }
        if let Some(failure) = result.failed {
            self.fail((*failure).clone());
        }
    }
}
