//! The lines of all `known_hosts` files together.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::entry::{Entry, Line, Marker};

/// What is known about hosts.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    pub(super) entries: Vec<Entry>,
    problems: Vec<Problem>,
}

/// A line that was passed over, as OpenSSH passes over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Host keys cannot be decided upon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KnownHostsError {
    /// A file is there but cannot be read: it might hold a revoked key.
    #[error("cannot read known hosts file `{file}`: {why}; make it readable, host keys cannot be checked without it", file = .file.display())]
    Unreadable { file: PathBuf, why: String },
    /// A revoked key that cannot be read might be the one that is offered.
    #[error("{file}:{line}: a `@revoked` line that cannot be read: {why}; correct the line", file = .file.display())]
    BrokenRevocation { file: PathBuf, line: usize, why: &'static str },
}

impl KnownHosts {
    /// Reads the files; one that does not exist is empty.
    pub fn load(files: &[PathBuf]) -> Result<Self, KnownHostsError> {
        let mut known = Self::default();
        for file in files {
            match std::fs::read(file) {
                Ok(bytes) => known.add(file, &bytes)?,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    let why = error.to_string();
                    return Err(KnownHostsError::Unreadable { file: file.clone(), why });
                }
            }
        }
        Ok(known)
    }

    /// Takes in the lines of one file.
    pub fn add(&mut self, file: &Path, bytes: &[u8]) -> Result<(), KnownHostsError> {
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let (file, line_number) = (file.to_owned(), index + 1);
            match Line::parse(&String::from_utf8_lossy(line)) {
                Line::Empty => {}
                Line::Entry(marker, hosts, key) => {
                    self.entries.push(Entry { marker, hosts, key: *key, file, line: line_number });
                }
                Line::Broken { marker: Marker::Revoked, why } => {
                    return Err(KnownHostsError::BrokenRevocation { file, line: line_number, why });
                }
                Line::Broken { why, .. } => {
                    self.problems.push(Problem { file, line: line_number, why });
                }
            }
        }
        Ok(())
    }

    /// Lines that were passed over.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}
