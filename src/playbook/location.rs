//! A path together with the tree of files that it is a path of.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::Files;

/// A file or directory of the controller: on disk or among the roles that are part of the program.
#[derive(Clone)]
pub struct Location {
    /// Where it can be read.
    pub files: Arc<dyn Files>,
    /// The path in there, as it was reached.
    pub path: PathBuf,
}

impl Location {
    /// A path of a tree.
    pub fn new(files: Arc<dyn Files>, path: impl Into<PathBuf>) -> Self {
        Self { files, path: path.into() }
    }

    /// A path relative to this one.
    #[must_use]
    pub fn join(&self, relative: impl AsRef<Path>) -> Self {
        Self { files: Arc::clone(&self.files), path: self.path.join(relative) }
    }

    /// The directory that this stands in.
    #[must_use]
    pub fn directory(&self) -> Self {
        let path = self.path.parent().unwrap_or(Path::new("")).to_path_buf();
        Self { files: Arc::clone(&self.files), path }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}
