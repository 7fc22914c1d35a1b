//! The machines behind the names of the inventory: each has one lock, which this run takes once
//! whatever the names, and what changes a machine is sent by one name at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use crate::remote::{Become, Connection, Holder, HostLock, LockError, LockWait, Target, Transport};

/// How long the lock is waited for: a run that has just ended frees it in an instant.
const WAIT: LockWait = LockWait { others: Duration::from_secs(2), own: Duration::ZERO };

/// The same where a connection of this run that has ended still seems to hold it: the host notices
/// within 45 seconds.
const LONG: LockWait = LockWait { own: Duration::from_secs(50), ..WAIT };

/// Where a machine is reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    Here,
    At(String, u16),
}

impl Place {
    fn of(target: &Target) -> Self {
        match target.transport {
            Transport::Local => Self::Here,
            Transport::Ssh => {
                let host = target.host.as_deref().unwrap_or(&target.name);
                Self::At(host.to_lowercase(), target.port.unwrap_or(22))
            }
        }
    }
}

/// One machine.
#[derive(Default)]
struct Computer {
    /// The lock, and the name over whose connection it is held.
    lock: tokio::sync::Mutex<Option<(Arc<str>, HostLock)>>,
    alone: Arc<tokio::sync::Mutex<()>>,
    /// The name that changed it last.
    last: Mutex<Option<Arc<str>>>,
}

/// The right to change a machine; nobody else of this run has it.
pub struct Alone {
    _guard: OwnedMutexGuard<()>,
    /// Another name of the machine had it since: what is known of the machine may be old.
    pub stale: bool,
    machine: Arc<Computer>,
}

/// The machines of a run.
pub struct Locks {
    run: String,
    names: Mutex<HashMap<Arc<str>, Arc<Computer>>>,
    places: Mutex<HashMap<Place, Arc<Computer>>>,
}

impl Locks {
    /// No machine yet.
    pub fn new() -> Self {
        let run = format!("{:032x}", rand::random::<u128>());
        Self { run, names: Mutex::default(), places: Mutex::default() }
    }

    fn machine(&self, host: &Arc<str>, target: &Target) -> Arc<Computer> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let machine = names.entry(Arc::clone(host)).or_insert_with(|| {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(places.entry(Place::of(target)).or_default())
        });
        Arc::clone(machine)
    }

    fn known(&self, host: &str) -> Option<Arc<Computer>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned()
    }

    /// Waits until no other name changes the machine.
    pub async fn alone(&self, host: &Arc<str>, target: &Target) -> Alone {
        let machine = self.machine(host, target);
        let guard = Arc::clone(&machine.alone).lock_owned().await;
        let mut last = machine.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.replace(Arc::clone(host));
        drop(last);
        let stale = before.is_some_and(|before| before != *host);
        Alone { _guard: guard, stale, machine }
    }

    /// Whether the name still means the machine that the right is for: taking the lock may have
    /// shown that it is one that was known by another name.
    pub fn is_right(&self, host: &str, alone: &Alone) -> bool {
        self.known(host).is_some_and(|machine| Arc::ptr_eq(&machine, &alone.machine))
    }

    /// Whether the lock is held, by any name of the machine.
    pub async fn is_held(&self, host: &Arc<str>, target: &Target) -> bool {
        let machine = self.machine(host, target);
        let lock = machine.lock.lock().await;
        lock.as_ref().is_some_and(|(_, lock)| !lock.is_lost())
    }

    /// Takes the lock over this connection. Says whether it was taken; if not, another name of
    /// the machine has it.
    pub async fn take(
        &self,
        (host, target): (&Arc<str>, &Target),
        connection: &Connection,
        user: &Become,
        who: &str,
    ) -> Result<bool, LockError> {
        let holder = Holder { who: who.into(), run: self.run.clone(), name: host.to_string() };
        let own = self.machine(host, target);
        let mut lock = own.lock.lock().await;
        if lock.as_ref().is_some_and(|(_, lock)| !lock.is_lost()) {
            return Ok(false);
        }
        let taken = match connection.lock(user, &holder, WAIT).await {
            Err(LockError::Ours { name, .. }) => {
                match self.known(&name).filter(|other| !Arc::ptr_eq(other, &own)) {
                    Some(other) => {
                        self.join(host, other);
                        return Ok(false);
                    }
                    None => connection.lock(user, &holder, LONG).await?,
                }
            }
            taken => taken?,
        };
        *lock = Some((Arc::clone(host), taken));
        Ok(true)
    }

    /// Two names turn out to be one machine.
    fn join(&self, host: &Arc<str>, computer: Arc<Computer>) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(Arc::clone(host), computer);
    }

    /// Frees the lock, if it is held over this host's connection.
    pub async fn free(&self, host: &Arc<str>) {
        if let Some(machine) = self.known(host) {
            let mut lock = machine.lock.lock().await;
            if lock.as_ref().is_some_and(|(by, _)| by == host) {
                *lock = None;
            }
        }
    }
}
