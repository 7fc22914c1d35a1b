//! The backup: what cron would run is run, verified there, and read with the private key here.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::cron;
use crate::lab::Host;
use crate::recipient::Recipient;

/// Runs the entry's own command with the surroundings that cron gives.
pub fn runs_as_cron_would(host: &Host, key: &Recipient) -> Result<()> {
    ensure!(host.run("systemctl is-active cron")? == "active");
    ensure!(host.run("stat -c '%U %a' /etc/cron.d/mxprov-backup")? == "root 644");
    ensure!(cron::backup(host)? == 0, "{}", cron::log(host)?);
    ensure!(host.run("cat /var/lib/mxprov/backup/status")?.contains("last_exit=0"));
    host.run("/usr/local/sbin/mxprov-backup --verify")?;
    let archive = host.run("ls /var/backups/mxprov/*.tar.gz.gpg")?;
    ensure!(archive.lines().count() == 1, "{archive}");
    let plain = key.decrypt(&host.read_file(&archive)?)?;
    let listed = members(&plain)?;
    for path in ["etc/ssh/sshd_config.d/10-mxprov.conf", "etc/mxprov/backup.conf"] {
        ensure!(listed.lines().any(|line| line.ends_with(path)), "`{path}` is not in it");
    }
    Ok(())
}

/// What is in a compressed archive.
fn members(archive: &[u8]) -> Result<String> {
    let mut file = tempfile::tempfile()?;
    file.write_all(archive)?;
    std::io::Seek::rewind(&mut file)?;
    let listed = Command::new("tar").arg("-tz").stdin(Stdio::from(file)).output()?;
    ensure!(listed.status.success(), "{listed:?}");
    Ok(String::from_utf8_lossy(&listed.stdout).into_owned())
}
