//! Where to connect to and how: what the engine fills from a host's variables.

/// How a host is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Processes of this machine (`ansible_connection: local`).
    #[default]
    Local,
}

/// One host and how to reach it.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The host's name in the inventory; all messages use it.
    pub name: String,
    /// How it is reached.
    pub transport: Transport,
}
