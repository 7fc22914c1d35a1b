//! The connections of a run: one per host, opened when first needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::remote::{Become, Connection, Env, JobError, Shell, Target, Transport};

use super::lock::{Alone, Locks};

/// Why a host cannot be talked to.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LinkError {
    /// No connection, or it broke.
    #[error("{0}")]
    Unreachable(String),
    /// Connected, but not as that user.
    #[error("{0}")]
    Become(String),
}

/// How long what an earlier run left at work is waited for.
const LEFT_AT_WORK: std::time::Duration = std::time::Duration::from_secs(600);

/// Waits for detached work that an earlier run started and could not collect, and removes what
/// it left. Only whoever holds the host's lock may do so.
async fn finish_jobs(shell: &Shell) -> Result<(), LinkError> {
    let lost = |error: &dyn std::fmt::Display| LinkError::Unreachable(error.to_string());
    let jobs = shell.jobs().await.map_err(|error| lost(&error))?;
    for job in jobs {
        let mut ignored = |_: &[u8]| ();
        let ended =
            tokio::time::timeout(LEFT_AT_WORK, shell.follow(&job.id, &job.label, &mut ignored));
        match ended.await {
            // How it ended does not matter: what the host is now is asked anew.
            Ok(Ok(_) | Err(JobError::Unknown { .. } | JobError::Killed { .. })) => {}
            Ok(Err(error)) => return Err(lost(&error)),
            Err(_) => {
                return Err(LinkError::Become(format!(
                    "`{}` of an earlier run is still at work on the host; wait for its end",
                    job.label
                )));
            }
        }
    }
    Ok(())
}

/// The connections of a run.
pub struct Links {
    env: Env,
    /// Whose turn it is: hosts that are talked to at once.
    turns: Arc<tokio::sync::Semaphore>,
    open: Mutex<HashMap<(Arc<str>, Way), Arc<Slot>>>,
    locks: Locks,
}

/// A connection, once it is there.
type Slot = tokio::sync::Mutex<Option<Arc<Connection>>>;

/// How a host is reached: plays may differ in it, and tasks that are delegated to the host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Way {
    local: bool,
    user: Option<String>,
    port: Option<u16>,
}

impl Way {
    fn of(target: &Target) -> Self {
        let local = target.transport == Transport::Local;
        Self { local, user: target.user.clone(), port: target.port }
    }
}

impl Links {
    /// No connection yet. At most `forks` hosts are talked to at once; 0 for all.
    pub fn new(env: Env, forks: usize) -> Arc<Self> {
        let most = tokio::sync::Semaphore::MAX_PERMITS;
        let forks = if forks == 0 { most } else { forks.min(most) };
        let turns = Arc::new(tokio::sync::Semaphore::new(forks));
        Arc::new(Self { env, turns, open: Mutex::default(), locks: Locks::new() })
    }

    /// Waits until one host less than `--forks` is being talked to; it is the caller's turn until
    /// this is dropped. Whoever has one must not wait for another.
    pub async fn turn(&self) -> tokio::sync::OwnedSemaphorePermit {
        let turns = Arc::clone(&self.turns);
        turns.acquire_owned().await.expect("the semaphore is never closed")
    }

    fn slot(&self, host: &Arc<str>, target: &Target) -> Arc<Slot> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(open.entry((Arc::clone(host), Way::of(target))).or_default())
    }

    /// The shell of a user on a host, connecting if need be. A connection that broke is not
    /// replaced in silence: that is [`Self::reconnect`].
    pub async fn shell(
        &self,
        host: &Arc<str>,
        target: &Target,
        user: &Become,
    ) -> Result<Arc<Shell>, LinkError> {
        let slot = self.slot(host, target);
        let mut connection = slot.lock().await;
        let open = match &*connection {
            Some(open) => Arc::clone(open),
            None => {
                let opened = Connection::open(target, &self.env)
                    .await
                    .map_err(|error| LinkError::Unreachable(error.to_string()))?;
                let opened = Arc::new(opened);
                *connection = Some(Arc::clone(&opened));
                opened
            }
        };
        drop(connection);
        open.shell(user).await.map_err(|error| match error {
            crate::remote::BecomeError::Lost(lost) => LinkError::Unreachable(lost.to_string()),
            other => LinkError::Become(other.to_string()),
        })
    }

    /// Holds the host's lock for the rest of the run, so that no other run applies there.
    pub async fn hold(
        &self,
        host: &Arc<str>,
        target: &Target,
        user: &Become,
        who: &str,
    ) -> Result<(), LinkError> {
        while !self.locks.is_held(host, target).await {
            // The connection must be there before its lock can be.
            let shell = self.shell(host, target, user).await?;
            let Some(connection) = self.slot(host, target).lock().await.clone() else { continue };
            let taken = self.locks.take((host, target), &connection, user, who).await;
            if taken.map_err(|error| LinkError::Become(error.to_string()))? {
                finish_jobs(&shell).await?;
            }
        }
        Ok(())
    }

    /// The right to change the host's machine; other names of it wait until it is dropped, and
    /// whoever wants it must not have a turn.
    pub async fn alone(&self, host: &Arc<str>, target: &Target) -> Alone {
        self.locks.alone(host, target).await
    }

    /// Whether the right is for what the host's name means by now.
    pub fn is_right(&self, host: &str, alone: &Alone) -> bool {
        self.locks.is_right(host, alone)
    }

    /// A second connection to the host: a login of its own proves that one is still possible.
    pub async fn prove(&self, target: &Target) -> Result<Connection, LinkError> {
        Connection::open(target, &self.env)
            .await
            .map_err(|error| LinkError::Unreachable(error.to_string()))
    }

    /// Puts a new connection in the place of the old one.
    pub async fn replace(&self, host: &Arc<str>, target: &Target, connection: Connection) {
        let slot = self.slot(host, target);
        let old = slot.lock().await.replace(Arc::new(connection));
        if let Some(old) = old {
            old.close().await;
        }
    }

    /// Forgets a host's connections; the next use connects anew.
    pub async fn drop_connection(&self, host: &Arc<str>) {
        self.locks.free(host).await;
        let slots: Vec<Arc<Slot>> = {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let of_host = open.iter().filter(|((known, _), _)| known == host);
            of_host.map(|(_, slot)| Arc::clone(slot)).collect()
        };
        for slot in slots {
            let old = slot.lock().await.take();
            if let Some(old) = old {
                old.close().await;
            }
        }
    }

    /// Ends all connections.
    pub async fn close(&self) {
        let hosts: Vec<Arc<str>> = {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.keys().map(|(host, _)| Arc::clone(host)).collect()
        };
        for host in hosts {
            self.drop_connection(&host).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn no_more_hosts_than_forks_have_their_turn() {
        let links = Links::new(Env::new("me", "/", "/"), 2);
        let first = links.turn().await;
        let _second = links.turn().await;
        assert!(links.turn().now_or_never().is_none());
        drop(first);
        assert!(links.turn().now_or_never().is_some());
    }

    #[tokio::test]
    async fn without_forks_nobody_waits() {
        let links = Links::new(Env::new("me", "/", "/"), 0);
        let mut turns = Vec::new();
        for _ in 0..100 {
            turns.push(links.turn().now_or_never().expect("nobody waits"));
        }
    }
}
