//! The controller's own files behind a small trait, so that tests can use trees in memory.

mod disk;
mod error;
mod fallback;
mod path;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Source};

pub use disk::Disk;
pub use error::FileError;
pub use fallback::Fallback;
pub use path::clean;
pub use tree::Tree;

/// What stands at a path, symbolic links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A device, socket or pipe.
    Other,
}

/// Read access to the controller's files. A relative path is taken from the base that the
/// implementation was made with, never from the process's working directory.
pub trait Files: Send + Sync {
    /// The bytes of a file.
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError>;

    /// The names in a directory, sorted by bytes.
    fn list(&self, path: &Path) -> Result<Vec<String>, FileError>;

    /// What stands at a path; nothing if it does not exist or cannot be looked at.
    fn kind(&self, path: &Path) -> Option<Kind>;

    /// The absolute path with `.`, `..` and symbolic links resolved.
    fn canonical(&self, path: &Path) -> Result<PathBuf, FileError>;

    /// Whether somebody may execute the file.
    fn is_executable(&self, path: &Path) -> bool;

    /// The absolute path, links not resolved.
    fn absolute(&self, path: &Path) -> PathBuf;

    /// Whether anything stands at a path.
    fn exists(&self, path: &Path) -> bool {
        self.kind(path).is_some()
    }

    /// Whether a regular file stands at a path.
    fn is_file(&self, path: &Path) -> bool {
        self.kind(path) == Some(Kind::File)
    }

    /// Whether a directory stands at a path.
    fn is_directory(&self, path: &Path) -> bool {
        self.kind(path) == Some(Kind::Directory)
    }

    /// The text of a file; an error where it is not UTF-8.
    fn read_text(&self, path: &Path) -> Result<String, FileError> {
        String::from_utf8(self.read(path)?).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            FileError::NotText { path: path.to_path_buf(), line }
        })
    }

    /// The text of a file as a source, named by the path as it was given.
    fn source(&self, path: &Path) -> Result<Arc<Source>, Diagnostic> {
        let text = self.read_text(path)?;
        Ok(Source::new(path.display().to_string(), text))
    }
}
