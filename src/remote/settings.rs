//! From a target's variables and `ssh_config` to the settings of a connection.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::connect_error::ConnectError;
use super::env::Env;
use super::known_hosts::{HostName, host_key_algorithms};
use super::ssh::{Hop, HostKeys, Methods, Proxy};
use super::ssh_args;
use super::ssh_config::{self, Layer, Query, Resolved, Tokens, Value};
use super::target::{ConfigFiles, HostKeyChecking, Target};

/// Jump hosts in a row, at most: more is a loop.
const JUMPS: usize = 8;

/// All settings of the connection to `target`. Reads files and may run commands of `Match exec`.
pub(super) fn resolve(target: &Target, env: &Env) -> Result<Hop, ConnectError> {
    let failed = |why| ConnectError::Settings { host: target.name.clone(), why };
    let args = ssh_args::parse(&target.ssh_args).map_err(failed)?;
    let config = args.config.as_ref().unwrap_or(&target.config);
    let host = target.host.as_deref().unwrap_or(&target.name);
    let mut layers = vec![Layer::Options("ssh arguments".to_owned(), args.options)];
    let files = files(config, env);
    layers.extend(files.iter().cloned());
    let asked = Asked {
        target,
        env,
        files: &files,
        layers: &layers,
        name: host,
        user: target.user.as_deref(),
        port: target.port,
        is_goal: true,
    };
    asked.hop(JUMPS).map_err(failed)
}

fn files(config: &ConfigFiles, env: &Env) -> Vec<Layer> {
    match config {
        ConfigFiles::None => Vec::new(),
        ConfigFiles::Only(file) => vec![Layer::User(absolute(file, env), env.uid)],
        ConfigFiles::Usual => vec![
            Layer::User(env.home.join(".ssh/config"), env.uid),
            Layer::System("/etc/ssh/ssh_config".into()),
        ],
    }
}

/// `~/` is the home directory, anything else relative starts from the working directory.
fn absolute(file: &Path, env: &Env) -> PathBuf {
    match file.strip_prefix("~") {
        Ok(rest) => env.home.join(rest),
        Err(_) => env.cwd.join(file),
    }
}

/// One server whose settings are asked for.
struct Asked<'a> {
    /// The goal; a jump host shares its files of known hosts with it and nothing else.
    target: &'a Target,
    env: &'a Env,
    /// Without the options, which are the goal's alone.
    files: &'a [Layer],
    layers: &'a [Layer],
    name: &'a str,
    user: Option<&'a str>,
    port: Option<u16>,
    is_goal: bool,
}

