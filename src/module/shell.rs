//! `ansible.builtin.shell`: text for a shell.

use crate::resource::command::Program;
use crate::resource::{Host, Suspend};
use crate::value::{Str, Value};

use super::run::{self, Conditions};
use super::{Call, Module, Plan, shlex};

arguments! {
    /// Arguments of `shell`.
    pub struct Args {
        /// The text; options such as `chdir=/tmp` may stand in it.
        free_form | "_raw_params": Option<Str>,
        /// The text, taken as it is.
        cmd: Option<Str>,
        /// The directory to run in.
        chdir: Option<String>,
        /// A path or pattern; if it is there the command is not run.
        creates: Option<String>,
        /// A path or pattern; if it is not there the command is not run.
        removes: Option<String>,
        /// The absolute path of the shell.
        executable: Option<String>,
        /// Text for the standard input.
        stdin: Option<Str>,
        /// End the standard input with a newline.
        stdin_add_newline: bool = true,
    }
}

/// The module.
pub struct Shell;

const OPTIONS: [&str; 6] =
    ["chdir", "creates", "removes", "executable", "stdin", "stdin_add_newline"];

impl Module for Shell {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.shell";
    const SUMMARY: &'static str = "runs text in a shell";
    const FREE_FORM: Option<&'static str> = Some("free_form");

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let args = &with_options(args)?;
        let text = match (&args.free_form, &args.cmd) {
            (Some(text), None) | (None, Some(text)) if !text.as_str().trim().is_empty() => text,
            (Some(_), Some(_)) => {
                return Err(Suspend::failed("only one of the free form and `cmd` can be given"));
            }
            _ => return Err(Suspend::failed("no command is given")),
        };
        let executable = args.executable.clone().unwrap_or_else(|| "/bin/sh".into());
        if !executable.starts_with('/') {
            let problem = format!("`executable` must be an absolute path, not `{executable}`");
            return Err(Suspend::failed(problem));
        }
        let conditions = Conditions {
            creates: args.creates.clone(),
            removes: args.removes.clone(),
            chdir: args.chdir.clone(),
            stdin: run::input(args.stdin.as_ref(), args.stdin_add_newline),
            strip: true,
        };
        let program = Program::Shell { text: text.clone(), executable };
        let shown = text.as_str().trim().to_string();
        run::plan(program, Some(Value::Str(text.clone())), shown, conditions, (call, host))
    }
}

/// The arguments with the options that stand in the free form.
fn with_options(args: &Args) -> Result<Args, Suspend> {
    let mut args = args.clone();
    let Some(text) = args.free_form.take() else { return Ok(args) };
    let (command, options) = shlex::options(text.as_str(), &OPTIONS);
    for (name, value) in options {
        match name.as_str() {
            "chdir" => args.chdir = Some(value),
            "creates" => args.creates = Some(value),
            "removes" => args.removes = Some(value),
            "executable" => args.executable = Some(value),
            "stdin" => args.stdin = Some(text.derived(value)),
            _ => {
                let truth = <bool as super::Argument>::read(&Value::data(value));
                args.stdin_add_newline = truth.map_err(Suspend::Failed)?;
            }
        }
    }
    if !command.is_empty() {
        args.free_form = Some(text.derived(command));
    }
    Ok(args)
}
