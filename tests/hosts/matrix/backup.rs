//! The stack saved by its cron entry, and brought back on another host.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::lab::{Host, Options, Release, lab_or_skip};

use super::client::{Session, Way};
use super::stage::{self, Stage};
use super::{ids, media, on_a_bare_host, percent, states};

/// What was made in the homeserver, to be found again after a restore.
struct Room {
    id: String,
    event: String,
    media: String,
}

/// On a small host, without a worker, on the domain itself.
#[test]
fn a_small_one_in_root_mode_comes_back_from_a_backup() -> Result<()> {
    if !lab_or_skip("a_small_one_in_root_mode_comes_back_from_a_backup") {
        return Ok(());
    }
    let host = Host::up(Release::Debian13, &Options::named("small"))?;
    let flags = ["--components", "federation,element", "--mode", "root"];
    let stage = Stage::new(&host, &flags)?;
    stage.set("size", "matrix_size: 4gb\nmatrix_workers: { federation_sender: 0 }\n")?;
    on_a_bare_host(&stage)?;
    let states = states(&host)?;
    let synapse: Vec<_> = states.keys().filter(|name| name.contains("synapse")).collect();
    ensure!(synapse == ["matrix-synapse"], "processes of Synapse: {synapse:?}");
    let session = Way::Outside(&host).log_in(
        stage.name,
        "admin",
        &stage.secret("matrix_secret_synapse_admin")?,
    )?;
    let room = room(&stage, &session)?;
    let again = stage.apply("playbooks/matrix.yml", &["--yes"])?.success()?;
    ensure!(again.changed(&host)? == 0, "a second deploy:\n{}", again.out);
    saved_and_brought_back(&stage, &room).context("backup and restore")
}

/// A room with a message in it, and a file.
fn room(stage: &Stage<'_>, session: &Session) -> Result<Room> {
    let (way, token) = (Way::Outside(stage.host), session.token.as_str());
    let body = json!({ "name": "small" });
    let made =
        way.ask(("POST", stage.name), "/_matrix/client/v3/createRoom", token, &body)?.ok()?;
    let id = made["room_id"].as_str().context("no room")?.to_owned();
    let path = format!("/_matrix/client/v3/rooms/{}/send/m.room.message/1", percent(&id));
    let message = json!({ "msgtype": "m.text", "body": "good day" });
    let sent = way.ask(("PUT", stage.name), &path, token, &message)?.ok()?;
    let event = sent["event_id"].as_str().context("no event")?.to_owned();
    let media = media(stage.host, stage.name, token)?;
    let found = way.ask(("GET", ""), "/.well-known/matrix/server", "", &Value::Null)?.ok()?;
    ensure!(found["m.server"] == format!("{}:443", stage::DOMAIN), "{found}");
    let admin = way.ask(("GET", ""), "/_synapse/admin/v1/register", "", &Value::Null)?;
    ensure!([403, 404].contains(&admin.status), "{admin:?}");
    Ok(Room { id, event, media })
}

/// The cron entry's own command; then another host, the same deploy, and the backup.
fn saved_and_brought_back(stage: &Stage<'_>, room: &Room) -> Result<()> {
    let line = stage.host.run("grep mxprov-backup /etc/cron.d/mxprov-backup | tail -n 1")?;
    let command = line.split_whitespace().skip(6).collect::<Vec<_>>().join(" ");
    stage.host.run(&format!("sh -c '{command}'; cat /var/lib/mxprov/backup/status"))?;
    let name = stage.host.run("basename $(ls /var/backups/mxprov/*.tar.gz)")?;
    let files = [name.clone(), name.replace(".tar.gz", ".sha256")];
    let contents: Vec<Vec<u8>> = files
        .iter()
        .map(|file| stage.host.read_file(&format!("/var/backups/mxprov/{file}")))
        .collect::<Result<_>>()?;

    let other = Host::up(Release::Debian13, &Options::named("second"))?;
    let second = stage.moved(&other)?;
    on_a_bare_host(&second)?;
    for (file, content) in files.iter().zip(&contents) {
        other.write_file(&format!("/var/backups/mxprov/{file}"), content)?;
    }
    refused(&second, &files[0], &contents[0])?;
    let archive = format!("restore_archive=/var/backups/mxprov/{}", files[0]);
    let flags = ["--yes", "-e", &archive, "-e", "restore_plain=true"];
    second.apply("playbooks/restore.yml", &flags)?.success()?;

    let way = Way::Outside(&other);
    let session =
        way.log_in(stage.name, "admin", &second.secret("matrix_secret_synapse_admin")?)?;
    let path =
        format!("/_matrix/client/v3/rooms/{}/event/{}", percent(&room.id), percent(&room.event));
    let read = way.ask(("GET", stage.name), &path, &session.token, &Value::Null)?.ok()?;
    ensure!(read["content"]["body"] == "good day", "{read}");
    let fetched = way.ask(("GET", stage.name), &room.media, &session.token, &Value::Null)?;
    ensure!(fetched.status == 200, "{fetched:?}");
    let keys = |host: &Host| -> Result<Value> {
        let answer = Way::Outside(host).ask(
            ("GET", stage.name),
            "/_matrix/key/v2/server",
            "",
            &Value::Null,
        )?;
        Ok(answer.ok()?["verify_keys"].clone())
    };
    ensure!(keys(stage.host)? == keys(&other)?, "another signing key");
    Ok(())
}

/// A backup that was cut or changed is refused before anything is touched.
fn refused(stage: &Stage<'_>, name: &str, content: &[u8]) -> Result<()> {
    let before = ids(stage.host)?;
    let path = format!("/var/backups/mxprov/{name}");
    let archive = format!("restore_archive={path}");
    let mut flipped = content.to_vec();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for bad in [&content[..content.len() / 2], &flipped[..]] {
        stage.host.write_file(&path, bad)?;
        let flags = ["--yes", "-e", &archive, "-e", "restore_plain=true"];
        let said = stage.apply("playbooks/restore.yml", &flags)?;
        let text = format!("{}{}", said.out, said.err);
        ensure!(said.status == Some(2) && text.contains("refused, nothing was touched"), "{text}");
    }
    stage.host.write_file(&path, content)?;
    ensure!(ids(stage.host)? == before, "something was touched");
    Ok(())
}
