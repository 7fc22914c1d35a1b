//! `known_hosts` files read and decided upon as OpenSSH does (the manual page `sshd(8)`).
//!
//! Differences, all to the strict side: an unreadable file or a broken `@revoked` line refuses every key,
//! a key of another type than the known ones is refused, a host certificate must name its hosts, and a
//! tab may stand behind `@revoked` (OpenSSH 9.2 passes over such a line).

mod append;
mod certificate;
mod decision;
mod entry;
mod offer;
mod pattern;
mod store;
#[cfg(test)]
mod tests;

pub use append::append;
pub use decision::{Decision, Place};
pub use offer::Offer;
pub(super) use offer::host_key_algorithms;
pub use pattern::HostName;
pub(super) use pattern::{matches_list, matches_pattern};
pub use store::{KnownHosts, KnownHostsError, Problem};
