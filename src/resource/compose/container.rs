//! The containers, networks and volumes that a project has.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value as Json;

use crate::remote::{Output, Script};

use super::super::probe::{Probe, answers};
use super::super::query::{Query, State};

/// Asks for all that belongs to a project.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Project {
    /// Its name.
    pub name: String,
}

/// What belongs to a project.
#[derive(Clone, PartialEq, Default)]
pub struct ProjectState {
    /// Its containers, by name.
    pub containers: Vec<Container>,
    /// The names of all networks of the host.
    pub networks: Vec<String>,
    /// The names of all volumes of the host.
    pub volumes: Vec<String>,
    /// In predictions: ids of containers that must be gone.
    pub gone: Vec<String>,
    /// In predictions: whether only applying can tell what becomes of it.
    pub open: bool,
}

/// One container of a project.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Container {
    /// Its id; empty in predictions of a new one.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The service that it is a replica of.
    pub service: String,
    /// Which replica, from 1.
    pub number: usize,
    /// It was made by `docker compose run`.
    pub oneoff: bool,
    /// The name of its image.
    pub image: String,
    /// The id of the image that Compose made it from; none in predictions that cannot tell.
    pub image_id: Option<String>,
    /// What Compose made of its configuration; none in predictions that cannot tell.
    pub hash: Option<String>,
    /// `running`, `exited`, `created` …; empty in predictions that leave it open.
    pub status: String,
    /// The status with which it ended.
    pub exit_code: i64,
    /// `healthy`, `unhealthy`, `starting`; empty where nothing checks.
    pub health: String,
    /// In predictions: it must be healthy, if anything checks that.
    pub healthy: bool,
    /// Whether the engine starts it again when it ends.
    pub restarts: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its environment, the image's included: `NAME=value`.
    pub env: Vec<String>,
    /// The networks it is on.
    pub networks: Vec<String>,
    /// The host's folders and files that it sees, and may change.
    pub binds: Vec<String>,
    /// All of this as `docker compose ps` names it.
    pub shown: Json,
}

impl Container {
    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.status == "running"
    }

    /// Whether it ended well and is not to be started again: a job that is done.
    fn is_done(&self) -> bool {
        self.status == "exited" && self.exit_code == 0 && !self.restarts
    }

    /// How it is, for people: `running, healthy`.
    pub fn condition(&self) -> String {
        match (self.status.as_str(), self.health.as_str()) {
            ("exited", _) => format!("exited with status {}", self.exit_code),
            (status, "") => status.to_string(),
            (status, health) => format!("{status}, {health}"),
        }
    }

    fn agrees_with(&self, actual: &Self) -> bool {
        let open = |own: &str, other: &str| own.is_empty() || own == other;
        let runs = match self.status.as_str() {
            "running" => actual.is_running() || actual.is_done(),
            status => open(status, &actual.status),
        };
        let healthy = !self.healthy || matches!(actual.health.as_str(), "" | "healthy");
        let hash = self.hash.is_none() || self.hash == actual.hash;
        open(&self.id, &actual.id) && hash && runs && healthy
    }
}

impl State for ProjectState {
    fn agrees_with(&self, actual: &Self) -> bool {
        let named = |name: &str| actual.containers.iter().find(|other| other.name == name);
        let all = self
            .containers
            .iter()
            .all(|own| named(&own.name).is_some_and(|other| own.agrees_with(other)));
        let gone = !actual.containers.iter().any(|other| self.gone.contains(&other.id));
        let known = |name: &str| self.containers.iter().any(|own| own.name == name);
        let none_else = actual.containers.iter().all(|other| other.oneoff || known(&other.name));
        let networks = self.networks.iter().all(|name| actual.networks.contains(name));
        let volumes = self.volumes.iter().all(|name| actual.volumes.contains(name));
        self.open || all && gone && none_else && networks && volumes
    }
}

impl fmt::Debug for ProjectState {
    /// Environments may hold secrets: containers are named with their state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.containers.is_empty() {
            return f.write_str("without containers");
        }
        for (index, container) in self.containers.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}", container.name)?;
            let id: String = container.id.chars().take(12).collect();
            let hash: String =
                container.hash.iter().flat_map(|hash| hash.chars().take(8)).collect();
            let named = [("", container.condition()), ("id ", id), ("configuration ", hash)];
            let parts: Vec<String> = named
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| [name, &value].concat())
                .collect();
            write!(f, " ({})", parts.join(", "))?;
        }
        Ok(())
    }
}

/// One JSON object a line; what the engine quotes cannot hold an end of line.
const FORMAT: &str = r#"{"Id":{{json .Id}},"Name":{{json .Name}},"Created":{{json .Created}},"ImageId":{{json .Image}},"State":{{json .State}},"Restart":{{json .HostConfig.RestartPolicy.Name}},"Image":{{json .Config.Image}},"Env":{{json .Config.Env}},"Labels":{{json .Config.Labels}},"Path":{{json .Path}},"Args":{{json .Args}},"Networks":{{json .NetworkSettings.Networks}},"Ports":{{json .NetworkSettings.Ports}},"Mounts":{{json .Mounts}}}"#;

/// A container that ends while it is looked at is looked for again.
const LIST: &str = r#"mx_list() {
  for mx_try in 1 2 3; do
    mx_ids=$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$mx_project") || return
    [ -n "$mx_ids" ] || return 0
    mx_lines=$(docker inspect --type container --format "$mx_format" $mx_ids 2>&1) && {
      printf '%s\n' "$mx_lines"
      return 0
    }
  done
  printf '%s\n' "$mx_lines"
  return 1
}
mx_list || exit
docker network ls --format 'network {{.Name}}' || exit
docker volume ls --format 'volume {{.Name}}'"#;

