//! How a task is carried out, and how a host is reached: from keywords and connection variables.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::module::Argument;
use crate::playbook::{Keyword, Play, Task};
use crate::remote::{Become, BecomeMethod, HostKeyChecking, Target, Transport};
use crate::resource::Suspend;
use crate::value::{Str, Value};

use super::render::Render;

/// How one item of a task is carried out.
#[derive(Debug, Clone)]
pub struct Manner {
    /// The host that it is carried out on.
    pub host: Arc<str>,
    /// As which user.
    pub become_user: Arc<Become>,
    /// `environment`, rendered.
    pub environment: Vec<(String, Str)>,
    /// Whether nothing of it may be shown.
    pub hidden: bool,
    /// `check_mode` as it holds for the task.
    pub check: bool,
    /// `check_mode: false` is written out: it runs while planning too.
    pub always_runs: bool,
    /// Its commands only read: the author says so by `check_mode: false` or `changed_when: false`.
    pub only_reads: bool,
    /// `ignore_errors`
    pub ignore_errors: bool,
    /// `timeout`, or `async` if that is shorter: for each of its actions.
    pub timeout: Option<Duration>,
    /// `async`: the task is waited for that long.
    pub run_async: Option<Duration>,
    /// `delegate_facts`
    pub delegate_facts: bool,
    /// `diff`, if it is written.
    pub diff: Option<bool>,
}

impl Manner {
    /// The name under which states that this user read are kept.
    pub fn user_key(&self) -> Arc<str> {
        user_key(&self.become_user)
    }
}

/// The name under which states that a user read are kept; empty for the login user.
pub fn user_key(user: &Become) -> Arc<str> {
    user.user.as_deref().unwrap_or("").into()
}

/// How the task is carried out on this host.
pub fn manner(host: &Arc<str>, task: &Task, render: &Render<'_>) -> Result<Manner, Suspend> {
    let delegate = render.word(task, Keyword::DelegateTo)?.filter(|name| !name.is_empty());
    let written = render.flag(task, Keyword::CheckMode)?;
    let timeout = match task.effective(Keyword::Timeout) {
        Some(setting) => Some(render.number(setting)?).filter(|seconds| *seconds > 0.0),
        None => None,
    };
    let timeout = timeout.map(Duration::from_secs_f64);
    let run_async = run_async(task, render)?;
    Ok(Manner {
        host: delegate.map_or_else(|| Arc::clone(host), |name| name.as_str().into()),
        become_user: Arc::new(become_of(task, render)?),
        environment: environment(task, render)?,
        hidden: render.flag(task, Keyword::NoLog)?.unwrap_or(false),
        check: written.unwrap_or(render.shared.check),
        always_runs: written == Some(false),
        only_reads: written == Some(false) || task.never_changes(),
        ignore_errors: render.flag(task, Keyword::IgnoreErrors)?.unwrap_or(false),
        timeout: timeout.into_iter().chain(run_async).min(),
        run_async,
        delegate_facts: render.flag(task, Keyword::DelegateFacts)?.unwrap_or(false),
        diff: render.flag(task, Keyword::Diff)?,
    })
}

/// `async`: how long the task is waited for.
fn run_async(task: &Task, render: &Render<'_>) -> Result<Option<Duration>, Suspend> {
    let Some(setting) = &task.run_async else { return Ok(None) };
    let seconds = render.number(setting)?;
    if seconds == 0.0 {
        return Ok(None);
    }
    match &task.poll {
        // A literal one is refused before the run.
        Some(poll) if render.number(poll)? == 0.0 => {
            Err(super::render::failed(&crate::playbook::not_waited_for(poll)))
        }
        _ => Ok(Some(Duration::from_secs_f64(seconds))),
    }
}

fn environment(task: &Task, render: &Render<'_>) -> Result<Vec<(String, Str)>, Suspend> {
    let mut all: Vec<(String, Str)> = Vec::new();
    for setting in task.environment() {
        let value = render.value(&setting.value)?;
        let maps: Vec<&Value> = match &value {
            Value::List(items) => items.iter().collect(),
            Value::Null => vec![],
            other => vec![other],
        };
        for map in maps {
            let Some(entries) = map.as_map() else {
                return Err(Suspend::failed(format!(
                    "{}: `environment` needs a mapping",
                    setting.span
                )));
            };
            for (name, value) in entries {
                let text = match value {
                    Value::Str(text) => text.clone(),
                    other => String::read(other).map(Str::data).map_err(Suspend::failed)?,
                };
                all.retain(|(known, _)| *known != name.to_string());
                all.push((name.to_string(), text));
            }
        }
    }
    Ok(all)
}

