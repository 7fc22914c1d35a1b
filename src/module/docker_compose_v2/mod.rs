//! `community.docker.docker_compose_v2`: projects of Docker Compose.

mod choices;
mod commands;
mod end;
mod files;
mod images;
mod ready;
mod result;
mod sketch;

use std::sync::Arc;

use crate::resource::compose::Variables;
use crate::resource::docker::Docker;
use crate::resource::{Host, Suspend, together};
use crate::value::{Map, Value};

use super::{Call, Module, Plan, Words, run};
use files::{Files, Place};
use ready::Ready;
use sketch::sketched;

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

impl Module for DockerComposeV2 {
    type Args = Args;
    const NAME: &'static str = "community.docker.docker_compose_v2";
    const SUMMARY: &'static str = "brings a project of Docker Compose up, or takes it down";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let place = place(args, call)?;
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
            Docker::Ready(engine) => Ready { args, call, host, files, place, engine }.plan(),
            Docker::Planned(reason) => sketched(args, (call, host), &files, &place, &reason),
        }
    }
}

fn list(words: Option<&Words>) -> Vec<String> {
    words.map(|words| words.0.clone()).unwrap_or_default()
}

fn place(args: &Args, call: &Call<'_>) -> Result<Place, Suspend> {
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
        environment: Variables(run::environment(call)?),
    })
}
