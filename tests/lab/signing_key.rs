//! The `OpenPGP` key that signs the lab's apt repository.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::tool;

const USER: &str = "mxprov lab repository <lab@example.org>";

/// A secret key without a passphrase, in a `GnuPG` home of its own.
#[derive(Debug)]
pub struct SigningKey {
    home: PathBuf,
}

impl SigningKey {
    /// The key in `home`, made if it is not there. The caller holds a lock.
    pub fn ensure(home: &Path) -> Result<Self> {
        use std::os::unix::fs::PermissionsExt as _;

        let key = Self { home: home.to_owned() };
        fs::create_dir_all(home).with_context(|| format!("cannot make `{}`", home.display()))?;
        fs::set_permissions(home, fs::Permissions::from_mode(0o700))?;
        if key.fingerprint().is_err() {
            let how =
                ["--passphrase", "", "--quick-generate-key", USER, "rsa3072", "sign", "never"];
            key.gpg(&how)?;
        }
        Ok(key)
    }

    /// 40 hexadecimal digits, upper case.
    pub fn fingerprint(&self) -> Result<String> {
        let listing = self.gpg(&["--with-colons", "--list-secret-keys"])?;
        let line = listing.lines().find_map(|line| line.strip_prefix("fpr:"));
        let print = line.and_then(|rest| rest.split(':').find(|field| !field.is_empty()));
        print.map(str::to_owned).context("there is no key yet")
    }

    /// The public key, armoured.
    pub fn public(&self) -> Result<String> {
        self.gpg(&["--armor", "--export"])
    }

    /// Signs `file` in the clear into `signed`.
    pub fn clear_sign(&self, file: &Path, signed: &Path) -> Result<()> {
        let (file, signed) = (file.to_string_lossy(), signed.to_string_lossy());
        self.gpg(&["--yes", "--output", &signed, "--clear-sign", &file])?;
        Ok(())
    }

    /// Ends the agent that gpg leaves behind.
    pub fn end_agent(&self) -> Result<()> {
        let home = self.home.to_string_lossy();
        tool::run("gpgconf", ["--homedir", &*home, "--kill", "gpg-agent"])?;
        Ok(())
    }

    fn gpg(&self, words: &[&str]) -> Result<String> {
        let home = self.home.to_string_lossy();
        let always = ["--homedir", &*home, "--batch", "--quiet", "--pinentry-mode", "loopback"];
        tool::run("gpg", always.iter().chain(words))
    }
}
