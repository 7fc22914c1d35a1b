//! A project of a host whose Docker is only planned.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::module::{Call, Plan};
use crate::resource::compose::{Decision, Known, Model, ProjectState, decide};
use crate::resource::docker::{Image, ImageState};
use crate::resource::{Host, Suspend};
use crate::value::Unknown;

use super::choices::choices;
use super::end::End;
use super::files::{Files, Place};
use super::images::assume_images;
use super::{Args, State};

/// What an earlier task is to make of an image.
fn planned(name: &str, host: &Host<'_>) -> Arc<ImageState> {
    let query = Image { name: name.to_string() };
    let state = if host.is_predicted(&query) { host.lookup(&query) } else { None };
    state.and_then(Result::ok).unwrap_or_default()
}

/// All of it is made.
pub fn sketched(
    args: &Args,
    (call, host): (&Call<'_>, &Host<'_>),
    files: &Files,
    place: &Place,
    reason: &Arc<Unknown>,
) -> Result<Plan, Suspend> {
    let parsed: Option<Vec<Json>> = files.parsed.iter().cloned().collect();
    let model = parsed
        .ok_or_else(|| "a file is more than YAML".to_string())
        .and_then(|parsed| Model::sketch(&parsed, &files.config.project, &files.config.profiles));
    let model = match model {
        Ok(model) => model,
        Err(why) => return Err(Suspend::unknown(format!("{}, and {why}", reason.reason))),
    };
    let images = model.services.iter().map(|one| (one.image.clone(), planned(&one.image, host)));
    let mut images: BTreeMap<String, Arc<ImageState>> = images.collect();
    assume_images(&model, &mut images, args, host, true);
    let state = ProjectState::default();
    let choices = choices(args, None)?;
    host.assume(format!("Docker brings no container of `{}`", files.config.project));
    let known = Known {
        project: &files.config.project,
        model: &model,
        state: &state,
        images: &images,
        old: None,
    };
    let decision = match args.state {
        State::Absent | State::Restarted => Decision::default(),
        State::Present | State::Stopped => decide(&known, &choices).map_err(Suspend::Failed)?,
    };
    let end =
        End { args, call, place, files, compose: None, decision, state: &state, images: &images };
    end.plan()
}
