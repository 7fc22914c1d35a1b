//! `community.docker.docker_compose_v2`: projects of Docker Compose.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::resource::compose::{
    Choices, Compose, Config, ConfigState, Decision, Known, Model, Normal, Project, ProjectState,
    Recreate, Service, Verb, as_called, decide, decide_each,
};
use crate::resource::docker::{Docker, EngineState, Image, ImageState, Version};

use crate::resource::{Host, Scope, Suspend, together};
use crate::value::{Map, Unknown, Value};

use super::compose::{Files, Place, actions, containers, images, outcome};
use super::{Call, Module, Plan, Words, run};

choice! {
    /// What a project is to be.
    pub enum State {
        /// Nothing of it is there.
        Absent = "absent",
        /// It is there and runs.
        Present = "present",
        /// It is there and does not run.
        Stopped = "stopped",
        /// Its containers are stopped and started.
        Restarted = "restarted",
    }
}

choice! {
    /// When images are pulled.
    pub enum PullPolicy {
        /// Each time.
        Always = "always",
        /// Where the host does not have them.
        Missing = "missing",
        /// Never.
        Never = "never",
        /// As the files say.
        Policy = "policy",
    }
}

choice! {
    /// When images are built.
    pub enum BuildPolicy {
        /// Each time.
        Always = "always",
        /// Never.
        Never = "never",
        /// As the files say.
        Policy = "policy",
    }
}

choice! {
    /// Which containers are made anew.
    pub enum RecreatePolicy {
        /// All.
        Always = "always",
        /// None.
        Never = "never",
        /// Those that differ.
        Auto = "auto",
    }
}

choice! {
    /// Which images go with a project.
    pub enum RemoveImages {
        /// All that it uses.
        All = "all",
        /// Those without a name of their own.
        Local = "local",
    }
}

arguments! {
    /// Arguments of `docker_compose_v2`.
    pub struct Args {
        /// The project's folder.
        project_src: Option<String>,
        /// The project's name; by Compose's rules if it is not given.
        project_name: Option<String>,
        /// Its files, in their order; relative ones are in its folder.
        files: Option<Words>,
        /// The project itself, instead of files; needs `project_name`.
        definition: Option<Map>,
        /// Its environment files.
        env_files: Option<Words>,
        /// The profiles that are on.
        profiles: Option<Words>,
        /// The services it is about; all if none is given.
        services: Option<Words>,
        /// What it is to be.
        state: State = State::Present,
        /// When images are pulled.
        pull: PullPolicy = PullPolicy::Policy,
        /// When images are built.
        build: BuildPolicy = BuildPolicy::Policy,
        /// With the services that the named ones depend on.
        dependencies: bool = true,
        /// Which containers are made anew.
        recreate: RecreatePolicy = RecreatePolicy::Auto,
        /// With `absent`: which images go too.
        remove_images: Option<RemoveImages>,
        /// With `absent`: volumes go too.
        remove_volumes: bool = false,
        /// Containers go whose services no file names.
        remove_orphans: bool = false,
        /// New containers get new anonymous volumes.
        renew_anon_volumes: bool = false,
        /// Seconds that a container has to stop.
        timeout: Option<i64>,
        /// Wait until all containers run and are healthy.
        wait: bool = false,
        /// Seconds to wait for that.
        wait_timeout: Option<i64>,
        /// Numbers of replicas, by service.
        scale: Option<Map>,
        /// Answer Compose's questions with yes.
        assume_yes: bool = false,
        /// Has no effect: what builders say is not counted.
        ignore_build_events: bool = true,
        /// Fail if there is no file.
        check_files_existing: bool = true,
    }
    refuses {
        api_version, ca_path, cli_context, client_cert, client_key,
        docker_cli, docker_host, tls, tls_hostname, validate_certs
    }
}

/// The module.
pub struct DockerComposeV2;

/// Lines of a log that a failure shows.
const LOG_LINES: u32 = 15;

impl Module for DockerComposeV2 {
    type Args = Args;
    const NAME: &'static str = "community.docker.docker_compose_v2";
    const SUMMARY: &'static str = "brings a project of Docker Compose up, or takes it down";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let place = place(args)?;
        together([Files::of(&place, host).map(drop), host.docker().map(drop)])?;
        let files = Files::of(&place, host)?;
        if files.is_empty() {
            let message = format!("there is no compose file in `{}`", place.directory);
            return Err(Suspend::failed(match args.check_files_existing {
                true => message,
                false => format!("{message}, and Compose would not find one either"),
            }));
        }
        match host.docker()? {
            Docker::Ready(engine) => Task { args, call, host, files, place, engine }.plan(),
            Docker::Planned(reason) => sketched(args, (call, host), &files, &place, &reason),
        }
    }
}

fn list(words: Option<&Words>) -> Vec<String> {
    words.map(|words| words.0.clone()).unwrap_or_default()
}

