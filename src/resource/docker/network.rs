//! Networks of Docker.

use crate::remote::{Output, Script, words};

use super::super::action::{Action, Step};
use super::super::diff::Diff;
use super::super::probe::{Probe, answers};
use super::super::query::{Query, State};
use super::super::world::World;

/// Asks for one network by its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Network {
    /// Its name.
    pub name: String,
}

/// A network, or none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NetworkState {
    /// All that the engine says of it; null if there is none.
    pub inspected: serde_json::Value,
    /// It is there: predictions know no more.
    pub there: bool,
}

impl State for NetworkState {
    fn agrees_with(&self, actual: &Self) -> bool {
        self.there == actual.there
    }
}

impl Query for Network {
    type State = NetworkState;

    fn script(queries: &[&Self]) -> Script {
        let mut probe = Probe::new();
        for query in queries {
            let name = query.name.as_str();
            let mut question = Script::new();
            question.words(words![
                "docker",
                "network",
                "inspect",
                "--format",
                "{{json .}}",
                "--",
                name
            ]);
            question.line(" 2>&1");
            probe.ask(&question);
        }
        probe.script()
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<NetworkState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| match answer? {
            (0, text) => read(&text, &query.name),
            // `No such network`, `network x not found`.
            (_, text) if text.to_lowercase().contains("no such ") || text.contains("not found") => {
                Ok(NetworkState::default())
            }
            (_, text) => Err(format!("docker cannot be asked for a network: {}", text.trim())),
        })
        .collect()
    }
}

fn read(text: &str, name: &str) -> Result<NetworkState, String> {
    let line = text.lines().find(|line| line.starts_with('{')).unwrap_or_default();
    let inspected: serde_json::Value = serde_json::from_str(line)
        .map_err(|error| format!("docker describes a network in broken JSON: {error}"))?;
    // An id's beginning finds a network too.
    let there = inspected["Name"] == *name;
    Ok(if there { NetworkState { inspected, there } } else { NetworkState::default() })
}

/// Makes a network, or takes it away.
#[derive(Debug, Clone)]
pub struct ChangeNetwork {
    /// Its name.
    pub name: String,
    /// The words of `docker network create` before the name; none to take it away.
    pub create: Option<Vec<String>>,
    /// One of that name goes first, its containers are taken off it.
    pub replaces: bool,
    /// What differs, or is asked for: with the values before and after.
    pub changes: Vec<(String, String, String)>,
}

impl ChangeNetwork {
    /// What its output says of the network.
    pub fn read(output: &Output) -> Option<serde_json::Value> {
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().rev().find_map(|line| serde_json::from_str(line).ok())
    }
}

impl Action for ChangeNetwork {
    fn summary(&self) -> String {
        let verb = match (&self.create, self.replaces) {
            (None, _) => "remove",
            (Some(_), true) => "recreate",
            (Some(_), false) => "create",
        };
        format!("{verb} network {}", self.name)
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        script.assign("mx_network", self.name.as_str());
        if self.replaces || self.create.is_none() {
            script.line(REMOVE);
        }
        if let Some(words) = &self.create {
            let all = ["docker", "network", "create"].into_iter();
            let all = all.chain(words.iter().map(String::as_str)).chain(["--", &self.name]);
            script.run(all);
        }
        if self.replaces && self.create.is_some() {
            script.line(ATTACH);
        }
        if self.create.is_some() {
            let format = "{{json .}}";
            script
                .run(words!["docker", "network", "inspect", "--format", format, "--", &self.name]);
        }
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        let state = NetworkState { there: self.create.is_some(), ..NetworkState::default() };
        world.predict(Network { name: self.name.clone() }, state);
    }

    fn diff(&self) -> Diff {
        let diff = Diff::of(format!("network {}", self.name));
        let diff = match (&self.create, self.replaces) {
            (None, _) => diff.change("state", "here", ""),
            (Some(_), true) => diff.change("state", "here", "recreated"),
            (Some(_), false) => diff.change("state", "", "created"),
        };
        self.changes.iter().fold(diff, |diff, (field, before, after)| {
            diff.change(field, before.clone(), after.clone())
        })
    }
}

/// A network with containers on it cannot be removed.
const REMOVE: &str = r#"mx_on=$(docker network inspect --format '{{range $id, $one := .Containers}}{{$id}} {{end}}' -- "$mx_network")
for mx_id in $mx_on; do docker network disconnect --force "$mx_network" "$mx_id"; done
docker network rm "$mx_network" >/dev/null"#;

const ATTACH: &str =
    r#"for mx_id in $mx_on; do docker network connect "$mx_network" "$mx_id"; done"#;
