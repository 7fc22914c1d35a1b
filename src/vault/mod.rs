//! Vaults: `$ANSIBLE_VAULT` texts opened and made.

mod cipher;
mod envelope;
mod passwords;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::zeroize::Zeroizing;

use crate::diagnostic::{Diagnostic, Source, Span, list_or};
use crate::template::Decrypt;
use crate::value::{Encrypted, Redactor, Str};
use crate::yaml::{Content, Unseal, is_sealed, learn, parse_one};

pub use envelope::{Envelope, EnvelopeError};
pub use passwords::{DEFAULT_ID, Passwords};

use cipher::Keys;

/// Why a vault stays shut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Nobody gave a password.
    #[error("this is vaulted, and no vault password was given")]
    NoPassword,
    /// No password fits.
    #[error("no vault password that was given fits (tried {})", list_or(tried.iter().map(String::as_str)))]
    WrongPassword {
        /// The label in the envelope.
        label: Option<String>,
        /// The ids whose passwords were tried.
        tried: Vec<String>,
    },
    /// There is no password of the id to encrypt with.
    #[error("there is no vault password with the id `{0}`")]
    UnknownId(String),
    /// The text is no vault.
    #[error("this is not a vault that can be read: {0}")]
    Envelope(#[from] EnvelopeError),
    /// The clear bytes are no text.
    #[error("the decrypted bytes are not UTF-8 text")]
    NotText,
}

impl From<VaultError> for Diagnostic {
    fn from(error: VaultError) -> Self {
        let problem = Self::new(error.to_string());
        match error {
            VaultError::NoPassword => {
                problem.hint("give one with `--vault-password-file` or `--ask-vault-pass`")
            }
            VaultError::WrongPassword { label: Some(label), tried } if !tried.contains(&label) => {
                problem.hint(format!(
                    "it was made with the id `{label}`: give `--vault-id {label}@FILE`"
                ))
            }
            VaultError::WrongPassword { .. } => {
                problem.hint("check the password, or whether the text was cut or changed")
            }
            _ => problem,
        }
    }
}

/// Derived keys by salt and by the password's place in the list; deriving takes milliseconds.
type KeyCache = HashMap<(Vec<u8>, usize), Arc<Keys>>;

/// The vault of a run: passwords, the keys that they gave so far, and the redactor that learns what
/// comes out.
pub struct Vault {
    passwords: Passwords,
    redactor: Redactor,
    keys: Mutex<KeyCache>,
}

impl Vault {
    /// A vault with these passwords.
    pub fn new(passwords: Passwords, redactor: Redactor) -> Self {
        Self { passwords, redactor, keys: Mutex::default() }
    }

    /// The clear text of a vaulted value: secret, and data rather than a template, as in Ansible 2.19.
    pub fn decrypt(&self, encrypted: &Encrypted) -> Result<Str, Diagnostic> {
        if let Some(plain) = encrypted.plain.get() {
            return Ok(plain.clone());
        }
        let origin = encrypted.origin.as_ref();
        let text = self
            .open_text(&encrypted.envelope)
            .map_err(|error| Diagnostic::from(error).at_maybe(origin))?;
        let plain = Str::data(text.as_str()).secret().with_origin(origin.cloned());
        Ok(encrypted.plain.get_or_init(|| plain).clone())
    }

    /// The clear bytes of a whole text, such as a vaulted file that `copy` sends.
    pub fn open(&self, text: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let envelope = Envelope::parse(text)?;
        if self.passwords.is_empty() {
            return Err(VaultError::NoPassword);
        }
        for (index, password) in self.passwords.candidates(envelope.label.as_deref()) {
            let keys = self.derived(&envelope.sealed.salt, index, password);
            if let Some(clear) = cipher::open(&keys, &envelope.sealed) {
                self.learn(&clear);
                return Ok(clear);
            }
        }
        let tried = self.passwords.ids().into_iter().map(ToString::to_string).collect();
        Err(VaultError::WrongPassword { label: envelope.label, tried })
    }

