//! `ssh_config` read as OpenSSH reads it (`ssh_config(5)`): the first value of a keyword wins.
//!
//! Keywords that OpenSSH knows and that mean nothing to us are passed over; unknown ones are errors.

mod condition;
mod include;
mod keyword;
mod line;
mod resolve;
#[cfg(test)]
mod tests;
mod token;
mod value;
mod words;

pub use line::ConfigError;
pub(super) use resolve::{Layer, Query, Resolved, resolve};
pub(super) use token::Tokens;
pub(super) use value::Value;
