//! What all hosts of a run share.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::files::Files;
use crate::playbook::Loader;
use crate::template::{Decrypt, Templar};
use crate::value::Redactor;

use super::event::Sink;
use super::variables::HostVars;

/// What all hosts of a run share. Nothing in it changes but through its own locks.
pub struct Shared {
    /// Renders templates.
    pub templar: Templar,
    /// The inventory, extra variables, and what hosts know of each other.
    pub variables: Arc<HostVars>,
    /// Loads includes.
    pub loader: Loader,
    /// The controller's files.
    pub files: Arc<dyn Files>,
    /// Decrypts vaulted values and files.
    pub vault: Arc<dyn Vault>,
    /// The environment of the program, for `lookup('env')`.
    pub environment: IndexMap<String, String>,
    /// The time at which the run began.
    pub now: jiff::Zoned,
    /// Knows the secrets.
    pub redactor: Redactor,
    /// Takes the events.
    pub sink: Arc<dyn Sink>,
    /// Which tasks were chosen by `--tags`.
    pub selection: crate::playbook::Selection,
    /// `--check`.
    pub check: bool,
}

/// Whoever holds the vault's passwords, for values and for whole files.
pub trait Vault: Decrypt {
    /// The bytes of a file, decrypted if it is a vault; says whether it was.
    fn open(&self, name: &str, bytes: Vec<u8>) -> Result<(Vec<u8>, bool), crate::diagnostic::Diagnostic>;
}
