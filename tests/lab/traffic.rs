//! What passed a relay: bytes, connections, round trips, and the trigger that they reach.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::cut::{Cut, Trigger};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Direction {
    ToServer,
    ToClient,
}

/// Sums over all connections since the relay's start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Count {
    pub connections: u64,
    pub round_trips: u64,
    pub bytes_to_server: u64,
    pub bytes_to_client: u64,
}

#[derive(Debug, Default)]
struct State {
    count: Count,
    armed: Option<(Trigger, Instant, Cut)>,
}

/// Shared by the connections of one relay.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    state: Mutex<State>,
}

impl Traffic {
    pub fn count(&self) -> Count {
        self.state().count
    }

    pub fn arm(&self, trigger: Trigger, cut: Cut) {
        self.state().armed = Some((trigger, Instant::now(), cut));
    }

    pub fn is_armed(&self) -> bool {
        self.state().armed.is_some()
    }

    pub fn connected(&self) {
        self.state().count.connections += 1;
    }

    /// Counts a completed round trip; a cut if it was the one waited for.
    pub fn turned(&self) -> Option<Cut> {
        let mut state = self.state();
        state.count.round_trips += 1;
        match state.armed {
            Some((Trigger::RoundTrips(n), _, cut)) if state.count.round_trips >= n => {
                state.armed = None;
                Some(cut)
            }
            _ => None,
        }
    }

    /// Counts bytes about to pass. Returns how many of them may, and the cut that follows.
    pub fn pass(&self, direction: Direction, bytes: usize) -> (usize, Option<Cut>) {
        let mut state = self.state();
        let armed = state.armed;
        let passed = match direction {
            Direction::ToServer => &mut state.count.bytes_to_server,
            Direction::ToClient => &mut state.count.bytes_to_client,
        };
        let wanted = u64::try_from(bytes).unwrap_or(u64::MAX);
        let left = match armed {
            Some((Trigger::Bytes(at, limit), _, cut)) if at == direction => {
                Some((limit.saturating_sub(*passed), cut))
            }
            _ => None,
        };
        let (allowed, cut) = match left {
            Some((left, cut)) if left <= wanted => (left, Some(cut)),
            _ => (wanted, None),
        };
        *passed += allowed;
        if cut.is_some() {
            state.armed = None;
        }
        (usize::try_from(allowed).unwrap_or(bytes), cut)
    }

    /// When the armed trigger wants to cut by the clock.
    pub fn deadline(&self) -> Option<(Instant, Cut)> {
        match self.state().armed {
            Some((Trigger::After(time), since, cut)) => Some((since + time, cut)),
            _ => None,
        }
    }

    /// Takes the clock's trigger away, if it is still there.
    pub fn expire(&self) -> Option<Cut> {
        let mut state = self.state();
        match state.armed {
            Some((Trigger::After(time), since, cut)) if since + time <= Instant::now() => {
                state.armed = None;
                Some(cut)
            }
            _ => None,
        }
    }

    /// A panic elsewhere leaves the sums as good as they were.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
