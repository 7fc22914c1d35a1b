//! The files of a project, as they will be when Compose reads them.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::diagnostic::Source as Text;
use crate::resource::compose::{Config, Source, Variables};
use crate::resource::file::Content;
use crate::resource::{Host, Suspend};
use crate::yaml::{self, Node};

use super::super::content::gather;

/// Where a project is.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its folder.
    pub directory: String,
    /// The files that the task names.
    pub files: Vec<String>,
    /// The environment files that the task names.
    pub env_files: Vec<String>,
    /// The name that the task gives it.
    pub name: Option<String>,
    /// What the task itself holds instead of files.
    pub definition: Option<Json>,
    /// The profiles that the task turns on.
    pub profiles: Vec<String>,
    /// The variables that the task gives to Compose.
    pub environment: Variables,
}

/// The files of a project.
#[derive(Debug, Clone)]
pub struct Files {
    /// As Compose is to read them.
    pub config: Config,
    /// Their contents as JSON; none of those that are no YAML we know.
    pub parsed: Vec<Option<Json>>,
    /// The task itself holds them.
    inline: bool,
    /// Variables of its environment files that are about Compose itself.
    settings: Vec<(String, String)>,
}

/// In the order in which Compose looks, each with the file that goes over it.
const DEFAULTS: [(&str, &[&str]); 4] = [
    ("compose.yaml", OVERRIDES),
    ("compose.yml", OVERRIDES),
    ("docker-compose.yml", OVERRIDES),
    ("docker-compose.yaml", OVERRIDES),
];
const OVERRIDES: &[&str] = &[
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

impl Place {
    fn path(&self, name: &str) -> String {
        let name = name.strip_prefix("./").unwrap_or(name);
        match name.starts_with('/') {
            true => name.to_string(),
            false => format!("{}/{name}", self.directory.trim_end_matches('/')),
        }
    }
}

impl Files {
    /// All files of a project. `required` are those that the task names.
    pub fn of(place: &Place, host: &Host<'_>) -> Result<Self, Suspend> {
        let mut files = Self {
            config: Config {
                directory: place.directory.clone(),
                project: String::new(),
                files: vec![],
                env_files: vec![],
                profiles: place.profiles.clone(),
                extra: vec![],
                lenient: false,
                environment: place.environment.clone(),
            },
            parsed: vec![],
            inline: place.definition.is_some(),
            settings: vec![],
        };
        match &place.definition {
            Some(definition) => {
                let shadow = Some(Arc::new(definition.to_string().into_bytes()));
                let path = format!("{}/definition", place.directory.trim_end_matches('/'));
                files.config.files.push(Source { path, shadow });
                files.parsed.push(Some(definition.clone()));
            }
            None => {
                files.env_files(place, host)?;
                let paths = files.paths(place, host)?;
                let contents = gather(&paths, |path| host.content(path))?;
                for (path, content) in paths.iter().zip(contents) {
                    files.add(path, content, host)?;
                }
            }
        }
        files.config.project = files.name(place)?;
        if let Some(on) = files.setting("COMPOSE_PROFILES") {
            let on: Vec<String> = on.split(',').map(|one| one.trim().to_string()).collect();
            files.config.profiles.extend(on.into_iter().filter(|one| !one.is_empty()));
        }
        Ok(files)
    }

    fn setting(&self, name: &str) -> Option<String> {
        let given = self.config.environment.0.iter().rev().find(|(key, _)| key == name);
        let given = given.map(|(_, value)| value.as_str().to_string());
        let found = self.settings.iter().rev().find(|(key, _)| key == name);
        let found = found.map(|(_, value)| value.clone());
        given.or(found).filter(|value| !value.is_empty())
    }

    fn env_files(&mut self, place: &Place, host: &Host<'_>) -> Result<(), Suspend> {
        let default = place.path(".env");
        let named: Vec<String> = place.env_files.iter().map(|name| place.path(name)).collect();
        let paths = if named.is_empty() { vec![default] } else { named };
        let contents = gather(&paths, |path| host.content(path))?;
        for (path, content) in paths.into_iter().zip(contents) {
            let Some(content) = content else {
                if place.env_files.is_empty() {
                    continue;
                }
                return Err(Suspend::failed(format!("there is no environment file `{path}`")));
            };
            let text = String::from_utf8_lossy(&content).into_owned();
            let settings = text.lines().filter_map(|line| line.trim().split_once('='));
            let about_compose = settings.filter(|(name, _)| name.starts_with("COMPOSE_"));
            self.settings.extend(about_compose.map(|(name, value)| {
                (name.trim().to_string(), value.trim().trim_matches(['"', '\'']).to_string())
            }));
            let shadow = is_planned(host, &path).then_some(content);
            self.config.env_files.push(Source { path, shadow });
        }
        Ok(())
    }

    /// The files that the task names, or those that Compose would find.
    fn paths(&self, place: &Place, host: &Host<'_>) -> Result<Vec<String>, Suspend> {
        if !place.files.is_empty() {
            return Ok(place.files.iter().map(|name| place.path(name)).collect());
        }
        if let Some(list) = self.setting("COMPOSE_FILE") {
            let separator = self.setting("COMPOSE_PATH_SEPARATOR").unwrap_or_else(|| ":".into());
            return Ok(list.split(&separator).map(|name| place.path(name)).collect());
        }
        let is_there =
            |name: &str| Ok::<_, Suspend>(host.path(&place.path(name))?.attributes().is_some());
        let all = DEFAULTS.iter().flat_map(|(name, others)| others.iter().chain([name]));
        gather(all, |name| is_there(name))?;
        for (name, overrides) in DEFAULTS {
            if !is_there(name)? {
                continue;
            }
            let mut paths = vec![place.path(name)];
            for other in overrides {
                if is_there(other)? {
                    paths.push(place.path(other));
                    break;
                }
            }
            return Ok(paths);
        }
        Ok(vec![])
    }

    fn add(
        &mut self,
        path: &str,
        content: Option<Arc<Vec<u8>>>,
        host: &Host<'_>,
    ) -> Result<(), Suspend> {
        let Some(content) = content else {
            return Err(Suspend::failed(format!("there is no compose file `{path}` on the host")));
        };
        let text = String::from_utf8_lossy(&content).into_owned();
        let source = Text::new(path, text.as_str());
        let node = yaml::parse_one(&source).ok();
        let mut shadow = is_planned(host, path).then_some(content);
        if let Some(changed) =
            node.as_ref().map(|node| self.with_planned(node, &text, host)).transpose()?.flatten()
        {
            shadow = Some(Arc::new(changed.into_bytes()));
        }
        self.parsed.push(yaml::parse_data(&source).ok().map(|value| value.to_json()));
        self.config.files.push(Source { path: path.to_string(), shadow });
        Ok(())
    }

    /// A file's text in which environment files that are not written yet are shadows; none if
    /// there are no such.
    fn with_planned(
        &mut self,
        node: &Node,
        text: &str,
        host: &Host<'_>,
    ) -> Result<Option<String>, Suspend> {
        let mut places = Vec::new();
        let services = node.entry("services").and_then(|(_, services)| services.as_mapping());
        for (_, service) in services.into_iter().flatten() {
            if let Some((_, list)) = service.entry("env_file") {
                paths_in(list, &mut places);
            }
        }
        let directory = self.config.directory.trim_end_matches('/').to_string();
        let mut changed = text.to_string();
        places.sort_by_key(|node| std::cmp::Reverse(node.span.start));
        for node in places {
            let name = node.as_str().unwrap_or_default();
            let name = name.strip_prefix("./").unwrap_or(name);
            let path = match name.starts_with('/') {
                true => name.to_string(),
                false => format!("{directory}/{name}"),
            };
            if !is_planned(host, &path) {
                continue;
            }
            let content = host.content(&path)?.unwrap_or_default();
            let shadow = format!("{:?}", format!("{}{}", Config::SHADOW, self.config.extra.len()));
            self.config.extra.push(Source { path, shadow: Some(content) });
            changed.replace_range(node.span.start..node.span.end, &shadow);
        }
        Ok((changed != text).then_some(changed))
    }

    /// The project's name, by Compose's rules.
    fn name(&self, place: &Place) -> Result<String, Suspend> {
        if let Some(name) = place.name.clone().or_else(|| self.setting("COMPOSE_PROJECT_NAME")) {
            return Ok(name);
        }
        let named = self.parsed.iter().rev().flatten().find_map(|file| file["name"].as_str());
        if let Some(name) = named.filter(|name| !name.contains('$')) {
            return Ok(name.to_string());
        }
        let last = place.directory.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let fits = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        let name: String = last.to_ascii_lowercase().chars().filter(fits).collect();
        match name.trim_start_matches(['_', '-']) {
            "" => Err(Suspend::failed(format!(
                "`{}` gives the project no name; give it `project_name`",
                place.directory
            ))),
            name => Ok(name.to_string()),
        }
    }

    /// The same without what is only planned: the files that are on the host; none if all are.
    pub fn on_the_host(&self) -> Option<Config> {
        let sources =
            self.config.files.iter().chain(&self.config.env_files).chain(&self.config.extra);
        if self.inline || !sources.into_iter().any(|one| one.shadow.is_some()) {
            return None;
        }
        let there = |list: &[Source]| list.iter().map(|one| Source::there(&one.path)).collect();
        Some(Config {
            files: there(&self.config.files),
            env_files: there(&self.config.env_files),
            extra: vec![],
            lenient: true,
            ..self.config.clone()
        })
    }

    /// Whether there is nothing for Compose to read.
    pub fn is_empty(&self) -> bool {
        self.config.files.is_empty()
    }

    /// All services that the files name, those of profiles that are off included.
    pub fn declared(&self) -> Vec<String> {
        let services = self.parsed.iter().flatten().filter_map(|file| file["services"].as_object());
        services.flat_map(|services| services.keys().cloned()).collect()
    }
}

fn is_planned(host: &Host<'_>, path: &str) -> bool {
    host.is_predicted(&Content { path: path.to_string() })
}

/// The paths of `env_file`: one, a list, or mappings with `path`. One that holds a variable is
/// for Compose to find.
fn paths_in<'a>(node: &'a Node, found: &mut Vec<&'a Node>) {
    if let Some(items) = node.as_sequence() {
        for item in items {
            paths_in(item, found);
        }
    } else if let Some((_, path)) = node.entry("path") {
        paths_in(path, found);
    } else if node.as_str().is_some_and(|text| !text.contains('$')) {
        found.push(node);
    }
}
