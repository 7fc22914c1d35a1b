//! The first field of a line: which hosts it is about.

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// A host as lines name it: lower case, `[host]:port` where the port is not 22.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName {
    host: String,
    port: Option<u16>,
}

impl HostName {
    /// The host that is connected to, or its alias.
    pub fn new(host: &str, port: u16) -> Self {
        let port = (port != 22).then_some(port);
        Self { host: host.to_lowercase(), port }
    }

    /// A `HostKeyAlias`: it stands for host and port.
    pub fn alias(alias: &str) -> Self {
        Self { host: alias.to_lowercase(), port: None }
    }

    /// The name without its port, as certificates hold it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The name as it stands in a file.
    pub fn as_written(&self) -> String {
        match self.port {
            Some(port) => format!("[{}]:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The name that lines without a port have, if this one has a port.
    pub(super) fn without_port(&self) -> Option<Self> {
        self.port.map(|_| Self { host: self.host.clone(), port: None })
    }
}

/// Which hosts a line is about.
#[derive(Clone, Debug)]
pub(super) enum Hosts {
    /// `|1|salt|hash`.
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
    /// Comma-separated patterns with `*`, `?` and `!`.
    Patterns(Vec<String>),
}

impl Hosts {
    pub fn parse(field: &str) -> Option<Self> {
        let Some(rest) = field.strip_prefix("|1|") else {
            if field.starts_with('|') {
                return None;
            }
            let patterns = field.split(',').map(str::to_lowercase).collect();
            return Some(Self::Patterns(patterns));
        };
        let engine = base64::engine::general_purpose::STANDARD;
        let (salt, hash) = rest.split_once('|')?;
        Some(Self::Hashed { salt: engine.decode(salt).ok()?, hash: engine.decode(hash).ok()? })
    }

    pub fn matches(&self, name: &HostName) -> bool {
        let name = name.as_written();
        match self {
            Self::Hashed { salt, hash } => hashed(salt, &name) == *hash,
            Self::Patterns(patterns) => matches_list(patterns.iter().map(String::as_str), &name),
        }
    }
}

/// HMAC-SHA1 of the name with the salt as key (OpenSSH's `host_hash`).
pub(super) fn hashed(salt: &[u8], name: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(salt).expect("HMAC takes a key of any size");
    mac.update(name.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Whether one pattern matches and no negated one does (`ssh_config(5)`, PATTERNS).
pub(in crate::remote) fn matches_list<'a>(
    patterns: impl Iterator<Item = &'a str>,
    name: &str,
) -> bool {
    let mut found = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(negated) if matches_pattern(negated.as_bytes(), name.as_bytes()) => return false,
            Some(_) => {}
            None => found |= matches_pattern(pattern.as_bytes(), name.as_bytes()),
        }
    }
    found
}

/// `*` and `?` only, without backtracking over more than the last `*`.
pub(in crate::remote) fn matches_pattern(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((star_at, star_seen)) = star else {
                    return false;
                };
                at = star_at + 1;
                seen = star_seen + 1;
                star = Some((star_at, seen));
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}
