//! Projects of Docker Compose: what their files ask for, which containers there are, and what
//! Compose makes of the difference.
//!
//! `docker compose --dry-run` is never used: it has changed containers. What is wanted comes from
//! `docker compose config`, what is there from the engine, and [`decide`] does as Compose does.

mod config;
mod container;
mod decide;
mod model;
mod names;
mod reason;
mod run;
mod settle;

pub use config::{Config, ConfigState, Normal, Source};
pub use container::{Container, Project, ProjectState};
pub use decide::{
    Choices, Decision, Known, Operation, Pull, Recreate, Step, Verb, decide, decide_each,
};
pub use model::{Dependency, Model, Named, Service};
pub use run::{Compose, Report};
pub use settle::as_called;
