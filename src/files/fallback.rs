//! One tree of files behind another.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{FileError, Files, Kind};

/// What the first tree does not have is looked for in the second.
pub struct Fallback {
    /// Asked first; says what paths are absolute.
    pub first: Arc<dyn Files>,
    /// Asked for what the first does not have.
    pub then: Arc<dyn Files>,
}

impl Fallback {
    fn with(&self, path: &Path) -> &dyn Files {
        if !self.first.exists(path) && self.then.exists(path) { &*self.then } else { &*self.first }
    }
}

impl Files for Fallback {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        self.with(path).read(path)
    }

    fn list(&self, path: &Path) -> Result<Vec<String>, FileError> {
        self.with(path).list(path)
    }

    fn kind(&self, path: &Path) -> Option<Kind> {
        self.with(path).kind(path)
    }

    fn canonical(&self, path: &Path) -> Result<PathBuf, FileError> {
        self.with(path).canonical(path)
    }

    fn is_executable(&self, path: &Path) -> bool {
        self.with(path).is_executable(path)
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        self.with(path).absolute(path)
    }
}
