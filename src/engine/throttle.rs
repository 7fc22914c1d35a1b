//! `throttle`: how many hosts work on one task at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::playbook::{Keyword, Task};

use super::driver::{Driver, Halt};
use super::outcome::words_of;

/// The doors of throttled tasks, by visit.
#[derive(Default)]
pub struct Throttle(Mutex<HashMap<Arc<str>, Arc<Semaphore>>>);

impl Throttle {
    /// Waits until fewer than `most` hosts are inside; the place is the caller's until it is
    /// dropped. Who holds one must not wait for other hosts.
    async fn enter(&self, visit: Arc<str>, most: usize) -> OwnedSemaphorePermit {
        let door = {
            let mut doors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(doors.entry(visit).or_insert_with(|| Arc::new(Semaphore::new(most))))
        };
        door.acquire_owned().await.expect("the semaphore is never closed")
    }
}

impl Driver {
    /// The host's place at a throttled task, once it is its turn.
    pub(super) async fn place_at(&self, task: &Task) -> Result<Option<OwnedSemaphorePermit>, Halt> {
        let Some(setting) = task.effective(Keyword::Throttle) else { return Ok(None) };
        let most = self.render(&self.machine, Some(task)).number(setting);
        let most = most.map_err(|suspend| Halt::Failed(words_of(&suspend)))?;
        #[expect(clippy::cast_possible_truncation, reason = "a small number that a person wrote")]
        #[expect(clippy::cast_sign_loss, reason = "it is 0 or more")]
        let most = (most as usize).min(Semaphore::MAX_PERMITS);
        if most == 0 {
            return Ok(None);
        }
        Ok(Some(self.crew.throttle.enter(self.machine.visit(task), most).await))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn no_more_hosts_than_that_are_at_the_task() {
        let throttle = Throttle::default();
        let first = throttle.enter("a".into(), 2).await;
        let _second = throttle.enter("a".into(), 2).await;
        assert!(throttle.enter("a".into(), 2).now_or_never().is_none());
        assert!(throttle.enter("b".into(), 2).now_or_never().is_some());
        drop(first);
        assert!(throttle.enter("a".into(), 2).now_or_never().is_some());
    }
}
