//! `ansible.builtin.script`: a program of the controller's, run on the host.

use std::sync::Arc;

use crate::resource::command::Program;
use crate::resource::{Host, Suspend};
use crate::value::{Str, Value};

use super::controller::Search;
use super::run::{self, Conditions};
use super::{Call, Module, Plan, shlex};

arguments! {
    /// Arguments of `script`.
    pub struct Args {
        /// The path of the program on the controller, and its arguments.
        free_form | "_raw_params": Option<Str>,
        /// The same.
        cmd: Option<Str>,
        /// The directory on the host to run in.
        chdir: Option<String>,
        /// A path or pattern on the host; if it is there the program is not run.
        creates: Option<String>,
        /// A path or pattern on the host; if it is not there the program is not run.
        removes: Option<String>,
        /// What runs the program.
        executable: Option<String>,
        /// Whether a vaulted program is decrypted.
        decrypt: bool = true,
    }
}

/// The module.
pub struct ScriptModule;

impl Module for ScriptModule {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.script";
    const SUMMARY: &'static str = "runs a program of the controller's on the host";
    const FREE_FORM: Option<&'static str> = Some("free_form");

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        if !args.decrypt {
            return Err(Suspend::failed(
                "argument `decrypt: false` of `script` is not supported by mxprov",
            ));
        }
        let (text, args) = &with_options(args)?;
        let words = shlex::split(text.as_str()).map_err(Suspend::Failed)?;
        let Some((file, words)) = words.split_first() else {
            return Err(Suspend::failed("no program is given"));
        };
        let found = call.controller.find(Search::Files, file)?;
        let content = Arc::new(call.controller.read(&found.path)?);
        let executable = args.executable.as_deref().map_or(Ok(vec![]), shlex::split);
        let program = Program::File {
            content,
            words: words.iter().map(|word| text.derived(word.as_str())).collect(),
            executable: executable.map_err(Suspend::Failed)?,
        };
        let conditions = Conditions {
            creates: args.creates.clone(),
            removes: args.removes.clone(),
            chdir: args.chdir.clone(),
            stdin: None,
            strip: false,
        };
        let shown = text.as_str().to_string();
        let mut plan = run::plan(program, None, shown, conditions, (call, host))?;
        if plan.actions.is_empty() {
            // Unlike `command`, it counts as skipped then.
            plan.skipped = plan.result.get("msg").and_then(Value::as_str).map(str::to_string);
        }
        Ok(plan)
    }
}

/// The text without the options that stand in it, and the arguments with them.
fn with_options(args: &Args) -> Result<(Str, Args), Suspend> {
    let mut args = args.clone();
    let (given, options) = match (args.free_form.take(), args.cmd.take()) {
        (Some(text), None) => {
            let names = ["chdir", "creates", "removes", "executable"];
            let (command, options) = shlex::options(text.as_str(), &names);
            (text.derived(command), options)
        }
        (None, Some(text)) => (text, vec![]),
        (Some(_), Some(_)) => {
            return Err(Suspend::failed("only one of the free form and `cmd` can be given"));
        }
        (None, None) => return Err(Suspend::failed("no program is given")),
    };
    for (name, value) in options {
        match name.as_str() {
            "chdir" => args.chdir = Some(value),
            "creates" => args.creates = Some(value),
            "removes" => args.removes = Some(value),
            _ => args.executable = Some(value),
        }
    }
    Ok((given, args))
}
