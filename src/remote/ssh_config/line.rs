//! One line of a configuration, and what can be wrong with one.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::words;

/// Where a setting stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::remote) struct Position {
    pub file: Arc<Path>,
    /// From 1; 0 for settings that are not in a file.
    pub line: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.file.display()),
            line => write!(f, "{}:{line}", self.file.display()),
        }
    }
}

/// A configuration cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A line is wrong: where, and what is wrong.
    #[error("{place}: {why}")]
    Line {
        /// `file:line`.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file is there but cannot be read.
    #[error("cannot read ssh configuration `{file}`: {why}", file = .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's word.
        why: String,
    },
}

impl Position {
    pub fn error(&self, why: impl Into<String>) -> ConfigError {
        ConfigError::Line { place: self.to_string(), why: why.into() }
    }
}

/// A line with something in it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// In lower case.
    pub keyword: String,
    /// All after the keyword.
    pub rest: String,
    pub at: Position,
}

impl Line {
    pub fn parse(text: &str, at: Position) -> Option<Self> {
        let text = text.trim_matches([' ', '\t', '\r', '\n', '\u{c}']);
        if text.is_empty() || text.starts_with('#') {
            return None;
        }
        let (keyword, rest) = words::keyword(text);
        let (keyword, rest) = (keyword.trim_matches('"').to_lowercase(), rest.to_owned());
        Some(Self { keyword, rest, at })
    }

    pub fn arguments(&self) -> Result<Vec<String>, ConfigError> {
        let arguments = words::arguments(&self.rest)
            .ok_or_else(|| self.at.error(format!("`{}`: a quote is not closed", self.keyword)))?;
        if arguments.is_empty() {
            return Err(self.at.error(format!("`{}` needs a value", self.keyword)));
        }
        Ok(arguments)
    }
}
