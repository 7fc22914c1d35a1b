//! The inventory, key and `known_hosts` with which mxprov reaches hosts of the lab.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::host::Host;

/// Files that a run of mxprov needs, written into one folder.
#[derive(Debug)]
pub struct Inventory {
    pub path: PathBuf,
    pub known_hosts: PathBuf,
    pub key: PathBuf,
}

/// Writes `inventory.yml` (the hosts under `all`, by name) and `known_hosts` into `folder`.
/// `user` is `root` or `admin`.
pub fn write(folder: &Path, hosts: &[&Host], user: &str) -> Result<Inventory> {
    let mut text = "all:\n  hosts:\n".to_owned();
    let mut known = String::new();
    let mut key = PathBuf::new();
    for host in hosts {
        key = host.key()?;
        known.push_str(&host.known_hosts_lines()?);
        write!(text, "    {}:\n      ansible_host: {}\n", host.name(), host.v4())?;
    }
    write!(
        text,
        "  vars:\n    ansible_user: {user}\n    ansible_ssh_private_key_file: {}\n",
        key.display()
    )?;
    let inventory = Inventory {
        path: folder.join("inventory.yml"),
        known_hosts: folder.join("known_hosts"),
        key,
    };
    for (path, text) in [(&inventory.path, &text), (&inventory.known_hosts, &known)] {
        fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(inventory)
}
