//! What connections need of the controller, injected: nothing here reads the process's state.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::Semaphore;

use super::ssh::KeyRing;
use super::wire::{Deaf, Wire};

/// Asks a person. Called at most once at a time per connection.
pub trait Prompt: Send + Sync {
    /// The answer to `question` without echo, or `None` when nobody can be asked.
    fn secret(&self, question: &str) -> Option<SecretString>;
}

/// Asks nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPrompt;

impl Prompt for NoPrompt {
    fn secret(&self, _question: &str) -> Option<SecretString> {
        None
    }
}

/// The controller's side, the same for all hosts.
#[derive(Clone)]
pub struct Env {
    /// The user who runs mxprov.
    pub user: String,
    /// That user's home directory.
    pub home: PathBuf,
    /// The directory that relative paths start from.
    pub cwd: PathBuf,
    /// The controller's host name (the `%l` of `ssh_config`).
    pub hostname: String,
    /// That user's numeric id (the `%i` of `ssh_config`).
    pub uid: u32,
    /// The environment's variables, for `${NAME}` in `ssh_config`.
    pub variables: BTreeMap<String, String>,
    /// The agent's socket (`SSH_AUTH_SOCK`).
    pub agent_socket: Option<PathBuf>,
    /// Asks for passphrases and passwords.
    pub prompt: Arc<dyn Prompt>,
    /// Watches what goes over the wire.
    pub wire: Arc<dyn Wire>,
    /// Keys that were unlocked in this run.
    pub keys: Arc<KeyRing>,
    /// The time, in Unix seconds, for the validity of certificates.
    pub clock: fn() -> u64,
    /// How many logins may be under way at once: servers drop what is over their `MaxStartups`.
    pub logins: Arc<Semaphore>,
}

impl Env {
    /// Logins under way at once, by default.
    pub const LOGINS: usize = 8;

    /// An environment that asks nobody, watches nothing and has no agent.
    pub fn new(user: impl Into<String>, home: impl Into<PathBuf>, cwd: impl Into<PathBuf>) -> Self {
        Self {
            user: user.into(),
            home: home.into(),
            cwd: cwd.into(),
            hostname: "localhost".to_owned(),
            uid: 0,
            variables: BTreeMap::new(),
            agent_socket: None,
            prompt: Arc::new(NoPrompt),
            wire: Arc::new(Deaf),
            keys: Arc::default(),
            clock: system_time,
            logins: Arc::new(Semaphore::new(Self::LOGINS)),
        }
    }
}

fn system_time() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
