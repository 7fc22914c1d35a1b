//! mxprov as people run it: the binary, an inventory, a file of variables, a home of its own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::lab::{Host, inventory};

/// One host with what a run of mxprov on it needs.
pub struct Stage<'a> {
    /// The host.
    pub host: &'a Host,
    folder: TempDir,
    inventory: PathBuf,
    variables: PathBuf,
}

/// How a run ended and what it said.
#[derive(Debug)]
pub struct Said {
    /// Standard output.
    pub out: String,
    err: String,
    status: Option<i32>,
}

impl Said {
    /// The same, or an error with all of it unless the run ended well.
    pub fn success(self) -> Result<Self> {
        let Self { out, err, status } = &self;
        ensure!(*status == Some(0), "mxprov ended with {status:?}:\n{out}\n{err}");
        Ok(self)
    }
}

impl<'a> Stage<'a> {
    /// Writes inventory, `known_hosts` and variables.
    pub fn new(host: &'a Host, variables: &serde_json::Value) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let files = inventory::write(folder.path(), &[host], "root")?;
        let ssh = folder.path().join(".ssh");
        std::fs::create_dir(&ssh).context("cannot make `.ssh`")?;
        std::fs::rename(&files.known_hosts, ssh.join("known_hosts"))?;
        let path = folder.path().join("variables.json");
        std::fs::write(&path, variables.to_string()).context("cannot write the variables")?;
        Ok(Self { host, folder, inventory: files.path, variables: path })
    }

    /// `mxprov apply` of these playbooks with these flags.
    pub fn apply(&self, playbooks: &[&str], flags: &[&str]) -> Result<Said> {
        let output = Command::new(env!("CARGO_BIN_EXE_mxprov"))
            .arg("apply")
            .arg("-i")
            .arg(&self.inventory)
            .arg("-e")
            .arg(format!("@{}", self.variables.display()))
            .args(flags)
            .args(playbooks)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("HOME", self.folder.path())
            .env_remove("SSH_AUTH_SOCK")
            .output()
            .context("cannot start mxprov")?;
        Ok(Said {
            out: String::from_utf8(output.stdout).context("the output is not UTF-8")?,
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            status: output.status.code(),
        })
    }
}
