//! A project as far as it decides what Compose does.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::config::Normal;

/// What a project's files ask for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    /// The services that are on, in the order of the files.
    pub services: Vec<Service>,
    /// All services that the files name, also those whose profile is off.
    pub declared: Vec<String>,
    /// Networks that Compose makes for them.
    pub networks: Vec<Named>,
    /// Volumes that Compose makes for them.
    pub volumes: Vec<Named>,
}

/// A network or volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name in the files.
    pub key: String,
    /// Its name on the host.
    pub name: String,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The name of its one container, where the files give it.
    pub container_name: Option<String>,
    /// Its image; where it is only built, the name that Compose gives to that.
    pub image: String,
    /// Whether it can be built.
    pub builds: bool,
    /// When its image is pulled, as the files say it.
    pub pull_policy: String,
    /// How many containers it has.
    pub replicas: usize,
    /// What it needs.
    pub depends_on: Vec<Dependency>,
    /// The services whose namespaces or volumes it shares.
    pub shares: Vec<String>,
    /// Its networks, by their names in the files.
    pub networks: Vec<String>,
    /// What Compose keeps of its configuration; none if nobody can tell yet.
    pub hash: Option<String>,
    /// All of it in Compose's own form; null if nobody can tell yet.
    pub json: Json,
}

/// A service that another one needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Its name.
    pub service: String,
    /// Whether it is started anew with it.
    pub restart: bool,
}

impl Service {
    /// The name of a replica.
    pub fn container(&self, project: &str, number: usize) -> String {
        match &self.container_name {
            Some(name) => name.clone(),
            None => format!("{project}-{}-{number}", self.name),
        }
    }

    /// The host's folders that its containers may write into.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        let volumes = self.json["volumes"].as_array().into_iter().flatten();
        let writes = volumes.filter(|one| one["type"] == "bind" && one["read_only"] != true);
        writes.filter_map(|one| one["source"].as_str())
    }
}

impl Model {
    /// The project as Compose has read it.
    pub fn of(normal: &Normal, project: &str) -> Self {
        let services = normal.json["services"].as_object().into_iter().flatten();
        let services: Vec<Service> = services
            .map(|(name, json)| {
                let hash = normal.hashes.get(name).cloned();
                Service { hash, json: json.clone(), ..service(name, json, project) }
            })
            .collect();
        let named = |kind: &str, used: &dyn Fn(&str) -> bool| {
            let all = normal.json[kind].as_object().into_iter().flatten();
            all.filter(|(key, json)| used(key) && json["external"] != true)
                .map(|(key, json)| Named {
                    key: key.clone(),
                    name: json["name"]
                        .as_str()
                        .map_or_else(|| [project, "_", key].concat(), str::to_string),
                })
                .collect()
        };
        let on = |key: &str| services.iter().any(|one| one.networks.iter().any(|name| name == key));
        let mounted =
            |key: &str| services.iter().any(|one| mounts(&one.json).any(|name| name == key));
        Self {
            networks: named("networks", &on),
            volumes: named("volumes", &mounted),
            declared: services.iter().map(|one| one.name.clone()).collect(),
            services,
        }
    }

    /// The service of this name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|one| one.name == name)
    }

    /// The services that a command which names these is about; all where it names none.
    pub fn selected(&self, names: &[String], with_dependencies: bool) -> Vec<&Service> {
        if names.is_empty() {
            return self.services.iter().collect();
        }
        let mut wanted: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut next = 0;
        while let Some(name) = wanted.get(next).copied() {
            let needs = self.service(name).filter(|_| with_dependencies);
            for dependency in needs.into_iter().flat_map(|one| &one.depends_on) {
                if !wanted.contains(&dependency.service.as_str()) {
                    wanted.push(&dependency.service);
                }
            }
            next += 1;
        }
        self.services.iter().filter(|one| wanted.contains(&one.name.as_str())).collect()
    }

    /// Its services, each behind those that it needs.
    pub fn in_order<'a>(&self, services: &[&'a Service]) -> Vec<&'a Service> {
        let mut ordered: Vec<&Service> = Vec::new();
        while ordered.len() < services.len() {
            let waiting = |one: &&&Service| !ordered.iter().any(|other| other.name == one.name);
            let ready = |one: &&&Service| {
                one.depends_on.iter().all(|needed| {
                    ordered.iter().any(|other| other.name == needed.service)
                        || !services.iter().any(|other| other.name == needed.service)
                })
            };
            let next = services.iter().filter(waiting).find(ready);
            // Compose refuses circles; should there be one, its order does not matter.
            match next.or_else(|| services.iter().find(waiting)) {
                Some(one) => ordered.push(one),
                None => break,
            }
        }
        ordered
    }
}

/// What the two forms of a service have in common: Compose's own, and its files'.
pub(super) fn service(name: &str, json: &Json, project: &str) -> Service {
    let text = |field: &str| json[field].as_str().map(str::to_string);
    let builds = !json["build"].is_null();
    Service {
        name: name.to_string(),
        container_name: text("container_name"),
        image: text("image").unwrap_or_else(|| format!("{project}-{name}")),
        builds,
        pull_policy: text("pull_policy").unwrap_or_default(),
        replicas: replicas(json),
        depends_on: dependencies(&json["depends_on"]),
        shares: shares(json),
        networks: networks(json),
        hash: None,
        json: Json::Null,
    }
}

fn replicas(json: &Json) -> usize {
    let number = json["scale"].as_u64().or_else(|| json["deploy"]["replicas"].as_u64());
    usize::try_from(number.unwrap_or(1)).unwrap_or(1)
}

