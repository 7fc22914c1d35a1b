//! `ansible.builtin.systemd_service`, also known as `systemd`: units of systemd.

use std::sync::Arc;

use crate::resource::unit::{
    ChangeUnit, ReloadManager, Unit, UnitChange, UnitFiles, UnitScope, UnitState, full_name,
};
use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::{Call, Module, Plan};

choice! {
    /// What a unit is to do.
    pub enum State {
        /// Read its configuration anew.
        Reloaded = "reloaded",
        /// Stop and start.
        Restarted = "restarted",
        /// Run.
        Started = "started" | "running",
        /// Not run.
        Stopped = "stopped",
    }
}

choice! {
    /// Whose manager is meant.
    pub enum ScopeName {
        /// The system's.
        System = "system",
        /// The user's.
        User = "user",
        /// That of all users.
        Global = "global",
    }
}

arguments! {
    /// Arguments of `systemd_service`.
    pub struct Args {
        /// The unit; `.service` may be left out.
        name | "service" | "unit": Option<String>,
        /// What it is to do.
        state: Option<State>,
        /// Whether it starts with the system.
        enabled: Option<bool>,
        /// Whether nothing may start it.
        masked: Option<bool>,
        /// Have systemd read changed unit files first.
        daemon_reload | "daemon-reload": bool = false,
        /// Have systemd start itself anew first.
        daemon_reexec | "daemon-reexec": bool = false,
        /// Replace links that stand in the way.
        force: bool = false,
        /// Do not wait until it is done.
        no_block: bool = false,
        /// Whose manager is meant.
        scope: ScopeName = ScopeName::System,
    }
}

/// The module.
pub struct SystemdService;

impl Module for SystemdService {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.systemd_service";
    const SUMMARY: &'static str = "starts, stops, enables and disables units";

    fn plan(args: &Args, _: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        plan(args, host)
    }
}

/// The module by its old name.
pub struct Systemd;

impl Module for Systemd {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.systemd";
    const SUMMARY: &'static str = SystemdService::SUMMARY;

    fn plan(args: &Args, _: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        plan(args, host)
    }
}

/// What `service` and `systemd` have in common.
pub fn plan(args: &Args, host: &Host<'_>) -> Result<Plan, Suspend> {
    let scope = match args.scope {
        ScopeName::System => UnitScope::System,
        ScopeName::User => UnitScope::User,
        ScopeName::Global => UnitScope::Global,
    };
    let mut plan = Plan::new();
    manager(&mut plan, args, scope, host)?;
    // Reading unit files is nothing that a host is different after.
    plan.changed = Some(false);
    let asks = args.state.is_some() || args.enabled.is_some() || args.masked.is_some();
    let Some(name) = &args.name else {
        if asks {
            return Err(Suspend::failed("`state`, `enabled` and `masked` need `name`"));
        }
        return Ok(plan);
    };
    if name.is_empty() || name.starts_with('-') || name.contains(['*', '?', '[', '/', ' ']) {
        return Err(Suspend::failed(format!("`{name}` cannot be the name of a unit")));
    }
    plan.set("name", Value::data(name.as_str()));
    if asks {
        let unit = Unit { name: full_name(name), scope };
        Task { args, unit, plan: &mut plan }.go(host)?;
    }
    Ok(plan)
}

fn manager(plan: &mut Plan, args: &Args, scope: UnitScope, host: &Host<'_>) -> Result<(), Suspend> {
    if args.daemon_reexec {
        plan.act(ReloadManager { scope, anew: true });
    }
    if args.daemon_reload && (scope != UnitScope::System || host.state(UnitFiles)?.stale) {
        plan.act(ReloadManager { scope, anew: false });
    }
    Ok(())
}

struct Task<'a> {
    args: &'a Args,
    unit: Unit,
    plan: &'a mut Plan,
}

