//! Why a file of the controller could not be read.

use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;

/// Why a file could not be read. Always names the path.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused.
    #[error("cannot {action} `{}`: {}", path.display(), reason(source))]
    Io {
        /// What was attempted: "read", "list".
        action: &'static str,
        /// The path as it was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes are not UTF-8.
    #[error("cannot read `{}`: line {line} is not valid UTF-8", path.display())]
    NotText {
        /// The path as it was given.
        path: PathBuf,
        /// The first bad line, from 1.
        line: usize,
    },
}

impl FileError {
    /// What the system said about `action` on `path`.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_path_buf(), source }
    }

    /// Whether the path does not exist.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl From<FileError> for Diagnostic {
    fn from(error: FileError) -> Self {
        Self::new(error.to_string())
    }
}

/// The system's reason without its error number.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_string(),
        io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_lowercase()
        }
    }
}
