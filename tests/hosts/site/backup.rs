//! The backup: what cron would run is run, verified there, and read with the private key here.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::lab::Host;

/// Whom backups are encrypted to. The private key never leaves this machine.
pub struct Recipient {
    home: TempDir,
    fingerprint: String,
}

impl Recipient {
    pub fn new() -> Result<Self> {
        let home = tempfile::tempdir().context("cannot make a folder")?;
        let user = "Backup <backup@example.org>";
        let make = ["--passphrase", "", "--quick-gen-key", user, "future-default", "default", "1d"];
        gpg(home.path(), &make)?;
        let listed = gpg(home.path(), &["--with-colons", "--list-keys"])?;
        let fingerprint = String::from_utf8_lossy(&listed)
            .lines()
            .find_map(|line| line.strip_prefix("fpr:::::::::")?.strip_suffix(':').map(Into::into))
            .context("the new key has no fingerprint")?;
        Ok(Self { home, fingerprint })
    }

    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Armoured.
    pub fn public(&self) -> Result<String> {
        let key = gpg(self.home.path(), &["--armor", "--export"])?;
        String::from_utf8(key).context("the key is not text")
    }

    fn decrypt(&self, path: &Path) -> Result<Vec<u8>> {
        gpg(self.home.path(), &["--decrypt", &path.to_string_lossy()])
    }
}

impl Drop for Recipient {
    fn drop(&mut self) {
        let mut end = Command::new("gpgconf");
        // An agent that is gone already is no trouble.
        let _ = end.arg("--homedir").arg(self.home.path()).args(["--kill", "all"]).output();
    }
}

fn gpg(home: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new("gpg")
        .arg("--homedir")
        .arg(home)
        .args(["--batch", "--quiet"])
        .args(arguments)
        .output()
        .context("cannot start gpg")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "gpg {arguments:?}: {complaint}");
    Ok(output.stdout)
}

/// Runs the entry's own command with the surroundings that cron gives.
pub fn runs_as_cron_would(host: &Host, key: &Recipient) -> Result<()> {
    ensure!(host.run("systemctl is-active cron")? == "active");
    ensure!(host.run("stat -c '%U %a' /etc/cron.d/mxprov-backup")? == "root 644");
    let table = host.run("cat /etc/cron.d/mxprov-backup")?;
    let entry = table.lines().find(|line| line.starts_with("17 3 * * * root "));
    let command = entry.and_then(|line| line.splitn(7, ' ').nth(6)).context(table.clone())?;
    host.write_file("/run/entry", command.as_bytes())?;
    host.run(
        "cd / && env -i HOME=/root LOGNAME=root SHELL=/bin/sh PATH=/usr/bin:/bin \
              /bin/sh -c \"$(cat /run/entry)\"",
    )
    .with_context(|| host.run("cat /var/log/mxprov/backup.log").unwrap_or_default())?;
    ensure!(host.run("cat /var/lib/mxprov/backup/status")?.contains("last_exit=0"));
    host.run("/usr/local/sbin/mxprov-backup --verify")?;
    let archive = host.run("ls /var/backups/mxprov/*.tar.gz.gpg")?;
    ensure!(archive.lines().count() == 1, "{archive}");
    let here = key.home.path().join("archive.gpg");
    std::fs::write(&here, host.read_file(&archive)?)?;
    let plain = key.home.path().join("archive.tar.gz");
    std::fs::write(&plain, key.decrypt(&here)?)?;
    let listed = Command::new("tar").arg("-tzf").arg(&plain).output()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    for path in ["etc/ssh/sshd_config.d/10-mxprov.conf", "etc/mxprov/backup.conf"] {
        ensure!(listed.lines().any(|line| line.ends_with(path)), "`{path}` is not in it");
    }
    Ok(())
}
