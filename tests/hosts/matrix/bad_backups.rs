//! Backups that are refused before anything is touched, and drills, which touch nothing either.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::cron;
use crate::lab::Host;
use crate::recipient::Recipient;

use super::ids;
use super::stage::Stage;

const FOLDER: &str = "/var/backups/mxprov";

/// The files of one backup, by their names.
pub struct Backup {
    files: BTreeMap<String, Vec<u8>>,
    archive: String,
}

impl Backup {
    /// One that is encrypted: an archive, its manifest, and what says that they are whole.
    pub fn new(files: BTreeMap<String, Vec<u8>>) -> Result<Self> {
        let archive = files.keys().find(|name| name.ends_with(".tar.gz.gpg"));
        let archive = archive.with_context(|| format!("no archive: {:?}", files.keys()))?.clone();
        ensure!(files.len() == 3, "{:?}", files.keys());
        Ok(Self { files, archive })
    }

    /// Where the archive lies on a host.
    pub fn path(&self) -> String {
        format!("{FOLDER}/{}", self.archive)
    }

    /// Puts it on a host, and whatever else was there away.
    pub fn put(&self, host: &Host) -> Result<()> {
        host.run(&format!("rm -f {FOLDER}/mxprov-*"))?;
        self.files
            .iter()
            .try_for_each(|(name, content)| host.write_file(&format!("{FOLDER}/{name}"), content))
    }

    fn content(&self) -> &[u8] {
        &self.files[&self.archive]
    }

    fn sums(&self) -> String {
        self.archive.replace(".tar.gz.gpg", ".sha256")
    }

    /// The same with another archive; the digest follows only if that is said.
    fn with(&self, content: Vec<u8>, follows: bool) -> Self {
        let mut files = self.files.clone();
        if follows {
            let line = format!("{}  {}\n", hex(&Sha256::digest(&content)), self.archive);
            files.insert(self.sums(), line.into_bytes());
        }
        files.insert(self.archive.clone(), content);
        Self { files, archive: self.archive.clone() }
    }

    fn without_sums(&self) -> Self {
        let mut files = self.files.clone();
        files.remove(&self.sums());
        Self { files, archive: self.archive.clone() }
    }

