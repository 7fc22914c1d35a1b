//! Changes of units.

use std::sync::Arc;

use crate::remote::{Script, words};
use crate::value::Unknown;

use super::super::action::{Action, Guard, Nature, Step};
use super::super::diff::Diff;
use super::super::sshd;
use super::super::world::{self, Opaque, World};
use super::files::{UnitFiles, UnitFilesState};
use super::state::{Scope, Unit, UnitState};

/// What is done to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitChange {
    /// It starts.
    Start,
    /// It stops.
    Stop,
    /// It stops, if it runs, and starts.
    Restart,
    /// It reads its configuration anew; one that does not run is started.
    Reload,
    /// It starts with the system from now on.
    Enable,
    /// It does not start with the system any more.
    Disable,
    /// Nothing may start it.
    Mask,
    /// It may be started again.
    Unmask,
}

impl UnitChange {
    fn verb(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Reload => "reload",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Mask => "mask",
            Self::Unmask => "unmask",
        }
    }

    fn runs(self) -> bool {
        matches!(self, Self::Start | Self::Restart | Self::Reload)
    }
}

/// Changes one unit.
#[derive(Debug, Clone)]
pub struct ChangeUnit {
    /// The unit.
    pub unit: Unit,
    /// What is done to it.
    pub change: UnitChange,
    /// What is known of it now; none if a planned package brings it.
    pub before: Option<Arc<UnitState>>,
    /// Do not wait until it is done.
    pub no_block: bool,
    /// Replace what stands in the way (`--force`).
    pub force: bool,
}

/// The units that let us in, or keep us out.
fn is_connectivity(name: &str) -> bool {
    const UNITS: [&str; 11] = [
        "ssh",
        "sshd",
        "ufw",
        "networking",
        "nftables",
        "firewalld",
        "iptables",
        "netfilter-persistent",
        "systemd-networkd",
        "NetworkManager",
        "dropbear",
    ];
    let plain = name.strip_suffix(".service").or_else(|| name.strip_suffix(".socket"));
    plain.is_some_and(|plain| UNITS.contains(&plain))
}

fn is_sshd(name: &str) -> bool {
    matches!(name, "ssh.service" | "sshd.service" | "ssh.socket" | "sshd.socket")
}

impl ChangeUnit {
    /// The one systemctl call, `change` in the place of ours.
    fn call(&self, change: UnitChange) -> Script {
        let mut script = Script::new();
        self.unit.scope.prepare(&mut script);
        let mut call = self.unit.scope.words();
        if self.no_block {
            call.extend(words!["--no-block"]);
        }
        if self.force {
            call.extend(words!["--force"]);
        }
        call.extend(words![change.verb(), "--", &self.unit.name]);
        script.run(call);
        script
    }

