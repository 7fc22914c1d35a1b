//! What the register keeps of a host, for the processes that did not start it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::process::Process;
use super::release::Release;

/// Kept as `record.json` in the host's folder.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Record {
    pub number: u16,
    pub name: String,
    pub release: Release,
    /// The base image below the host. (Records from before it was kept have none.)
    #[serde(default)]
    pub image: PathBuf,
    /// The process that will take the host down; none for a host that stays until `lab down`.
    pub owner: Option<Process>,
    /// What keeps the host running, once it was started.
    pub supervisor: Option<Process>,
}

impl Record {
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("record.json");
        let text = fs::read_to_string(&path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("`{}` is no record", path.display()))
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        let partial = folder.join("record.json.partial");
        let text = serde_json::to_string_pretty(self).context("a record is always JSON")?;
        fs::write(&partial, text)
            .and_then(|()| fs::rename(&partial, folder.join("record.json")))
            .with_context(|| format!("cannot write the record in `{}`", folder.display()))
    }

    /// Whether nobody is left who wants this host.
    pub fn is_abandoned(&self) -> bool {
        match (self.owner, self.supervisor) {
            (Some(owner), _) => !owner.is_alive(),
            (None, Some(supervisor)) => !supervisor.is_alive(),
            (None, None) => true,
        }
    }
}