    /// The archive itself, not encrypted.
    fn plain(&self, key: &Recipient) -> Result<Self> {
        let archive = self.archive.replace(".gpg", "");
        let content = key.decrypt(self.content())?;
        let line = format!("{}  {archive}\n", hex(&Sha256::digest(&content)));
        let files = [(self.sums(), line.into_bytes()), (archive.clone(), content)];
        Ok(Self { files: files.into(), archive })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a refusal or a drill must leave as it is: containers, databases with their rows, files.
#[derive(Debug, PartialEq)]
struct State {
    containers: BTreeMap<String, String>,
    started: String,
    databases: String,
    rows: String,
    files: String,
}

impl State {
    fn of(host: &Host) -> Result<Self> {
        let psql = "docker exec -u postgres matrix-postgres psql -XAt";
        let rows = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM rooms), \
                    (SELECT count(*) FROM events), (SELECT count(*) FROM local_media_repository)";
        Ok(Self {
            containers: ids(host)?,
            started: host.run(
                "docker ps -q | xargs docker container inspect -f '{{.Name}} {{.State.StartedAt}}' \
                 | sort",
            )?,
            databases: host
                .run(&format!("{psql} -c 'SELECT oid, datname FROM pg_database ORDER BY oid'"))?,
            rows: host.run(&format!("{psql} -d synapse -c '{rows}'"))?,
            files: host.run(
                // What runc puts into /tmp comes and goes with every health check.
                "ls -A /opt/matrix /opt/matrix/synapse /dev/shm \
                 && ls -A /tmp | { grep -v '^runc-process' || :; } \
                 && find /opt/matrix/synapse/media /opt/matrix/synapse/config | sort",
            )?,
        })
    }
}

/// Each backup that is no good is refused, with its reason; the good one passes the drill. Nothing of the
/// host is another afterwards.
pub fn nothing_is_touched(stage: &Stage<'_>, backup: &Backup, key: &Recipient) -> Result<()> {
    let before = State::of(stage.host)?;
    let same = |what: &str| -> Result<()> {
        let now = State::of(stage.host)?;
        ensure!(now == before, "{what}: {now:#?}\nis not\n{before:#?}");
        Ok(())
    };
    let stranger = Recipient::new()?.private()?;
    let private = key.private()?;
    let good = backup.content();
    let cut = good[..good.len() / 2].to_vec();
    let mut flipped = good.to_vec();
    flipped[good.len() / 2] ^= 1;
    let (closed, changed) = ("the archive cannot be opened", "it was cut or changed");
    let cases = [
        ("cut", backup.with(cut.clone(), false), &private, changed),
        ("a bit flipped", backup.with(flipped.clone(), false), &private, changed),
        ("cut before it was summed", backup.with(cut, true), &private, closed),
        ("a bit flipped before it was summed", backup.with(flipped, true), &private, closed),
        ("no sums", backup.without_sums(), &private, "it says what the archive should be"),
        ("another's key", backup.with(good.to_vec(), false), &stranger, "No secret key"),
        ("not encrypted", backup.plain(key)?, &private, "is not encrypted"),
    ];
    for (what, bad, opens, reason) in &cases {
        refused(stage, bad, opens, reason).context(*what)?;
        same(what)?;
    }
    drills(stage, backup, key)?;
    same("the drills")
}

fn refused(stage: &Stage<'_>, bad: &Backup, key: &str, reason: &str) -> Result<()> {
    bad.put(stage.host)?;
    stage.write("key.yml", &json!({ "restore_key": key }).to_string())?;
    let archive = format!("restore_archive={}", bad.path());
    let flags = ["--yes", "-e", &archive, "-e", "@key.yml"];
    let said = stage.apply("playbooks/restore.yml", &flags)?;
    let text = format!("{}{}", said.out, said.err);
    ensure!(
        said.status == Some(2)
            && text.contains("refused, nothing was touched")
            && text.contains(reason),
        "{text}"
    );
    Ok(())
}

/// Somebody holds the database open: nothing is swapped, and what was stopped for it runs again.
pub fn database_in_use(stage: &Stage<'_>, backup: &Backup, key: &Recipient) -> Result<()> {
    let psql = "docker exec -u postgres matrix-postgres psql -XAt";
    let before = State::of(stage.host)?;
    stage.host.run(
        "docker exec -d -u postgres -e PGAPPNAME=holder matrix-postgres \
         psql -X -d synapse -c 'SELECT pg_sleep(600)'",
    )?;
    backup.put(stage.host)?;
    stage.write("key.yml", &json!({ "restore_key": key.private()? }).to_string())?;
    let archive = format!("restore_archive={}", backup.path());
    let flags = ["--yes", "-e", &archive, "-e", "@key.yml"];
    let said = stage.apply("playbooks/restore.yml", &flags)?;
    let text = format!("{}{}", said.out, said.err);
    let (why, what) = ("is being accessed by other users", "what ran before runs again");
    ensure!(said.status == Some(2) && text.contains(why) && text.contains(what), "{text}");
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE application_name = \"holder\"";
    stage.host.run(&format!("{psql} -c \"{}\"", end.replace('"', "'")))?;
    let now = State::of(stage.host)?;
    ensure!(
        (&now.containers, &now.databases, &now.rows, &now.files)
            == (&before.containers, &before.databases, &before.rows, &before.files),
        "{now:#?}\nis not\n{before:#?}"
    );
    Ok(())
}

/// Of the newest backup, with the key of that one alone; and of one that is damaged.
fn drills(stage: &Stage<'_>, backup: &Backup, key: &Recipient) -> Result<()> {
    backup.put(stage.host)?;
    // Enough for gpg to see the whole of the first block.
    let beginning = &backup.content()[..100_000];
    let session = json!({ "restore_session_key": key.session_key(beginning)? });
    stage.write("key.yml", &session.to_string())?;
    let drill = |flags: &[&str]| stage.apply("playbooks/restore-drill.yml", flags);
    let said = drill(&["--yes", "-e", "@key.yml"])?.success()?;
    ensure!(said.out.contains("this backup can be restored"), "{}", said.out);
    ensure!(said.changed(stage.host)? == 0, "{}", said.out);

    let mut flipped = backup.content().to_vec();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    backup.with(flipped, true).put(stage.host)?;
    let said = drill(&["--yes", "-e", "@key.yml"])?;
    let text = format!("{}{}", said.out, said.err);
    ensure!(said.status == Some(2) && text.contains("the archive cannot be opened"), "{text}");
    Ok(())
}

/// A file of the database that was lost before the backup: refused, unless that is taken into account.
pub fn lost_media(stage: &Stage<'_>, key: &Recipient, id: &str) -> Result<()> {
    let (first, second, rest) = (&id[..2], &id[2..4], &id[4..]);
    stage
        .host
        .run(&format!("rm /opt/matrix/synapse/media/local_content/{first}/{second}/{rest}"))?;
    stage.host.run(&format!("rm {FOLDER}/mxprov-*"))?;
    ensure!(cron::backup(stage.host)? == 0, "{}", cron::log(stage.host)?);
    stage.write("key.yml", &json!({ "restore_key": key.private()? }).to_string())?;
    let flags = ["--yes", "-e", "@key.yml"];
    let said = stage.apply("playbooks/restore-drill.yml", &flags)?;
    let text = format!("{}{}", said.out, said.err);
    let reason = "1 of the media files that were looked for are not in the backup";
    ensure!(said.status == Some(2) && text.contains(reason), "{text}");
    let flags = [&flags[..], &["-e", "restore_missing_media=true"]].concat();
    stage.apply("playbooks/restore-drill.yml", &flags)?.success().map(drop)
}
