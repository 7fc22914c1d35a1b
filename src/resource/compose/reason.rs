//! Why a container is made anew: the settings that differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::value::MASK;

use super::super::diff::Change;
use super::container::Container;
use super::model::Service;
use super::names::is_secret;

/// A label of this kind says which configuration file a container reads, and its checksum.
const FILE: &str = "mxprov.file.";

/// More differences than these are only counted.
const MOST: usize = 12;

/// What differs between a container and what its service asks for. `old` is the service as the
/// files that are on the host have it, if those describe the container.
pub fn reasons(container: &Container, service: &Service, old: Option<&Json>) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut add = |field: String, before: String, after: String| {
        if before != after {
            changes.push(Change { field, before, after });
        }
    };
    add("image".into(), container.image.clone(), service.image.clone());
    for (name, before, after) in labels(container, service) {
        match name.strip_prefix(FILE) {
            Some(file) => add(format!("configuration file {file}"), short(&before), short(&after)),
            None if is_secret(&name) && before != after => {
                add(format!("label {name}"), String::new(), MASK.to_string());
            }
            None => add(format!("label {name}"), before, after),
        }
    }
    let (before, after) = match old {
        Some(old) => (flat(old), flat(&service.json)),
        None => (environment_of(container, service), environment(&service.json)),
    };
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let value = |side: &BTreeMap<String, String>| side.get(name).cloned().unwrap_or_default();
        let (before, after) = (value(&before), value(&after));
        if before != after {
            let mask = |text: String| match is_secret(name) && !text.is_empty() {
                true => MASK.to_string(),
                false => text,
            };
            changes.push(Change { field: name.clone(), before: mask(before), after: mask(after) });
        }
    }
    if changes.len() > MOST {
        let more = (changes.len() - MOST).to_string();
        changes.truncate(MOST);
        changes.push(Change { field: "more settings".into(), before: String::new(), after: more });
    }
    changes
}

/// The beginning of a checksum.
fn short(text: &str) -> String {
    text.chars().take(8).collect()
}

/// The labels that differ, but for those of Compose itself and, where only the container has
/// one, those that may come with its image.
fn labels(container: &Container, service: &Service) -> Vec<(String, String, String)> {
    let wanted = service.json["labels"].as_object();
    let wanted: BTreeMap<&str, &str> = wanted
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
        .collect();
    let own = |name: &&String| wanted.contains_key(name.as_str()) || name.starts_with(FILE);
    let names: BTreeSet<&str> = container
        .labels
        .keys()
        .filter(own)
        .map(String::as_str)
        .chain(wanted.keys().copied())
        .collect();
    let before = |name: &str| container.labels.get(name).cloned().unwrap_or_default();
    let after = |name: &str| unescaped(wanted.get(name).copied().unwrap_or_default());
    names.into_iter().map(|name| (name.to_string(), before(name), after(name))).collect()
}

/// `config` writes a dollar twice, for the files that it could be.
fn unescaped(text: &str) -> String {
    text.replace("$$", "$")
}

/// What neither is a reason for Compose, nor is compared with the container itself.
const APART: [&str; 9] = [
    "build",
    "container_name",
    "depends_on",
    "image",
    "labels",
    "profiles",
    "pull_policy",
    "scale",
    "name",
];

/// The settings of a service by their paths: `environment.LANG`, `ports.0.target`.
fn flat(json: &Json) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (name, value) in json.as_object().into_iter().flatten() {
        if !APART.contains(&name.as_str()) {
            walk(name, value, &mut all);
        }
    }
    all
}

fn walk(path: &str, json: &Json, all: &mut BTreeMap<String, String>) {
    match json {
        Json::Object(entries) if !entries.is_empty() => {
            entries.iter().for_each(|(name, value)| walk(&format!("{path}.{name}"), value, all));
        }
        Json::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, value)| walk(&format!("{path}.{index}"), value, all));
        }
        Json::Array(items) => {
            let words: Vec<String> = items.iter().map(plain).collect();
            all.insert(path.to_string(), words.join(" "));
        }
        other => {
            all.insert(path.to_string(), plain(other));
        }
    }
}

fn plain(json: &Json) -> String {
    match json {
        Json::String(text) => unescaped(text),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// The environment that a service asks for.
fn environment(json: &Json) -> BTreeMap<String, String> {
    let asked = json["environment"].as_object().into_iter().flatten();
    asked.map(|(name, value)| (format!("environment.{name}"), plain(value))).collect()
}

/// The container's side of that: of the same names, since others may come with the image.
fn environment_of(container: &Container, service: &Service) -> BTreeMap<String, String> {
    let asked = environment(&service.json);
    let own = container.env.iter().filter_map(|one| one.split_once('='));
    let own = own.map(|(name, value)| (format!("environment.{name}"), value.to_string()));
    own.filter(|(name, _)| asked.contains_key(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(changes: &[Change]) -> Vec<String> {
        changes
            .iter()
            .map(|change| format!("{}: {} → {}", change.field, change.before, change.after))
            .collect()
    }

    fn service(json: Json) -> Service {
        Service { image: "a:2".into(), json, ..Service::default() }
    }

    #[test]
    fn a_container_tells_its_image_labels_and_environment() {
        let labels = [
            ("mxprov.file.homeserver.yaml", "0123456789"),
            ("com.docker.compose.project", "m"),
            ("org.opencontainers.image.title", "from the image"),
        ];
        let container = Container {
            image: "a:1".into(),
            labels: labels.map(|(name, value)| (name.into(), value.into())).into(),
            env: vec!["PATH=/bin".into(), "DB_PASSWORD=old".into(), "LANG=C".into()],
            ..Container::default()
        };
        let wanted = service(serde_json::json!({
            "environment": {"DB_PASSWORD": "new", "LANG": "C"},
            "labels": {"mxprov.file.homeserver.yaml": "abcdefghij"},
        }));
        assert_eq!(
            fields(&reasons(&container, &wanted, None)),
            [
                "image: a:1 → a:2",
                "configuration file homeserver.yaml: 01234567 → abcdefgh",
                "environment.DB_PASSWORD: •••••• → ••••••",
            ]
        );
    }

    #[test]
    fn the_old_files_tell_the_rest() {
        let container = Container { image: "a:2".into(), ..Container::default() };
        let old = serde_json::json!({"command": ["a", "b"], "mem_limit": "1", "scale": 2});
        let new = serde_json::json!({"command": ["a", "c$$d"], "mem_limit": "1", "scale": 3});
        let changes = reasons(&container, &service(new), Some(&old));
        assert_eq!(fields(&changes), ["command: a b → a c$d"]);
    }
}