fn place(args: &Args) -> Result<Place, Suspend> {
    // What builders say has no part in what is reported here.
    let _ = args.ignore_build_events;
    let directory = match (&args.project_src, &args.definition) {
        (Some(_), Some(_)) => {
            return Err(Suspend::failed("only one of `project_src` and `definition` can be given"));
        }
        (None, None) => {
            return Err(Suspend::failed("one of `project_src` and `definition` must be given"));
        }
        (None, Some(_)) if args.project_name.is_none() => {
            return Err(Suspend::failed("`definition` needs `project_name`"));
        }
        (None, Some(_)) if args.files.is_some() => {
            return Err(Suspend::failed("`definition` takes the place of `files`"));
        }
        (None, Some(_)) => "/".to_string(),
        (Some(path), None) if !path.starts_with('/') => {
            return Err(Suspend::failed(format!(
                "`project_src` must be an absolute path, not `{path}`"
            )));
        }
        (Some(path), None) => path.clone(),
    };
    let definition = args.definition.clone().map(|map| Value::Map(Arc::new(map)).to_json());
    Ok(Place {
        directory,
        files: list(args.files.as_ref()),
        env_files: list(args.env_files.as_ref()),
        name: args.project_name.clone(),
        definition,
        profiles: list(args.profiles.as_ref()),
    })
}

fn scale(args: &Args) -> Result<BTreeMap<String, usize>, Suspend> {
    let entries = args.scale.iter().flatten();
    entries
        .map(|(name, number)| {
            let number = <i64 as super::Argument>::read(number).ok();
            let number = number.and_then(|number| usize::try_from(number).ok());
            let number = number
                .ok_or_else(|| Suspend::failed(format!("`scale` of `{name}` is not a number")))?;
            Ok((name.to_string(), number))
        })
        .collect()
}

fn choices(args: &Args, compose: Option<Version>) -> Result<Choices, Suspend> {
    Ok(Choices {
        services: list(args.services.as_ref()),
        dependencies: args.dependencies,
        recreate: match args.recreate {
            RecreatePolicy::Always => Recreate::Always,
            RecreatePolicy::Never => Recreate::Never,
            RecreatePolicy::Auto => Recreate::Changed,
        },
        pull: match args.pull {
            PullPolicy::Always => Some("always"),
            PullPolicy::Missing => Some("missing"),
            PullPolicy::Never => Some("never"),
            PullPolicy::Policy => None,
        },
        build: match args.build {
            BuildPolicy::Always => Some(true),
            BuildPolicy::Never => Some(false),
            BuildPolicy::Policy => None,
        },
        scale: scale(args)?,
        remove_orphans: args.remove_orphans,
        start: args.state != State::Stopped,
        wait: args.wait && args.state == State::Present,
        compose,
    })
}

