//! Docker on a host: whether it answers, its images, its networks, single containers.

mod container;
mod engine;
mod image;
mod login;
mod network;
mod offer;
mod pin;
mod pull;

use std::sync::Arc;

pub use container::{Container, ContainerState};
pub use engine::{Engine, EngineState, Version};
pub use image::{Image, ImageState};
pub use login::{ChangeLogin, LoginChange};
pub use network::{ChangeNetwork, Network, NetworkState};
pub use offer::{Offer, OfferState, Offered, in_brackets, repository};
pub use pin::{Lock, PinImage};
pub use pull::{PullImage, full_name};

use super::host::{Host, Suspend};
use super::world::Scope;
use crate::value::Unknown;

/// What a plan can build on.
#[derive(Debug, Clone)]
pub enum Docker {
    /// It answers.
    Ready(Arc<EngineState>),
    /// A planned action brings it; the host cannot be asked yet.
    Planned(Arc<Unknown>),
}

impl Host<'_> {
    /// Whether Docker answers, or will; a host that neither has nor gets it is a failure.
    pub fn docker(&self) -> Result<Docker, Suspend> {
        let state = self.state(Engine)?;
        if state.server.is_some() {
            return Ok(Docker::Ready(state));
        }
        let brings = self.opaque(|opaque| match &opaque.scope {
            Scope::Packages(names) => names.iter().any(|name| name.contains("docker")),
            Scope::Unit(name) => name.starts_with("docker.") || name.starts_with("containerd."),
            Scope::Anything | Scope::Containers { .. } => false,
        });
        match brings {
            Some(opaque) => Ok(Docker::Planned(Arc::clone(&opaque.reason))),
            None => Err(Suspend::failed(state.problem.clone())),
        }
    }

    /// Docker as it answers now; one that is only planned is unknown.
    pub fn docker_now(&self) -> Result<Arc<EngineState>, Suspend> {
        match self.docker()? {
            Docker::Ready(state) => Ok(state),
            Docker::Planned(reason) => Err(Suspend::Unknown(reason)),
        }
    }
}
