//! What the modules that run commands have in common.

use std::sync::Arc;

use crate::remote::Output;
use crate::resource::command::{Program, RunCommand, Times, is_variable};
use crate::resource::{Host, Suspend};
use crate::value::{Key, Map, Str, Value};

use super::{Call, Outcome, Plan};

/// When and how a command runs.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    /// Not if this is there.
    pub creates: Option<String>,
    /// Only if this is there.
    pub removes: Option<String>,
    /// In this directory.
    pub chdir: Option<String>,
    /// Its standard input.
    pub stdin: Option<Vec<u8>>,
    /// Whether empty lines at the end of its output are dropped.
    pub strip: bool,
}

/// The task's `environment` for scripts; a name that no shell can have is an error.
pub fn environment(call: &Call<'_>) -> Result<Vec<(String, Str)>, Suspend> {
    match call.environment.iter().find(|(name, _)| !is_variable(name)) {
        Some((name, _)) => Err(Suspend::failed(format!(
            "`environment`: `{name}` cannot be the name of a variable"
        ))),
        None => Ok(call.environment.clone()),
    }
}

/// The plan of running `program`: `shown` is how people see it, `cmd` what is registered.
pub fn plan(
    program: Program,
    cmd: Option<Value>,
    shown: String,
    conditions: Conditions,
    (call, host): (&Call<'_>, &Host<'_>),
) -> Result<Plan, Suspend> {
    let mut plan = plan_with(program, shown, conditions, vec![], (call, host))?;
    if let Some(cmd) = cmd {
        plan.set("cmd", cmd);
    }
    Ok(plan)
}

/// The same with variables over those of the task's `environment`.
pub fn plan_with(
    program: Program,
    shown: String,
    conditions: Conditions,
    variables: Vec<(String, Str)>,
    (call, host): (&Call<'_>, &Host<'_>),
) -> Result<Plan, Suspend> {
    let mut plan = Plan::new();
    if let Some(reason) = spared(&conditions, host)? {
        return Ok(not_run(plan, &reason));
    }
    let waits = format!("the command `{shown}` has not run yet");
    for field in ["rc", "stdout", "stderr", "stdout_lines", "stderr_lines"] {
        plan.set(field, Value::unknown(waits.clone()));
    }
    plan.act(RunCommand {
        program,
        shown,
        chdir: conditions.chdir,
        environment: environment(call)?.into_iter().chain(variables).collect(),
        stdin: conditions.stdin,
    });
    let strip = conditions.strip;
    plan.finish = Some(Arc::new(move |outputs| {
        outputs.first().map_or_else(Outcome::default, |output| outcome(output, strip))
    }));
    Ok(plan)
}

/// Why the command does not run, if `creates` or `removes` say so.
fn spared(conditions: &Conditions, host: &Host<'_>) -> Result<Option<String>, Suspend> {
    let folder = conditions.chdir.as_deref();
    if let Some(path) = &conditions.creates
        && host.matches(folder, path)?
    {
        return Ok(Some(format!("since '{path}' exists")));
    }
    if let Some(path) = &conditions.removes
        && !host.matches(folder, path)?
    {
        return Ok(Some(format!("since '{path}' does not exist")));
    }
    Ok(None)
}

fn not_run(plan: Plan, why: &str) -> Plan {
    let said = format!("skipped, {why}");
    plan.with("msg", Value::data(format!("Did not run command {why}")))
        .with("rc", 0)
        .with("stdout", Value::data(said.as_str()))
        .with("stdout_lines", Value::list([Value::data(said)]))
        .with("stderr", Value::data(""))
        .with("stderr_lines", Value::list([]))
}

/// What a command that ran registers.
fn outcome(output: &Output, strip: bool) -> Outcome {
    let (stdout, times) = RunCommand::read(output);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut result = Map::new();
    let mut text = |name: &str, text: &str| {
        let text = if strip { text.trim_end_matches(['\r', '\n']) } else { text };
        result.insert(Key::from(name), Value::data(text));
        let lines = lines(text).into_iter().map(Value::data);
        result.insert(Key::from(format!("{name}_lines")), Value::list(lines));
    };
    text("stdout", &stdout);
    text("stderr", &stderr);
    let missing = output.status == 127
        && stderr.contains("exec: ")
        && stderr.trim_end().ends_with(": not found");
    // What Python's subprocess gives for a program that is not there.
    let status = if missing { 2 } else { output.status };
    result.insert(Key::from("rc"), i64::from(status).into());
    if let Some(times) = times {
        result.extend(times_of(&times));
    }
    let failed = (status != 0).then(|| {
        let why = stderr.lines().rfind(|line| !line.trim().is_empty());
        let why = why.map(|line| format!(": {line}")).unwrap_or_default();
        if missing {
            "the program is not there".into()
        } else {
            format!("non-zero return code {status}{why}")
        }
    });
    let message = if failed.is_some() { "non-zero return code" } else { "" };
    result.insert(Key::from("msg"), Value::data(message));
    Outcome { result, changed: Some(true), failed }
}

fn times_of(times: &Times) -> [(Key, Value); 3] {
    let (seconds, rest) = (times.microseconds / 1_000_000, times.microseconds % 1_000_000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let delta = format!("{hours}:{minutes:02}:{:02}.{rest:06}", seconds % 60);
    [
        (Key::from("start"), Value::data(times.start.as_str())),
        (Key::from("end"), Value::data(times.end.as_str())),
        (Key::from("delta"), Value::data(delta)),
    ]
}

/// As Python's `splitlines` for the usual ends of lines.
fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<String> = text.split('\n').map(str::to_string).collect();
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Words as one shell line, for people.
pub fn shown<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = words.into_iter().map(crate::remote::quote).collect();
    quoted.join(" ")
}

/// Standard input as the arguments ask for it.
pub fn input(stdin: Option<&Str>, newline: bool) -> Option<Vec<u8>> {
    let text = stdin?.as_str();
    Some([text, if newline { "\n" } else { "" }].concat().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_registers_what_it_said() {
        let output = Output {
            status: 3,
            stdout: b"one\r\ntwo\n\n\n\x1e1000000 2026-01-31 23:59:59.000000|4723000001 2026-02-01 01:02:02.000001\n".to_vec(),
            stderr: b"no\n".to_vec(),
            truncated: false,
        };
        let outcome = outcome(&output, true);
        assert_eq!(outcome.failed.as_deref(), Some("non-zero return code 3: no"));
        let field = |name: &str| outcome.result.get(name).cloned();
        assert_eq!(field("stdout"), Some(Value::data("one\r\ntwo")));
        assert_eq!(field("stdout_lines"), Some(Value::list(["one", "two"].map(Value::data))));
        assert_eq!(field("delta"), Some(Value::data("1:18:42.000001")));
        assert_eq!(field("rc"), Some(Value::Int(3)));
    }
}
