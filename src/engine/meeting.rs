//! Where hosts of a play wait for each other; elsewhere they run free.

use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

/// The hosts of a batch that wait for the others at some task.
#[derive(Default)]
pub struct Meeting {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Hosts that still run.
    live: usize,
    /// Who waits where, in the order of arrival.
    waiting: Vec<Waiting>,
}

struct Waiting {
    key: Arc<str>,
    host: Arc<str>,
    go: oneshot::Sender<Vec<Arc<str>>>,
}

impl Meeting {
    /// A meeting of this many hosts.
    pub fn of(hosts: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { live: hosts, waiting: vec![] }) })
    }

    /// Waits until every host that still runs waits too, and those at the same key go on together.
    /// Gives the hosts that met.
    pub async fn arrive(&self, key: &Arc<str>, host: &Arc<str>) -> Vec<Arc<str>> {
        let (go, gone) = oneshot::channel();
        {
            let mut state = self.lock();
            state.waiting.push(Waiting { key: Arc::clone(key), host: Arc::clone(host), go });
            state.release();
        }
        gone.await.unwrap_or_else(|_| vec![Arc::clone(host)])
    }

    /// A host is at its end.
    pub fn leave(&self) {
        let mut state = self.lock();
        state.live = state.live.saturating_sub(1);
        state.release();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    fn release(&mut self) {
        if self.waiting.is_empty() || self.waiting.len() < self.live {
            return;
        }
        let key = Arc::clone(&self.waiting[0].key);
        let (go, stay): (Vec<_>, Vec<_>) =
            self.waiting.drain(..).partition(|waiting| waiting.key == key);
        self.waiting = stay;
        let hosts: Vec<Arc<str>> = go.iter().map(|waiting| Arc::clone(&waiting.host)).collect();
        for waiting in go {
            // A host that no longer listens has been cancelled with the run.
            drop(waiting.go.send(hosts.clone()));
        }
    }
}