impl Asked<'_> {
    fn hop(&self, jumps_left: usize) -> Result<Hop, String> {
        let found = self.read()?;
        let host = text(found.host(self.name))?;
        let port = match (self.port, found.get("port")) {
            (Some(port), _) => port,
            (None, Some(value)) => text(value.number())?,
            (None, None) => 22,
        };
        let user = self.user.or_else(|| found.get("user").map(Value::first));
        let user = user.unwrap_or(&self.env.user).to_owned();
        let tokens = Tokens {
            alias: found.get("hostkeyalias").map_or(self.name, Value::first).to_owned(),
            jump: found.get("proxyjump").map_or("", Value::first).to_owned(),
            host: host.clone(),
            port,
            remote: user.clone(),
            ..self.tokens()
        };
        let proxy = self.proxy(&found, &tokens, jumps_left)?;
        let named = self.target.private_key_file.as_deref().filter(|_| self.is_goal);
        let mine = |secret: &Option<_>| secret.clone().filter(|_| self.is_goal);
        Ok(Hop {
            name: self.target.name.clone(),
            keys: self.host_keys(&found, &tokens)?,
            host,
            port,
            user,
            ipv6: ipv6(&found)?,
            timeout: self.timeout(&found)?,
            keepalive: keepalive(&found)?,
            identities_only: named.is_some() || flag(&found, "identitiesonly")?.unwrap_or(false),
            identities_required: named.is_some(),
            identity_files: match named {
                Some(file) => vec![absolute(file, self.env)],
                None => self.identities(&found, &tokens)?,
            },
            certificate_files: self.paths(found.all("certificatefile"), &tokens)?,
            agent: self.agent(&found, &tokens)?,
            passphrase: mine(&self.target.private_key_passphrase),
            password: mine(&self.target.password),
            methods: methods(&found)?,
            proxy,
        })
    }

    fn read(&self) -> Result<Resolved, String> {
        let tokens =
            Tokens { host: self.name.to_owned(), port: self.port.unwrap_or(22), ..self.tokens() };
        let query = Query {
            name: self.name,
            user: self.user,
            local_user: &self.env.user,
            home: &self.env.home,
            tokens: &tokens,
            exec: &succeeds,
        };
        text(ssh_config::resolve(self.layers, &query))
    }

    /// What is known before any configuration is read.
    fn tokens(&self) -> Tokens {
        let env = self.env;
        Tokens {
            home: env.home.display().to_string(),
            uid: env.uid,
            local: env.hostname.clone(),
            name: self.name.to_owned(),
            alias: self.name.to_owned(),
            remote: self.user.unwrap_or(&env.user).to_owned(),
            user: env.user.clone(),
            variables: env.variables.clone(),
            ..Tokens::default()
        }
    }

    fn host_keys(&self, found: &Resolved, tokens: &Tokens) -> Result<HostKeys, String> {
        let target = self.target;
        let name = match found.get("hostkeyalias") {
            Some(alias) => HostName::alias(alias.first()),
            None => HostName::new(&tokens.host, tokens.port),
        };
        let ssh = self.env.home.join(".ssh");
        let given = !target.known_hosts.is_empty();
        let user_files = match found.get("userknownhostsfile") {
            _ if given => target.known_hosts.iter().map(|file| absolute(file, self.env)).collect(),
            Some(value) => self.words(value, tokens)?,
            None => vec![ssh.join("known_hosts"), ssh.join("known_hosts2")],
        };
        let global_files = match found.get("globalknownhostsfile") {
            _ if given => Vec::new(),
            Some(value) => self.words(value, tokens)?,
            None => vec!["/etc/ssh/ssh_known_hosts".into(), "/etc/ssh/ssh_known_hosts2".into()],
        };
        let checking = match (target.host_key_checking, found.get("stricthostkeychecking")) {
            (Some(checking), _) => checking,
            (None, Some(value)) => text(value.one_of(&CHECKING))?,
            (None, None) => HostKeyChecking::Strict,
        };
        let algorithms = match found.get("hostkeyalgorithms") {
            Some(value) => Some(
                host_key_algorithms(value.first()).map_err(|why| format!("{}: {why}", value.at))?,
            ),
            None => None,
        };
        let hash = flag(found, "hashknownhosts")?.unwrap_or(false);
        Ok(HostKeys { name, checking, user_files, global_files, hash, algorithms })
    }

    fn identities(&self, found: &Resolved, tokens: &Tokens) -> Result<Vec<PathBuf>, String> {
        let named = found.all("identityfile");
        if named.is_empty() {
            let ssh = self.env.home.join(".ssh");
            return Ok(["id_rsa", "id_ecdsa", "id_ed25519"]
                .iter()
                .map(|name| ssh.join(name))
                .collect());
        }
        self.paths(named, tokens)
    }

    fn agent(&self, found: &Resolved, tokens: &Tokens) -> Result<Option<PathBuf>, String> {
        let Some(value) = found.get("identityagent") else {
            return Ok(self.env.agent_socket.clone());
        };
        match value.first() {
            "none" => Ok(None),
            "SSH_AUTH_SOCK" => Ok(self.env.agent_socket.clone()),
            variable if variable.starts_with('$') && !variable.starts_with("${") => {
                Ok(self.env.variables.get(&variable[1..]).map(PathBuf::from))
            }
            _ => Ok(self.words(value, tokens)?.into_iter().next()),
        }
    }

    fn timeout(&self, found: &Resolved) -> Result<Duration, String> {
        let configured = found.get("connecttimeout").filter(|value| value.first() != "none");
        match (self.target.connect_timeout, configured) {
            (Some(timeout), _) => Ok(timeout),
            (None, Some(value)) => text(value.duration()),
            (None, None) => Ok(Target::CONNECT_TIMEOUT),
        }
    }

    fn proxy(&self, found: &Resolved, tokens: &Tokens, jumps_left: usize) -> Result<Proxy, String> {
        let jump = found.get("proxyjump").filter(|value| value.first() != "none");
        if let Some(value) = jump {
            let list = tokens.proxy(value.first()).map_err(|why| format!("{}: {why}", value.at))?;
            let left = jumps_left.checked_sub(1).ok_or_else(|| {
                format!(
                    "{}: the jump hosts of `{}` lead through each other without end",
                    value.at, self.name
                )
            })?;
            let hop = self.jump(&list, left).map_err(|why| format!("jump host `{list}`: {why}"))?;
            return Ok(Proxy::Jump(Box::new(hop)));
        }
        let command = found.get("proxycommand").filter(|value| value.first() != "none");
        command.map_or(Ok(Proxy::None), |value| {
            let command =
                tokens.proxy(value.first()).map_err(|why| format!("{}: {why}", value.at))?;
            Ok(Proxy::Command(command))
        })
    }

    /// The last of the list is the one that reaches us; those before it are its own jump hosts.
    fn jump(&self, hosts: &str, jumps_left: usize) -> Result<Hop, String> {
        let (before, nearest) = match hosts.rsplit_once(',') {
            Some((before, nearest)) => (Some(before), nearest),
            None => (None, hosts),
        };
        let (user, host, port) = jump_parts(nearest)?;
        let mut layers = Vec::new();
        if let Some(before) = before {
            layers.push(Layer::Options(
                "ProxyJump".to_owned(),
                vec![["ProxyJump ", before].concat()],
            ));
        }
        layers.extend(self.files.iter().cloned());
        let asked = Asked { layers: &layers, name: host, user, port, is_goal: false, ..*self };
        asked.hop(jumps_left)
    }

    fn words(&self, value: &Value, tokens: &Tokens) -> Result<Vec<PathBuf>, String> {
        let words = value.words.iter().filter(|word| *word != "none");
        let expanded = words.map(|word| {
            let path = tokens.path(word).map_err(|why| format!("{}: {why}", value.at))?;
            Ok(self.env.cwd.join(path))
        });
        expanded.collect()
    }

    fn paths(&self, values: &[Value], tokens: &Tokens) -> Result<Vec<PathBuf>, String> {
        let mut found = Vec::new();
        for value in values {
            found.extend(self.words(value, tokens)?);
        }
        Ok(found)
    }
}

