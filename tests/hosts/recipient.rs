//! Whom backups are encrypted to: a key that is made for one test.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

/// An OpenPGP key in a home of its own on this machine.
pub struct Recipient {
    home: TempDir,
    fingerprint: String,
}

impl Recipient {
    pub fn new() -> Result<Self> {
        let home = tempfile::tempdir().context("cannot make a folder")?;
        let user = "Backup <backup@example.org>";
        let make = ["--passphrase", "", "--quick-gen-key", user, "future-default", "default", "1d"];
        gpg(home.path(), &make, b"")?.text()?;
        let listed = gpg(home.path(), &["--with-colons", "--list-keys"], b"")?.text()?;
        let fingerprint = listed
            .lines()
            .find_map(|line| line.strip_prefix("fpr:::::::::")?.strip_suffix(':').map(Into::into))
            .context("the new key has no fingerprint")?;
        Ok(Self { home, fingerprint })
    }

    /// 40 hexadecimal digits.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The public key, armoured.
    pub fn public(&self) -> Result<String> {
        gpg(self.home.path(), &["--armor", "--export"], b"")?.text()
    }

    /// The private key, armoured.
    pub fn private(&self) -> Result<String> {
        gpg(self.home.path(), &["--armor", "--export-secret-keys"], b"")?.text()
    }

    /// What is inside an encrypted message.
    pub fn decrypt(&self, message: &[u8]) -> Result<Vec<u8>> {
        let said = gpg(self.home.path(), &["--decrypt"], message)?;
        ensure!(said.success, "{}", said.err);
        Ok(said.out)
    }

    /// The key of one message alone, by its beginning: as gpg writes it, `9:0123…`.
    pub fn session_key(&self, beginning: &[u8]) -> Result<String> {
        // The message has no end, so this cannot succeed; the key is shown before that is seen.
        let said = gpg(self.home.path(), &["--show-session-key", "--decrypt"], beginning)?;
        let line = said.err.lines().find_map(|line| line.split_once("session key: '"));
        let key = line.and_then(|(_, rest)| rest.strip_suffix('\''));
        Ok(key.with_context(|| format!("no session key: {}", said.err))?.to_owned())
    }
}

impl Drop for Recipient {
    fn drop(&mut self) {
        let mut end = Command::new("gpgconf");
        // An agent that is gone already is no trouble.
        let _ = end.arg("--homedir").arg(self.home.path()).args(["--kill", "all"]).output();
    }
}

struct Said {
    success: bool,
    out: Vec<u8>,
    err: String,
}

impl Said {
    fn text(self) -> Result<String> {
        ensure!(self.success, "{}", self.err);
        String::from_utf8(self.out).context("gpg says what is not text")
    }
}

fn gpg(home: &Path, arguments: &[&str], input: &[u8]) -> Result<Said> {
    let mut child = Command::new("gpg")
        .arg("--homedir")
        .arg(home)
        .arg("--batch")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start gpg")?;
    let mut stdin = child.stdin.take().context("no input")?;
    let input = input.to_vec();
    let feeding = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output()?;
    let fed = feeding.join().expect("no panic");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    // A gpg that gives up reads no further, and says why.
    ensure!(fed.is_ok() || !output.status.success(), "gpg did not read all: {err}");
    Ok(Said { success: output.status.success(), out: output.stdout, err })
}
