//! What Compose does about the difference between a project's files and its containers.
//!
//! The rules are those of docker/compose, `pkg/compose/convergence.go`, `up.go`, `down.go`: a
//! container is made anew if the hash of its configuration or the id of its image differ from
//! what its labels say; replicas with high numbers go first; one that does not run is started.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::diff::Change;
use super::super::docker::{ImageState, Version};
use super::container::{Container, ProjectState};
use super::model::{Model, Service};
use super::reason::reasons;

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

/// An image that is fetched or built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its name.
    pub image: String,
    /// It is built on the host.
    pub build: bool,
    /// The host has one of this name already, which is asked to be renewed.
    pub renew: bool,
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
        let pull = Pull { image: service.image.clone(), build, renew: there };
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

impl Operation {
    /// `recreate matrix-synapse`
    pub fn shown(&self) -> String {
        format!("{} {}", self.verb.word(), self.container)
    }
}

/// What `docker compose stop`, `restart` and `down` do to the containers of services.
pub fn decide_each(known: &Known<'_>, choices: &Choices, verb: Verb) -> Decision {
    let mut decision = Decision::default();
    let concerned = |one: &Container| match choices.services.is_empty() {
        // Those of profiles that are off are left alone.
        true => known.model.service(&one.service).is_some(),
        false => choices.services.contains(&one.service),
    };
    for container in &known.state.containers {
        let ours = concerned(container) && (!container.oneoff || verb == Verb::Remove);
        let orphan = verb == Verb::Remove
            && choices.remove_orphans
            && !known.model.declared.contains(&container.service);
        let idle = verb == Verb::Stop && !container.is_running();
        let mut after = container.clone();
        if (ours || orphan) && !idle {
            decision.operations.push(Operation {
                verb,
                container: container.name.clone(),
                before: container.condition(),
                because: vec![],
                why: String::new(),
                maybe: false,
            });
            match verb {
                Verb::Remove => {
                    decision.after.gone.push(container.id.clone());
                    continue;
                }
                Verb::Stop => after.status = "exited".into(),
                _ => {
                    after.status = "running".into();
                    after.health.clear();
                }
            }
        }
        decision.after.containers.push(after);
    }
    decision
}
