//! Which host-key algorithms to offer: what is known first, so that the server shows the key we know.

use russh::keys::ssh_key::{Algorithm, EcdsaCurve, HashAlg};

use super::entry::Marker;
use super::pattern::HostName;
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