    fn script(&self) -> Script {
        let mut script = Script::new();
        if is_sshd(&self.unit.name) && self.change.runs() {
            script.append(&sshd::check());
        }
        script.append(&self.call(self.change));
        script.line("mx_status=$?");
        if self.change.runs() {
            let mut status = self.unit.scope.words();
            status.extend(words!["--no-pager", "-n", 10u8, "status", "--", &self.unit.name]);
            script.line(r#"if [ "$mx_status" != 0 ]; then"#);
            script.words(status).line(" >&2\nfi");
        }
        script.line(r#"exit "$mx_status""#);
        script
    }

    /// The change that puts the running state back.
    fn inverse(&self) -> Option<UnitChange> {
        let ran = self.before.as_ref().is_none_or(|before| before.is_running());
        match self.change {
            UnitChange::Start | UnitChange::Restart | UnitChange::Reload if !ran => {
                Some(UnitChange::Stop)
            }
            UnitChange::Start => None,
            UnitChange::Restart | UnitChange::Reload => Some(UnitChange::Restart),
            UnitChange::Stop => Some(UnitChange::Start),
            _ => None,
        }
    }

    fn after(&self, before: &UnitState) -> UnitState {
        let mut after = before.clone();
        let running = |after: &mut UnitState, text: &str| {
            // What nobody waits for, or what ends at once, may be seen in any state.
            let open = self.no_block || before.is_momentary();
            after.active = if open { String::new() } else { text.into() };
            after.sub.clear();
        };
        match self.change {
            UnitChange::Start | UnitChange::Restart => running(&mut after, "active"),
            UnitChange::Reload => running(&mut after, "active"),
            UnitChange::Stop => running(&mut after, "inactive"),
            UnitChange::Enable => "enabled".clone_into(&mut after.file),
            UnitChange::Disable => "disabled".clone_into(&mut after.file),
            UnitChange::Mask => {
                "masked".clone_into(&mut after.file);
                "masked".clone_into(&mut after.load);
            }
            UnitChange::Unmask => {
                after.file.clear();
                "loaded".clone_into(&mut after.load);
            }
        }
        after
    }
}

impl Action for ChangeUnit {
    fn summary(&self) -> String {
        format!("{} {}", self.change.verb(), self.unit.name)
    }

    fn step(&self) -> Step {
        Step::Shell(self.script())
    }

    fn predict(&self, world: &mut World) {
        let before = world.predicted(&self.unit).or_else(|| self.before.clone());
        // Of a unit that a package brings nothing but this change is known.
        if let Some(before) = before {
            world.predict(self.unit.clone(), self.after(&before));
        }
    }

    fn diff(&self) -> Diff {
        let diff = Diff::of(format!("unit {}", self.unit.name));
        let before = self.before.as_deref();
        let active = before.map(|before| before.active.clone()).unwrap_or_default();
        let enabled = before.map(|before| before.file.clone()).unwrap_or_default();
        match self.change {
            UnitChange::Start => diff.change("state", active, "active"),
            UnitChange::Stop => diff.change("state", active, "inactive"),
            // A unit that a planned package brings has no state yet; the change is the same.
            UnitChange::Restart => diff.change("state", "", "restarted"),
            UnitChange::Reload => diff.change("state", "", "reloaded"),
            UnitChange::Enable => diff.change("enabled", enabled, "enabled"),
            UnitChange::Disable => diff.change("enabled", enabled, "disabled"),
            UnitChange::Mask => diff.change("masked", "no", "yes"),
            UnitChange::Unmask => diff.change("masked", "yes", "no"),
        }
    }

    fn nature(&self) -> Nature {
        let mut nature = Nature::default();
        if self.change.runs() {
            let reason = format!("unit `{}` is not {}ed yet", self.unit.name, self.change.verb());
            let scope = world::Scope::Unit(self.unit.name.clone());
            nature.opaque = Some(Opaque { scope, reason: Arc::new(Unknown::new(reason)) });
        }
        if self.unit.scope == Scope::System
            && is_connectivity(&self.unit.name)
            && let Some(inverse) = self.inverse()
        {
            nature.guard = Some(Guard::Effect { inverse: self.call(inverse) });
        }
        nature
    }
}

/// Has systemd read its unit files, or start itself anew.
#[derive(Debug, Clone)]
pub struct ReloadManager {
    /// Whose manager.
    pub scope: Scope,
    /// It starts itself anew (`daemon-reexec`).
    pub anew: bool,
}

impl ReloadManager {
    fn verb(&self) -> &'static str {
        if self.anew { "daemon-reexec" } else { "daemon-reload" }
    }
}

impl Action for ReloadManager {
    fn summary(&self) -> String {
        format!("systemctl {}", self.verb())
    }

    fn step(&self) -> Step {
        let mut script = Script::new();
        self.scope.prepare(&mut script);
        let mut call = self.scope.words();
        call.extend(words![self.verb()]);
        script.run(call);
        Step::Shell(script)
    }

    fn predict(&self, world: &mut World) {
        if self.scope == Scope::System {
            world.predict(UnitFiles, UnitFilesState { stale: false });
        }
    }

    fn diff(&self) -> Diff {
        // Nothing that a host is different after.
        Diff::of("systemd")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(unit: &str, change: UnitChange, active: &str) -> ChangeUnit {
        let before =
            UnitState { load: "loaded".into(), active: active.into(), ..UnitState::default() };
        ChangeUnit {
            unit: Unit::system(unit),
            change,
            before: Some(Arc::new(before)),
            no_block: false,
            force: false,
        }
    }

    #[test]
    fn what_lets_us_in_is_guarded() {
        let inverse = |change: ChangeUnit| match change.nature().guard {
            Some(Guard::Effect { inverse }) => Some(inverse.to_string()),
            _ => None,
        };
        let text = |text: &str| Some(format!("{text}\n"));
        assert_eq!(
            inverse(change("ssh", UnitChange::Reload, "active")),
            text("systemctl restart -- ssh.service")
        );
        assert_eq!(
            inverse(change("ufw", UnitChange::Start, "inactive")),
            text("systemctl stop -- ufw.service")
        );
        assert_eq!(inverse(change("nginx", UnitChange::Restart, "active")), None);
        assert_eq!(inverse(change("ssh", UnitChange::Enable, "active")), None);
    }
}