impl Task<'_> {
    fn go(mut self, host: &Host<'_>) -> Result<(), Suspend> {
        let before = match host.unit(&self.unit) {
            Ok(state) => state,
            Err(Suspend::Unknown(reason)) => return self.of_package(&reason),
            Err(other) => return Err(other),
        };
        if !before.is_found() && !self.is_content_without(&before) {
            return Err(Suspend::failed(format!(
                "there is no unit `{}` on the host",
                self.unit.name
            )));
        }
        self.plan.set("status", status(&before));
        if before.is_found() {
            self.mask(&before);
            self.enable(&before)?;
            self.run(&before)?;
        }
        if let Some(enabled) = self.args.enabled {
            self.plan.set("enabled", enabled);
        }
        if let Some(state) = self.args.state {
            let text = match state {
                State::Stopped => "stopped",
                _ => "started",
            };
            self.plan.set("state", Value::data(text));
        }
        Ok(())
    }

    /// Whether a unit that is not there is as it is asked for: masked, as Ansible sees it, or nothing.
    fn is_content_without(&self, before: &UnitState) -> bool {
        self.args.masked == Some(false)
            && self.args.state.is_none()
            && self.args.enabled.is_none()
            && !before.is_found()
    }

    /// A unit that a planned package brings: a restart is sure, the rest depends on the package.
    fn of_package(&mut self, reason: &Arc<crate::value::Unknown>) -> Result<(), Suspend> {
        let sure = self.args.enabled.is_none() && self.args.masked.is_none();
        let change = match self.args.state {
            Some(State::Restarted) if sure => UnitChange::Restart,
            Some(State::Reloaded) if sure => UnitChange::Reload,
            _ => return Err(Suspend::Unknown(Arc::clone(reason))),
        };
        self.act(change, None);
        Ok(())
    }

    fn act(&mut self, change: UnitChange, before: Option<&UnitState>) {
        self.plan.changed = Some(true);
        self.plan.act(ChangeUnit {
            unit: self.unit.clone(),
            change,
            before: before.cloned().map(Arc::new),
            no_block: self.args.no_block
                && !matches!(
                    change,
                    UnitChange::Mask
                        | UnitChange::Unmask
                        | UnitChange::Enable
                        | UnitChange::Disable
                ),
            force: self.args.force && matches!(change, UnitChange::Enable | UnitChange::Mask),
        });
    }

    fn mask(&mut self, before: &UnitState) {
        match self.args.masked {
            Some(true) if !before.is_masked() => self.act(UnitChange::Mask, Some(before)),
            Some(false) if before.is_masked() => self.act(UnitChange::Unmask, Some(before)),
            _ => {}
        }
    }

    fn enable(&mut self, before: &UnitState) -> Result<(), Suspend> {
        let unmasked = before.is_masked() && self.args.masked == Some(false);
        match self.args.enabled {
            Some(true) if before.is_masked() && !unmasked => Err(Suspend::failed(format!(
                "unit `{}` is masked; `masked: false` lets it be enabled",
                self.unit.name
            ))),
            Some(true) if !before.is_enabled() => {
                self.act(UnitChange::Enable, Some(before));
                Ok(())
            }
            Some(false) if before.is_enabled() && !before.is_fixed() => {
                self.act(UnitChange::Disable, Some(before));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn run(&mut self, before: &UnitState) -> Result<(), Suspend> {
        let Some(state) = self.args.state else { return Ok(()) };
        let masked = before.is_masked() && self.args.masked != Some(false);
        if masked && state != State::Stopped {
            return Err(Suspend::failed(format!(
                "unit `{}` is masked; `masked: false` lets it start",
                self.unit.name
            )));
        }
        let running = before.is_running();
        let change = match state {
            State::Started if running => return Ok(()),
            State::Started => UnitChange::Start,
            State::Stopped if !running => return Ok(()),
            State::Stopped => UnitChange::Stop,
            State::Restarted => UnitChange::Restart,
            State::Reloaded if running => UnitChange::Reload,
            State::Reloaded => UnitChange::Start,
        };
        self.act(change, Some(before));
        Ok(())
    }
}

/// What was found, by the names of systemd's properties.
fn status(state: &UnitState) -> Value {
    let yes = |truth: bool| if truth { "yes" } else { "no" };
    Value::map(
        [
            ("Id", state.id.as_str()),
            ("LoadState", state.load.as_str()),
            ("ActiveState", state.active.as_str()),
            ("SubState", state.sub.as_str()),
            ("UnitFileState", state.file.as_str()),
            ("FragmentPath", state.path.as_str()),
            ("Type", state.kind.as_str()),
            ("RemainAfterExit", yes(state.remains)),
            ("CanReload", yes(state.reloads)),
            ("NeedDaemonReload", yes(state.stale)),
        ]
        .map(|(name, value)| (name, Value::data(value))),
    )
}
