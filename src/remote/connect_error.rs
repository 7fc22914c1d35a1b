//! Why a host could not be reached: the host, the cause, what to do.

use std::path::PathBuf;

use super::known_hosts::{KnownHostsError, Place};

/// Why a host could not be reached. `host` is the inventory's name, `address` is `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The name has no address.
    #[error("`{host}`: cannot resolve `{address}` ({why}); correct `ansible_host`, or the DNS")]
    Unresolvable { host: String, address: String, why: String },
    /// Nothing listens there.
    #[error(
        "`{host}`: connection to {address} refused; is sshd running, and is `ansible_port` right?"
    )]
    Refused { host: String, address: String },
    /// No way to get there.
    #[error("`{host}`: cannot reach {address}: {why}")]
    Unreachable { host: String, address: String, why: String },
    /// No answer in time.
    #[error(
        "`{host}`: no answer from {address} within {seconds} s while {doing}; is it up, or does a firewall drop us?"
    )]
    TimedOut { host: String, address: String, seconds: u64, doing: &'static str },
    /// The other side ended the connection.
    #[error("`{host}`: {address} closed the connection while {doing}{hint}")]
    Closed { host: String, address: String, doing: &'static str, hint: &'static str },
    /// What answers does not speak SSH as we do.
    #[error("`{host}`: {address} does not speak SSH with us: {why}")]
    Protocol { host: String, address: String, why: String },
    /// The host key is not known.
    #[error(
        "`{host}`: {key} is not known; compare the fingerprint with the host's console, then add it with `ssh-keyscan` or set `StrictHostKeyChecking=accept-new`"
    )]
    HostKeyUnknown { host: String, key: Box<ShownKey> },
    /// The host has another key.
    #[error("`{host}`: {key} is not the one at {place}: the host key has CHANGED; someone may be listening in, or the host was installed anew: if so, remove the old one with `ssh-keygen -R '{}'`", .key.name)]
    HostKeyChanged { host: String, key: Box<ShownKey>, place: Place },
    /// The host is known by keys of other types only.
    #[error("`{host}`: {key} is not known, only keys of type {} are, at {place}; add the new key if it is the host's", .known.join(", "))]
    HostKeyOtherType { host: String, key: Box<ShownKey>, known: Vec<String>, place: Place },
    /// The key is revoked.
    #[error("`{host}`: {key} is revoked at {place}; do not connect")]
    HostKeyRevoked { host: String, key: Box<ShownKey>, place: Place },
    /// The host's certificate is not good.
    #[error(
        "`{host}`: {key} comes with a certificate that is not good, {why}; its authority is at {place}"
    )]
    HostCertificate { host: String, key: Box<ShownKey>, why: String, place: Place },
    /// Host keys cannot be decided upon.
    #[error("`{host}`: {error}")]
    KnownHosts { host: String, error: KnownHostsError },
    /// The new key could not be remembered.
    #[error("`{host}`: cannot add the host key to `{}`: {why}", .file.display())]
    KnownHostsNotWritten { host: String, file: PathBuf, why: String },
    /// All ways to log in were refused.
    #[error("`{host}`: {refusal}")]
    AuthFailed { host: String, refusal: Box<LoginRefusal> },
    /// A key file that was asked for cannot be used.
    #[error("`{host}`: cannot use key file `{}`: {why}", .file.display())]
    KeyUnreadable { host: String, file: PathBuf, why: String },
    /// A setting that we do not know how to follow.
    #[error("`{host}`: {why}")]
    Settings { host: String, why: String },
    /// The proxy command did not start.
    #[error("`{host}`: cannot start the proxy command `{command}`: {why}")]
    Proxy { host: String, command: String, why: String },
    /// A host on the way could not be reached.
    #[error("`{host}` by way of a jump host: {error}")]
    Jump { host: String, error: Box<ConnectError> },
}

/// The host key that a server showed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {algorithm} host key of `{name}` ({fingerprint})")]
pub struct ShownKey {
    /// The host as `known_hosts` names it.
    pub name: String,
    /// The key's type.
    pub algorithm: String,
    /// `SHA256:…`.
    pub fingerprint: String,
}

/// A login that was refused: what was tried, and what the server would take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("login as `{user}` refused at {address}; {tried}; the server takes {offered}")]
pub struct LoginRefusal {
    /// `host:port`.
    pub address: String,
    /// The user who wanted in.
    pub user: String,
    /// "tried key file `…`, password".
    pub tried: String,
    /// The methods that the server takes.
    pub offered: String,
}

impl ConnectError {
    /// Whether the same attempt may succeed later: nothing was refused or wrong, the host was not there.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Unresolvable { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Closed { .. } => true,
            Self::Jump { error, .. } => error.is_unreachable(),
            _ => false,
        }
    }
}
