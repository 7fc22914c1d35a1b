//! Projects of Docker Compose: what their files ask for, which containers there are, and what
//! Compose makes of the difference.
//!
//! `docker compose --dry-run` is never used: it has changed containers. What is wanted comes from
//! `docker compose config`, what is there from the engine, and [`decide`] does as Compose does.

mod choices;
mod config;
mod container;
mod decide;
mod decision;
mod each;
mod model;
mod names;
mod reason;
mod run;
mod settle;

pub use choices::{Choices, Recreate};
pub use config::{Config, ConfigState, Normal, Source, Variables};
pub use container::{Container, Project, ProjectState};
pub use decide::{Known, decide};
pub use decision::{Decision, Operation, Pull, Step, Verb};
pub use each::decide_each;
pub use model::{Dependency, Model, Named, Service};
pub use run::{Compose, Report};
pub use settle::as_called;
