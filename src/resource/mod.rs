//! The things on a host whose state can be read and changed, one file per kind.
//!
//! A kind has a query, a state, and the actions that change it. [`World`] is what is known of a
//! host: what was read, and over it what planned actions will have made of it.

pub mod account;
mod action;
pub mod command;
pub mod compose;
pub mod crontab;
mod diff;
pub mod dns;
pub mod docker;
pub mod facts;
pub mod file;
pub mod firewall;
pub mod glob;
pub mod home;
mod host;
pub mod kernel;
pub mod package;
pub mod ping;
mod probe;
mod query;
mod sshd;
mod stored;
pub mod unit;
pub mod waiting;
pub mod web;
mod world;

pub use action::{Action, Guard, Nature, Restart, Step};
pub use diff::{Change, Diff, Text};
pub use host::{Host, Suspend, together};
pub use probe::{Probe, answers, base64_field, fields};
pub use query::{AnyQuery, AnyState, Asker, ControllerAnswer, Query, QueryId, State};
pub use stored::Store;
pub use world::{Opaque, Scope, World};
