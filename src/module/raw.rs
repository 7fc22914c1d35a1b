//! `ansible.builtin.raw`: text for the login shell, as it is.

use crate::resource::command::Program;
use crate::resource::{Host, Suspend};
use crate::value::Str;

use super::run::{self, Conditions};
use super::{Call, Module, Plan, shlex};

arguments! {
    /// Arguments of `raw`.
    pub struct Args {
        /// The text; the option `executable=/bin/bash` may stand in it.
        free_form | "_raw_params": Str,
        /// The absolute path of the shell.
        executable: Option<String>,
    }
}

/// The module.
pub struct Raw;

impl Module for Raw {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.raw";
    const SUMMARY: &'static str = "runs text in a shell, without conditions";
    const FREE_FORM: Option<&'static str> = Some("free_form");

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let (command, mut options) = shlex::options(args.free_form.as_str(), &["executable"]);
        let executable = options.pop().map(|(_, value)| value).or_else(|| args.executable.clone());
        let executable = executable.unwrap_or_else(|| "/bin/sh".into());
        let shown = command.clone();
        let text = args.free_form.derived(command);
        let program = Program::Shell { text, executable };
        run::plan(program, None, shown, Conditions::default(), (call, host))
    }
}
