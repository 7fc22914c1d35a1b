//! Changes of packages and of apt's own files.

use std::sync::Arc;

use crate::remote::{Output, Script};
use crate::value::Unknown;

use super::super::action::{Action, Nature, Step};
use super::super::diff::Diff;
use super::super::world::{Opaque, Scope, World};
use super::apt::Options;
use super::lists::{Archives, ArchivesState, Lists, ListsState};
use super::simulation::Change;
use super::state::{Package, PackageState};

/// Has apt install, upgrade or remove packages.
#[derive(Debug, Clone)]
pub struct Apt {
    /// How apt-get is called.
    pub options: Options,
    /// The verb with its own options: `install`, `remove --purge`, `dist-upgrade`.
    pub verb: Vec<String>,
    /// The packages as apt-get takes them: `nginx`, `nginx=1.2`, `/tmp/a.deb`.
    pub packages: Vec<String>,
    /// The names that the task asks for.
    pub asked: Vec<String>,
    /// All that apt said it would change.
    pub changes: Vec<Change>,
    /// Whether that was asked of the lists that will be there.
    pub exact: bool,
}

impl Apt {
    fn removes(&self) -> bool {
        !self.changes.is_empty() && self.changes.iter().all(|change| change.to.is_none())
    }

    fn names(&self) -> Vec<&str> {
        let all = self.changes.iter().map(|change| change.name.as_str());
        let asked = self.asked.iter().map(String::as_str);
        let mut names: Vec<&str> =
            asked.filter(|name| all.clone().any(|other| other == *name)).collect();
        if names.is_empty() {
            names.extend(all);
        }
        names
    }
}

