//! The lab: throwaway Debian hosts booted with systemd in namespaces, for tests and for people.
//!
//! In reading order: where the lab lives, what a base image is, how a host gets an address,
//! a root filesystem and a boot, and what a test can do with it. See `README.md`.
#![allow(
    dead_code,
    unused_imports,
    reason = "shared by several targets through `#[path]`; none of them uses all of it"
)]

pub mod address;
pub mod bridge;
pub mod cgroup;
pub mod container;
pub mod exec;
pub mod host;
pub mod image;
pub mod inventory;
pub mod keys;
pub mod leader;
pub mod lock;
pub mod mirror;
pub mod overlay;
pub mod packages;
pub mod pristine;
pub mod process;
pub mod record;
pub mod registry;
pub mod release;
pub mod requirement;
pub mod room;
pub mod snapshot;
pub mod tool;
pub mod watch;

pub use exec::Output;
pub use host::{Host, Options, Sudo};
pub use release::Release;
pub use requirement::lab_or_skip;
pub use watch::Watch;
