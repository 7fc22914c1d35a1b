//! Images that a host has.

use crate::remote::{Output, Script, words};

use super::super::probe::{Probe, answers};
use super::super::query::{Query, State};

/// Asks for one image by its name or digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Image {
    /// As `docker` takes it: `postgres:15`, `registry.example/a@sha256:…`.
    pub name: String,
}

/// What a host has under a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageState {
    /// Its id: `sha256:…`; none if there is no such image, empty where a prediction cannot tell.
    pub id: Option<String>,
    /// Where a registry knows it by its digest; nothing for an image that was made on the host.
    pub digests: Vec<String>,
    /// Its size in bytes, unpacked.
    pub size: u64,
    /// All that the engine says of it.
    pub inspected: serde_json::Value,
}

impl ImageState {
    /// One that a planned action brings.
    pub fn to_come() -> Self {
        Self { id: Some(String::new()), ..Self::default() }
    }

    /// Whether the host has it, or will.
    pub fn is_there(&self) -> bool {
        self.id.is_some()
    }
}

impl State for ImageState {
    fn agrees_with(&self, actual: &Self) -> bool {
        match self.id.as_deref() {
            None => actual.id.is_none(),
            Some("") => actual.id.is_some(),
            Some(id) => actual.id.as_deref() == Some(id),
        }
    }
}

impl Image {
    /// Shell text that prints what [`ImageState::read`] reads.
    pub fn question(&self) -> Script {
        let name = self.name.as_str();
        let mut question = Script::new();
        question.words(words!["docker", "image", "inspect", "--format", "{{json .}}", "--", name]);
        question.line(" 2>&1");
        question
    }
}

impl Query for Image {
    type State = ImageState;

    fn script(queries: &[&Self]) -> Script {
        let mut probe = Probe::new();
        for query in queries {
            probe.ask(&query.question());
        }
        probe.script()
    }

    fn parse(queries: &[&Self], output: &Output) -> Vec<Result<ImageState, String>> {
        let all = answers(output, queries.len()).into_iter();
        all.map(|answer| match answer? {
            (0, text) => ImageState::read(&text),
            // `Error: No such image`, `Error response from daemon: No such image`, `… object`.
            (_, text) if text.to_lowercase().contains("no such ") => Ok(ImageState::default()),
            (_, text) => Err(format!("docker cannot be asked for an image: {}", text.trim())),
        })
        .collect()
    }
}

impl ImageState {
    /// The state out of what the question prints.
    pub fn read(text: &str) -> Result<Self, String> {
        let line = text.lines().find(|line| line.starts_with('{')).unwrap_or_default();
        let inspected: serde_json::Value = serde_json::from_str(line)
            .map_err(|error| format!("docker describes an image in broken JSON: {error}"))?;
        let digests = inspected["RepoDigests"].as_array().into_iter().flatten();
        Ok(Self {
            id: inspected["Id"].as_str().map(str::to_string),
            digests: digests.filter_map(|one| one.as_str().map(str::to_string)).collect(),
            size: inspected["Size"].as_u64().unwrap_or_default(),
            inspected,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_read_and_missing_ones_are_no_error() {
        let query = Image { name: "lab/busybox:1".into() };
        let said = |status: i32, text: &str| Output {
            stdout: format!("{text}\n\n\u{1e}{status}\n").into(),
            ..Output::default()
        };
        let ask = |output: &Output| Image::parse(&[&query], output).remove(0);
        let image = ask(&said(0, r#"{"Id":"sha256:3d40","RepoDigests":[],"Size":2030000}"#));
        assert_eq!(image.expect("is read").id.as_deref(), Some("sha256:3d40"));
        let missing = ask(&said(1, "\nError response from daemon: No such image: a:1"));
        assert!(!missing.expect("is an answer").is_there());
        assert!(ask(&said(1, "Cannot connect to the Docker daemon")).is_err());
    }
}
