//! russh's callbacks: the host key is decided upon before anything is sent for a login.

use std::sync::{Arc, Mutex, PoisonError};

use russh::client;
use russh::keys::{HashAlg, PublicKeyOrCertificate};

use super::hop::Hop;
use crate::remote::connect_error::{ConnectError, ShownKey};
use crate::remote::env::Env;
use crate::remote::known_hosts::{Decision, KnownHosts, append};
use crate::remote::session::printable;
use crate::remote::target::HostKeyChecking;
use crate::remote::wire::WireEvent;

/// What the callbacks leave for the one who connects.
#[derive(Default)]
pub(super) struct Verdict {
    /// Why the host key was refused.
    pub refused: Option<ConnectError>,
    /// The key was not the known one and is accepted all the same: it gets no password.
    pub distrusted: bool,
}

pub(super) type SharedVerdict = Arc<Mutex<Verdict>>;

/// One connection's callbacks.
pub(super) struct Client {
    pub hop: Arc<Hop>,
    pub env: Env,
    pub known: KnownHosts,
    pub verdict: SharedVerdict,
}

impl client::Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        let key = shown.public_key();
        let shown_key = ShownKey {
            name: self.hop.keys.name.as_written(),
            algorithm: key.algorithm().to_string(),
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        };
        let decision = self.known.decide(&self.hop.keys.name, shown, (self.env.clock)());
        let accepted = self.follow(decision, shown, &shown_key);
        if let Err(refusal) = accepted {
            self.verdict.lock().unwrap_or_else(PoisonError::into_inner).refused = Some(refusal);
            return Ok(false);
        }
        let ShownKey { algorithm, fingerprint, .. } = &shown_key;
        self.env.wire.event(&self.hop.name, WireEvent::HostKey { algorithm, fingerprint });
        Ok(true)
    }

    async fn auth_banner(
        &mut self,
        banner: &str,
        _session: &mut client::Session,
    ) -> Result<(), russh::Error> {
        let text = printable(banner.as_bytes());
        self.env.wire.event(&self.hop.name, WireEvent::Note { text: &text });
        Ok(())
    }
}

impl Client {
    fn follow(
        &self,
        decision: Decision,
        shown: &PublicKeyOrCertificate,
        key: &ShownKey,
    ) -> Result<(), ConnectError> {
        let checking = self.hop.keys.checking;
        match decision {
            Decision::Known(_) => Ok(()),
            Decision::Unknown if checking != HostKeyChecking::Strict => self.remember(shown),
            Decision::Changed(_) | Decision::OtherType(..) if checking == HostKeyChecking::Off => {
                self.verdict.lock().unwrap_or_else(PoisonError::into_inner).distrusted = true;
                let text = "the host key is not the known one and is accepted because host key checking is off";
                self.env.wire.event(&self.hop.name, WireEvent::Note { text });
                Ok(())
            }
            refused => Err(self.refusal(refused, key)),
        }
    }

    fn remember(&self, shown: &PublicKeyOrCertificate) -> Result<(), ConnectError> {
        let keys = &self.hop.keys;
        let Some(file) = keys.user_files.first() else {
            return Ok(());
        };
        append(file, &keys.name, &shown.public_key(), keys.hash).or_else(|error| {
            // With checking off the file was only a convenience.
            if keys.checking == HostKeyChecking::Off {
                return Ok(());
            }
            let (host, file) = (self.hop.name.clone(), file.clone());
            Err(ConnectError::KnownHostsNotWritten { host, file, why: error.to_string() })
        })
    }

    fn refusal(&self, decision: Decision, key: &ShownKey) -> ConnectError {
        let host = self.hop.name.clone();
        let key = Box::new(key.clone());
        match decision {
            Decision::Known(_) | Decision::Unknown => ConnectError::HostKeyUnknown { host, key },
            Decision::Changed(place) => ConnectError::HostKeyChanged { host, key, place },
            Decision::OtherType(place, known) => {
                ConnectError::HostKeyOtherType { host, key, known, place }
            }
            Decision::Revoked(place) => ConnectError::HostKeyRevoked { host, key, place },
            Decision::BadCertificate(place, why) => {
                ConnectError::HostCertificate { host, key, why, place }
            }
        }
    }
}
