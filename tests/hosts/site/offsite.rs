//! Copies of backups on another host, over SFTP: made, compared, thinned out, brought back; and what
//! is left when that host is away, is full, or lies.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::cron;
use crate::lab::{Host, Options, Release, lab_or_skip};
use crate::recipient::Recipient;

use super::converges;
use super::stage::Stage;

const BACKUP: &[&str] = &["playbooks/backup.yml"];
const PROGRAM: &str = "/usr/local/sbin/mxprov-backup";
const COPIES: &str = "/home/keeper/copies";

/// The host that makes backups, and the one that keeps copies.
struct Pair<'a> {
    host: &'a Host,
    store: &'a Host,
}

#[test]
fn backups_are_copied_to_another_host_and_compared_there() -> Result<()> {
    if !lab_or_skip("backups_are_copied_to_another_host_and_compared_there") {
        return Ok(());
    }
    let key = Recipient::new()?;
    let host = Host::up(Release::Debian12, &Options::named("site"))?;
    let store = Host::up(Release::Debian13, &Options::named("store"))?;
    let pair = Pair { host: &host, store: &store };
    let secret = pair.account()?;
    let variables = pair.variables(&key, &secret)?;
    let stage = Stage::new(&host, &variables)?;
    converges(&stage, BACKUP)?;
    ensure!(host.run("stat -c '%U %a' /etc/mxprov/rclone.conf")? == "root 600");
    let told = stage.apply(BACKUP, &["--check", "--diff"])?.success()?.out;
    ensure!(!told.contains(secret.lines().nth(1).context("a key has lines")?), "{told}");

    pair.copied(&key).context("copies")?;
    pair.damaged().context("a damaged copy")?;
    pair.away().context("the other host is away")?;
    pair.slow().context("a copy that takes too long")?;
    pair.thinned().context("retention")?;
    pair.in_the_clear(&variables).context("a backup that is not encrypted")?;
    pair.full().context("a full disk")?;

    let mut nowhere = variables.clone();
    nowhere["backup_offsite_remote"] = "".into();
    let stage = Stage::new(&host, &nowhere)?;
    converges(&stage, BACKUP)?;
    ensure!(!host.exec("test -s /etc/mxprov/rclone.conf")?.success(), "its key is still there");
    Ok(())
}

