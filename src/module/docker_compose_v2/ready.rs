//! A project of a host that has Docker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::module::{Call, Plan};
use crate::resource::compose::{
    Choices, Config, ConfigState, Decision, Known, Model, Normal, Project, ProjectState, Pull,
    Service, Verb, as_called, decide, decide_each,
};
use crate::resource::docker::{EngineState, Image, ImageState, Version};
use crate::resource::{Host, Suspend, together};

use super::choices::choices;
use super::end::End;
use super::files::{Files, Place};
use super::images::assume_images;
use super::{Args, RemoveImages, State, list};

/// What its plan is made from.
pub struct Ready<'a> {
    /// The task's arguments.
    pub args: &'a Args,
    /// The task.
    pub call: &'a Call<'a>,
    /// The host.
    pub host: &'a Host<'a>,
    /// The project's files.
    pub files: Files,
    /// Where they are.
    pub place: Place,
    /// The host's Docker.
    pub engine: Arc<EngineState>,
}

impl Ready<'_> {
    /// The plan.
    pub fn plan(self) -> Result<Plan, Suspend> {
        let Some(compose) = self.engine.compose else {
            return Err(Suspend::failed("there is no `docker compose` on the host"));
        };
        if self.args.assume_yes && compose < Version::new(2, 32) {
            return Err(Suspend::failed("`assume_yes` needs Compose 2.32 or newer on the host"));
        }
        let project = Project { name: self.files.config.project.clone() };
        let there = self.files.on_the_host();
        let old = there.clone().map(|config| self.host.state(config).map(drop));
        together(
            [
                self.host.state(project.clone()).map(drop),
                self.host.state(self.files.config.clone()).map(drop),
            ]
            .into_iter()
            .chain(old),
        )?;
        let state = self.host.state(project)?;
        let normal = match &*self.host.state(self.files.config.clone())? {
            ConfigState::Valid(normal) => normal.clone(),
            ConfigState::Refused(why) => {
                return Err(Suspend::failed(format!("Compose refuses the files: {why}")));
            }
        };
        let mut model = Model::of(&normal, &self.files.config.project);
        self.take_hashes(&mut model, &normal, &state)?;
        model.declared.extend(self.files.declared());
        let old = self.old(there)?;
        let images = self.images(&model)?;
        let choices = choices(self.args, Some(compose))?;
        self.check(&model, &choices)?;
        let known = Known {
            project: &self.files.config.project,
            model: &model,
            state: &state,
            images: &images,
            old: old.as_ref(),
        };
        let mut decision = self.decide(&known, &choices)?;
        self.weigh(&mut decision)?;
        let end = End {
            args: self.args,
            call: self.call,
            place: &self.place,
            files: &self.files,
            compose: Some(compose),
            decision,
            state: &state,
            images: &images,
        };
        let mut plan = end.plan()?;
        plan.warnings.extend(normal.warnings.iter().cloned());
        Ok(plan)
    }

    /// The hashes as Compose takes them in this call, where that is not how the files stand.
    fn take_hashes(
        &self,
        model: &mut Model,
        normal: &Normal,
        state: &ProjectState,
    ) -> Result<(), Suspend> {
        let services = list(self.args.services.as_ref());
        let alone = (!self.args.dependencies && !services.is_empty()).then_some(&services[..]);
        let Some(called) = as_called(&normal.json, alone, state) else { return Ok(()) };
        match &*self.host.state(self.files.config.resolved(&called))? {
            ConfigState::Valid(normal) => {
                for service in &mut model.services {
                    service.hash = normal.hashes.get(&service.name).cloned();
                }
                Ok(())
            }
            ConfigState::Refused(why) => {
                Err(Suspend::failed(format!("Compose refuses its own form of the files: {why}")))
            }
        }
    }

    /// The project as the files on the host have it; without planned ones, that is the same.
    fn old(&self, there: Option<Config>) -> Result<Option<Model>, Suspend> {
        let Some(config) = there else { return Ok(None) };
        Ok(match &*self.host.state(config)? {
            ConfigState::Valid(normal) => Some(Model::of(normal, &self.files.config.project)),
            // They may not be there, or wrong: they are only a source of reasons.
            ConfigState::Refused(_) => None,
        })
    }

    fn images(&self, model: &Model) -> Result<BTreeMap<String, Arc<ImageState>>, Suspend> {
        let names: BTreeSet<&String> = model.services.iter().map(|one| &one.image).collect();
        let queries = names.iter().map(|name| Image { name: (*name).clone() }).collect();
        let states = self.host.states(queries)?;
        let mut images: BTreeMap<String, Arc<ImageState>> =
            names.into_iter().cloned().zip(states).collect();
        assume_images(model, &mut images, self.args, self.host, false);
        Ok(images)
    }

    /// How much is pulled, where registries tell.
    fn weigh(&self, decision: &mut Decision) -> Result<(), Suspend> {
        let mut pulls: Vec<&mut Pull> =
            decision.pulls.iter_mut().filter(|pull| !pull.build && !pull.renew).collect();
        let names: Vec<String> = pulls.iter().map(|pull| pull.image.clone()).collect();
        let offers = self.host.offers(&names, &self.engine.platform)?;
        for (pull, offered) in pulls.iter_mut().zip(offers) {
            pull.size = offered.size;
        }
        Ok(())
    }

    fn check(&self, model: &Model, choices: &Choices) -> Result<(), Suspend> {
        let unknown = choices.services.iter().chain(choices.scale.keys());
        match unknown.into_iter().find(|name| model.service(name).is_none()) {
            None => Ok(()),
            Some(_) if self.args.state == State::Absent => Ok(()),
            Some(name) => {
                Err(Suspend::failed(format!("no file of the project has a service `{name}`")))
            }
        }
    }

    fn decide(&self, known: &Known<'_>, choices: &Choices) -> Result<Decision, Suspend> {
        match self.args.state {
            State::Present => decide(known, choices).map_err(Suspend::Failed),
            State::Restarted => Ok(decide_each(known, choices, Verb::Restart)),
            State::Absent => Ok(self.down(known, choices)),
            State::Stopped => {
                let mut decision = decide(known, choices).map_err(Suspend::Failed)?;
                let kept = ProjectState {
                    containers: decision.after.containers.clone(),
                    ..known.state.clone()
                };
                let stop = decide_each(&Known { state: &kept, ..*known }, choices, Verb::Stop);
                decision.operations.extend(stop.operations);
                decision.after.containers = stop.after.containers;
                Ok(decision)
            }
        }
    }

    fn down(&self, known: &Known<'_>, choices: &Choices) -> Decision {
        let mut decision = decide_each(known, choices, Verb::Remove);
        if choices.services.is_empty() {
            let there =
                known.model.networks.iter().filter(|one| known.state.networks.contains(&one.name));
            decision.removes.extend(there.map(|one| format!("network {}", one.name)));
        }
        if self.args.remove_volumes {
            let there =
                known.model.volumes.iter().filter(|one| known.state.volumes.contains(&one.name));
            decision.removes.extend(there.map(|one| format!("volume {}", one.name)));
        }
        let used = known.images.iter().filter(|(name, image)| match self.args.remove_images {
            None => false,
            Some(RemoveImages::All) => image.is_there(),
            Some(RemoveImages::Local) => {
                let own = |one: &Service| one.image == **name && one.json["image"].is_null();
                image.is_there() && known.model.services.iter().any(own)
            }
        });
        decision.removes.extend(used.map(|(name, _)| format!("image {name}")));
        decision
    }
}
