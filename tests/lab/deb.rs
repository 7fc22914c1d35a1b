//! Making Debian packages from files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::tool;

/// A package being put together in a folder.
#[derive(Debug)]
pub struct Deb {
    tree: PathBuf,
}

impl Deb {
    /// Starts a package in `folder`, which is made.
    pub fn start(folder: &Path) -> Result<Self> {
        let deb = Self { tree: folder.to_owned() };
        fs::create_dir_all(folder.join("DEBIAN"))
            .with_context(|| format!("cannot make `{}`", folder.display()))?;
        Ok(deb)
    }

    /// Adds a file with this text; maintainer scripts go to `DEBIAN/`.
    pub fn text(&self, path: &str, text: &str, mode: u32) -> Result<()> {
        let at = self.place(path)?;
        fs::write(&at, text)
            .and_then(|()| fs::set_permissions(&at, Permissions::from_mode(mode)))
            .with_context(|| format!("cannot write `{}`", at.display()))
    }

    /// Adds a copy of a file as a program.
    pub fn program(&self, path: &str, from: &Path) -> Result<()> {
        let at = self.place(path)?;
        fs::copy(from, &at)
            .and_then(|_| fs::set_permissions(&at, Permissions::from_mode(0o755)))
            .with_context(|| format!("cannot copy `{}` to `{}`", from.display(), at.display()))
    }

    /// Builds the package into `file`, compressed for speed rather than for size.
    pub fn build(&self, file: &Path) -> Result<()> {
        let (tree, file) = (self.tree.to_string_lossy(), file.to_string_lossy());
        let how = ["--root-owner-group", "-Zzstd", "-z1", "--build"];
        tool::run("dpkg-deb", how.into_iter().chain([&*tree, &*file]))?;
        Ok(())
    }

    fn place(&self, path: &str) -> Result<PathBuf> {
        let at = self.tree.join(path);
        let folder = at.parent().context("a file in a package is in a folder")?;
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make `{}`", folder.display()))?;
        Ok(at)
    }
}

/// Unpacks a package's files into a folder.
pub fn unpack(file: &Path, folder: &Path) -> Result<()> {
    tool::run("dpkg-deb", ["-x", &file.to_string_lossy(), &folder.to_string_lossy()])?;
    Ok(())
}
