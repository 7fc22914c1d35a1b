//! Which host-key algorithms to offer: what is known first, so that the server shows the key we know.

use russh::keys::ssh_key::{Algorithm, EcdsaCurve, HashAlg};

use super::entry::Marker;
use super::pattern::{HostName, matches_list};
use super::store::KnownHosts;

/// Host-key algorithms in the order in which they are offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// For plain keys.
    pub keys: Vec<Algorithm>,
    /// For certificates; empty where no authority is known for the host.
    pub certificates: Vec<Algorithm>,
}

/// OpenSSH's order, without the SHA-1 signatures of `ssh-rsa`.
fn all() -> Vec<Algorithm> {
    let ecdsa = |curve| Algorithm::Ecdsa { curve };
    let rsa = |hash| Algorithm::Rsa { hash: Some(hash) };
    vec![
        Algorithm::Ed25519,
        ecdsa(EcdsaCurve::NistP256),
        ecdsa(EcdsaCurve::NistP384),
        ecdsa(EcdsaCurve::NistP521),
        rsa(HashAlg::Sha512),
        rsa(HashAlg::Sha256),
    ]
}

impl KnownHosts {
    /// The algorithms for `name`, those of its known keys first.
    pub fn offer(&self, name: &HostName) -> Offer {
        let names = [Some(name.clone()), name.without_port()];
        let known: Vec<Algorithm> = names
            .iter()
            .flatten()
            .flat_map(|name| self.about(name, Marker::None))
            .map(|entry| entry.key.algorithm())
            .collect();
        let (mut keys, others): (Vec<_>, Vec<_>) = all()
            .into_iter()
            .partition(|offered| known.iter().any(|known| same_key(known, offered)));
        keys.extend(others);
        let authority = self.about(name, Marker::Authority).next().is_some();
        let certificates = if authority { all() } else { Vec::new() };
        Offer { keys, certificates }
    }
}

/// An RSA key signs with any hash.
fn same_key(known: &Algorithm, offered: &Algorithm) -> bool {
    known == offered || known.clone().is_rsa() && offered.clone().is_rsa()
}

/// The algorithms of a `HostKeyAlgorithms` value: a list, or one that begins with `+` (added at the
/// end), `-` (taken away, patterns) or `^` (put first). Those that we do not have are left out.
pub(in crate::remote) fn host_key_algorithms(text: &str) -> Result<Vec<Algorithm>, String> {
    let parse = |list: &str| -> Vec<Algorithm> {
        list.split(',').filter_map(|name| ours(name.trim())).collect()
    };
    let found = match text.split_at_checked(1) {
        Some(("+", list)) => with(all(), parse(list)),
        Some(("^", list)) => with(parse(list), all()),
        Some(("-", list)) => {
            let kept = |algorithm: &Algorithm| !matches_list(list.split(','), algorithm.as_str());
            all().into_iter().filter(kept).collect()
        }
        _ => parse(text),
    };
    if found.is_empty() {
        return Err(format!("none of the host key algorithms `{text}` is known here"));
    }
    Ok(found)
}

fn ours(name: &str) -> Option<Algorithm> {
    let algorithm = Algorithm::new(name).ok()?;
    let sha1 = Algorithm::Rsa { hash: None };
    (all().contains(&algorithm) || algorithm == sha1).then_some(algorithm)
}

fn with(mut first: Vec<Algorithm>, then: Vec<Algorithm>) -> Vec<Algorithm> {
    for algorithm in then {
        if !first.contains(&algorithm) {
            first.push(algorithm);
        }
    }
    first
}