/// A project of a host whose Docker is only planned: all of it is made.
fn sketched(
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
    let images = model.services.iter().map(|one| (one.image.clone(), Arc::default()));
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

/// What nobody may pull, and the host does not have: a planned command may bring it.
fn assume_images(
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

struct Task<'a> {
    args: &'a Args,
    call: &'a Call<'a>,
    host: &'a Host<'a>,
    files: Files,
    place: Place,
    engine: Arc<EngineState>,
}

impl Task<'_> {
    fn plan(self) -> Result<Plan, Suspend> {
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
        let decision = self.decide(&known, &choices)?;
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

/// All that a plan is made of in the end.
struct End<'a> {
    args: &'a Args,
    call: &'a Call<'a>,
    place: &'a Place,
    files: &'a Files,
    compose: Option<Version>,
    decision: Decision,
    state: &'a ProjectState,
    images: &'a BTreeMap<String, Arc<ImageState>>,
}

impl End<'_> {
    fn plan(self) -> Result<Plan, Suspend> {
        let commands = self.commands();
        let config = self.run_config();
        let words = ["docker", "compose"].map(str::to_string).into_iter().chain(config.options());
        let words: Vec<String> =
            words.chain(commands.last().cloned().unwrap_or_default()).collect();
        let cmd = run::shown(words.iter().map(String::as_str));
        let mut plan = Plan::new();
        plan.set("cmd", Value::data(cmd.as_str()));
        plan.set("actions", actions(&self.decision));
        if self.decision.is_empty() {
            plan.set("containers", containers(self.state));
            plan.set("images", images(self.state, self.images));
            plan.set("rc", 0);
            for name in ["stdout", "stderr"] {
                plan.set(name, Value::data(""));
            }
            return Ok(plan);
        }
        let waits = format!("compose project `{}` is not up to date yet", config.project);
        for name in
            ["containers", "images", "rc", "stdout", "stderr", "stdout_lines", "stderr_lines"]
        {
            plan.set(name, Value::unknown(waits.clone()));
        }
        let (decision, before) = (self.decision.clone(), self.state.clone());
        let short = format!(
            "docker compose {}",
            commands.last().and_then(|one| one.first()).map_or("", String::as_str)
        );
        plan.finish = Some(Arc::new(move |outputs| {
            let first = outputs.first();
            first.map_or_else(super::Outcome::default, |output| {
                outcome(output, &decision, &before, &short)
            })
        }));
        plan.act(Compose {
            definition: self.definition(),
            config,
            commands,
            decision: self.decision,
            environment: run::environment(self.call)?,
            log_lines: LOG_LINES,
            waits: self.args.wait
                && self.args.state == State::Present
                && self.args.services.is_none(),
        });
        Ok(plan)
    }

    fn definition(&self) -> Option<Arc<Vec<u8>>> {
        let definition = self.place.definition.as_ref()?;
        Some(Arc::new(definition.to_string().into_bytes()))
    }

    /// The project as it is on the host once the files are written; Compose finds `.env` itself.
    fn run_config(&self) -> Config {
        let mut config = self.files.config.clone();
        config.extra.clear();
        if self.place.definition.is_some() {
            config.files.clear();
        }
        if self.place.env_files.is_empty() {
            config.env_files.clear();
        }
        config
    }

    fn has(&self, major: u32, minor: u32) -> bool {
        self.compose.is_none_or(|version| version >= Version::new(major, minor))
    }

    fn commands(&self) -> Vec<Vec<String>> {
        let args = self.args;
        let services = list(args.services.as_ref());
        let timeout = args.timeout.map(|seconds| ["--timeout".to_string(), seconds.to_string()]);
        let mut commands = match args.state {
            State::Present => vec![self.up(&["--detach"], None)],
            State::Stopped => vec![self.up(&["--no-start"], None), vec!["stop".to_string()]],
            State::Absent => vec![self.down()],
            State::Restarted => vec![vec!["restart".to_string()]],
        };
        if args.state == State::Restarted && !args.dependencies {
            commands[0].push("--no-deps".into());
        }
        for command in &mut commands {
            command.extend(timeout.iter().flatten().cloned());
            if !services.is_empty() {
                command.push("--".into());
                command.extend(services.iter().cloned());
            }
        }
        if args.state == State::Present {
            let first = self.first(timeout.as_ref());
            commands.splice(0..0, first);
        }
        commands
    }

    /// What comes before all is brought up: only what changed is to be made anew.
    fn first(&self, timeout: Option<&[String; 2]>) -> Vec<Vec<String>> {
        let mut commands = Vec::new();
        for step in &self.decision.steps {
            let mut command = self.up(&["--detach"], Some(&step.with));
            command.extend(timeout.into_iter().flatten().cloned());
            command.extend(["--".to_string(), step.service.clone()]);
            commands.push(command);
        }
        if !self.decision.restarts.is_empty() {
            let mut command = vec!["restart".to_string()];
            if self.has(2, 17) {
                command.push("--no-deps".into());
            }
            command.extend(timeout.into_iter().flatten().cloned());
            command.push("--".into());
            command.extend(self.decision.restarts.iter().cloned());
            commands.push(command);
        }
        commands
    }

    /// `up` for all, or with only these services in the call.
    fn up(&self, first: &[&str], with: Option<&[String]>) -> Vec<String> {
        let args = self.args;
        let mut words: Vec<String> = vec!["up".into()];
        let mut add = |given: bool, more: &[&str]| {
            words.extend(more.iter().filter(|_| given).map(|word| (*word).to_string()));
        };
        add(true, first);
        add(args.remove_orphans && with.is_none(), &["--remove-orphans"]);
        match args.pull {
            PullPolicy::Always => add(true, &["--pull", "always"]),
            PullPolicy::Missing => add(true, &["--pull", "missing"]),
            PullPolicy::Never => add(true, &["--pull", "never"]),
            PullPolicy::Policy => {}
        }
        add(args.build == BuildPolicy::Always, &["--build"]);
        add(args.build == BuildPolicy::Never, &["--no-build"]);
        add(args.recreate == RecreatePolicy::Always, &["--force-recreate"]);
        add(args.recreate == RecreatePolicy::Never, &["--no-recreate"]);
        add(!args.dependencies, &["--no-deps"]);
        add(args.renew_anon_volumes, &["--renew-anon-volumes"]);
        add(args.assume_yes, &["--yes"]);
        let waits = args.wait && args.state == State::Present && with.is_none();
        add(waits && self.has(2, 2), &["--wait"]);
        if let Some(seconds) = args.wait_timeout.filter(|_| waits && self.has(2, 17)) {
            add(true, &["--wait-timeout", &seconds.to_string()]);
        }
        for (name, number) in args.scale.iter().flatten() {
            let number = <String as super::Argument>::read(number).unwrap_or_default();
            let named = |with: &[String]| with.iter().any(|one| *one == name.to_string());
            add(with.is_none_or(named), &["--scale", &format!("{name}={number}")]);
        }
        words
    }

    fn down(&self) -> Vec<String> {
        let args = self.args;
        let mut words: Vec<String> = vec!["down".into()];
        if args.remove_orphans {
            words.push("--remove-orphans".into());
        }
        match args.remove_images {
            Some(RemoveImages::All) => words.extend(["--rmi", "all"].map(str::to_string)),
            Some(RemoveImages::Local) => words.extend(["--rmi", "local"].map(str::to_string)),
            None => {}
        }
        if args.remove_volumes {
            words.push("--volumes".into());
        }
        words
    }
}