    /// The clear text of a whole text.
    pub fn open_text(&self, text: &str) -> Result<Zeroizing<String>, VaultError> {
        let clear = self.open(text)?;
        let text = std::str::from_utf8(&clear).map_err(|_| VaultError::NotText)?;
        Ok(Zeroizing::new(text.to_string()))
    }

    /// The bytes of a file, opened if it is a vault; says whether it was.
    pub fn open_file(&self, name: &str, bytes: Vec<u8>) -> Result<(Vec<u8>, bool), Diagnostic> {
        match std::str::from_utf8(&bytes) {
            Ok(text) if is_sealed(text) => {
                let source = Source::new(name, text);
                let header = Span::new(&source, 0, text.find('\n').unwrap_or(text.len()));
                let clear = self.open(text).map_err(|error| Diagnostic::from(error).at(&header))?;
                Ok((clear.to_vec(), true))
            }
            _ => Ok((bytes, false)),
        }
    }

    /// Encrypts bytes with the password of `id`, or the first one. Another id than `default` goes into
    /// the header (format 1.2).
    pub fn seal(&self, clear: &[u8], id: Option<&str>) -> Result<String, VaultError> {
        let Some((id, password)) = self.passwords.for_encrypting(id) else {
            return Err(
                id.map_or(VaultError::NoPassword, |id| VaultError::UnknownId(id.to_string()))
            );
        };
        let mut salt = [0; 32];
        rand::fill(&mut salt);
        let sealed = cipher::seal(&Keys::derive(password, &salt), &salt, clear);
        let label = (id != DEFAULT_ID).then(|| id.to_string());
        Ok(Envelope { label, sealed }.to_text())
    }

    /// The same clear text under a password of `new`.
    pub fn rekey(&self, text: &str, new: &Self, id: Option<&str>) -> Result<String, VaultError> {
        new.seal(&self.open(text)?, id)
    }

    /// Makes the clear text known as a secret; of a file of variables its values, since keys and
    /// indentation would mask half of all that is printed.
    fn learn(&self, clear: &[u8]) {
        let Ok(text) = std::str::from_utf8(clear) else { return };
        match parse_one(&Source::new("<vault>", text)) {
            Ok(node) if !matches!(node.content, Content::Scalar(_)) => learn(&node, &self.redactor),
            _ => self.redactor.learn(text),
        }
    }

    fn derived(&self, salt: &[u8], index: usize, password: &[u8]) -> Arc<Keys> {
        let slot = (salt.to_vec(), index);
        let lock = || self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = lock().get(&slot) {
            return Arc::clone(keys);
        }
        // Derived outside the lock: hosts that need other keys need not wait.
        let keys = Arc::new(Keys::derive(password, salt));
        Arc::clone(lock().entry(slot).or_insert(keys))
    }
}

impl Unseal for Vault {
    fn unseal(&self, sealed: &Arc<Source>) -> Result<String, Diagnostic> {
        let header = Span::new(sealed, 0, sealed.text.find('\n').unwrap_or(sealed.text.len()));
        self.open_text(&sealed.text)
            .map(|text| text.as_str().to_string())
            .map_err(|error| Diagnostic::from(error).at(&header))
    }

    fn redactor(&self) -> &Redactor {
        &self.redactor
    }
}

impl Decrypt for Vault {
    fn decrypt(&self, encrypted: &Encrypted) -> Result<Str, Diagnostic> {
        Self::decrypt(self, encrypted)
    }
}

/// A vaulted value as YAML: `name: !vault |` and the envelope under it.
pub fn as_yaml(name: Option<&str>, envelope: &str) -> String {
    let mut out = name.map_or_else(String::new, |name| format!("{name}: "));
    out.push_str("!vault |\n");
    for line in envelope.lines() {
        out.push_str(&format!("          {line}\n"));
    }
    out
}
