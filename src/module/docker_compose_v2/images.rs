//! Images that a plan counts on before the host has them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::resource::compose::{Model, Service};
use crate::resource::docker::ImageState;
use crate::resource::{Host, Scope};

use super::{Args, PullPolicy};

/// What nobody may pull, and the host does not have: a planned command may bring it.
pub fn assume_images(
    model: &Model,
    images: &mut BTreeMap<String, Arc<ImageState>>,
    args: &Args,
    host: &Host<'_>,
    planned: bool,
) {
    let opaque = host.opaque(|opaque| opaque.scope == Scope::Anything).is_some();
    if !planned && !opaque {
        return;
    }
    let stays = |one: &&Service| match args.pull {
        PullPolicy::Never => true,
        PullPolicy::Policy => one.pull_policy == "never",
        PullPolicy::Always | PullPolicy::Missing => false,
    };
    for service in model.services.iter().filter(stays) {
        if let Some(image) = images.get_mut(&service.image)
            && !image.is_there()
        {
            *image = Arc::new(ImageState::to_come());
            host.assume(format!("image `{}` is on the host by then", service.image));
        }
    }
}
