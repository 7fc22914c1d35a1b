//! Packages are downloaded once per machine: a host starts with all that earlier hosts of its
//! release have fetched in `/var/cache/apt/archives`, as hard links, and leaves its own behind.
//!
//! Measured against a caching proxy: nothing to run, nothing to configure in the host, and no
//! byte moves at all.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::release::Release;
use super::room::Room;

const ARCHIVES: &str = "var/cache/apt/archives";

/// Links the kept packages into a root that is not mounted yet.
pub fn lend(room: &Room, release: Release, upper: &Path) -> Result<()> {
    let kept = room.packages(release.codename());
    let archives = upper.join(ARCHIVES);
    link_all(&kept, &archives)
}

/// Looks at the lent folders once they are mounted. Overlayfs notes on a folder of the upper layer
/// where it comes from when it is first looked up, and the host's first look is not to be a write.
pub fn look_at(root: &Path) -> Result<()> {
    let archives = root.join(ARCHIVES);
    if archives.is_dir() {
        let list = fs::read_dir(&archives);
        list.with_context(|| format!("cannot list `{}`", archives.display()))?.for_each(drop);
    }
    Ok(())
}

/// Links what the host downloaded into the kept packages.
pub fn keep(room: &Room, release: Release, upper: &Path) -> Result<()> {
    let kept = room.packages(release.codename());
    link_all(&upper.join(ARCHIVES), &kept)
}

fn link_all(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to).with_context(|| format!("cannot make `{}`", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot list `{}`", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let is_package = entry.path().extension().is_some_and(|e| e == "deb");
        // apt names an archive only when it is whole; a link that exists is the same package.
        if is_package && entry.file_type()?.is_file() && !target.exists() {
            fs::hard_link(entry.path(), &target)
                .with_context(|| format!("cannot link `{}`", target.display()))?;
        }
    }
    Ok(())
}
