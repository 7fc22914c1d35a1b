//! Whether a key that a server showed is this host's key.

use std::fmt;
use std::path::PathBuf;

use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, PublicKeyOrCertificate};

use super::certificate;
use super::entry::{Entry, Marker};
use super::pattern::HostName;
use super::store::KnownHosts;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// What the files say about a key for a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is the host's key, or signed by its authority.
    Known(Place),
    /// The files do not know the host.
    Unknown,
    /// The host has another key of this type.
    Changed(Place),
    /// The host is known, with keys of other types only (their names).
    OtherType(Place, Vec<String>),
    /// The key, or the authority that signed it, is revoked.
    Revoked(Place),
    /// The authority is known, but the certificate is not good for this host now.
    BadCertificate(Place, String),
}

impl KnownHosts {
    /// Decides upon the key or certificate that the server of `name` showed; `now` is in Unix seconds.
    pub fn decide(&self, name: &HostName, shown: &PublicKeyOrCertificate, now: u64) -> Decision {
        let key = shown.public_key();
        let signer = shown.certificate().map(Certificate::signature_key);
        if let Some(revoked) = self.revoked(name, key.key_data(), signer) {
            return Decision::Revoked(revoked);
        }
        if let Some(certificate) = shown.certificate() {
            let authority = self
                .about(name, Marker::Authority)
                .find(|entry| entry.key.key_data() == certificate.signature_key());
            if let Some(entry) = authority {
                return match certificate::check(certificate, name, now) {
                    Ok(()) => Decision::Known(entry.place()),
                    Err(why) => Decision::BadCertificate(entry.place(), why),
                };
            }
        }
        self.decide_key(name, key.key_data())
    }

    /// As OpenSSH: a host on another port may also be known by a line without the port.
    fn decide_key(&self, name: &HostName, key: &KeyData) -> Decision {
        let decision = self.compare(name, key);
        if let (Decision::Unknown, Some(bare)) = (&decision, name.without_port())
            && let known @ Decision::Known(_) = self.compare(&bare, key)
            && self.revoked(&bare, key, None).is_none()
        {
            return known;
        }
        decision
    }

    fn compare(&self, name: &HostName, key: &KeyData) -> Decision {
        let known: Vec<&Entry> = self.about(name, Marker::None).collect();
        if let Some(entry) = known.iter().find(|entry| entry.key.key_data() == key) {
            return Decision::Known(entry.place());
        }
        let same_type = |entry: &&&Entry| entry.key.key_data().algorithm() == key.algorithm();
        if let Some(entry) = known.iter().find(same_type) {
            return Decision::Changed(entry.place());
        }
        match known.first() {
            None => Decision::Unknown,
            Some(first) => {
                let mut types: Vec<String> =
                    known.iter().map(|entry| entry.key.algorithm().to_string()).collect();
                types.dedup();
                Decision::OtherType(first.place(), types)
            }
        }
    }

    fn revoked(&self, name: &HostName, key: &KeyData, signer: Option<&KeyData>) -> Option<Place> {
        self.about(name, Marker::Revoked)
            .find(|entry| entry.key.key_data() == key || Some(entry.key.key_data()) == signer)
            .map(Entry::place)
    }

    pub(super) fn about(&self, name: &HostName, marker: Marker) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.marker == marker && entry.hosts.matches(name))
    }
}

impl Entry {
    pub fn place(&self) -> Place {
        Place { file: self.file.clone(), line: self.line }
    }
}
