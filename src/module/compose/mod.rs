//! What `docker_compose_v2` reads and says beside the resource: a project's files, its results.

mod files;
mod result;

pub use files::{Files, Place};
pub use result::{actions, containers, images, outcome};
