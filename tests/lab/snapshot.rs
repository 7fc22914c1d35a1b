//! The writable state of a host at one moment, seen from outside.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::container;
use super::host::Host;

/// The mounts of a host that are in memory, apart from its root.
const IN_MEMORY: [&str; 3] = ["/tmp", "/run", "/dev"];

/// What tells whether a path was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    mode: u32,
    owner: (u32, u32),
    /// Of files only: a folder's size is the filesystem's business.
    size: u64,
    /// Seconds and nanoseconds of the last change of content, or of a folder's entries.
    written: (i64, i64),
    /// Seconds and nanoseconds of the last change of anything. None where it may not be the
    /// host that decided it: on the base image, and on a lent package, which is a hard link.
    touched: Option<(i64, i64)>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            mode: metadata.mode(),
            owner: (metadata.uid(), metadata.gid()),
            size: if metadata.is_dir() { 0 } else { metadata.len() },
            written: (metadata.mtime(), metadata.mtime_nsec()),
            touched: (metadata.is_dir() || metadata.nlink() == 1)
                .then(|| (metadata.ctime(), metadata.ctime_nsec())),
        }
    }

    fn of_image(metadata: &Metadata) -> Self {
        Self { touched: None, ..Self::of(metadata) }
    }

    /// Whether both may be the same untouched path.
    pub fn matches(&self, other: &Self) -> bool {
        let is_moment_known = self.touched.is_some() && other.touched.is_some();
        (self.mode, self.owner, self.size, self.written)
            == (other.mode, other.owner, other.size, other.written)
            && (!is_moment_known || self.touched == other.touched)
    }
}

/// Every path that is not as in the base image, with its stamp; none for a path of the image
/// that the host removed.
#[derive(Debug)]
pub struct Snapshot {
    paths: BTreeMap<PathBuf, Option<Stamp>>,
}

impl Snapshot {
    pub fn take(host: &Host) -> Result<Self> {
        let mut paths = BTreeMap::new();
        let overlay = host.overlay();
        walk(&overlay.upper(), Path::new("/"), &mut paths)?;
        for inside in container::PLAIN {
            walk(&overlay.plain(&container::plain_name(inside))?, Path::new(inside), &mut paths)?;
        }
        for inside in IN_MEMORY {
            walk(&host.inside(inside)?, Path::new(inside), &mut paths)?;
        }
        Ok(Self { paths })
    }

    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.paths.keys()
    }

    /// The state of a path in this snapshot: as the host left it, or else as `image` has it.
    pub fn stamp(&self, path: &Path, image: &Path) -> Option<Stamp> {
        if let Some(known) = self.paths.get(path) {
            return known.clone();
        }
        let below = image.join(path.strip_prefix("/").unwrap_or(path));
        let is_memory = IN_MEMORY.iter().any(|inside| path.starts_with(inside));
        let metadata = if is_memory { None } else { below.symlink_metadata().ok() };
        metadata.as_ref().map(Stamp::of_image)
    }
}

fn walk(at: &Path, path: &Path, paths: &mut BTreeMap<PathBuf, Option<Stamp>>) -> Result<()> {
    let Some(metadata) = present(at.symlink_metadata(), at)? else {
        return Ok(());
    };
    paths.insert(path.to_owned(), (!is_whiteout(&metadata)).then(|| Stamp::of(&metadata)));
    if !metadata.is_dir() {
        return Ok(());
    }
    let Some(entries) = present(fs::read_dir(at), at)? else {
        return Ok(());
    };
    for entry in entries {
        let Some(entry) = present(entry, at)? else {
            continue;
        };
        walk(&entry.path(), &path.join(entry.file_name()), paths)?;
    }
    Ok(())
}

/// None for what went away while we looked.
fn present<T>(result: std::io::Result<T>, at: &Path) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot look at `{}`", at.display())),
    }
}

/// How overlayfs marks a removed path: a character device 0:0.
fn is_whiteout(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && metadata.rdev() == 0
}
