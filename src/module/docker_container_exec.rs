//! `community.docker.docker_container_exec`: a program in a container that runs.

use std::sync::Arc;

use crate::resource::command::{Program, is_variable};
use crate::resource::{Host, Suspend};
use crate::value::{Key, Map, Str, Value};

use super::run::{self, Conditions};
use super::{Call, Module, Plan, shlex};

arguments! {
    /// Arguments of `docker_container_exec`.
    pub struct Args {
        /// The container's name.
        container: String,
        /// The program and its arguments as a list.
        argv: Option<Vec<Value>>,
        /// The command as one string, which is split into words.
        command: Option<Str>,
        /// The directory to run in.
        chdir: Option<String>,
        /// Do not wait for its end; nothing of it is registered then.
        detach: bool = false,
        /// Its user in the container, `user:group` too.
        user: Option<String>,
        /// Text for the standard input.
        stdin: Option<Str>,
        /// End the standard input with a newline.
        stdin_add_newline: bool = true,
        /// Drop empty lines at the end of the output.
        strip_empty_ends: bool = true,
        /// Give it a terminal.
        tty: bool = false,
        /// Variables for its environment.
        env: Option<Map>,
    }
    refuses {
        api_version, ca_path, client_cert, client_key, debug, docker_host, ssl_version, timeout,
        tls, tls_hostname, use_ssh_client, validate_certs
    }
}

/// The module.
pub struct DockerContainerExec;

impl Module for DockerContainerExec {
    type Args = Args;
    const NAME: &'static str = "community.docker.docker_container_exec";
    const SUMMARY: &'static str = "runs a program in a container";

    fn plan(args: &Args, call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        if args.container.is_empty() || args.container.starts_with('-') {
            return Err(Suspend::failed(format!(
                "`{}` cannot be the name of a container",
                args.container
            )));
        }
        let words = words(args)?;
        let environment = environment(args)?;
        host.running_container(&args.container)?;
        let mut all = options(args, &environment);
        all.extend(words.iter().cloned());
        let inside = run::shown(words.iter().map(Str::as_str));
        let shown = format!("{inside} in container {}", args.container);
        let conditions = Conditions {
            stdin: run::input(args.stdin.as_ref(), args.stdin_add_newline),
            strip: args.strip_empty_ends,
            ..Conditions::default()
        };
        let program = Program::Words { words: all, expand: false };
        let mut plan = run::plan_with(program, shown, conditions, environment, (call, host))?;
        judge(&mut plan, args.detach);
        Ok(plan)
    }
}

fn words(args: &Args) -> Result<Vec<Str>, Suspend> {
    let words: Vec<Str> = match (&args.command, &args.argv) {
        (Some(text), None) => {
            let words = shlex::split(text.as_str()).map_err(Suspend::Failed)?;
            words.into_iter().map(|word| text.derived(word)).collect()
        }
        (None, Some(list)) => {
            let words: Result<Vec<Str>, _> = list.iter().map(super::Argument::read).collect();
            words.map_err(|problem| Suspend::failed(format!("argument `argv`: {problem}")))?
        }
        _ => return Err(Suspend::failed("one of `command` and `argv` must be given")),
    };
    if words.is_empty() { Err(Suspend::failed("no command is given")) } else { Ok(words) }
}

/// Variables for the container, which Docker takes from its own environment: no value is ever a
/// word of a command.
fn environment(args: &Args) -> Result<Vec<(String, Str)>, Suspend> {
    let entries = args.env.iter().flatten();
    entries
        .map(|(name, value)| {
            let name = name.to_string();
            if !is_variable(&name) {
                return Err(Suspend::failed(format!(
                    "`env`: `{name}` cannot be the name of a variable"
                )));
            }
            let value = <Str as super::Argument>::read(value)
                .map_err(|problem| Suspend::failed(format!("`env`: `{name}`: {problem}")))?;
            Ok((name, value))
        })
        .collect()
}

fn options(args: &Args, environment: &[(String, Str)]) -> Vec<Str> {
    let mut words: Vec<String> = vec!["docker".into(), "exec".into()];
    let flags =
        [(args.stdin.is_some(), "--interactive"), (args.tty, "--tty"), (args.detach, "--detach")];
    words.extend(flags.iter().filter(|(given, _)| *given).map(|(_, flag)| (*flag).to_string()));
    for (option, value) in [("--workdir", &args.chdir), ("--user", &args.user)] {
        words.extend(value.iter().flat_map(|value| [option.to_string(), value.clone()]));
    }
    words.extend(environment.iter().flat_map(|(name, _)| ["--env".to_string(), name.clone()]));
    words.extend(["--".to_string(), args.container.clone()]);
    words.into_iter().map(Str::data).collect()
}

/// As in Ansible a status of the program is a result, no failure; that it could not run is one.
fn judge(plan: &mut Plan, detach: bool) {
    let Some(finish) = plan.finish.take() else { return };
    plan.finish = Some(Arc::new(move |outputs| {
        let mut outcome = finish(outputs);
        let text =
            |name: &str| outcome.result.get(name).and_then(Value::as_str).unwrap_or_default();
        let said = text("stderr").trim().to_string();
        let refused = said.starts_with("Error response from daemon:")
            || said.starts_with("Error: No such container")
            || said.starts_with("the input device is not a TTY")
            || said.starts_with("Cannot connect to the Docker daemon");
        let status = outcome.result.get("rc").cloned();
        outcome.failed = (refused && status != Some(Value::Int(0))).then_some(said);
        outcome.result.shift_remove("msg");
        if detach {
            let gone = ["rc", "stdout", "stdout_lines", "stderr", "stderr_lines"];
            for name in gone {
                outcome.result.shift_remove(&Key::from(name));
            }
        }
        outcome
    }));
}
