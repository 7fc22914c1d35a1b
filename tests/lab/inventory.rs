//! The inventory, key and `known_hosts` with which mxprov reaches hosts of the lab.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
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
    let direct: Vec<_> = hosts.iter().map(|host| (*host, host.ssh())).collect();
    write_through(folder, &direct, user)
}

/// As [`write`], with the address at which each host is to be reached: a relay's.
pub fn write_through(
    folder: &Path,
    hosts: &[(&Host, SocketAddr)],
    user: &str,
) -> Result<Inventory> {
    let mut text = "all:\n  hosts:\n".to_owned();
    let mut known = String::new();
    let mut key = PathBuf::new();
    for (host, address) in hosts {
        key = host.key()?;
        known.push_str(&host.known_hosts_lines_at(&known_name(*address))?);
        let (ip, port) = (address.ip(), address.port());
        write!(text, "    {}:\n      ansible_host: {ip}\n", host.name())?;
        writeln!(text, "      ansible_port: {port}")?;
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

/// How `known_hosts` names an address: with the port in brackets, unless it is 22.
pub fn known_name(address: SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    if port == 22 { ip.to_string() } else { format!("[{ip}]:{port}") }
}
