//! The connections of a run: one per host, opened when first needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::remote::{Become, Connection, Env, HostLock, Shell, Target};

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

/// The connections of a run.
pub struct Links {
    env: Env,
    /// Whose turn it is: hosts that are talked to at once.
    turns: Arc<tokio::sync::Semaphore>,
    open: Mutex<HashMap<Arc<str>, Arc<Slot>>>,
}

#[derive(Default)]
struct Slot {
    connection: tokio::sync::Mutex<Option<Arc<Connection>>>,
    lock: tokio::sync::Mutex<Option<HostLock>>,
}

impl Links {
    /// No connection yet. At most `forks` hosts are talked to at once; 0 for all.
    pub fn new(env: Env, forks: usize) -> Arc<Self> {
        let most = tokio::sync::Semaphore::MAX_PERMITS;
        let forks = if forks == 0 { most } else { forks.min(most) };
        let turns = Arc::new(tokio::sync::Semaphore::new(forks));
        Arc::new(Self { env, turns, open: Mutex::default() })
    }

    /// Waits until one host less than `--forks` is being talked to; it is the caller's turn until
    /// this is dropped. Whoever has one must not wait for another.
    pub async fn turn(&self) -> tokio::sync::OwnedSemaphorePermit {
        let turns = Arc::clone(&self.turns);
        turns.acquire_owned().await.expect("the semaphore is never closed")
    }

    fn slot(&self, host: &Arc<str>) -> Arc<Slot> {
        let mut open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(open.entry(Arc::clone(host)).or_default())
    }

    /// The shell of a user on a host, connecting if need be. A connection that broke is not
    /// replaced in silence: that is [`Self::reconnect`].
    pub async fn shell(
        &self,
        host: &Arc<str>,
        target: &Target,
        user: &Become,
    ) -> Result<Arc<Shell>, LinkError> {
        let slot = self.slot(host);
        let mut connection = slot.connection.lock().await;
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
        let slot = self.slot(host);
        let mut lock = slot.lock.lock().await;
        if lock.as_ref().is_some_and(|lock| !lock.is_lost()) {
            return Ok(());
        }
        // The connection must be there before its lock can be.
        self.shell(host, target, user).await?;
        let connection = slot.connection.lock().await.clone();
        if let Some(connection) = connection {
            let held = connection
                .lock(user, who, std::time::Duration::ZERO)
                .await
                .map_err(|error| LinkError::Become(error.to_string()))?;
            *lock = Some(held);
        }
        Ok(())
    }

    /// A second connection to the host: a login of its own proves that one is still possible.
    pub async fn prove(&self, target: &Target) -> Result<Connection, LinkError> {
        Connection::open(target, &self.env)
            .await
            .map_err(|error| LinkError::Unreachable(error.to_string()))
    }

    /// Puts a new connection in the place of the old one.
    pub async fn replace(&self, host: &Arc<str>, connection: Connection) {
        let slot = self.slot(host);
        let old = slot.connection.lock().await.replace(Arc::new(connection));
        if let Some(old) = old {
            old.close().await;
        }
    }

    /// Forgets a host's connection; the next use connects anew.
    pub async fn drop_connection(&self, host: &Arc<str>) {
        let slot = self.slot(host);
        *slot.lock.lock().await = None;
        let old = slot.connection.lock().await.take();
        if let Some(old) = old {
            old.close().await;
        }
    }

    /// Ends all connections.
    pub async fn close(&self) {
        let hosts: Vec<Arc<str>> = {
            let open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            open.keys().cloned().collect()
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
