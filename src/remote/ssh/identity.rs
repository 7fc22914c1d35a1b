//! A key file: its public half at once, its private half when the server wants it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::{Certificate, PrivateKey, PublicKey};
use secrecy::{ExposeSecret, SecretString};

use super::hop::Hop;
use crate::remote::connect_error::ConnectError;
use crate::remote::env::Env;

/// A key that a file holds.
pub(super) struct Identity {
    pub file: PathBuf,
    /// `None` for old formats that hide it too.
    pub public: Option<PublicKey>,
    /// Certificates for this key.
    pub certificates: Vec<Certificate>,
    private: Private,
}

enum Private {
    Open(Arc<PrivateKey>),
    Locked(SecretString),
    /// Only the public file is there; the agent may hold the rest.
    Absent,
}

/// The system's reason without its error number.
fn said(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

impl Identity {
    /// The identities of the hop's files. A file that was named must be usable, a default one may be missing.
    pub async fn all(hop: &Hop) -> Result<Vec<Self>, ConnectError> {
        let mut found = Vec::new();
        for file in &hop.identity_files {
            match Self::read(file).await {
                Ok(mut identity) => {
                    identity.certificates = certificates(&identity, hop).await;
                    found.push(identity);
                }
                Err(why) if hop.identities_required => {
                    let (host, file) = (hop.name.clone(), file.clone());
                    return Err(ConnectError::KeyUnreadable { host, file, why });
                }
                Err(_) => {}
            }
        }
        Ok(found)
    }

    async fn read(file: &Path) -> Result<Self, String> {
        let text = match tokio::fs::read_to_string(file).await {
            Ok(text) => SecretString::from(text),
            Err(error) => {
                let Some(public) = public_file(file).await else {
                    return Err(said(&error));
                };
                return Ok(Self::new(file, Some(public), Private::Absent));
            }
        };
        if let Ok(public) = PublicKey::from_openssh(text.expose_secret().trim()) {
            return Ok(Self::new(file, Some(public), Private::Absent));
        }
        match russh::keys::decode_secret_key(text.expose_secret(), None) {
            Ok(key) => {
                let public = key.public_key().clone();
                Ok(Self::new(file, Some(public), Private::Open(Arc::new(key))))
            }
            Err(error) if is_locked(&error, text.expose_secret()) => {
                let public = match PrivateKey::from_openssh(text.expose_secret()) {
                    Ok(key) => Some(key.public_key().clone()),
                    Err(_) => public_file(file).await,
                };
                Ok(Self::new(file, public, Private::Locked(text)))
            }
            Err(error) => Err(format!("it is not a private key that we can read ({error})")),
        }
    }

    fn new(file: &Path, public: Option<PublicKey>, private: Private) -> Self {
        Self { file: file.to_owned(), public, certificates: Vec::new(), private }
    }

    /// Whether using the private half may mean asking a person.
    pub fn is_locked(&self) -> bool {
        matches!(self.private, Private::Locked(_))
    }

    /// The private half, unlocked if need be; the error says why there is none.
    pub async fn unlock(&self, hop: &Hop, env: &Env) -> Result<Arc<PrivateKey>, String> {
        match &self.private {
            Private::Open(key) => Ok(Arc::clone(key)),
            Private::Locked(text) => {
                env.keys.unlock(&self.file, text, hop.passphrase.as_ref(), &env.prompt).await
            }
            Private::Absent => {
                Err("only its public half is here, and the agent does not hold it".to_owned())
            }
        }
    }
}

fn is_locked(error: &russh::keys::Error, text: &str) -> bool {
    matches!(error, russh::keys::Error::KeyIsEncrypted) || text.contains("ENCRYPTED")
}

async fn public_file(file: &Path) -> Option<PublicKey> {
    let text = tokio::fs::read_to_string(with_suffix(file, ".pub")).await.ok()?;
    PublicKey::from_openssh(text.trim()).ok()
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The `-cert.pub` beside the key, and those of `CertificateFile` that are for it. As with OpenSSH,
/// one that cannot be read is left out.
async fn certificates(identity: &Identity, hop: &Hop) -> Vec<Certificate> {
    let mut found = Vec::new();
    let beside = with_suffix(&identity.file, "-cert.pub");
    for file in hop.certificate_files.iter().chain([&beside]) {
        let Ok(text) = tokio::fs::read_to_string(file).await else {
            continue;
        };
        let public = identity.public.as_ref().map(PublicKey::key_data);
        if let Ok(certificate) = Certificate::from_openssh(text.trim())
            && public == Some(certificate.public_key())
        {
            found.push(certificate);
        }
    }
    found
}
