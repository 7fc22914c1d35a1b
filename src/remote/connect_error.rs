//! Why a host could not be reached.

/// Why a host could not be reached: the host, the cause, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {}
