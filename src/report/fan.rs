//! The same events for several who take them.

use std::sync::{Arc, PoisonError, RwLock};

use crate::engine::{Event, Sink};

/// Gives each event to all.
#[derive(Default)]
pub struct Fan(RwLock<Vec<Arc<dyn Sink>>>);

impl Fan {
    /// One more takes the events from now on, before the others.
    pub fn add(&self, sink: Arc<dyn Sink>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(0, sink);
    }
}

impl Sink for Fan {
    fn event(&self, event: Event) {
        let sinks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some((last, others)) = sinks.split_last() else { return };
        for sink in others {
            sink.event(event.clone());
        }
        last.event(event);
    }
}
