//! The remote side: connections to hosts and the shell sessions on them.
//!
//! A [`Connection`] is opened for a [`Target`]; it has one [`Shell`] per user; a shell runs
//! [`Script`]s. Nothing here prints, asks or reads the process's state: all that is injected.

mod become_error;
#[cfg(test)]
mod become_tests;
mod become_user;
mod bootstrap;
mod connect_error;
mod connection;
mod detached;
mod env;
mod frame;
pub mod known_hosts;
mod local;
mod lock;
mod login;
mod lost;
mod nonce;
mod pipes;
mod quote;
mod script;
mod session;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod skipped;
mod settings;
mod ssh;
mod ssh_args;
mod ssh_config;
mod streams;
mod target;
mod transfer;
mod wire;
mod word;

pub use become_error::BecomeError;
pub use become_user::{Become, BecomeMethod};
pub use bootstrap::OnFailure;
pub use connect_error::{ConnectError, LoginRefusal, ShownKey};
pub use connection::Connection;
pub use detached::{JobError, JobId, JobInfo};
pub use env::{Env, NoPrompt, Prompt};
pub use lock::{Holder, HostLock, LockError, LockWait};
pub use lost::{Lost, LostCause};
pub use quote::quote;
pub use script::Script;
pub use session::{OUTPUT_CAP, Output, Shell};
pub use ssh::KeyRing;
pub use ssh_config::ConfigError;
pub use target::{ConfigFiles, HostKeyChecking, Target, Transport};
pub use transfer::{CHUNK, TransferError};
pub use wire::{Deaf, Wire, WireEvent};
pub use word::{MASK, Word, words};
