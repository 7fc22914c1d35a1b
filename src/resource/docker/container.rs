//! One container by its name, whoever made it.

use std::sync::Arc;

use crate::remote::{Output, Script, words};
use crate::value::Unknown;

use super::super::compose::Project;
use super::super::host::{Host, Suspend};
use super::super::probe::{Probe, answers};
use super::super::query::{Query, State};
use super::super::world::Scope;

/// Asks how a container is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Container {
    /// Its name or id.
    pub name: String,
}

/// How it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerState {
    /// `running`, `exited` …; none if there is no such container.
    pub status: Option<String>,
}

impl State for ContainerState {}

impl Query for Container {
    type State = ContainerState;

    fn script(queries: &[&Self]) -> Script {
        let mut probe = Probe::new();
        for query in queries {
            let name = query.name.as_str();
            let format = "{{.State.Status}}";
            let mut question = Script::new();
            question.words(words![
                "docker",
                "inspect",
                "--type",
                "container",
                "--format",
                format,
                "--",
                name
            ]);
            question.line(" 2>&1");
            probe.ask(&question);
        }
        probe.script()
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<ContainerState, String>> {
        let all = answers(output, queries.len()).into_iter();
        all.map(|answer| match answer? {
            (0, text) => Ok(ContainerState { status: text.lines().last().map(str::to_string) }),
            // `Error: No such container`, `Error response from daemon: No such container`.
            (_, text) if text.to_lowercase().contains("no such ") => {
                Ok(ContainerState { status: None })
            }
            (_, text) => Err(format!("docker cannot be asked for a container: {}", text.trim())),
        })
        .collect()
    }
}

impl Host<'_> {
    /// A container that runs. One that planned actions make or start is unknown; one that is not
    /// there, or does not run, a failure.
    pub fn running_container(&self, name: &str) -> Result<(), Suspend> {
        self.docker_now()?;
        let state = self.state(Container { name: name.to_string() })?;
        if state.status.as_deref() == Some("running") {
            return Ok(());
        }
        let planned = self.predictions::<Project>().any(|(_, project)| {
            project.containers.iter().any(|one| one.name == name && one.is_running())
        });
        if planned {
            let reason = format!("container `{name}` does not run yet");
            return Err(Suspend::Unknown(Arc::new(Unknown::new(reason))));
        }
        if let Some(opaque) = self.opaque(|opaque| opaque.scope == Scope::Anything) {
            return Err(Suspend::Unknown(Arc::clone(&opaque.reason)));
        }
        Err(Suspend::failed(match &state.status {
            None => format!("there is no container `{name}` on the host"),
            Some(status) => format!("container `{name}` does not run: it is {status}"),
        }))
    }
}
