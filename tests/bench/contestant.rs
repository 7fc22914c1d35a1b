//! Who runs the playbook, and what each needs to reach the host.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};

use crate::lab::{self, Host};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench");

/// The way to the host, in a folder of its own.
pub struct Course {
    /// Holds the inventory's files while they are needed.
    _folder: tempfile::TempDir,
    pub address: SocketAddr,
    pub inventory: lab::inventory::Inventory,
}

impl Course {
    pub fn new(host: &Host, address: SocketAddr) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let inventory = lab::inventory::write_through(folder.path(), &[(host, address)], "root")?;
        Ok(Self { _folder: folder, address, inventory })
    }

    /// What OpenSSH and mxprov are told alike.
    pub fn known_hosts(&self) -> String {
        format!("-o UserKnownHostsFile={}", self.inventory.known_hosts.display())
    }
}

pub struct Mxprov {
    pub program: PathBuf,
}

impl Mxprov {
    /// Applies the playbook; what it said.
    pub fn apply(&self, course: &Course, more: &[&str]) -> Result<String> {
        let args = serde_json::json!({ "ansible_ssh_common_args": course.known_hosts() });
        let output = Command::new(&self.program)
            .args(["apply", "site.yml", "--yes", "-e", &args.to_string(), "-i"])
            .arg(&course.inventory.path)
            .args(more)
            .current_dir(FOLDER)
            .output()
            .with_context(|| format!("`{}` cannot be run", self.program.display()))?;
        said(&output)
    }
}

pub struct Ansible {
    program: PathBuf,
    /// Where its control socket lies: in a fresh folder the first connection is a new one.
    sockets: tempfile::TempDir,
    common: String,
}

impl Ansible {
    pub fn new(program: &Path, course: &Course) -> Result<Self> {
        let sockets = tempfile::tempdir()?;
        Ok(Self { program: program.to_path_buf(), sockets, common: course.known_hosts() })
    }

    pub fn play(&self, course: &Course) -> Result<()> {
        let output = Command::new(&self.program)
            .args(["site.yml", "--ssh-common-args", &self.common, "-i"])
            .arg(&course.inventory.path)
            .env("ANSIBLE_CONFIG", format!("{FOLDER}/ansible.cfg"))
            .env("ANSIBLE_SSH_CONTROL_PATH_DIR", self.sockets.path())
            .env("ANSIBLE_SSH_ARGS", "-C -o ControlMaster=auto -o ControlPersist=120s")
            .env("ANSIBLE_LOCALHOST_WARNING", "false")
            .current_dir(FOLDER)
            .output()
            .with_context(|| format!("`{}` cannot be run", self.program.display()))?;
        said(&output).map(|_| ())
    }
}

impl Drop for Ansible {
    /// Ends the connection that OpenSSH keeps for later.
    fn drop(&mut self) {
        for socket in fs::read_dir(self.sockets.path()).into_iter().flatten().flatten() {
            let mut control = std::ffi::OsString::from("ControlPath=");
            control.push(socket.path());
            // One that has ended already is as good.
            let _ = Command::new("ssh").arg("-o").arg(control).args(["-O", "exit", "any"]).output();
        }
    }
}

fn said(output: &Output) -> Result<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "it failed:\n{text}{complaint}");
    Ok(text + &complaint)
}
