//! One line per host that is at work and one for all together, on a terminal.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The lines; nothing is drawn where there is no terminal.
pub struct Progress {
    bars: MultiProgress,
    hosts: HashMap<Arc<str>, ProgressBar>,
    /// Tasks that the plan had for each host: as many are expected when it is applied.
    planned: HashMap<Arc<str>, u64>,
    /// Tasks done and still to do on each host.
    left: HashMap<Arc<str>, u64>,
    all: Option<ProgressBar>,
}

/// More hosts than this get no line of their own.
const MOST: usize = 24;

impl Progress {
    /// Lines on standard error, or none at all.
    pub fn new(visible: bool) -> Self {
        let target =
            if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self {
            bars: MultiProgress::with_draw_target(target),
            hosts: HashMap::new(),
            planned: HashMap::new(),
            left: HashMap::new(),
            all: None,
        }
    }

    /// The plan has one more task for a host.
    pub fn foresee(&mut self, host: &Arc<str>) {
        *self.planned.entry(Arc::clone(host)).or_default() += 1;
    }

    /// These hosts' tasks are applied now: a bar over all of them, with the time that is left.
    pub fn expect(&mut self, hosts: &[Arc<str>]) {
        let planned = |host: &Arc<str>| self.planned.get(host).copied().unwrap_or(0);
        self.left = hosts.iter().map(|host| (Arc::clone(host), planned(host))).collect();
        let bar = self.bars.add(ProgressBar::new(self.left.values().sum()));
        if let Ok(style) = ProgressStyle::with_template(
            "[{wide_bar}] {pos}/{len} tasks, {elapsed} gone, {eta} to go",
        ) {
            bar.set_style(style.progress_chars("=> "));
        }
        self.all = Some(bar);
    }

    /// A host is done with a task.
    pub fn step(&mut self, host: &Arc<str>) {
        let (Some(bar), Some(left)) = (&self.all, self.left.get_mut(host)) else { return };
        if *left > 0 {
            *left -= 1;
        } else {
            // More than was planned: an include that only applying could see.
            bar.inc_length(1);
        }
        bar.inc(1);
    }

    /// A host works on something.
    pub fn working(&mut self, host: &Arc<str>, what: &str) {
        if !self.hosts.contains_key(host) {
            if self.hosts.len() >= MOST {
                return;
            }
            let bar = self.bars.insert(0, ProgressBar::new_spinner());
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
        if let Some(bar) = self.all.take() {
            bar.finish_and_clear();
        }
    }

    /// Prints while the lines are out of the way.
    pub fn suspend(&self, print: impl FnOnce()) {
        self.bars.suspend(print);
    }
}
