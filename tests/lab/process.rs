//! A process named so that a reused number is not taken for it.

use std::fs;

use anyhow::{Context as _, Result};

/// A process id and its start time in clock ticks since boot (field 22 of proc(5) `stat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Process {
    pub pid: u32,
    start: u64,
}

impl Process {
    pub fn current() -> Result<Self> {
        Self::of(std::process::id())
    }

    pub fn of(pid: u32) -> Result<Self> {
        let (_, start) = look_up(pid).with_context(|| format!("process {pid} is gone"))?;
        Ok(Self { pid, start })
    }

    /// Whether it still runs; a zombie does not.
    pub fn is_alive(self) -> bool {
        look_up(self.pid).is_some_and(|(state, start)| start == self.start && state != 'Z')
    }
}

/// The state letter and the start time.
fn look_up(pid: u32) -> Option<(char, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces and parentheses itself.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    let letter = fields.next()?.chars().next()?;
    let start = fields.nth(18)?.parse().ok()?;
    Some((letter, start))
}
