//! What the hosts of a batch share while they run.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::meeting::Meeting;
use super::once::OnceResult;

/// Results by visit.
type Told = Mutex<HashMap<Arc<str>, OnceResult>>;

/// What the hosts of a batch share while they run.
pub struct Crew {
    /// Where they meet.
    pub meeting: Arc<Meeting>,
    /// Nobody starts anything any more.
    pub halt: AtomicBool,
    /// Everybody ends here (`meta: end_play`).
    pub ended: AtomicBool,
    /// Results of `run_once` tasks, by visit.
    pub once: Told,
    /// Woken when a result of a `run_once` task is there.
    pub told: tokio::sync::Notify,
    /// Who waits before throttled tasks.
    pub throttle: super::throttle::Throttle,
    /// Called when a host fails or cannot be reached: may set `halt`.
    pub on_failure: Box<dyn Fn(&Arc<str>) + Send + Sync>,
}

impl Crew {
    pub fn tell(&self, key: &Arc<str>, result: OnceResult) {
        let mut once = self.once.lock().unwrap_or_else(PoisonError::into_inner);
        once.insert(Arc::clone(key), result);
        drop(once);
        self.told.notify_waiters();
    }

    fn told(&self, key: &Arc<str>) -> Option<OnceResult> {
        let once = self.once.lock().unwrap_or_else(PoisonError::into_inner);
        once.get(key).cloned()
    }

    /// The result of a `run_once` task; none if the run is interrupted before.
    pub async fn hear(
        &self,
        key: &Arc<str>,
        interrupt: &mut watch::Receiver<bool>,
    ) -> Option<OnceResult> {
        loop {
            let told = self.told.notified();
            if let Some(result) = self.told(key) {
                return Some(result);
            }
            tokio::select! {
                () = told => {}
                _ = interrupt.changed() => return self.told(key),
            }
        }
    }
}