impl Pair<'_> {
    /// Makes the account that copies are kept under; the private key that opens it.
    fn account(&self) -> Result<String> {
        self.store.run(
            "useradd --create-home --shell /bin/sh keeper && cd ~keeper && mkdir .ssh copies \
             && ssh-keygen -q -t ed25519 -N '' -f .ssh/id && mv .ssh/id.pub .ssh/authorized_keys \
             && chown -R keeper: .",
        )?;
        self.store.run("cat ~keeper/.ssh/id")
    }

    fn variables(&self, key: &Recipient, secret: &str) -> Result<Value> {
        let line = secret.trim().replace('\n', "\\n");
        let config = format!(
            "[store]\ntype = sftp\nhost = {}\nuser = keeper\nkey_pem = {line}\n\
             known_hosts_file = /etc/mxprov/offsite_known_hosts\n",
            self.store.v4()
        );
        Ok(json!({
            "backup_recipients": [{ "fingerprint": key.fingerprint(), "key": key.public()? }],
            "backup_offsite_remote": "store:copies",
            "backup_offsite_config": config,
            "backup_offsite_known_hosts": self.store.known_hosts_lines()?,
            "backup_offsite_keep_days": 0,
            "backup_offsite_keep_count": 3,
        }))
    }

    /// One more backup, by the cron entry's own command: the exit status and the backup's name.
    fn run(&self) -> Result<(i32, String)> {
        let second = "date -u +%Y%m%dT%H%M%SZ";
        let last = self.last("last_name")?;
        // The name says the second that a backup was made in.
        let wait = format!("while [ \"${{1##*-}}\" = \"$({second})\" ]; do sleep 0.1; done");
        self.host.run(&format!("sh -c '{wait}' sh '{last}'"))?;
        Ok((cron::backup(self.host)?, self.last("last_name")?))
    }

    /// The same, which must end well.
    fn run_well(&self) -> Result<String> {
        let (status, name) = self.run()?;
        ensure!(status == 0, "{status}: {}", cron::log(self.host)?);
        Ok(name)
    }

    /// What the status says under a key, nothing if there is no status yet.
    fn last(&self, key: &str) -> Result<String> {
        self.host.run(&format!("sed -n 's/^{key}=//p' /var/lib/mxprov/backup/status || :"))
    }

    /// Names of the copies that are there, oldest first.
    fn there(&self) -> Result<Vec<String>> {
        let said = self.store.run(&format!("cd {COPIES} && ls"))?;
        Ok(said.lines().filter_map(|file| file.strip_suffix(".sha256")).map(Into::into).collect())
    }

    /// The program with these words must end with this status and say this.
    fn says(&self, words: &str, status: i32, what: &str) -> Result<()> {
        let said = self.host.exec(&format!("{PROGRAM} {words} 2>&1"))?;
        let code = said.status.code();
        ensure!(code == Some(status) && said.stdout.contains(what), "`{words}`: {said:?}");
        Ok(())
    }

    /// Through a login with a shell, and through one that has SFTP alone and knows no digests.
    fn copied(&self, key: &Recipient) -> Result<()> {
        let first = self.run_well()?;
        let only = "Match User keeper\n  ForceCommand internal-sftp\n";
        self.store.write_file("/etc/ssh/sshd_config.d/90-keeper.conf", only.as_bytes())?;
        self.store.run("systemctl reload ssh")?;
        let second = self.run_well()?;
        ensure!(self.there()? == [first.clone(), second.clone()], "{:?}", self.there()?);
        for name in [&first, &second] {
            self.store.run(&format!("cd {COPIES} && grep -v '^#' {name}.sha256 | sha256sum -c"))?;
        }
        let copy = self.store.read_file(&format!("{COPIES}/{first}.tar.gz.gpg"))?;
        ensure!(key.decrypt(&copy)?.starts_with(&[0x1f, 0x8b]), "no archive is in it");
        ensure!(self.last("offsite_last_name")? == second);
        // As the node exporter reads it.
        let metric = self.host.run(
            "setpriv --reuid 65534 --clear-groups cat /var/lib/mxprov/backup/mxprov_backup.prom",
        )?;
        ensure!(
            metric.contains(&format!(
                "\nmxprov_backup_offsite_last_success_timestamp_seconds {}",
                self.last("offsite_last_success")?
            )),
            "{metric}"
        );
        // Lost here, and brought back.
        self.host.run(&format!("rm /var/backups/mxprov/{first}.*"))?;
        self.says("--offsite-list", 0, &first)?;
        self.says(&format!("--offsite-fetch {first}"), 0, "fetched")?;
        self.says(&format!("--verify {first}"), 0, "verified")
    }

    /// A bit that is another one there is seen when the copy is read back.
    fn damaged(&self) -> Result<()> {
        self.says("--offsite-verify", 0, "verified")?;
        let name = self.there()?.remove(0);
        let path = format!("{COPIES}/{name}.tar.gz.gpg");
        let good = self.store.read_file(&path)?;
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        self.store.write_file(&path, &bad)?;
        self.says(&format!("--offsite-verify {name}"), 74, "is not what was written")?;
        self.host.run(&format!("rm /var/backups/mxprov/{name}.*"))?;
        self.says(&format!("--offsite-fetch {name}"), 74, "is not what was written")?;
        ensure!(!self.host.exec(&format!("ls /var/backups/mxprov/{name}.*"))?.success());
        self.store.write_file(&path, &good)
    }

    /// The backup is made and counts here; the run fails, and says why, wherever one looks.
    fn away(&self) -> Result<()> {
        let (before, copied) = (self.there()?, self.last("offsite_last_success")?);
        self.store.run("systemctl stop ssh.socket ssh.service")?;
        let (status, name) = self.run()?;
        self.store.run("systemctl start ssh.socket ssh.service || systemctl start ssh.service")?;
        ensure!(status == 76, "{status}");
        ensure!(self.last("last_exit")? == "76" && self.last("offsite_last_exit")? == "76");
        ensure!(self.last("offsite_last_success")? == copied);
        let log = cron::log(self.host)?;
        ensure!(log.contains(&format!("{name} is here alone")) && log.contains("connect"), "{log}");
        let metric = self.host.run("cat /var/lib/mxprov/backup/mxprov_backup.prom")?;
        ensure!(metric.contains("\nmxprov_backup_last_exit_status 76\n"), "{metric}");
        self.says(&format!("--verify {name}"), 0, "verified")?;
        ensure!(self.there()? == before);
        // A host that calls itself the same is not the same.
        let known = "/etc/mxprov/offsite_known_hosts";
        self.host.run(&format!("cp {known} /run/known && ssh-keygen -q -t ed25519 -N '' -f /run/k \
             && sed -i \"s|ssh-ed25519 .*|$(cut -d ' ' -f 1,2 /run/k.pub)|; /ssh-ed25519/!d\" {known}"))?;
        let (status, _) = self.run()?;
        self.host.run(&format!("cp /run/known {known}"))?;
        let log = cron::log(self.host)?;
        ensure!(status == 76 && log.contains("knownhosts"), "{status}: {log}");
        Ok(())
    }

    fn slow(&self) -> Result<()> {
        let before = self.there()?;
        self.with("s/^offsite_limit .*/offsite_limit 2s/; $ a offsite_bandwidth 10k", || {
            let (status, _) = self.run()?;
            ensure!(status == 76, "{status}");
            Ok(())
        })?;
        ensure!(self.there()? == before, "what came in part counts");
        Ok(())
    }

    /// Does something under other settings.
    fn with(&self, edit: &str, what: impl FnOnce() -> Result<()>) -> Result<()> {
        let file = "/etc/mxprov/backup.conf";
        self.host.run(&format!("cp {file} /run/settings && sed -i '{edit}' {file}"))?;
        let done = what();
        self.host.run(&format!("cp /run/settings {file}"))?;
        done
    }

    /// One that was cut there is not counted, and another's is left alone.
    fn thinned(&self) -> Result<()> {
        let old = self.there()?;
        ensure!(old.len() == 2, "{old:?}");
        let foreign = "mxprov-other-20200101T000000Z";
        self.store.run(&format!("cp {COPIES}/{}.sha256 {COPIES}/{foreign}.sha256", old[0]))?;
        let third = self.run_well()?;
        self.store.run(&format!("truncate -s 1000 {COPIES}/{third}.tar.gz.gpg"))?;
        let fourth = self.run_well()?;
        let expected = [&foreign.to_owned(), &old[0], &old[1], &third, &fourth];
        ensure!(self.there()?.iter().collect::<Vec<_>>() == expected, "{:?}", self.there()?);
        ensure!(cron::log(self.host)?.contains(&format!("{third} in store:copies is not what")));
        self.with("s/^offsite_keep_count .*/offsite_keep_count 1/", || {
            // Nothing new arrives, so nothing old goes.
            self.store.run(&format!("chmod 500 {COPIES}"))?;
            let (status, _) = self.run()?;
            self.store.run(&format!("chmod 700 {COPIES}"))?;
            ensure!(status == 76 && self.there()?.len() == 5, "{status} {:?}", self.there()?);
            let last = self.run_well()?;
            ensure!(self.there()? == [foreign.to_owned(), last], "{:?}", self.there()?);
            Ok(())
        })
    }

    /// Refused by the role; and the program keeps it here.
    fn in_the_clear(&self, variables: &Value) -> Result<()> {
        let mut plain = variables.clone();
        plain["backup_encrypt"] = false.into();
        let said = Stage::new(self.host, &plain)?.apply(BACKUP, &["--yes"])?;
        ensure!(
            said.success().is_err_and(|why| format!("{why:#}").contains("backup_offsite_plain"))
        );
        let before = self.there()?;
        self.with("s/^encrypt .*/encrypt no/", || {
            let (status, name) = self.run()?;
            let log = cron::log(self.host)?;
            ensure!(
                status == 76 && log.contains("nothing allows that it leaves"),
                "{status}: {log}"
            );
            self.says(&format!("--verify {name}"), 0, "verified")
        })?;
        ensure!(self.there()? == before);
        Ok(())
    }

    /// Nothing is published, the message says why, and the old one stays.
    fn full(&self) -> Result<()> {
        let small = "/run/small";
        self.host.run(&format!("mkdir {small} && mount -t tmpfs -o size=4m none {small}"))?;
        self.with(&format!("s|^directory .*|directory {small}|; /^offsite/d"), || {
            let old = self.run_well()?;
            self.host.run(&format!("head -c 3400K /dev/zero >{small}/filler"))?;
            let (status, name) = self.run()?;
            let log = cron::log(self.host)?;
            ensure!(
                status == 70 && log.contains("there is no space for a backup"),
                "{status}: {log}"
            );
            ensure!(log.contains("no backup was made"), "{log}");
            ensure!(name == old && self.last("last_exit")? == "70");
            let left = self.host.run(&format!("ls -A {small}"))?;
            ensure!(left.lines().filter(|file| file.contains("mxprov-")).count() == 3, "{left}");
            ensure!(!left.contains(".work"), "{left}");
            self.says(&format!("--verify {old}"), 0, "verified")?;
            self.host.run(&format!("rm {small}/filler"))?;
            self.run_well().map(drop)
        })?;
        self.host.run(&format!("umount {small}")).map(drop)
    }
}
