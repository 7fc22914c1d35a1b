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
pub mod container_image;
pub mod cut;
pub mod deb;
pub mod dns;
pub mod docker_packages;
pub mod docker_repository;
pub mod docker_store;
pub mod download;
pub mod exec;
pub mod host;
pub mod image;
pub mod images;
pub mod inventory;
pub mod keys;
pub mod layer;
pub mod leader;
pub mod lock;
pub mod mirror;
pub mod overlay;
pub mod packages;
pub mod pristine;
pub mod process;
pub mod program;
pub mod proxy;
pub mod pump;
pub mod recipe;
pub mod record;
pub mod registry;
pub mod relay;
pub mod release;
pub mod requirement;
pub mod room;
pub mod running_state;
pub mod scan;
pub mod signing_key;
pub mod snapshot;
pub mod tool;
pub mod traffic;
pub mod watch;
pub mod web;

pub use cut::{Cut, Door, Trigger};
pub use dns::Dns;
pub use docker_repository::DockerRepository;
pub use exec::Output;
pub use host::{Host, Options, Sudo};
pub use relay::Relay;
pub use release::Release;
pub use requirement::lab_or_skip;
pub use traffic::Direction;
pub use watch::Watch;
