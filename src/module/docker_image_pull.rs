//! `community.docker.docker_image_pull`: images from registries.

use std::sync::Arc;

use crate::resource::docker::{Image, ImageState, PullImage, full_name};
use crate::resource::{Host, Suspend};
use crate::value::{Key, Map, Value};

use super::{Call, Module, Outcome, Plan, run};

choice! {
    /// When an image is pulled.
    pub enum When {
        /// Each time.
        Always = "always",
        /// Where the host does not have it.
        NotPresent = "not_present",
    }
}

arguments! {
    /// Arguments of `docker_image_pull`.
    pub struct Args {
        /// The image, with its tag or digest.
        name: String,
        /// Its tag, if the name has none.
        tag: String = "latest",
        /// When it is pulled.
        pull: When = When::Always,
        /// The platform it is for: `linux/arm64`.
        platform: Option<String>,
    }
    refuses {
        api_version, ca_path, client_cert, client_key, debug, docker_host, ssl_version, timeout,
        tls, tls_hostname, use_ssh_client, validate_certs
    }
}

/// The module.
pub struct DockerImagePull;

impl Module for DockerImagePull {
    type Args = Args;
    const NAME: &'static str = "community.docker.docker_image_pull";
    const SUMMARY: &'static str = "pulls a container image";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let name = full_name(&args.name, &args.tag).map_err(Suspend::Failed)?;
        let engine = host.docker_now()?;
        let before = host.state(Image { name: name.clone() })?;
        let mut plan = Plan::new().with("image", described(&before));
        if before.is_there() && args.pull == When::NotPresent {
            return Ok(plan);
        }
        plan.set("image", Value::unknown(format!("image `{name}` is not pulled yet")));
        let platform = args.platform.as_deref().unwrap_or(&engine.platform);
        let size = match before.is_there() {
            true => None,
            false => host.offers(std::slice::from_ref(&name), platform)?.into_iter().next(),
        };
        plan.act(PullImage {
            name,
            platform: args.platform.clone(),
            before: Arc::clone(&before),
            size: size.and_then(|offered| offered.size),
            environment: run::environment(call)?,
        });
        plan.finish = Some(Arc::new(move |outputs| {
            let Some(output) = outputs.first() else { return Outcome::default() };
            let after = PullImage::read(output).unwrap_or_default();
            let changed = Some(after.id != before.id);
            let result: Map = [(Key::from("image"), described(&after))].into_iter().collect();
            Outcome { result, changed, failed: None }
        }));
        Ok(plan)
    }
}

/// What the engine says of it; nothing if it is not there.
fn described(state: &ImageState) -> Value {
    match state.inspected.is_object() {
        true => Value::from_json(&state.inspected),
        false => Value::map(std::iter::empty::<(&str, Value)>()),
    }
}
