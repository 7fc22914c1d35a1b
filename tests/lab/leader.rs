//! The host's process 1, as the controller numbers it.

use std::fs;

use anyhow::{Result, bail};

/// The process 1 of the container that `supervisor` (systemd-nspawn) runs. It changes when the
/// host reboots.
pub fn of(supervisor: u32) -> Result<u32> {
    let path = format!("/proc/{supervisor}/task/{supervisor}/children");
    let children = fs::read_to_string(&path).unwrap_or_default();
    let leader = children.split_whitespace().filter_map(|c| c.parse().ok()).find(|c| is_first(*c));
    let Some(leader) = leader else {
        bail!("no host runs under process {supervisor}: it is off, or on its way up or down");
    };
    Ok(leader)
}

/// Whether a process is number 1 in a namespace of its own.
fn is_first(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
    numbers.split_whitespace().count() > 1 && numbers.split_whitespace().next_back() == Some("1")
}
