//! SSH by russh: dialling, checking the host key, logging in, running commands.

mod agent;
mod channel;
mod client;
mod dial;
mod hop;
mod identity;
mod keyring;
mod link;
mod login;
mod probe;
#[cfg(test)]
pub(in crate::remote) mod sshd;
#[cfg(test)]
mod tests;

pub(super) use hop::{Hop, HostKeys, Methods, Proxy};
pub use keyring::KeyRing;
pub(super) use link::Link;