/// A connection variable, rendered. A value that a host sent never gets here: it is data, and
/// facts are not looked at.
fn variable(render: &Render<'_>, names: &[&str]) -> Result<Option<Value>, Suspend> {
    for name in names {
        if let Some(value) = render.variables.get_connection(name) {
            return match render.value(&value)? {
                Value::Null | Value::Omit => Ok(None),
                value => Ok(Some(value)),
            };
        }
    }
    Ok(None)
}

fn text_variable(render: &Render<'_>, names: &[&str]) -> Result<Option<String>, Suspend> {
    match variable(render, names)? {
        Some(value) => String::read(&value)
            .map(Some)
            .map_err(|error| Suspend::failed(format!("`{}`: {error}", names[0]))),
        None => Ok(None),
    }
}

fn truth_variable(render: &Render<'_>, names: &[&str]) -> Result<Option<bool>, Suspend> {
    match variable(render, names)? {
        Some(value) => bool::read(&value)
            .map(Some)
            .map_err(|error| Suspend::failed(format!("`{}`: {error}", names[0]))),
        None => Ok(None),
    }
}

/// Connection variables go before keywords, as in Ansible.
fn become_of(task: &Task, render: &Render<'_>) -> Result<Become, Suspend> {
    let wanted = match truth_variable(render, &["ansible_become"])? {
        Some(wanted) => wanted,
        None => render.flag(task, Keyword::Become)?.unwrap_or(render.shared.choices.become_root),
    };
    if !wanted {
        return Ok(Become::login());
    }
    let user = match text_variable(render, &["ansible_become_user"])? {
        Some(user) => user,
        None => render.word(task, Keyword::BecomeUser)?.unwrap_or_else(|| {
            render.shared.choices.become_user.clone().unwrap_or_else(|| "root".into())
        }),
    };
    let method = match text_variable(render, &["ansible_become_method"])? {
        Some(method) => Some(method),
        None => render.word(task, Keyword::BecomeMethod)?,
    };
    let method = match method.as_deref() {
        None | Some("sudo" | "ansible.builtin.sudo") => BecomeMethod::Sudo,
        Some("su" | "ansible.builtin.su") => BecomeMethod::Su,
        Some(other) => {
            return Err(Suspend::failed(format!(
                "`become_method: {other}` is not supported; use `sudo` or `su`"
            )));
        }
    };
    let password = text_variable(
        render,
        &["ansible_become_password", "ansible_become_pass", "ansible_sudo_pass"],
    )?;
    if let Some(password) = &password {
        render.shared.redactor.learn(password);
    }
    let password =
        password.map(Into::into).or_else(|| render.shared.choices.become_password.clone());
    let exe = match text_variable(render, &["ansible_become_exe", "ansible_sudo_exe"])? {
        Some(exe) => Some(exe),
        None => render.word(task, Keyword::BecomeExe)?,
    };
    let exe = exe.filter(|exe| !exe.trim().is_empty());
    let flags = match text_variable(render, &["ansible_become_flags"])? {
        Some(flags) => Some(flags),
        None => render.word(task, Keyword::BecomeFlags)?,
    };
    let flags = flags.map(|flags| flags.split_whitespace().map(str::to_string).collect());
    // What sudo does by itself here: no terminal is involved.
    let flags: Vec<String> = flags.unwrap_or_default();
    let flags =
        flags.into_iter().filter(|flag| !["-H", "-S", "-n"].contains(&flag.as_str())).collect();
    Ok(Become { user: Some(user), method, exe, password, flags })
}

