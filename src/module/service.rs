//! `ansible.builtin.service`: services, by way of systemd.

use crate::resource::{Host, Suspend};

use super::systemd::{self, ScopeName, State};
use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `service`.
    pub struct Args {
        /// The service.
        name | "service": String,
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
        /// Only for init systems other than systemd.
        arguments | "args": Option<String>,
        /// Only for init systems other than systemd.
        pattern: Option<String>,
        /// Only for init systems other than systemd.
        runlevel: Option<String>,
        /// Only for init systems other than systemd.
        sleep: Option<i64>,
        /// The module that does it; `auto` and `systemd` are the same here.
        r#use as "use": String = "auto",
    }
}

/// The module.
pub struct Service;

impl Module for Service {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.service";
    const SUMMARY: &'static str = "starts, stops, enables and disables services";

    fn plan(args: &Args, _: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        if !matches!(
            args.r#use.as_str(),
            "auto" | "systemd" | "ansible.builtin.systemd" | "service"
        ) {
            let problem = format!("`use: {}` of `service` is not supported by mxprov", args.r#use);
            return Err(Suspend::failed(problem));
        }
        let mut plan = systemd::plan(
            &systemd::Args {
                name: Some(args.name.clone()),
                state: args.state,
                enabled: args.enabled,
                masked: args.masked,
                daemon_reload: args.daemon_reload,
                daemon_reexec: args.daemon_reexec,
                force: args.force,
                no_block: args.no_block,
                scope: args.scope,
            },
            host,
        )?;
        let unused = [
            ("arguments", args.arguments.is_some()),
            ("pattern", args.pattern.is_some()),
            ("runlevel", args.runlevel.is_some()),
            ("sleep", args.sleep.is_some()),
        ];
        for (name, _) in unused.iter().filter(|(_, given)| *given) {
            // As Ansible says it where it hands over to systemd.
            plan.warnings
                .push(format!("argument `{name}` of `service` has no effect with systemd"));
        }
        Ok(plan)
    }
}
