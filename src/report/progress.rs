//! One line per host that is at work, on a terminal.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The lines; nothing is drawn where there is no terminal.
pub struct Progress {
    bars: MultiProgress,
    hosts: HashMap<Arc<str>, ProgressBar>,
}

/// More hosts than this get no line of their own.
const MOST: usize = 24;

impl Progress {
    /// Lines on standard error, or none at all.
    pub fn new(visible: bool) -> Self {
        let target =
            if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target), hosts: HashMap::new() }
    }

    /// A host works on something.
    pub fn working(&mut self, host: &Arc<str>, what: &str) {
        if !self.hosts.contains_key(host) {
            if self.hosts.len() >= MOST {
                return;
            }
            let bar = self.bars.add(ProgressBar::new_spinner());
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} {prefix:.bold} {wide_msg} {elapsed:>4}")
            {
                bar.set_style(style);
            }
            bar.set_prefix(host.to_string());
            bar.enable_steady_tick(Duration::from_millis(120));
            self.hosts.insert(Arc::clone(host), bar);
        }
        if let Some(bar) = self.hosts.get(host) {
            bar.set_message(what.to_string());
        }
    }

    /// A host is at its end.
    pub fn done(&mut self, host: &Arc<str>) {
        if let Some(bar) = self.hosts.remove(host) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
    }

    /// All lines go.
    pub fn clear(&mut self) {
        for (_, bar) in self.hosts.drain() {
            bar.finish_and_clear();
        }
    }

    /// Prints while the lines are out of the way.
    pub fn suspend(&self, print: impl FnOnce()) {
        self.bars.suspend(print);
    }
}