/// How a host is reached.
///
/// Variables come before the play's keywords, and those before the command line. A host that a task
/// is delegated to has no play.
pub fn target_of(
    host: &Arc<str>,
    render: &Render<'_>,
    play: Option<&Play>,
) -> Result<Target, Suspend> {
    let mut target = Target::new(&**host);
    let choices = &render.shared.choices;
    let of_play = |keyword| play_word(render, play, keyword);
    let connection = text_variable(render, &["ansible_connection"])?
        .or(of_play(Keyword::Connection)?)
        .or_else(|| choices.connection.clone());
    target.transport = match connection.as_deref() {
        Some("local" | "ansible.builtin.local") => Transport::Local,
        None if is_this_machine(host)
            && !render.shared.variables.inventory.hosts.contains_key(&**host) =>
        {
            Transport::Local
        }
        None | Some("ssh" | "smart" | "ansible.builtin.ssh" | "paramiko") => Transport::Ssh,
        Some(other) => {
            return Err(Suspend::failed(format!(
                "`ansible_connection: {other}` is not supported; use `ssh` or `local`"
            )));
        }
    };
    target.host = text_variable(render, &["ansible_host", "ansible_ssh_host"])?;
    target.port = port(render, play)?;
    target.user = text_variable(render, &["ansible_user", "ansible_ssh_user"])?
        .or(of_play(Keyword::RemoteUser)?)
        .or_else(|| choices.user.clone());
    let password =
        text_variable(render, &["ansible_password", "ansible_ssh_pass", "ansible_ssh_password"])?;
    if let Some(password) = &password {
        render.shared.redactor.learn(password);
    }
    target.password = password.map(Into::into).or_else(|| choices.password.clone());
    target.private_key_file =
        text_variable(render, &["ansible_ssh_private_key_file", "ansible_private_key_file"])?
            .map(PathBuf::from)
            .or_else(|| choices.private_key.clone());
    let passphrase = text_variable(render, &["ansible_ssh_private_key_passphrase"])?;
    if let Some(passphrase) = &passphrase {
        render.shared.redactor.learn(passphrase);
    }
    target.private_key_passphrase = passphrase.map(Into::into);
    for names in
        [&["ansible_ssh_common_args"][..], &["ansible_ssh_args"], &["ansible_ssh_extra_args"]]
    {
        if let Some(args) = text_variable(render, names)? {
            target.ssh_args.extend(words(&args));
        }
    }
    let checking =
        truth_variable(render, &["ansible_ssh_host_key_checking", "ansible_host_key_checking"])?;
    target.host_key_checking = match checking {
        Some(false) => Some(HostKeyChecking::Off),
        Some(true) => Some(HostKeyChecking::Strict),
        None => choices.host_key_checking,
    };
    let timeout = variable(render, &["ansible_ssh_timeout", "ansible_timeout"])?;
    target.connect_timeout = match timeout {
        Some(value) => Some(Duration::from_secs_f64(
            f64::read(&value)
                .map_err(|error| Suspend::failed(format!("`ansible_ssh_timeout`: {error}")))?
                .max(1.0),
        )),
        None => choices.connect_timeout,
    };
    Ok(target)
}

/// A keyword of the play, rendered.
fn play_word(
    render: &Render<'_>,
    play: Option<&Play>,
    keyword: Keyword,
) -> Result<Option<String>, Suspend> {
    let setting = play.and_then(|play| play.scope.keywords.get(keyword));
    setting.map(|setting| render.text(setting)).transpose()
}

/// `ansible_port`, or the play's `port`.
fn port(render: &Render<'_>, play: Option<&Play>) -> Result<Option<u16>, Suspend> {
    let keyword = play.and_then(|play| play.scope.keywords.get(Keyword::Port));
    let value = match variable(render, &["ansible_port", "ansible_ssh_port"])? {
        Some(value) => Some(value),
        None => keyword.map(|setting| render.value(&setting.value)).transpose()?,
    };
    let Some(value) = value else { return Ok(None) };
    let port = i64::read(&value).ok().and_then(|port| u16::try_from(port).ok());
    match port.filter(|port| *port > 0) {
        Some(port) => Ok(Some(port)),
        None => Err(Suspend::failed("`ansible_port` must be a number from 1 to 65535")),
    }
}

fn is_this_machine(host: &str) -> bool {
    ["localhost", "127.0.0.1", "::1"].contains(&host)
}

/// Splits a command line's arguments as a shell would: quotes and backslashes.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some('\''), other) => word.get_or_insert_default().push(other),
            (_, '\\') => word.get_or_insert_default().extend(characters.next()),
            (Some(_), other) => word.get_or_insert_default().push(other),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, space) if space.is_whitespace() => words.extend(word.take()),
            (None, other) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}
