//! The remote side: connections to hosts and the shell sessions on them.
//!
//! A [`Connection`] is opened for a [`Target`]; it has one [`Shell`] per user; a shell runs
//! [`Script`]s. Nothing here prints, asks or reads the process's state: all that is injected.

mod become_error;
mod become_user;
mod bootstrap;
mod connect_error;
mod connection;
mod env;
mod frame;
mod local;
mod login;
mod lost;
mod nonce;
mod pipes;
mod quote;
mod script;
mod session;
#[cfg(test)]
mod session_tests;
mod target;
mod transfer;
mod wire;
mod word;

pub use become_error::BecomeError;
pub use become_user::{Become, BecomeMethod};
pub use bootstrap::OnFailure;
pub use connect_error::ConnectError;
pub use connection::Connection;
pub use env::{Env, NoPrompt, Prompt};
pub use lost::{Lost, LostCause};
pub use quote::quote;
pub use script::Script;
pub use session::{OUTPUT_CAP, Output, Shell};
pub use target::{Target, Transport};
pub use transfer::{CHUNK, TransferError};
pub use wire::{Deaf, Wire, WireEvent};
pub use word::{MASK, Word, words};
