//! The vault passwords of a run, each under its id.

use secrecy::{ExposeSecret as _, SecretString};

use crate::diagnostic::Diagnostic;

/// The id of a password that was given without one.
pub const DEFAULT_ID: &str = "default";

/// Passwords with their ids, in the order they were given.
#[derive(Clone, Default)]
pub struct Passwords {
    entries: Vec<(String, SecretString)>,
}

impl Passwords {
    /// No passwords.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a password. Several may have one id.
    pub fn add(&mut self, id: impl Into<String>, password: SecretString) {
        self.entries.push((id.into(), password));
    }

    /// Adds the password that a file's text holds: blanks around it do not count. `name` is the file,
    /// for messages.
    pub fn add_text(&mut self, id: &str, text: &str, name: &str) -> Result<(), Diagnostic> {
        let password = text.trim();
        if password.is_empty() {
            return Err(Diagnostic::new(format!("the vault password file `{name}` is empty")));
        }
        self.add(id, SecretString::from(password));
        Ok(())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The ids, each once.
    pub fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = Vec::new();
        for (id, _) in &self.entries {
            if !ids.contains(&id.as_str()) {
                ids.push(id);
            }
        }
        ids
    }

    /// All passwords with their place in this list, those of `label` first.
    pub(super) fn candidates(&self, label: Option<&str>) -> Vec<(usize, &[u8])> {
        let mut all: Vec<(usize, &(String, SecretString))> =
            self.entries.iter().enumerate().collect();
        all.sort_by_key(|(_, (id, _))| Some(id.as_str()) != label);
        all.into_iter()
            .map(|(index, (_, password))| (index, password.expose_secret().as_bytes()))
            .collect()
    }

    /// The password to encrypt with: that of `id`, or the first.
    pub(super) fn for_encrypting(&self, id: Option<&str>) -> Option<(&str, &[u8])> {
        self.entries
            .iter()
            .find(|(own, _)| id.is_none_or(|id| id == own))
            .map(|(id, password)| (id.as_str(), password.expose_secret().as_bytes()))
    }
}