/// `a`, `a and b`, `a, b and 3 more`.
fn few(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_string(),
        [one] => (*one).to_string(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}

impl Action for Apt {
    fn summary(&self) -> String {
        let verb = match self.verb.first().map(String::as_str) {
            Some("install") if self.removes() => "remove",
            Some("install") | None => "install",
            Some("upgrade" | "dist-upgrade") => "upgrade",
            Some(_) => "remove",
        };
        format!("{verb} {}", few(&self.names()))
    }

    fn step(&self) -> Step {
        let words: Vec<&str> = self.verb.iter().chain(&self.packages).map(String::as_str).collect();
        Step::Shell(self.options.script(&words))
    }

    fn predict(&self, world: &mut World) {
        for name in &self.asked {
            if !self.changes.iter().any(|change| change.name == *name) && !self.removes() {
                world.predict(Package { name: name.clone() }, PackageState::with_version(""));
            }
        }
        for change in &self.changes {
            if !self.exact && !self.asked.contains(&change.name) {
                continue;
            }
            let state = match &change.to {
                Some(version) if self.exact => PackageState::with_version(version),
                Some(_) => PackageState::with_version(""),
                None => PackageState::default(),
            };
            world.predict(Package { name: change.name.clone() }, state);
        }
    }

    fn diff(&self) -> Diff {
        let version = |version: &Option<String>, exact: bool| match version.as_deref() {
            None => String::new(),
            Some("") => "the newest".to_string(),
            Some(version) if exact => version.to_string(),
            Some(version) => format!("{version} or newer"),
        };
        let diff = Diff::of(format!("packages {}", few(&self.names())));
        let diff = self.changes.iter().fold(diff, |diff, change| {
            diff.change(&change.name, version(&change.from, true), version(&change.to, self.exact))
        });
        // Lists that are not there yet tell no dependencies.
        match self.changes.iter().any(|change| change.to.as_deref() == Some("")) {
            true => diff.change("what they depend on", "", "known after apply"),
            false => diff,
        }
    }

    /// A package that something else brought meanwhile need not be installed any more.
    fn identities(&self) -> Vec<String> {
        let verb = [self.verb.join(" "), self.options.words.join(" ")].join(" ");
        if self.packages.is_empty() {
            return vec![verb];
        }
        self.packages.iter().map(|package| format!("{verb} {package}")).collect()
    }

    fn nature(&self) -> Nature {
        let names: Vec<String> = self.changes.iter().map(|change| change.name.clone()).collect();
        let shown = self.names();
        let is = if shown.len() == 1 { "package" } else { "packages" };
        let not = if self.removes() { "not removed yet" } else { "not installed yet" };
        let be = if shown.len() == 1 { "is" } else { "are" };
        let reason = format!("{is} `{}` {be} {not}", few(&shown));
        let opaque =
            Opaque { scope: Scope::Packages(names), reason: Arc::new(Unknown::new(reason)) };
        Nature { opaque: Some(opaque), detached: true, own_environment: true, ..Nature::default() }
    }
}

/// Downloads the package lists.
#[derive(Debug, Clone)]
pub struct UpdateLists {
    /// How apt-get is called.
    pub options: Options,
    /// The lists as they are.
    pub before: Arc<ListsState>,
    /// How often a failed download is tried again.
    pub retries: u32,
    /// Seconds between two tries, at most.
    pub longest_delay: u32,
}

impl UpdateLists {
    fn script(&self) -> Script {
        let mut script = Script::new();
        script.assign("mx_left", self.retries).assign("mx_longest", self.longest_delay);
        let call = self.options.script(&["-o", "APT::Update::Error-Mode=any", "update"]);
        script.line(TIME).line("mx_before=$(mx_time)");
        script.line("mx_delay=1\nmx_update() (").append(&call).line(")").line(RETRY);
        script.line(r#"echo "mxprov-lists $mx_before $(mx_time)""#);
        // Where nothing new came in, apt leaves the time as it was: they would stay too old for the
        // next task, and older than sources that were changed meanwhile.
        script.line("touch /var/lib/apt/lists");
        script
    }
}

impl UpdateLists {
    /// The times of the lists before and after, in seconds since 1970, out of its output.
    pub fn times(output: &Output) -> Option<(i64, i64)> {
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().rev().find_map(|line| line.strip_prefix("mxprov-lists "))?;
        let (before, after) = line.split_once(' ')?;
        Some((before.parse().ok()?, after.parse().ok()?))
    }
}

const TIME: &str = r"mx_time() {
  stat -c %Y /var/lib/apt/periodic/update-success-stamp 2>/dev/null || stat -c %Y /var/lib/apt/lists
}";

/// A mirror may be in the middle of its own update.
const RETRY: &str = r#"until mx_update; do
  mx_result=$?
  mx_left=$((mx_left - 1))
  [ "$mx_left" -gt 0 ] || exit "$mx_result"
  sleep "$mx_delay"
  mx_delay=$((mx_delay * 2))
  [ "$mx_delay" -le "$mx_longest" ] || mx_delay=$mx_longest
done"#;

impl Action for UpdateLists {
    fn summary(&self) -> String {
        "update the package lists".into()
    }

    fn step(&self) -> Step {
        Step::Shell(self.script())
    }

    fn predict(&self, world: &mut World) {
        world.predict(Lists, self.before.after_update(true));
    }

    fn diff(&self) -> Diff {
        let age = match self.before.age {
            None => "none".to_string(),
            Some(seconds) if seconds < 7200 => format!("{} minutes old", seconds / 60),
            Some(seconds) => format!("{} hours old", seconds / 3600),
        };
        Diff::of("package lists").change("age", age, "new")
    }

    fn nature(&self) -> Nature {
        Nature { detached: true, own_environment: true, ..Nature::default() }
    }

    /// The age of the old lists changes while nobody changes anything.
    fn identities(&self) -> Vec<String> {
        vec!["update the package lists".into()]
    }
}

/// Deletes downloaded archives.
#[derive(Debug, Clone)]
pub struct Clean {
    /// How apt-get is called.
    pub options: Options,
    /// Only those that can no longer be downloaded (`autoclean`).
    pub outdated: bool,
    /// How many there are to delete.
    pub count: usize,
}

impl Action for Clean {
    fn summary(&self) -> String {
        "delete downloaded packages".into()
    }

    fn step(&self) -> Step {
        Step::Shell(self.options.script(&[if self.outdated { "autoclean" } else { "clean" }]))
    }

    fn predict(&self, world: &mut World) {
        if self.outdated {
            world.forget(&Archives);
        } else {
            world.predict(Archives, ArchivesState(0));
        }
    }

    fn diff(&self) -> Diff {
        Diff::of("downloaded packages").change("files", self.count.to_string(), "0")
    }

    fn nature(&self) -> Nature {
        Nature { detached: true, own_environment: true, ..Nature::default() }
    }
}
