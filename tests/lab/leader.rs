//! The host's process 1, as the controller numbers it.

use std::fs;

use anyhow::{Result, bail};

/// The process 1 of the container that `supervisor` runs, itself or through a child. It changes
/// when the host reboots.
pub fn of(supervisor: u32) -> Result<u32> {
    let below: Vec<u32> = children(supervisor);
    let further = below.iter().flat_map(|child| children(*child));
    let Some(leader) = below.iter().copied().chain(further).find(|pid| is_first(*pid)) else {
        bail!("no host runs under process {supervisor}: it is off, or on its way up or down");
    };
    Ok(leader)
}

/// None for a process that is gone.
fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// Whether a process is number 1 in a namespace of its own.
fn is_first(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
    numbers.split_whitespace().count() > 1 && numbers.split_whitespace().next_back() == Some("1")
}
