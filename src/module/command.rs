//! `ansible.builtin.command`: a program with its arguments, without a shell.

use crate::resource::command::Program;
use crate::resource::{Host, Suspend};
use crate::value::{Str, Value};

use super::run::{self, Conditions};
use super::{Call, Module, Plan, shlex};

arguments! {
    /// Arguments of `command`.
    pub struct Args {
        /// The command as free text; options such as `chdir=/tmp` may stand in it.
        free_form | "_raw_params": Option<Str>,
        /// The command as one string, which is split into words.
        cmd: Option<Str>,
        /// The program and its arguments as a list.
        argv: Option<Vec<Value>>,
        /// The directory to run in.
        chdir: Option<String>,
        /// A path or pattern; if it is there the command is not run.
        creates: Option<String>,
        /// A path or pattern; if it is not there the command is not run.
        removes: Option<String>,
        /// Text for the standard input.
        stdin: Option<Str>,
        /// End the standard input with a newline.
        stdin_add_newline: bool = true,
        /// Drop empty lines at the end of the output.
        strip_empty_ends: bool = true,
        /// Replace `$NAME` and `~` in the words.
        expand_argument_vars: bool = true,
    }
}

/// The module.
pub struct Command;

const OPTIONS: [&str; 6] =
    ["chdir", "creates", "removes", "stdin", "stdin_add_newline", "strip_empty_ends"];

impl Module for Command {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.command";
    const SUMMARY: &'static str = "runs a program";
    const FREE_FORM: Option<&'static str> = Some("free_form");

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let args = &with_options(args)?;
        let words = words(args)?;
        let shown = run::shown(words.iter().map(Str::as_str));
        let cmd = Value::list(words.iter().cloned().map(Value::Str));
        let program = Program::Words { words, expand: args.expand_argument_vars };
        run::plan(program, Some(cmd), shown, conditions(args), (call, host))
    }
}

/// The arguments with the options that stand in the free form.
fn with_options(args: &Args) -> Result<Args, Suspend> {
    let mut args = args.clone();
    let Some(text) = args.free_form.take() else { return Ok(args) };
    let (command, options) = shlex::options(text.as_str(), &OPTIONS);
    let truth =
        |value: &str| <bool as super::Argument>::read(&Value::data(value)).map_err(Suspend::Failed);
    for (name, value) in options {
        match name.as_str() {
            "chdir" => args.chdir = Some(value),
            "creates" => args.creates = Some(value),
            "removes" => args.removes = Some(value),
            "stdin" => args.stdin = Some(text.derived(value)),
            "stdin_add_newline" => args.stdin_add_newline = truth(&value)?,
            _ => args.strip_empty_ends = truth(&value)?,
        }
    }
    if !command.is_empty() {
        args.free_form = Some(text.derived(command));
    }
    Ok(args)
}

fn words(args: &Args) -> Result<Vec<Str>, Suspend> {
    let words = match (&args.free_form, &args.cmd, &args.argv) {
        (Some(text), None, None) | (None, Some(text), None) => {
            let words = shlex::split(text.as_str()).map_err(Suspend::Failed)?;
            words.into_iter().map(|word| text.derived(word)).collect()
        }
        (None, None, Some(list)) => {
            let words: Result<Vec<Str>, _> = list.iter().map(super::Argument::read).collect();
            words.map_err(|problem| Suspend::failed(format!("argument `argv`: {problem}")))?
        }
        (None, None, None) => vec![],
        _ => {
            return Err(Suspend::failed(
                "only one of the free form, `cmd` and `argv` can be given",
            ));
        }
    };
    if words.is_empty() { Err(Suspend::failed("no command is given")) } else { Ok(words) }
}

fn conditions(args: &Args) -> Conditions {
    Conditions {
        creates: args.creates.clone(),
        removes: args.removes.clone(),
        chdir: args.chdir.clone(),
        stdin: run::input(args.stdin.as_ref(), args.stdin_add_newline),
        strip: args.strip_empty_ends,
    }
}
