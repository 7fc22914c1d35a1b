//! One SSH server on the way to a host, all settings resolved.

use std::path::PathBuf;
use std::time::Duration;

use russh::keys::Algorithm;
use secrecy::SecretString;

use crate::remote::known_hosts::HostName;
use crate::remote::target::HostKeyChecking;

/// One server: where it is and how to log in there.
#[derive(Clone, Debug)]
pub(in crate::remote) struct Hop {
    /// The inventory's name of the host that is the goal: all messages name it.
    pub name: String,
    /// The name or address to connect to.
    pub host: String,
    pub port: u16,
    pub user: String,
    /// Only IPv4 (`Some(false)`) or only IPv6 (`Some(true)`) addresses.
    pub ipv6: Option<bool>,
    pub timeout: Duration,
    /// Time between keepalives and how many may go unanswered.
    pub keepalive: (Duration, usize),
    pub keys: HostKeys,
    /// Key files, in the order in which they are tried.
    pub identity_files: Vec<PathBuf>,
    /// Offer no other keys of the agent.
    pub identities_only: bool,
    /// Files that were named rather than defaults: unreadable ones are errors.
    pub identities_required: bool,
    pub certificate_files: Vec<PathBuf>,
    pub agent: Option<PathBuf>,
    pub passphrase: Option<SecretString>,
    pub password: Option<SecretString>,
    pub methods: Methods,
    pub proxy: Proxy,
}

/// Ways to log in that are not switched off.
#[derive(Clone, Copy, Debug)]
pub(in crate::remote) struct Methods {
    pub keys: bool,
    /// `keyboard-interactive`.
    pub questions: bool,
    pub password: bool,
}

/// How the server's key is checked.
#[derive(Clone, Debug)]
pub(in crate::remote) struct HostKeys {
    pub name: HostName,
    pub checking: HostKeyChecking,
    /// The first is added to.
    pub user_files: Vec<PathBuf>,
    pub global_files: Vec<PathBuf>,
    /// Names are hashed when added.
    pub hash: bool,
    /// `HostKeyAlgorithms`, if set: then nothing is reordered.
    pub algorithms: Option<Vec<Algorithm>>,
}

/// How the server is reached.
#[derive(Clone, Debug, Default)]
pub(in crate::remote) enum Proxy {
    /// By TCP.
    #[default]
    None,
    /// Through another server.
    Jump(Box<Hop>),
    /// Through a command's standard input and output, tokens expanded.
    Command(String),
}

impl Hop {
    /// `host:port`, as messages show it.
    pub fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}
