//! A signer that never signs: it tells whether the server would take a key.

use russh::Signer;
use russh::keys::HashAlg;
use russh::keys::agent::AgentIdentity;

/// Notes that a signature was asked for, which means that the key would do.
#[derive(Default)]
pub(super) struct Probe {
    pub wanted: bool,
}

/// No signature is made.
#[derive(Debug)]
pub(super) struct NotSigned;

impl From<russh::SendError> for NotSigned {
    fn from(_: russh::SendError) -> Self {
        Self
    }
}

impl Signer for Probe {
    type Error = NotSigned;

    async fn auth_sign(
        &mut self,
        _key: &AgentIdentity,
        _hash: Option<HashAlg>,
        _data: Vec<u8>,
    ) -> Result<Vec<u8>, NotSigned> {
        self.wanted = true;
        Err(NotSigned)
    }
}
