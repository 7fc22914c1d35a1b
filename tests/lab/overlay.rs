//! A pristine root in no time: an overlay over the base image.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::tool;

/// The folders of one host's root filesystem.
#[derive(Debug, Clone)]
pub struct Overlay {
    folder: PathBuf,
}

impl Overlay {
    /// `folder` is the host's own; nothing is mounted yet.
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// What the host wrote, and nothing else.
    pub fn upper(&self) -> PathBuf {
        self.folder.join("upper")
    }

    /// The root as the host sees it (without its tmpfs mounts).
    pub fn merged(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// A folder of the host that is not on the overlay, for what cannot live there:
    /// Docker's own overlays.
    pub fn plain(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join("plain").join(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot make `{}`", path.display()))?;
        Ok(path)
    }

    pub fn mount(&self, image: &Path) -> Result<()> {
        let work = self.folder.join("work");
        for folder in [&self.upper(), &work, &self.merged()] {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make `{}`", folder.display()))?;
        }
        // `volatile` leaves out every fsync: the root does not outlive the machine anyway.
        let options = format!(
            "lowerdir={},upperdir={},workdir={},volatile",
            image.display(),
            self.upper().display(),
            work.display()
        );
        let merged = self.merged();
        tool::run("mount", ["-t", "overlay", "mxlab", "-o", &options, &merged.to_string_lossy()])?;
        Ok(())
    }

    /// Takes the mount away; does nothing if there is none.
    pub fn unmount(&self) -> Result<()> {
        if self.is_mounted()? {
            // Lazily: a dying namespace may hold it for a moment longer.
            tool::run("umount", ["--lazy", &self.merged().to_string_lossy()])?;
        }
        Ok(())
    }

    pub fn is_mounted(&self) -> Result<bool> {
        let merged = self.merged();
        let mounts = fs::read_to_string("/proc/self/mounts").context("cannot read the mounts")?;
        let points = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        Ok(points.into_iter().any(|at| Path::new(at) == merged))
    }
}
