//! Keys that were unlocked in this run, so that a passphrase is asked for once and not per host.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::PrivateKey;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::remote::env::Prompt;

/// How often a person may mistype a passphrase.
const TRIES: usize = 3;

/// The unlocked keys. They are wiped from memory when the ring is dropped.
#[derive(Default)]
pub struct KeyRing {
    keys: Mutex<HashMap<PathBuf, Result<Arc<PrivateKey>, String>>>,
}

impl KeyRing {
    /// The key of `text`, the content of `file`, unlocked with the passphrase given or asked for.
    ///
    /// The error says why there is none; it is remembered too, so that nobody is asked again.
    pub(super) async fn unlock(
        &self,
        file: &Path,
        text: &SecretString,
        passphrase: Option<&SecretString>,
        prompt: &Arc<dyn Prompt>,
    ) -> Result<Arc<PrivateKey>, String> {
        let mut keys = self.keys.lock().await;
        if let Some(known) = keys.get(file) {
            return known.clone();
        }
        let result = match passphrase {
            Some(passphrase) => decode(text.clone(), passphrase.clone()).await,
            None => ask(file, text, prompt).await,
        };
        keys.insert(file.to_owned(), result.clone());
        result
    }
}

async fn ask(
    file: &Path,
    text: &SecretString,
    prompt: &Arc<dyn Prompt>,
) -> Result<Arc<PrivateKey>, String> {
    let mut result =
        Err("it needs a passphrase, and nobody can be asked; add it to the agent with `ssh-add`"
            .to_owned());
    for _ in 0..TRIES {
        let question = format!("passphrase for key `{}`", file.display());
        let prompt = Arc::clone(prompt);
        let answer = tokio::task::spawn_blocking(move || prompt.secret(&question)).await;
        let Ok(Some(passphrase)) = answer else {
            return result;
        };
        result = decode(text.clone(), passphrase).await;
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Deriving the key from the passphrase is slow on purpose, so it gets a thread of its own.
async fn decode(text: SecretString, passphrase: SecretString) -> Result<Arc<PrivateKey>, String> {
    let decoding = tokio::task::spawn_blocking(move || {
        russh::keys::decode_secret_key(text.expose_secret(), Some(passphrase.expose_secret()))
    });
    match decoding.await {
        Ok(Ok(key)) => Ok(Arc::new(key)),
        _ => Err("wrong passphrase".to_owned()),
    }
}
