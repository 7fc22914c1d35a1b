//! `ansible.builtin.reboot`: restarts a host and waits for it.

use std::sync::Arc;

use crate::remote::Output;
use crate::resource::waiting::Reboot as Restart;
use crate::resource::{Host, Suspend};
use crate::value::{Key, Map, Value};

use super::elapsed::{elapsed_of, seconds};
use super::run;
use super::{Call, Module, Outcome, Plan, Unsupported, Words};

arguments! {
    /// Arguments of `reboot`.
    pub struct Args {
        /// Seconds before it.
        pre_reboot_delay: i64 = 0,
        /// Seconds after it, before the host is looked for.
        post_reboot_delay: i64 = 0,
        /// Seconds for the host to come back.
        reboot_timeout: i64 = 600,
        /// Has no effect: the connection's own timeout holds for each try.
        connect_timeout: Option<i64>,
        /// What the users of the host are told.
        msg: String = "Reboot initiated by Ansible",
        /// A command that must succeed afterwards, before `reboot_timeout` is over.
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

    fn plan(args: &Args, _: &Call<'_>, _: &Host<'_>) -> Result<Plan, Suspend> {
        let _ = (args.connect_timeout, args.boot_time_command);
        let shutdown = run::shown(["shutdown", "-r", "now", &args.msg]);
        let mut command = args.reboot_command.clone().unwrap_or(shutdown);
        if let Some(paths) = &args.search_paths {
            let paths = crate::remote::quote(&paths.join(":")).into_owned();
            command = format!("PATH={paths}:$PATH; {command}");
        }
        let elapsed = Value::unknown("the host has not restarted yet");
        let mut plan = Plan::new().with("rebooted", true).with("elapsed", elapsed);
        plan.act(Restart {
            command,
            delay: seconds(args.pre_reboot_delay),
            settle: seconds(args.post_reboot_delay),
            limit: seconds(args.reboot_timeout),
            test: args.test_command.clone(),
        });
        plan.finish = Some(Arc::new(|outputs| {
            let is_back = outputs.first().is_some_and(Output::succeeded);
            let rebooted = (Key::from("rebooted"), Value::Bool(is_back));
            let result = Map::from_iter([rebooted, elapsed_of(outputs)]);
            Outcome { result, ..Outcome::default() }
        }));
        Ok(plan)
    }
}
