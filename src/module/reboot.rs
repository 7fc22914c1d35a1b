//! `ansible.builtin.reboot`: restarts a host and waits for it.

use std::sync::Arc;
use std::time::Duration;

use crate::resource::command::Program;
use crate::resource::waiting::{Reboot as Restart, Wait};
use crate::resource::{Host, Suspend};
use crate::value::Str;

use super::run::{self, Conditions};
use super::{Call, Module, Outcome, Plan, Unsupported, Words};

arguments! {
    /// Arguments of `reboot`.
    pub struct Args {
        /// Seconds before it.
        pre_reboot_delay: i64 = 0,
        /// Seconds after it, before anything else.
        post_reboot_delay: i64 = 0,
        /// Seconds for the host to come back.
        reboot_timeout: i64 = 600,
        /// Has no effect: the connection's own timeout holds for each try.
        connect_timeout: Option<i64>,
        /// What the users of the host are told.
        msg: String = "Reboot initiated by Ansible",
        /// A command that must succeed afterwards.
        test_command: Option<String>,
        /// The command that restarts the host.
        reboot_command: Option<String>,
        /// Where `shutdown` is looked for.
        search_paths: Option<Words>,
        /// Not supported: the kernel's own number of the boot is compared.
        boot_time_command: Unsupported = Unsupported,
    }
}

/// The module.
pub struct Reboot;

impl Module for Reboot {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.reboot";
    const SUMMARY: &'static str = "restarts a host and waits for it";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let _ = (args.connect_timeout, args.boot_time_command);
        let seconds = |value: i64| u32::try_from(value).unwrap_or(0);
        let shutdown = run::shown(["shutdown", "-r", "now", &args.msg]);
        let mut command = args.reboot_command.clone().unwrap_or(shutdown);
        if let Some(paths) = &args.search_paths {
            let paths = crate::remote::quote(&paths.join(":")).into_owned();
            command = format!("PATH={paths}:$PATH; {command}");
        }
        let mut plan = Plan::new().with("rebooted", true).with("elapsed", 0);
        plan.act(Restart {
            command,
            delay: seconds(args.pre_reboot_delay),
            limit: Duration::from_secs(u64::from(seconds(args.reboot_timeout))),
        });
        if args.post_reboot_delay > 0 {
            let limit = seconds(args.post_reboot_delay);
            let shown = format!("{limit} seconds");
            plan.act(Wait { condition: None, wanted: true, delay: 0, sleep: 1, limit, shown });
        }
        if let Some(test) = &args.test_command {
            let program =
                Program::Shell { text: Str::data(test.as_str()), executable: "/bin/sh".into() };
            let tested =
                run::plan(program, None, test.clone(), Conditions::default(), (call, host))?;
            plan.actions.extend(tested.actions);
            plan.finish = Some(Arc::new(|outputs| {
                let status = outputs.last().map_or(0, |output| output.status);
                let failed = (status != 0).then(|| {
                    format!("`test_command` ended with status {status} after the restart")
                });
                Outcome { failed, ..Outcome::default() }
            }));
        }
        Ok(plan)
    }
}
