//! What Compose does about the difference between a project's files and its containers.
//!
//! The rules are those of docker/compose, `pkg/compose/convergence.go`, `up.go`, `down.go`: a
//! container is made anew if the hash of its configuration or the id of its image differ from
//! what its labels say; replicas with high numbers go first; one that does not run is started.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::docker::{ImageState, Version};
use super::choices::{Choices, Recreate};
use super::container::{Container, ProjectState};
use super::decision::{Decision, Operation, Pull, Step, Verb};
use super::model::{Model, Service};
use super::reason::reasons;

/// What is known when it is decided.
pub struct Known<'a> {
    /// The project's name.
    pub project: &'a str,
    /// What the files ask for.
    pub model: &'a Model,
    /// What is there.
    pub state: &'a ProjectState,
    /// The images of the services, by name.
    pub images: &'a BTreeMap<String, Arc<ImageState>>,
    /// The services as the files that are on the host have them, with their hashes.
    pub old: Option<&'a Model>,
}

/// What `docker compose up` does. An error is what it would fail with.
pub fn decide(known: &Known<'_>, choices: &Choices) -> Result<Decision, String> {
    let selected = known.model.selected(&choices.services, choices.dependencies);
    let mut up = Up { known, choices, decision: Decision::default(), renewed: vec![] };
    up.resources(&selected);
    for service in known.model.in_order(&selected) {
        up.service(service)?;
    }
    up.orphans(&selected);
    up.steps(&selected);
    Ok(up.end())
}

struct Up<'a> {
    known: &'a Known<'a>,
    choices: &'a Choices,
    decision: Decision,
    /// Services of which a container is made anew.
    renewed: Vec<String>,
}

impl<'a> Up<'a> {
    fn resources(&mut self, selected: &[&Service]) {
        let (model, state) = (self.known.model, self.known.state);
        let on = |key: &str| selected.iter().any(|one| one.networks.iter().any(|name| name == key));
        let networks = model.networks.iter().filter(|one| on(&one.key)).map(|one| &one.name);
        self.decision.networks =
            networks.filter(|name| !state.networks.contains(name)).cloned().collect();
        let volumes = model.volumes.iter().map(|one| &one.name);
        self.decision.volumes =
            volumes.filter(|name| !state.volumes.contains(name)).cloned().collect();
        let folders = selected.iter().flat_map(|one| one.folders());
        self.decision.folders = folders.map(|one| one.trim_end_matches('/').to_string()).collect();
    }

    fn image(&self, service: &Service) -> Option<&str> {
        self.known.images.get(&service.image).and_then(|image| image.id.as_deref())
    }

    /// How the image of a service changes: none if it stays, true if that is not sure.
    fn pull(&mut self, service: &Service) -> Option<bool> {
        let there = self.image(service).is_some();
        let policy = self.choices.pull.unwrap_or(service.pull_policy.as_str());
        let asks = matches!(policy, "always" | "daily" | "weekly" | "refresh")
            || policy.starts_with("every_");
        let built = self.choices.build == Some(true) || policy == "build";
        let can_build = service.builds && self.choices.build != Some(false);
        let build = can_build && (built || !there);
        let fetched = if there { asks && !service.builds } else { !build };
        let pulls = fetched && !build && policy != "never";
        if !build && !pulls {
            return None;
        }
        let pull = Pull { image: service.image.clone(), build, renew: there, size: None };
        if !self.decision.pulls.contains(&pull) {
            self.decision.pulls.push(pull);
        }
        Some(there)
    }

