//! `ansible.builtin.known_hosts`: the keys of hosts that a user's ssh knows.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use crate::resource::file::{Ownership, PathState, Source};
use crate::resource::{Host, Suspend};
use crate::value::Value;

use super::content::{Wanted, make_directories, whole};
use super::paths::{absolute, parent, resolve};
use super::presence::State;
use super::{Call, Module, Plan};

arguments! {
    /// Arguments of `known_hosts`.
    pub struct Args {
        /// The host: a name, an address, or `[name]:port`.
        name | "host": String,
        /// The line as ssh-keyscan(1) prints it: host, type, key.
        key: Option<String>,
        /// The file.
        path: String = "~/.ssh/known_hosts",
        /// Whether the key is to be there.
        state: State = State::Present,
    }
    refuses { hash_host }
}

/// The module.
pub struct KnownHosts;

impl Module for KnownHosts {
    type Args = Args;
    const NAME: &'static str = "ansible.builtin.known_hosts";
    const SUMMARY: &'static str = "manage the keys of hosts that ssh knows";

    fn plan(args: &Args, _call: &Call<'_>, host: &Host<'_>) -> Result<Plan, Suspend> {
        let key = args.key.as_deref().map(|key| parse(&args.name, key)).transpose()?;
        if key.is_none() && args.state == State::Present {
            return Err(Suspend::failed("`state: present` needs `key`"));
        }
        let path = resolve(&absolute("path", &args.path, host)?, host)?;
        let old = match &*host.path_to_replace(&path)? {
            PathState::Present(_) => whole(&path, host)?,
            PathState::Absent => None,
        };
        let text = old.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let text = edited(args, key.as_deref(), text.as_deref().unwrap_or(""));
        let mut plan = Plan::new().with("name", Value::data(args.name.as_str()));
        if let Some(text) = text {
            let private = Ownership { mode: Some(0o700), ..Ownership::default() };
            let mut made = Vec::new();
            make_directories(parent(&path), &private, &mut made, &mut plan, host)?;
            let wanted = Wanted {
                content: Source::Bytes(Arc::new(text.into_bytes())),
                read: old,
                made: &made,
                ..Wanted::new(path, vec![])
            };
            wanted.put(&mut plan, host)?;
        }
        Ok(plan)
    }
}

/// Marker, hosts, type and key of a line; comments have none.
fn fields(line: &str) -> Option<(&str, &str, &str)> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with('@'));
    let (hosts, kind, key) = (words.next()?, words.next()?, words.next()?);
    (!hosts.starts_with('#')).then_some((hosts, kind, key))
}

/// The line of the key, which must be this host's.
fn parse(name: &str, key: &str) -> Result<String, Suspend> {
    let mut lines =
        key.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    match (lines.next(), lines.next()) {
        (Some(line), None) if fields(line).is_some_and(|(hosts, ..)| names(hosts, name)) => {
            Ok(line.to_string())
        }
        (Some(_), None) => Err(Suspend::failed(format!("`key` is no line of a key of `{name}`"))),
        _ => Err(Suspend::failed("`key` must be one line")),
    }
}

/// Whether the first field of a line names a host, hashed names too (sshd(8)).
fn names(hosts: &str, name: &str) -> bool {
    match hosts.strip_prefix("|1|").and_then(|hash| hash.split_once('|')) {
        Some((salt, hash)) => {
            let (Ok(salt), Ok(hash)) = (STANDARD.decode(salt), STANDARD.decode(hash)) else {
                return false;
            };
            let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&salt) else { return false };
            mac.update(name.as_bytes());
            mac.verify_slice(&hash).is_ok()
        }
        None => hosts.split(',').any(|host| host.eq_ignore_ascii_case(name)),
    }
}

/// The new text; none if it stays.
fn edited(args: &Args, key: Option<&str>, text: &str) -> Option<String> {
    let wanted = key.and_then(fields);
    let (mut lines, mut found, mut changed) = (Vec::new(), false, false);
    for line in text.lines() {
        let known = fields(line).filter(|(hosts, ..)| names(hosts, &args.name));
        let is_same = known.is_some_and(|(_, kind, key)| {
            wanted.is_some_and(|(_, wanted_kind, wanted)| (kind, key) == (wanted_kind, wanted))
        });
        let is_kind = known.is_some_and(|(_, kind, _)| {
            wanted.is_none_or(|(_, wanted_kind, _)| kind == wanted_kind)
        });
        let goes = match args.state {
            State::Present => is_kind && (!is_same || found),
            State::Absent => known.is_some() && (wanted.is_none() || is_same),
        };
        found |= is_same;
        changed |= goes;
        if !goes {
            lines.push(line);
        }
    }
    if let Some(key) = key.filter(|_| args.state == State::Present && !found) {
        lines.push(key);
        changed = true;
    }
    changed.then(|| lines.iter().flat_map(|line| [*line, "\n"]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(state: State) -> Args {
        Args { name: "h".into(), key: None, path: String::new(), state }
    }

    #[test]
    fn keys_are_added_replaced_and_removed() {
        let present = args(State::Present);
        let text = "# c\nh,g ssh-rsa AA\nh ssh-ed25519 BB\n";
        assert_eq!(edited(&present, Some("h ssh-rsa AA"), text), None);
        assert_eq!(
            edited(&present, Some("h ssh-ed25519 CC"), text).unwrap(),
            "# c\nh,g ssh-rsa AA\nh ssh-ed25519 CC\n"
        );
        assert_eq!(edited(&args(State::Absent), None, text).unwrap(), "# c\n");
        assert_eq!(edited(&args(State::Absent), Some("h ssh-rsa AB"), text), None);
    }
}