impl Project {
    /// Shell text that prints what [`ProjectState::read`] reads.
    pub fn question(&self) -> Script {
        let mut script = Script::new();
        script.assign("mx_project", self.name.as_str()).assign("mx_format", FORMAT).line(LIST);
        script
    }
}

impl Query for Project {
    type State = ProjectState;

    fn script(queries: &[&Self]) -> Script {
        let mut probe = Probe::new();
        for query in queries {
            probe.ask(&query.question());
        }
        probe.script()
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<ProjectState, String>> {
        let all = answers(output, queries.len()).into_iter().zip(queries);
        all.map(|(answer, query)| match answer? {
            (0, text) => ProjectState::read(&text),
            (_, text) => {
                let said = text.lines().last().unwrap_or_default().trim().to_string();
                Err(format!("the containers of `{}` cannot be listed: {said}", query.name))
            }
        })
        .collect()
    }
}

impl ProjectState {
    /// The state out of what the question prints.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut state = Self::default();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("network ") {
                state.networks.push(name.to_string());
            } else if let Some(name) = line.strip_prefix("volume ") {
                state.volumes.push(name.to_string());
            } else if line.starts_with('{') {
                let json = serde_json::from_str(line).map_err(|error| {
                    format!("docker describes a container in broken JSON: {error}")
                })?;
                state.containers.push(container(&json));
            }
        }
        state.containers.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(state)
    }

    /// The replicas of a service.
    pub fn of(&self, service: &str) -> impl Iterator<Item = &Container> {
        self.containers.iter().filter(move |one| !one.oneoff && one.service == service)
    }
}

fn text(json: &Json, name: &str) -> String {
    json[name].as_str().unwrap_or_default().to_string()
}

fn container(json: &Json) -> Container {
    let labels: BTreeMap<String, String> = json["Labels"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_string()))
        .collect();
    let compose = |name: &str| labels.get(&["com.docker.compose.", name].concat()).cloned();
    let keys = |value: &Json| {
        value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
    };
    let list = |value: &Json| value.as_array().cloned().unwrap_or_default();
    let binds = list(&json["Mounts"])
        .into_iter()
        .filter(|mount| mount["Type"] == "bind" && mount["RW"] == true);
    Container {
        id: text(json, "Id"),
        name: text(json, "Name").trim_start_matches('/').to_string(),
        service: compose("service").unwrap_or_default(),
        number: compose("container-number").and_then(|text| text.parse().ok()).unwrap_or_default(),
        oneoff: compose("oneoff").is_some_and(|text| text.eq_ignore_ascii_case("true")),
        image: text(json, "Image"),
        image_id: compose("image").or_else(|| Some(text(json, "ImageId"))),
        hash: compose("config-hash"),
        status: text(&json["State"], "Status"),
        exit_code: json["State"]["ExitCode"].as_i64().unwrap_or_default(),
        health: health(&json["State"]),
        healthy: false,
        restarts: !matches!(json["Restart"].as_str(), None | Some("" | "no" | "on-failure")),
        env: list(&json["Env"]).iter().filter_map(|one| one.as_str().map(str::to_string)).collect(),
        networks: keys(&json["Networks"]),
        binds: binds.map(|mount| text(&mount, "Source")).collect(),
        shown: shown(json, &labels),
        labels,
    }
}

/// Empty where nothing checks.
fn health(state: &Json) -> String {
    match text(&state["Health"], "Status") {
        none if none == "none" => String::new(),
        health => health,
    }
}

/// As `docker compose ps --format json` names it.
fn shown(json: &Json, labels: &BTreeMap<String, String>) -> Json {
    let name = text(json, "Name").trim_start_matches('/').to_string();
    let label = |name: &str| labels.get(&["com.docker.compose.", name].concat()).cloned();
    let words = std::iter::once(&json["Path"]).chain(json["Args"].as_array().into_iter().flatten());
    let command: Vec<&str> = words.filter_map(Json::as_str).collect();
    let networks: Vec<&String> =
        json["Networks"].as_object().into_iter().flatten().map(|(name, _)| name).collect();
    let mounts: Vec<&str> = json["Mounts"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|mount| mount["Name"].as_str().or_else(|| mount["Source"].as_str()))
        .collect();
    serde_json::json!({
        "ID": json["Id"],
        "Name": name,
        "Names": [name],
        "Image": json["Image"],
        "Command": command.join(" "),
        "CreatedAt": json["Created"],
        "Project": label("project"),
        "Service": label("service"),
        "State": json["State"]["Status"],
        "Health": health(&json["State"]),
        "ExitCode": json["State"]["ExitCode"],
        "Labels": labels,
        "Networks": networks,
        "Mounts": mounts,
        "Publishers": publishers(&json["Ports"]),
    })
}

fn publishers(ports: &Json) -> Vec<Json> {
    let mut all = Vec::new();
    for (target, places) in ports.as_object().into_iter().flatten() {
        let (port, protocol) = target.split_once('/').unwrap_or((target, "tcp"));
        let number = |text: &str| text.parse::<u16>().unwrap_or_default();
        for place in places.as_array().into_iter().flatten() {
            all.push(serde_json::json!({
                "URL": place["HostIp"],
                "TargetPort": number(port),
                "PublishedPort": number(place["HostPort"].as_str().unwrap_or_default()),
                "Protocol": protocol,
            }));
        }
    }
    all
}