    fn service(&mut self, service: &'a Service) -> Result<(), String> {
        let wanted = self.choices.scale.get(&service.name).copied().unwrap_or(service.replicas);
        if wanted > 1 && service.container_name.is_some() {
            return Err(format!(
                "service `{}` has a `container_name`, so there can be one container only, not {wanted}",
                service.name
            ));
        }
        let image = self.pull(service);
        let mut containers: Vec<&Container> = self.known.state.of(&service.name).collect();
        let mut differs: BTreeMap<&str, Option<String>> = BTreeMap::new();
        for container in &containers {
            differs.insert(&container.id, self.differs(service, container));
        }
        let fits = |one: &&Container| differs.get(one.id.as_str()).is_some_and(Option::is_none);
        containers.sort_by_key(|one| (!fits(one), one.number));
        for (index, container) in containers.iter().enumerate() {
            let why = differs.get(container.id.as_str()).cloned().flatten();
            match why {
                _ if index >= wanted => self.remove(container, "there are to be fewer"),
                Some(why) => self.recreate(service, container, why, false),
                None if image == Some(true) => {
                    self.recreate(service, container, String::new(), true);
                }
                None => self.keep(service, container),
            }
        }
        let last = containers.iter().map(|one| one.number).max().unwrap_or(0);
        for number in last + 1..last + 1 + wanted.saturating_sub(containers.len()) {
            self.create(service, number);
        }
        let comes =
            |one: &Operation| matches!(one.verb, Verb::Create | Verb::Recreate) && !one.maybe;
        let made = self.decision.operations.iter().any(|one| {
            comes(one)
                && self.decision.after.of(&service.name).any(|other| other.name == one.container)
        });
        if made && image.is_none() && self.image(service).is_none() {
            return Err(format!(
                "image `{}` of service `{}` is not on the host and may not be pulled",
                service.image, service.name
            ));
        }
        Ok(())
    }

    /// Why a container is made anew; none if it stays.
    fn differs(&self, service: &Service, container: &Container) -> Option<String> {
        let named =
            self.choices.services.is_empty() || self.choices.services.contains(&service.name);
        match self.choices.recreate {
            Recreate::Never => return None,
            Recreate::Always if named => return Some("it is asked for".into()),
            Recreate::Always | Recreate::Changed => {}
        }
        if let Some(shared) = service.shares.iter().find(|name| self.renewed.contains(name)) {
            return Some(format!("it shares what `{shared}` has"));
        }
        if service.hash.is_some() && service.hash != container.hash {
            return Some("its configuration".into());
        }
        let image = self.image(service);
        if image.is_some_and(|id| !id.is_empty() && Some(id) != container.image_id.as_deref()) {
            return Some("its image".into());
        }
        if image == Some("") {
            return Some("its image".into());
        }
        self.lost_network(service, container)
    }

    /// From 2.32 on Compose looks whether a container is on its networks.
    fn lost_network(&self, service: &Service, container: &Container) -> Option<String> {
        if self.choices.compose? < Version::new(2, 32) || !container.is_running() {
            return None;
        }
        let own =
            self.known.model.networks.iter().filter(|one| service.networks.contains(&one.key));
        let lost = own.map(|one| &one.name).find(|name| !container.networks.contains(name))?;
        Some(format!("it is not on the network `{lost}`"))
    }

    fn act(&mut self, verb: Verb, container: &Container, why: impl Into<String>) {
        self.decision.operations.push(Operation {
            verb,
            container: container.name.clone(),
            before: container.condition(),
            because: vec![],
            why: why.into(),
            maybe: false,
        });
    }

    fn remove(&mut self, container: &Container, why: &str) {
        self.act(Verb::Remove, container, why);
        self.decision.after.gone.push(container.id.clone());
    }

    fn recreate(&mut self, service: &Service, container: &Container, why: String, maybe: bool) {
        // The old files describe it only if it was made from them.
        let old = self.known.old.and_then(|old| old.service(&service.name));
        let old = old.filter(|old| old.hash == container.hash).map(|old| &old.json);
        let because = match maybe || service.json.is_null() || service.hash.is_none() {
            true => vec![],
            false => reasons(container, service, old.filter(|json| !json.is_null())),
        };
        let why = if because.is_empty() { why } else { String::new() };
        self.act(Verb::Recreate, container, why);
        if let Some(last) = self.decision.operations.last_mut() {
            last.because = because;
            last.maybe = maybe;
        }
        let mut after = self.made(
            service,
            &service.container(self.known.project, container.number),
            container.number,
        );
        // Compose keeps the name that a container has.
        if service.container_name.is_none() {
            after.name = container.name.clone();
        }
        if maybe {
            after.hash = None;
        } else {
            self.renewed.push(service.name.clone());
            self.decision.after.gone.push(container.id.clone());
            self.restart_dependents(&service.name);
        }
        self.decision.after.containers.push(after);
    }

