//! Flags that say how hosts are reached; the same for every command that connects.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::engine::Choices;
use crate::remote::{HostKeyChecking, Prompt as _};

use super::process::Process;
use super::prompt::Terminal;

/// How hosts are reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionFlags {
    /// Log in as this user, where the inventory names none.
    #[arg(short, long, value_name = "USER")]
    pub user: Option<String>,

    /// Use this private key, where the inventory names none.
    #[arg(long, visible_alias = "key-file", value_name = "FILE")]
    pub private_key: Option<PathBuf>,

    /// Ask for the password of the login.
    #[arg(short = 'k', long)]
    pub ask_pass: bool,

    /// Become another user (root) on the hosts.
    #[arg(short, long = "become")]
    pub become_root: bool,

    /// Become this user.
    #[arg(long, value_name = "USER")]
    pub become_user: Option<String>,

    /// Ask for the password of sudo.
    #[arg(short = 'K', long)]
    pub ask_become_pass: bool,

    /// `ssh` or `local`.
    #[arg(short, long, value_name = "KIND")]
    pub connection: Option<String>,

    /// What to do with a host whose key is not known.
    #[arg(long, value_enum, value_name = "HOW")]
    pub host_key_checking: Option<Checking>,

    /// Seconds that connecting may take.
    #[arg(short = 'T', long, value_name = "SECONDS")]
    pub timeout: Option<u64>,

    /// Hosts that are worked on at once; 0 for all.
    #[arg(short, long, default_value_t = 0, value_name = "N")]
    pub forks: usize,
}

/// `StrictHostKeyChecking`
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Checking {
    /// Refuse it.
    Yes,
    /// Take the key of a host that was never seen; refuse a changed one.
    AcceptNew,
    /// Take any key. Only for hosts that nobody could impersonate.
    No,
}

impl ConnectionFlags {
    /// The choices, with the passwords that must be asked for.
    pub fn choices(&self, process: &Process) -> Result<Choices, String> {
        let terminal = Terminal { available: process.in_is_terminal };
        let ask = |wanted: bool, question: &str, flag: &str| {
            if !wanted {
                return Ok(None);
            }
            match terminal.secret(question) {
                Some(password) => Ok(Some(password)),
                None => Err(format!("`{flag}` needs a terminal to ask on")),
            }
        };
        Ok(Choices {
            become_root: self.become_root,
            become_user: self.become_user.clone(),
            become_password: ask(self.ask_become_pass, "sudo password", "--ask-become-pass")?,
            user: self.user.clone(),
            password: ask(self.ask_pass, "SSH password", "--ask-pass")?,
            private_key: self.private_key.clone(),
            connection: self.connection.clone(),
            host_key_checking: self.host_key_checking.map(|checking| match checking {
                Checking::Yes => HostKeyChecking::Strict,
                Checking::AcceptNew => HostKeyChecking::AcceptNew,
                Checking::No => HostKeyChecking::Off,
            }),
            connect_timeout: self.timeout.map(Duration::from_secs),
            forks: self.forks,
            force_handlers: false,
            who: format!("{}@{}", process.user, process.hostname),
        })
    }
}
