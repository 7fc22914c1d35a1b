//! How Compose is called.

use std::collections::BTreeMap;

use super::super::docker::Version;

/// Which containers are made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recreate {
    /// Those that differ.
    Changed,
    /// All.
    Always,
    /// None.
    Never,
}

/// How Compose is called.
#[derive(Debug, Clone)]
pub struct Choices {
    /// The services it is about; none for all.
    pub services: Vec<String>,
    /// With what they depend on.
    pub dependencies: bool,
    /// Which containers are made anew.
    pub recreate: Recreate,
    /// When images are pulled, where the call says it: `always`, `missing`, `never`.
    pub pull: Option<&'static str>,
    /// Whether images are built: always, or never; by the files if none.
    pub build: Option<bool>,
    /// Numbers of replicas over those of the files.
    pub scale: BTreeMap<String, usize>,
    /// Whether containers of services that the files do not name go.
    pub remove_orphans: bool,
    /// Whether containers are started.
    pub start: bool,
    /// Whether they must be healthy in the end.
    pub wait: bool,
    /// Which Compose decides; none if it is not there yet.
    pub compose: Option<Version>,
}