    /// Those that ask for it (`restart: true`) are stopped first and started behind it.
    fn restart_dependents(&mut self, name: &str) {
        let model = self.known.model;
        let needs = |one: &&Service| {
            one.depends_on.iter().any(|needed| needed.restart && needed.service == name)
        };
        for service in model.services.iter().filter(needs) {
            for container in self.known.state.of(&service.name).filter(|one| one.is_running()) {
                let planned =
                    self.decision.operations.iter().any(|one| one.container == container.name);
                if !planned {
                    self.act(Verb::Restart, container, format!("it depends on `{name}`"));
                }
            }
        }
    }

    fn create(&mut self, service: &Service, number: usize) {
        let after = self.made(service, &service.container(self.known.project, number), number);
        self.decision.operations.push(Operation {
            verb: Verb::Create,
            container: after.name.clone(),
            before: String::new(),
            because: vec![],
            why: format!("from {}", service.image),
            maybe: false,
        });
        self.decision.after.containers.push(after);
    }

    /// A container that Compose makes.
    fn made(&self, service: &Service, name: &str, number: usize) -> Container {
        Container {
            name: name.to_string(),
            service: service.name.clone(),
            number,
            image: service.image.clone(),
            // That of one that shares with another has that one's id in it.
            hash: service.hash.clone().filter(|_| service.shares.is_empty()),
            status: if self.choices.start { "running" } else { "" }.into(),
            healthy: self.choices.wait,
            ..Container::default()
        }
    }

    fn keep(&mut self, service: &Service, container: &Container) {
        let mut after = container.clone();
        let planned = self.decision.operations.iter().any(|one| one.container == container.name);
        if self.choices.start && !container.is_running() {
            if !planned {
                self.act(Verb::Start, container, "");
            }
            after.status = "running".into();
            after.health.clear();
        }
        after.healthy = self.choices.wait;
        after.service.clone_from(&service.name);
        self.decision.after.containers.push(after);
    }

    fn orphans(&mut self, selected: &[&Service]) {
        let declared = &self.known.model.declared;
        let state = self.known.state;
        for container in &state.containers {
            let selected =
                selected.iter().any(|one| one.name == container.service) && !container.oneoff;
            if selected {
                continue;
            }
            let ended = matches!(container.status.as_str(), "exited" | "dead");
            let orphan =
                if container.oneoff { ended } else { !declared.contains(&container.service) };
            if orphan && self.choices.remove_orphans {
                self.remove(container, "no file names its service");
            } else {
                self.decision.after.containers.push(container.clone());
            }
        }
    }

    fn steps(&mut self, selected: &[&Service]) {
        let choices = self.choices;
        if choices.recreate != Recreate::Changed || !choices.dependencies || !choices.start {
            return;
        }
        let model = self.known.model;
        for service in model.in_order(selected) {
            let needs =
                |one: &&&Service| one.depends_on.iter().any(|on| on.service == service.name);
            let anew = |one: &Operation| {
                one.verb == Verb::Recreate
                    && self.known.state.of(&service.name).any(|own| own.name == one.container)
            };
            if selected.iter().any(|one| needs(&one)) && self.decision.operations.iter().any(anew) {
                let with = model.selected(std::slice::from_ref(&service.name), true);
                self.decision.steps.push(Step {
                    service: service.name.clone(),
                    with: with.into_iter().map(|one| one.name.clone()).collect(),
                });
            }
        }
    }

    fn end(mut self) -> Decision {
        // One that is made anew later in the order is not merely restarted.
        let anew: Vec<String> = self
            .decision
            .operations
            .iter()
            .filter(|one| matches!(one.verb, Verb::Recreate | Verb::Remove) && !one.maybe)
            .map(|one| one.container.clone())
            .collect();
        self.decision
            .operations
            .retain(|one| one.verb != Verb::Restart || !anew.contains(&one.container));
        let restarted = self.decision.operations.iter().filter(|one| one.verb == Verb::Restart);
        let names: Vec<&String> = restarted.map(|one| &one.container).collect();
        let service = |one: &&Container| names.contains(&&one.name);
        let mut restarts: Vec<String> = self
            .known
            .state
            .containers
            .iter()
            .filter(service)
            .map(|one| one.service.clone())
            .collect();
        restarts.dedup();
        self.decision.restarts = restarts;
        self.decision.after.networks = self.decision.networks.clone();
        self.decision.after.volumes = self.decision.volumes.clone();
        self.decision
    }
}
