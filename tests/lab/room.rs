//! Where the lab keeps what outlives a test: images, keys, the register of hosts.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The environment variable that moves the lab elsewhere.
pub const ROOT_VARIABLE: &str = "MXPROV_LAB";
const DEFAULT_ROOT: &str = "/var/cache/mxprov-lab";

/// The folder of the lab, outside the repository, shared by all processes of the machine.
#[derive(Debug, Clone)]
pub struct Room {
    root: PathBuf,
}

impl Room {
    /// Opens the lab's folder, and makes it if it is not there.
    pub fn open() -> Result<Self> {
        let root =
            std::env::var_os(ROOT_VARIABLE).map_or_else(|| DEFAULT_ROOT.into(), PathBuf::from);
        let opened = Self { root };
        for folder in [
            opened.images(),
            opened.layers(),
            opened.keys(),
            opened.hosts(),
            opened.trash(),
            opened.locks(),
        ] {
            std::fs::create_dir_all(&folder)
                .with_context(|| format!("cannot make `{}`", folder.display()))?;
        }
        Ok(opened)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Unpacked base images, one folder each, named by release and recipe digest.
    pub fn images(&self) -> PathBuf {
        self.root.join("images")
    }

    /// Unpacked layers of container images, one folder each, named by recipe digest.
    pub fn layers(&self) -> PathBuf {
        self.root.join("containers/layers")
    }

    /// The client key and the host keys.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// One folder per live host, named by its number.
    pub fn hosts(&self) -> PathBuf {
        self.root.join("hosts")
    }

    /// What waits to be deleted.
    pub fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }

    pub fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }

    /// Packages that hosts of one release have downloaded, for the next ones.
    pub fn packages(&self, codename: &str) -> PathBuf {
        self.root.join("packages").join(codename)
    }
}
