//! What is decided: what happens to containers, images, networks and volumes.

use super::super::diff::Change;
use super::container::ProjectState;

/// What happens to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// It is made.
    Create,
    /// Another one takes its place.
    Recreate,
    /// It goes.
    Remove,
    /// It starts.
    Start,
    /// It stops.
    Stop,
    /// It stops and starts.
    Restart,
}

impl Verb {
    /// In the imperative: `create`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Recreate => "recreate",
            Self::Remove => "remove",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }

    /// What it is afterwards: `created`.
    pub fn done(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Recreate => "recreated",
            Self::Remove => "",
            Self::Start => "started",
            Self::Stop => "stopped",
            Self::Restart => "restarted",
        }
    }
}

/// What happens to one container.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What.
    pub verb: Verb,
    /// The container's name.
    pub container: String,
    /// How it is now; empty if it is not there.
    pub before: String,
    /// The settings because of which it happens.
    pub because: Vec<Change>,
    /// The other reason, in words; empty if there is none to give.
    pub why: String,
    /// Only if a pull brings another image.
    pub maybe: bool,
}

impl Operation {
    /// `recreate matrix-synapse`
    pub fn shown(&self) -> String {
        format!("{} {}", self.verb.word(), self.container)
    }
}

/// An image that is fetched or built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its name.
    pub image: String,
    /// It is built on the host.
    pub build: bool,
    /// The host has one of this name already, which is asked to be renewed.
    pub renew: bool,
    /// The bytes of the pull, where that is known.
    pub size: Option<u64>,
}

/// All that Compose does.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// To containers, in order.
    pub operations: Vec<Operation>,
    /// To images.
    pub pulls: Vec<Pull>,
    /// Networks that are made.
    pub networks: Vec<String>,
    /// Volumes that are made.
    pub volumes: Vec<String>,
    /// Networks, volumes and images that go, each with its kind: `network m_edge`.
    pub removes: Vec<String>,
    /// What is there afterwards.
    pub after: ProjectState,
    /// The host's folders that its containers may write into.
    pub folders: Vec<String>,
    /// Services that are brought up first, one by one: see [`Step`].
    pub steps: Vec<Step>,
    /// Services that are restarted behind one that they depend on.
    pub restarts: Vec<String>,
}

/// A service that is brought up for itself, so that those which depend on it are no part of the
/// call: Compose before 2.30 recreates them with it, later ones stop and start them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub service: String,
    /// The services that are part of the call: it, and what it depends on.
    pub with: Vec<String>,
}

impl Decision {
    /// Whether nothing happens.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
            && self.pulls.is_empty()
            && self.networks.is_empty()
            && self.volumes.is_empty()
            && self.removes.is_empty()
    }

    /// Whether something happens for sure.
    pub fn is_sure(&self) -> bool {
        self.operations.iter().any(|one| !one.maybe)
            || self.pulls.iter().any(|one| !one.renew)
            || !self.networks.is_empty()
            || !self.volumes.is_empty()
            || !self.removes.is_empty()
    }
}
