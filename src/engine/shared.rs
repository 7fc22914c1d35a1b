//! What all hosts of a run share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use secrecy::SecretString;

use crate::diagnostic::Diagnostic;
use crate::files::Files;
use crate::playbook::{Loader, Task};
use crate::remote::HostKeyChecking;
use crate::template::{Decrypt, Templar};
use crate::value::Redactor;

use super::event::Sink;
use super::variables::HostVars;

/// What all hosts of a run share. Nothing in it changes but through its own locks.
pub struct Shared {
    /// Renders templates.
    pub templar: Arc<Templar>,
    /// The inventory, extra variables, and what hosts know of each other.
    pub variables: Arc<HostVars>,
    /// Loads includes.
    pub loader: Arc<Loader>,
    /// The controller's files.
    pub files: Arc<dyn Files>,
    /// Writes files of the controller.
    pub store: Arc<dyn Store>,
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
    /// Which tasks were chosen (`--tags`, `--start-at-task`).
    pub selects: Arc<dyn Fn(&Task) -> bool + Send + Sync>,
    /// What was chosen on the command line.
    pub choices: Choices,
    /// `--check`: nothing will be sent.
    pub check: bool,
}

/// What people choose on the command line.
#[derive(Clone, Default)]
pub struct Choices {
    /// `-b`
    pub become_root: bool,
    /// `--become-user`
    pub become_user: Option<String>,
    /// `-K`
    pub become_password: Option<SecretString>,
    /// `-u`
    pub user: Option<String>,
    /// `-k`
    pub password: Option<SecretString>,
    /// `--private-key`
    pub private_key: Option<PathBuf>,
    /// `-c`
    pub connection: Option<String>,
    /// `--host-key-checking`
    pub host_key_checking: Option<HostKeyChecking>,
    /// `-T`
    pub connect_timeout: Option<Duration>,
    /// `-f`: hosts at once; 0 for all.
    pub forks: usize,
    /// `--force-handlers`
    pub force_handlers: bool,
    /// Who runs, for the lock's message: `user@machine`.
    pub who: String,
}

/// Whoever holds the vault's passwords, for values and for whole files.
pub trait Vault: Decrypt + Send + Sync {
    /// The bytes of a file, decrypted if it is a vault; says whether it was.
    fn open(&self, name: &str, bytes: Vec<u8>) -> Result<(Vec<u8>, bool), Diagnostic>;

    /// The same object for templates.
    fn as_decrypt(&self) -> &dyn Decrypt;
}

/// Writes files of the controller (`fetch`, generated passwords).
pub trait Store: Send + Sync {
    /// Writes a file with mode 0600, whole or not at all; makes its folders.
    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()>;
}
