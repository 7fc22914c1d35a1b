//! Changes of the firewall.

use std::sync::Arc;

use crate::remote::{Script, Word, words};

use super::super::action::{Action, Guard, Nature, Step};
use super::super::diff::Diff;
use super::super::world::World;
use super::state::{Firewall, FirewallState};

/// One call of ufw(8).
#[derive(Debug, Clone)]
pub struct ChangeFirewall {
    /// What it is for, for people.
    pub summary: String,
    /// Its words.
    pub words: Vec<String>,
    /// The firewall as it is.
    pub before: Arc<FirewallState>,
    /// The firewall as it will be.
    pub after: Arc<FirewallState>,
}

impl ChangeFirewall {
    /// The files as they were, and in effect.
    fn inverse(&self) -> Script {
        let mut script = Script::new();
        for (path, content) in &self.before.files {
            if !content.is_empty() {
                script.assign("path", *path).data("content", content);
                // The old file lends its mode and owner.
                script.line(r#"[ ! -e "$path" ] || content >"$path""#);
            }
        }
        if self.before.enabled {
            script.line("ufw reload || ufw --force disable");
        } else {
            script.line("ufw --force disable");
        }
        script
    }
}

impl Action for ChangeFirewall {
    fn summary(&self) -> String {
        self.summary.clone()
    }

    fn step(&self) -> Step {
        // Only these ask before they do it, and the others do not take the option.
        let asks = matches!(self.words.first().map(String::as_str), Some("enable" | "reset"));
        let force = if asks { words!["--force"].to_vec() } else { vec![] };
        let words = self.words.iter().map(Word::from);
        Step::Shell(Script::of(words!["ufw"].into_iter().chain(force).chain(words)))
    }

    fn predict(&self, world: &mut World) {
        world.predict(Firewall, (*self.after).clone());
    }

    fn diff(&self) -> Diff {
        let (before, after) = (&self.before, &self.after);
        let state = |enabled: bool| if enabled { "enabled" } else { "disabled" };
        let mut diff =
            Diff::of("firewall").change("state", state(before.enabled), state(after.enabled));
        for (index, name) in ["incoming", "outgoing", "routed"].into_iter().enumerate() {
            diff = diff.change(name, &before.policies[index], &after.policies[index]);
        }
        let diff = diff.change("logging", &before.logging, &after.logging);
        let (old, new) = (before.listing(), after.listing());
        if old == new { diff } else { diff.text(Some(old.as_bytes()), Some(new.as_bytes())) }
    }

    fn nature(&self) -> Nature {
        let inverse = self.inverse();
        let guard = match self.before.enabled || self.after.enabled {
            true => Guard::Effect { inverse },
            false => Guard::Configuration { inverse, check: None },
        };
        Nature { guard: Some(guard), ..Nature::default() }
    }
}