fn dependencies(json: &Json) -> Vec<Dependency> {
    match json {
        Json::Object(all) => all
            .iter()
            .map(|(name, one)| Dependency {
                service: name.clone(),
                restart: one["restart"] == true,
            })
            .collect(),
        Json::Array(all) => all
            .iter()
            .filter_map(Json::as_str)
            .map(|name| Dependency { service: name.to_string(), restart: false })
            .collect(),
        _ => vec![],
    }
}

fn shares(json: &Json) -> Vec<String> {
    let modes = ["network_mode", "ipc", "pid"].into_iter().filter_map(|field| json[field].as_str());
    let mut names: Vec<String> =
        modes.filter_map(|mode| mode.strip_prefix("service:")).map(str::to_string).collect();
    for from in json["volumes_from"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        let first = from.split(':').next().unwrap_or_default();
        if first != "container" {
            names.push(first.to_string());
        }
    }
    names
}

fn networks(json: &Json) -> Vec<String> {
    match &json["networks"] {
        Json::Object(all) => all.keys().cloned().collect(),
        Json::Array(all) => all.iter().filter_map(Json::as_str).map(str::to_string).collect(),
        _ if json["network_mode"].is_null() => vec!["default".to_string()],
        _ => vec![],
    }
}

/// The named volumes of a service, by their names in the files.
fn mounts(json: &Json) -> impl Iterator<Item = &str> {
    json["volumes"].as_array().into_iter().flatten().filter_map(|one| match one {
        // `data:/var/lib`; what begins like a path is one.
        Json::String(text) => {
            let (source, _) = text.split_once(':')?;
            (!source.starts_with(['/', '.', '~'])).then_some(source)
        }
        one if one["type"] == "volume" => one["source"].as_str(),
        _ => None,
    })
}

impl Model {
    /// The project as its files have it, where no Compose can read them yet. `files` are their
    /// contents as JSON, in their order; an error names what only Compose can tell.
    pub fn sketch(files: &[Json], project: &str, profiles: &[String]) -> Result<Self, String> {
        let merged = |kind: &str| {
            let mut all: BTreeMap<String, Json> = BTreeMap::new();
            let mut order: Vec<String> = Vec::new();
            for (name, json) in
                files.iter().flat_map(|file| file[kind].as_object().into_iter().flatten())
            {
                if !order.contains(name) {
                    order.push(name.clone());
                }
                merge(all.entry(name.clone()).or_default(), json);
            }
            order
                .into_iter()
                .map(|name| (all.remove(&name).unwrap_or_default(), name))
                .collect::<Vec<_>>()
        };
        if files.iter().any(|file| !file["include"].is_null()) {
            return Err("a file includes others".into());
        }
        let mut services = Vec::new();
        let mut declared = Vec::new();
        for (json, name) in merged("services") {
            refuse_open(&name, &json)?;
            declared.push(name.clone());
            if is_on(&json, profiles) {
                let service = service(&name, &json, project);
                services.push((Service { json: sketched(&json), ..service }, json));
            }
        }
        let named = |kind: &str, used: &dyn Fn(&str) -> bool| {
            let mut all = merged(kind);
            if kind == "networks" && !all.iter().any(|(_, key)| key == "default") {
                all.push((Json::Null, "default".to_string()));
            }
            let ours = all.into_iter().filter(|(json, key)| used(key) && json["external"] != true);
            ours.map(|(json, key)| Named {
                name: json["name"]
                    .as_str()
                    .map_or_else(|| [project, "_", &key].concat(), str::to_string),
                key,
            })
            .collect::<Vec<_>>()
        };
        let on =
            |key: &str| services.iter().any(|(one, _)| one.networks.iter().any(|name| name == key));
        let mounted =
            |key: &str| services.iter().any(|(_, json)| mounts(json).any(|name| name == key));
        let (networks, volumes) = (named("networks", &on), named("volumes", &mounted));
        let services = services.into_iter().map(|(one, _)| one).collect();
        Ok(Self { services, declared, networks, volumes })
    }
}

/// Compose's rule as far as it matters here: mappings and lists grow, all else is replaced.
fn merge(into: &mut Json, from: &Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name.clone()).or_insert(Json::Null), value);
            }
        }
        (Json::Array(into), Json::Array(from)) => into.extend(from.iter().cloned()),
        (into, from) => *into = from.clone(),
    }
}

/// Names that hold variables, or come from elsewhere, are for Compose to find.
fn refuse_open(name: &str, json: &Json) -> Result<(), String> {
    if !json["extends"].is_null() {
        return Err(format!("service `{name}` extends another"));
    }
    for field in ["container_name", "image", "scale"] {
        if json[field].as_str().is_some_and(|text| text.contains('$')) {
            return Err(format!("`{field}` of service `{name}` has a variable"));
        }
    }
    Ok(())
}

fn is_on(json: &Json, profiles: &[String]) -> bool {
    let own: Vec<&str> =
        json["profiles"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    own.is_empty() || profiles.iter().any(|on| on == "*" || own.contains(&on.as_str()))
}

/// What later tasks may ask of a service that is only sketched: the folders that it writes into.
fn sketched(json: &Json) -> Json {
    let volumes = json["volumes"].as_array().into_iter().flatten().filter_map(|one| match one {
        Json::String(text) => {
            let mut parts = text.split(':');
            let (source, options) = (parts.next()?, parts.nth(1).unwrap_or_default());
            let read_only = options.split(',').any(|option| option == "ro");
            source.starts_with('/').then(
                || serde_json::json!({"type": "bind", "source": source, "read_only": read_only}),
            )
        }
        other => Some(other.clone()),
    });
    serde_json::json!({"volumes": volumes.collect::<Vec<_>>()})
}
