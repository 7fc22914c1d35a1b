//! One control group per host, so that systemd in one cannot see or stop another's services.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Where the unified hierarchy is mounted: alone, or beside version 1.
fn root() -> PathBuf {
    let hybrid = Path::new("/sys/fs/cgroup/unified");
    if hybrid.is_dir() { hybrid.to_owned() } else { PathBuf::from("/sys/fs/cgroup") }
}

/// The control group of a machine.
#[derive(Debug)]
pub struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    pub fn of(machine: &str) -> Self {
        Self { path: root().join(machine) }
    }

    /// Makes it; false if it is there already.
    pub fn make(&self) -> Result<bool> {
        match fs::create_dir(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error).with_context(|| {
                format!("cannot make the control group `{}`", self.path.display())
            }),
        }
    }

    /// The file that takes the id of a process to move in.
    pub fn procs(&self) -> PathBuf {
        self.path.join("cgroup.procs")
    }

    /// Kills all processes in it and below, at once (cgroup v2, Linux 5.14).
    pub fn kill(&self) -> Result<()> {
        let path = self.path.join("cgroup.kill");
        if !self.path.exists() {
            return Ok(());
        }
        fs::write(&path, "1").with_context(|| format!("cannot write `{}`", path.display()))
    }

    /// Removes it with all below; fails while processes are in it.
    pub fn remove(&self) -> Result<()> {
        if self.path.exists() { remove_tree(&self.path) } else { Ok(()) }
    }
}

fn remove_tree(path: &Path) -> Result<()> {
    for entry in fs::read_dir(path).with_context(|| format!("cannot list `{}`", path.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(path).with_context(|| format!("cannot remove `{}`", path.display()))
}
