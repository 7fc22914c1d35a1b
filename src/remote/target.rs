//! Where to connect to and how: what the engine fills from a host's variables.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// How a host is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// `ansible_connection: ssh`.
    #[default]
    Ssh,
    /// `ansible_connection: local`: processes of this machine.
    Local,
}

/// What happens with a server whose key is not known (`StrictHostKeyChecking`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostKeyChecking {
    /// Refuse it.
    #[default]
    Strict,
    /// Accept and remember the key of a host that was never seen; refuse a changed one.
    AcceptNew,
    /// Accept any key but a revoked one. A changed key gets no password from us.
    Off,
}

/// Where `ssh_config` settings come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ConfigFiles {
    /// The user's and the system's.
    #[default]
    Usual,
    /// This one only (`-F file`).
    Only(PathBuf),
    /// None (`-F none`).
    None,
}

/// One host and how to reach it. What is `None` comes from `ssh_config`, then from OpenSSH's defaults.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The host's name in the inventory; all messages use it.
    pub name: String,
    /// `ansible_connection`.
    pub transport: Transport,
    /// `ansible_host`; the name if `None`. An alias of `ssh_config` may stand here.
    pub host: Option<String>,
    /// `ansible_port`.
    pub port: Option<u16>,
    /// `ansible_user`.
    pub user: Option<String>,
    /// `ansible_password`: for the methods `password` and `keyboard-interactive`.
    pub password: Option<SecretString>,
    /// `ansible_ssh_private_key_file`: then this key only is offered.
    pub private_key_file: Option<PathBuf>,
    /// `ansible_ssh_private_key_passphrase`.
    pub private_key_passphrase: Option<SecretString>,
    /// `ansible_ssh_common_args` and `ansible_ssh_extra_args`, split into words as a shell would.
    pub ssh_args: Vec<String>,
    /// `ansible_host_key_checking` and friends.
    pub host_key_checking: Option<HostKeyChecking>,
    /// Files to use instead of the configured ones; the first is added to.
    pub known_hosts: Vec<PathBuf>,
    /// Which `ssh_config` files count.
    pub config: ConfigFiles,
    /// Limit for the connection until the host key is checked, and for each step of the login.
    pub connect_timeout: Option<Duration>,
}

impl Target {
    /// Connection and login may take this long, each step, unless told otherwise.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

    /// The target with all settings left to the configuration.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// This machine.
    pub fn local(name: impl Into<String>) -> Self {
        Self { transport: Transport::Local, ..Self::new(name) }
    }
}
