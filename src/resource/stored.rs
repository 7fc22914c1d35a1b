//! Files that a run writes on the controller (`fetch`).

use std::fmt;
use std::sync::Arc;

use super::action::{Action, Step};
use super::diff::{Diff, Text};
use super::file::digest_of;
use super::world::World;

/// Writes a small file on the controller.
#[derive(Clone)]
pub struct Store {
    /// Where.
    pub path: String,
    /// The whole content.
    pub content: Arc<Vec<u8>>,
    /// What it holds now, if it is there.
    pub old: Option<Vec<u8>>,
}

impl fmt::Debug for Store {
    /// Contents may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store {} with sha256 {}", self.path, digest_of(&self.content))
    }
}

impl Action for Store {
    fn summary(&self) -> String {
        format!("fetch to {}", self.path)
    }

    fn step(&self) -> Step {
        Step::Store { path: self.path.clone(), content: self.content.to_vec() }
    }

    fn predict(&self, _world: &mut World) {}

    fn diff(&self) -> Diff {
        let mut diff = Diff::of(format!("controller's file {}", self.path));
        diff.text = Some(Text::new(self.old.as_deref(), Some(&self.content)));
        diff
    }
}