const CHECKING: [(&str, HostKeyChecking); 7] = [
    ("yes", HostKeyChecking::Strict),
    // There is nobody to ask in the middle of a run.
    ("ask", HostKeyChecking::Strict),
    ("true", HostKeyChecking::Strict),
    ("accept-new", HostKeyChecking::AcceptNew),
    ("no", HostKeyChecking::Off),
    ("off", HostKeyChecking::Off),
    ("false", HostKeyChecking::Off),
];

fn ipv6(found: &Resolved) -> Result<Option<bool>, String> {
    let choices = [("any", None), ("inet", Some(false)), ("inet6", Some(true))];
    text(found.get("addressfamily").map_or(Ok(None), |value| value.one_of(&choices)))
}

/// Ours is on by default: a run must notice a dead connection by itself.
fn keepalive(found: &Resolved) -> Result<(Duration, usize), String> {
    let interval =
        found.get("serveraliveinterval").map_or(Ok(Duration::from_secs(15)), Value::duration);
    let unanswered = found.get("serveralivecountmax").map_or(Ok(3), Value::number);
    Ok((text(interval)?, text(unanswered)?))
}

fn methods(found: &Resolved) -> Result<Methods, String> {
    let preferred = found.get("preferredauthentications").map(Value::first);
    let preferred =
        |method| preferred.is_none_or(|list| list.split(',').any(|name| name == method));
    let allowed = |keyword| Ok::<_, String>(flag(found, keyword)?.unwrap_or(true));
    Ok(Methods {
        keys: preferred("publickey") && allowed("pubkeyauthentication")?,
        questions: preferred("keyboard-interactive") && allowed("kbdinteractiveauthentication")?,
        password: preferred("password") && allowed("passwordauthentication")?,
    })
}

fn flag(found: &Resolved, keyword: &str) -> Result<Option<bool>, String> {
    text(found.get(keyword).map(Value::flag).transpose())
}

/// `[user@]host[:port]` or `ssh://[user@]host[:port]`.
fn jump_parts(text: &str) -> Result<(Option<&str>, &str, Option<u16>), String> {
    let rest = text.strip_prefix("ssh://").unwrap_or(text).trim_end_matches('/');
    let (user, rest) = match rest.rsplit_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, rest),
    };
    let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    let port =
        port.map(str::parse).transpose().map_err(|_| format!("`{text}` has no good port"))?;
    if host.is_empty() || host.starts_with('-') {
        return Err(format!("`{text}` names no host"));
    }
    Ok((user, host, port))
}

fn text<T>(result: Result<T, ssh_config::ConfigError>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

/// The command of a `Match exec`, whose status is the answer.
fn succeeds(command: &str) -> bool {
    let ran = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    ran.is_ok_and(|status| status.success())
}
