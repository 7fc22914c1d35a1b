//! What the files of a project ask for, in the host's own Compose's words.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::remote::{Output, Script, words};
use crate::value::Str;

use super::super::command::export;
use super::super::file::digest_of;
use super::super::probe::{Probe, answers};
use super::super::query::{Query, State};

/// Asks Compose to read files as they will be. It reads nothing else, and starts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Config {
    /// The project's folder.
    pub directory: String,
    /// The project's name.
    pub project: String,
    /// Its files, in their order; none leaves the choice to Compose.
    pub files: Vec<Source>,
    /// Its environment files.
    pub env_files: Vec<Source>,
    /// The profiles that are on.
    pub profiles: Vec<String>,
    /// Files that others name as `SHADOW` followed by their place in this list.
    pub extra: Vec<Source>,
    /// Leave out what is not there: it is asked how things are now, whatever that is.
    pub lenient: bool,
    /// Variables that Compose has beside those of its files.
    pub environment: Variables,
}

/// Variables for a program. Values may be secret.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Variables(pub Vec<(String, Str)>);

impl Hash for Variables {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (name, value) in &self.0 {
            (name, value.as_str()).hash(state);
        }
    }
}

impl fmt::Debug for Variables {
    /// Values tell queries apart, and are not to be read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value): &(String, Str)| {
            format!("{name} with sha256 {}", digest_of(value.as_str().as_bytes()))
        };
        f.debug_list().entries(self.0.iter().map(shown)).finish()
    }
}

/// A file, as it is on the host or as it will be.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Source {
    /// Its absolute path on the host.
    pub path: String,
    /// Its content, where that is not on the host yet.
    pub shadow: Option<Arc<Vec<u8>>>,
}

impl Source {
    /// A file as it is on the host.
    pub fn there(path: impl Into<String>) -> Self {
        Self { path: path.into(), shadow: None }
    }
}

impl fmt::Debug for Source {
    /// Contents may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shadow {
            None => write!(f, "{:?}", self.path),
            Some(bytes) => write!(f, "{:?} with sha256 {}", self.path, digest_of(bytes)),
        }
    }
}

/// What Compose said.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigState {
    /// It took the files.
    Valid(Normal),
    /// It refused them; its words.
    Refused(String),
}

/// A project in Compose's own form.
#[derive(Clone, PartialEq)]
pub struct Normal {
    /// As `docker compose config --format json` prints it.
    pub json: Json,
    /// By service: what Compose keeps of its configuration with a container.
    pub hashes: BTreeMap<String, String>,
    /// What Compose warns of.
    pub warnings: Vec<String>,
}

impl fmt::Debug for Normal {
    /// Environments may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "services {:?}", self.hashes)
    }
}

impl State for ConfigState {}

impl Config {
    /// What stands in a shadow for the folder of the shadows.
    pub const SHADOW: &'static str = "/run/.mxprov-shadow/";

    /// The same project, asked again in Compose's own form with something changed.
    #[must_use]
    pub fn resolved(&self, json: &Json) -> Self {
        let shadow = Some(Arc::new(json.to_string().into_bytes()));
        let files = vec![Source { path: "resolved".into(), shadow }];
        Self { files, env_files: vec![], extra: vec![], ..self.clone() }
    }

    /// The options that go before Compose's verb, for paths that are on the host.
    pub fn options(&self) -> Vec<String> {
        let mut words = self.project_options();
        for (option, sources) in [("--env-file", &self.env_files), ("--file", &self.files)] {
            words.extend(sources.iter().flat_map(|one| [option.to_string(), one.path.clone()]));
        }
        words
    }

    fn project_options(&self) -> Vec<String> {
        let mut words: Vec<String> =
            ["--ansi", "never", "--project-directory", &self.directory].map(str::to_string).into();
        words.extend(["--project-name".to_string(), self.project.clone()]);
        words.extend(self.profiles.iter().flat_map(|one| ["--profile".to_string(), one.clone()]));
        words
    }

