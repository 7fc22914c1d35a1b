//! From a target's variables to the settings of a connection.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::connect_error::ConnectError;
use super::env::Env;
use super::known_hosts::HostName;
use super::ssh::{Hop, HostKeys, Proxy};
use super::target::Target;

/// All settings of the connection to `target`.
pub(super) fn resolve(target: &Target, env: &Env) -> Result<Hop, ConnectError> {
    let host = target.host.clone().unwrap_or_else(|| target.name.clone());
    let port = target.port.unwrap_or(22);
    let ssh = env.home.join(".ssh");
    let named = target.private_key_file.as_ref().map(|file| vec![absolute(file, env)]);
    Ok(Hop {
        name: target.name.clone(),
        keys: HostKeys {
            name: HostName::new(&host, port),
            checking: target.host_key_checking.unwrap_or_default(),
            user_files: if target.known_hosts.is_empty() {
                vec![ssh.join("known_hosts"), ssh.join("known_hosts2")]
            } else {
                target.known_hosts.iter().map(|file| absolute(file, env)).collect()
            },
            global_files: if target.known_hosts.is_empty() {
                vec!["/etc/ssh/ssh_known_hosts".into(), "/etc/ssh/ssh_known_hosts2".into()]
            } else {
                Vec::new()
            },
            hash: false,
            algorithms: None,
        },
        host,
        port,
        user: target.user.clone().unwrap_or_else(|| env.user.clone()),
        ipv6: None,
        timeout: target.connect_timeout.unwrap_or(Target::CONNECT_TIMEOUT),
        keepalive: (Duration::from_secs(15), 3),
        identities_only: named.is_some(),
        identities_required: named.is_some(),
        identity_files: named.unwrap_or_else(|| {
            ["id_ed25519", "id_ecdsa", "id_rsa"].iter().map(|name| ssh.join(name)).collect()
        }),
        certificate_files: Vec::new(),
        agent: env.agent_socket.clone(),
        passphrase: target.private_key_passphrase.clone(),
        password: target.password.clone(),
        proxy: Proxy::None,
    })
}

/// `~/` is the home directory, anything else relative starts from the working directory.
fn absolute(file: &Path, env: &Env) -> PathBuf {
    match file.strip_prefix("~") {
        Ok(rest) => env.home.join(rest),
        Err(_) => env.cwd.join(file),
    }
}
