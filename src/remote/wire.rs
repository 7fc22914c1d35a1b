//! What a session tells those who watch it (`-vvv`): facts, never text for a terminal.

use super::script::Script;
use super::session::Output;

/// Watches connections. Called from the tasks that do the work, so it must not block.
pub trait Wire: Send + Sync {
    /// Takes note of `event` of the host named `host`.
    fn event(&self, host: &str, event: WireEvent<'_>);
}

/// Something that went over the wire. Scripts show themselves with their secrets masked.
#[derive(Debug)]
pub enum WireEvent<'a> {
    /// An address is being tried.
    Connecting { address: &'a str },
    /// The server's key was accepted: its algorithm and SHA-256 fingerprint.
    HostKey { algorithm: &'a str, fingerprint: &'a str },
    /// A way to log in was tried, for example "key `a@b` of the agent".
    Login { user: &'a str, method: &'a str, accepted: bool },
    /// A shell is there, as the user with this uid.
    Shell { uid: u32 },
    /// A batch was sent, in one write.
    Sent { parts: &'a [Script], bytes: usize },
    /// A part of the batch reported.
    Received { index: usize, output: &'a Output },
    /// File data that went by besides batches.
    Transferred { bytes: u64 },
    /// Something that a person should know but that does not stop the run.
    Note { text: &'a str },
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deaf;

impl Wire for Deaf {
    fn event(&self, _host: &str, _event: WireEvent<'_>) {}
}
