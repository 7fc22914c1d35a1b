//! The real file system, from a base directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{FileError, Files, Kind, clean};

/// The real file system; relative paths are taken from `base`.
#[derive(Debug, Clone)]
pub struct Disk {
    base: PathBuf,
}

impl Disk {
    /// The file system seen from `base`, which should be absolute.
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into() }
    }
}

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        fs::read(self.base.join(path)).map_err(|error| FileError::io("read", path, error))
    }

    fn list(&self, path: &Path) -> Result<Vec<String>, FileError> {
        let fail = |error| FileError::io("list", path, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(self.base.join(path)).map_err(fail)? {
            let name = entry.map_err(fail)?.file_name().into_string().map_err(|name| {
                let text = format!("the name `{}` in it is not valid UTF-8", name.display());
                fail(io::Error::other(text))
            })?;
            names.push(name);
        }
        names.sort();
        Ok(names)
    }

    fn kind(&self, path: &Path) -> Option<Kind> {
        let kind = fs::metadata(self.base.join(path)).ok()?.file_type();
        Some(match (kind.is_file(), kind.is_dir()) {
            (true, _) => Kind::File,
            (_, true) => Kind::Directory,
            _ => Kind::Other,
        })
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf, FileError> {
        let full = self.base.join(path);
        fs::canonicalize(full).map_err(|error| FileError::io("resolve", path, error))
    }

    #[cfg(unix)]
    fn is_executable(&self, path: &Path) -> bool {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(self.base.join(path))
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    }

    #[cfg(not(unix))]
    fn is_executable(&self, _path: &Path) -> bool {
        false
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        clean(&self.base.join(path))
    }
}