    /// In memory, for its owner alone, and gone at the end.
    fn question(&self) -> Script {
        let mut script = Script::new();
        export(&mut script, &self.environment.0);
        script.line(FOLDER);
        for (index, source) in self.extra.iter().enumerate() {
            shadow(&mut script, source, &index.to_string());
        }
        script.run(
            words!["set", "--"].into_iter().chain(self.project_options().iter().map(Into::into)),
        );
        let named = [("--env-file", "env", &self.env_files), ("--file", "file", &self.files)];
        for (option, kind, sources) in named {
            for (index, source) in sources.iter().enumerate() {
                script.assign("mx_option", option).assign("mx_path", source.path.as_str());
                if source.shadow.is_some() {
                    shadow(&mut script, source, &format!("{kind}{index}"));
                    script.line("mx_path=$mx_shadow");
                }
                if self.lenient {
                    script.line(r#"[ ! -e "$mx_path" ] || \"#);
                }
                script.line(r#"set -- "$@" "$mx_option" "$mx_path""#);
            }
            if kind == "env" {
                script.line("mx_env=$#");
            }
        }
        script.line(ASK);
        script
    }
}

fn shadow(script: &mut Script, source: &Source, name: &str) {
    let content = source.shadow.as_ref().map(|bytes| bytes.as_slice()).unwrap_or_default();
    script.data("mx_content", content).assign("mx_name", name);
    script.line(
        r#"mx_shadow=$mx_folder/$mx_name
mx_content | sed "s|/run/\.mxprov-shadow/|$mx_folder/|g" >"$mx_shadow" || exit 3"#,
    );
}

const FOLDER: &str = r#"umask 077
mx_folder=$(mktemp -d /run/mxprov-compose-XXXXXXXX 2>/dev/null) || mx_folder=$(mktemp -d "${XDG_RUNTIME_DIR:-/dev/shm}/mxprov-compose-XXXXXXXX") || exit 3
trap 'rm -rf -- "$mx_folder"' EXIT
trap 'exit 1' HUP INT TERM"#;

/// The hash that Compose keeps with a container is that of the resolved project, which
/// `config --hash` alone does not take for services with environment files: it is given what
/// `config` made of them. What follows the first end of a section is the hashes, then the warnings.
const ASK: &str = r#"mx_json=$(docker compose "$@" config --format json 2>"$mx_folder/said") || {
  cat "$mx_folder/said"
  exit 2
}
mx_count=0
for mx_word; do
  [ "$mx_count" -gt 0 ] || set --
  mx_count=$((mx_count + 1))
  [ "$mx_count" -gt "$mx_env" ] || set -- "$@" "$mx_word"
done
mx_hashes=$(printf '%s' "$mx_json" | docker compose "$@" --file - config --hash '*' 2>"$mx_folder/said2") || {
  cat "$mx_folder/said2"
  exit 2
}
printf '%s\n\035\n%s\n\035\n' "$mx_json" "$mx_hashes"
cat "$mx_folder/said""#;

impl Query for Config {
    type State = ConfigState;
    // Files that Compose reads by itself may be anywhere.
    const DERIVED: bool = true;

    fn script(queries: &[&Self]) -> Script {
        let mut probe = Probe::new();
        for query in queries {
            probe.ask(&query.question());
        }
        probe.script()
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<ConfigState, String>> {
        let all = answers(output, queries.len()).into_iter();
        all.map(|answer| match answer? {
            (0, text) => read(&text).map(ConfigState::Valid),
            (2, text) => Ok(ConfigState::Refused(complaint(&text))),
            (status, text) => {
                Err(format!("Compose cannot be asked (status {status}): {}", complaint(&text)))
            }
        })
        .collect()
    }
}

fn read(text: &str) -> Result<Normal, String> {
    let mut sections = text.split("\n\u{1d}\n");
    let (json, hashes, said) = (sections.next(), sections.next(), sections.next());
    let json = serde_json::from_str(json.unwrap_or_default())
        .map_err(|error| format!("Compose prints its configuration as broken JSON: {error}"))?;
    let hashes = hashes.unwrap_or_default().lines().filter_map(|line| line.split_once(' '));
    let warnings = said.unwrap_or_default().lines().filter_map(warning);
    Ok(Normal {
        json,
        hashes: hashes.map(|(name, hash)| (name.to_string(), hash.trim().to_string())).collect(),
        warnings: warnings.collect(),
    })
}

/// `time="…" level=warning msg="The \"B\" variable is not set."`
fn warning(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("level=warning msg=")?;
    let text = rest
        .strip_prefix('"')
        .and_then(|rest| rest.rsplit_once('"'))
        .map_or(rest, |(text, _)| text);
    Some(text.replace("\\\"", "\""))
}

/// All that is not a mere warning.
fn complaint(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.contains("level=warning"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_compose_prints_is_read() {
        let said = "{\"name\": \"m\"}\n\u{1d}\ndb 94fc\nweb 0047\n\u{1d}\n\
            time=\"2026-11-25\" level=warning msg=\"The \\\"b\\\" variable is not set.\"\n";
        let normal = read(said).expect("is read");
        assert_eq!(normal.hashes["web"], "0047");
        assert_eq!(normal.warnings, ["The \"b\" variable is not set."]);
        assert_eq!(normal.json["name"], "m");
    }

    #[test]
    fn contents_do_not_show() {
        let shadow = Some(Arc::new(b"POSTGRES_PASSWORD=geheim".to_vec()));
        let shown = format!("{:?}", Source { path: "/a.env".into(), shadow });
        assert!(shown.contains("/a.env") && !shown.contains("geheim"));
    }
}
