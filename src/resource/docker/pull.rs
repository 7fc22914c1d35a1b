//! Fetching an image.

use std::sync::Arc;

use crate::remote::{Output, Script, words};
use crate::value::Str;

use super::super::action::{Action, Nature, Step};
use super::super::command::export;
use super::super::diff::Diff;
use super::super::world::World;
use super::image::{Image, ImageState};
use super::offer::in_brackets;

/// Pulls an image.
#[derive(Debug, Clone)]
pub struct PullImage {
    /// Its name with tag or digest.
    pub name: String,
    /// The platform it is for.
    pub platform: Option<String>,
    /// What the host has under that name.
    pub before: Arc<ImageState>,
    /// The bytes of the pull, where that is known.
    pub size: Option<u64>,
    /// Variables for the program.
    pub environment: Vec<(String, Str)>,
}

impl PullImage {
    /// What its output says of the image.
    pub fn read(output: &Output) -> Option<ImageState> {
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().rev().find_map(|line| ImageState::read(line).ok())
    }
}

impl Action for PullImage {
    fn summary(&self) -> String {
        format!("pull {}{}", self.name, in_brackets(self.size))
    }

    fn step(&self) -> Step {
        let mut script = Script::strict();
        export(&mut script, &self.environment);
        let mut pull = words!["docker", "pull", "--quiet"].to_vec();
        if let Some(platform) = &self.platform {
            pull.extend(words!["--platform", platform]);
        }
        pull.extend(words!["--", &self.name]);
        script.run(pull);
        script.append(&Image { name: self.name.clone() }.question());
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        world.predict(Image { name: self.name.clone() }, ImageState::to_come());
    }

    fn diff(&self) -> Diff {
        let diff = Diff::of(format!("image {}", self.name));
        match self.before.is_there() {
            true => diff.change("state", "here", "pulled, if it is another one by now"),
            false => diff.change("state", "", "pulled"),
        }
    }

    fn identities(&self) -> Vec<String> {
        vec![format!("pull {} {}", self.name, self.platform.as_deref().unwrap_or_default())]
    }

    fn nature(&self) -> Nature {
        Nature { detached: true, own_environment: true, ..Nature::default() }
    }
}

/// The name with its tag; one that has a tag or a digest keeps it.
pub fn full_name(name: &str, tag: &str) -> Result<String, String> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "._-/:@".contains(letter);
    if name.is_empty() || name.starts_with('-') || !name.chars().all(fits) {
        return Err(format!("`{name}` cannot be the name of an image"));
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    Ok(match (last.contains([':', '@']), tag.contains(':')) {
        (true, _) => name.to_string(),
        (false, true) => format!("{name}@{tag}"),
        (false, false) => format!("{name}:{tag}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_a_tag_where_they_have_none() {
        let full = |name| full_name(name, "latest").expect("is a name");
        assert_eq!(full("postgres"), "postgres:latest");
        assert_eq!(full("registry:5000/postgres"), "registry:5000/postgres:latest");
        assert_eq!(full("a/postgres:15"), "a/postgres:15");
        assert_eq!(full_name("a", "sha256:12").expect("is a name"), "a@sha256:12");
        assert!(full_name("-v", "1").is_err() && full_name("a b", "1").is_err());
    }
}
