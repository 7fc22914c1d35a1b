//! The stack saved by its cron entry while it is in use, its host destroyed, and brought back on another.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::cron;
use crate::lab::{Host, Options, Release, lab_or_skip};
use crate::recipient::Recipient;

use super::bad_backups::{self, Backup};
use super::client::{Session, Way};
use super::stage::{self, Stage};
use super::{media, on_a_bare_host, percent, states};

/// What was made in the homeserver, to be found again after a restore.
struct Room {
    id: String,
    event: String,
    media: String,
}

/// What administrators and other servers see of a homeserver.
#[derive(Debug, PartialEq)]
struct Figures {
    users: Value,
    rooms: Value,
    verify_keys: Value,
}

/// On a small host, without a worker, on the domain itself.
#[test]
fn a_small_one_in_root_mode_comes_back_from_a_backup() -> Result<()> {
    if !lab_or_skip("a_small_one_in_root_mode_comes_back_from_a_backup") {
        return Ok(());
    }
    let key = Recipient::new()?;
    let host = Host::up(Release::Debian13, &Options::named("small"))?;
    let mut flags = vec!["--components", "federation,element", "--mode", "root"];
    flags.extend(["--backup-fingerprint", key.fingerprint(), "--backup-key", "backup.asc"]);
    let stage = Stage::new(&host, &flags)?;
    stage.write("backup.asc", &key.public()?)?;
    let size = "matrix_size: 4gb\nmatrix_workers: { federation_sender: 0 }\n\
                matrix_backup_samples: 1000\n";
    stage.set("size", size)?;
    on_a_bare_host(&stage)?;
    let states = states(&host)?;
    let synapse: Vec<_> = states.keys().filter(|name| name.contains("synapse")).collect();
    ensure!(synapse == ["matrix-synapse"], "processes of Synapse: {synapse:?}");
    let session = log_in(&stage)?;
    let room = room(&stage, &session)?;
    let again = stage.apply("playbooks/matrix.yml", &["--yes"])?.success()?;
    ensure!(again.changed(&host)? == 0, "a second deploy:\n{}", again.out);
    without_limits(&stage, &session)?;
    let before = figures(&stage, &session)?;
    let backup = saved_while_in_use(&stage, &room, &session).context("the backup")?;
    ensure!(figures(&stage, &session)? == before, "the backup changed something");

    let other = Host::up(Release::Debian13, &Options::named("second"))?;
    let second = stage.moved(&other)?;
    second.write("backup.asc", &key.public()?)?;
    drop(stage);
    host.down()?;
    on_a_bare_host(&second)?;
    bad_backups::nothing_is_touched(&second, &backup, &key).context("refusals and drills")?;
    bad_backups::database_in_use(&second, &backup, &key).context("a database in use")?;
    brought_back(&second, &backup, &key).context("the restore")?;
    same(&second, &room, &before).context("after the restore")?;
    let again = second.apply("playbooks/matrix.yml", &["--yes"])?.success()?;
    ensure!(again.changed(&other)? == 0, "a deploy after the restore:\n{}", again.out);
    let media = room.media.rsplit('/').next().context("no name")?;
    bad_backups::lost_media(&second, &key, media).context("a backup without a file")
}

fn log_in(stage: &Stage<'_>) -> Result<Session> {
    let password = stage.secret("matrix_secret_synapse_admin")?;
    Way::Outside(stage.host).log_in(stage.name, "admin", &password)
}

/// A room with a message in it, and a file.
fn room(stage: &Stage<'_>, session: &Session) -> Result<Room> {
    let (way, token) = (Way::Outside(stage.host), session.token.as_str());
    let body = json!({ "name": "small" });
    let made =
        way.ask(("POST", stage.name), "/_matrix/client/v3/createRoom", token, &body)?.ok()?;
    let id = made["room_id"].as_str().context("no room")?.to_owned();
    let event = send(stage, &id, "first", token)?;
    let media = media(stage.host, stage.name, token)?;
    let found = way.ask(("GET", ""), "/.well-known/matrix/server", "", &Value::Null)?.ok()?;
    ensure!(found["m.server"] == format!("{}:443", stage::DOMAIN), "{found}");
    let admin = way.ask(("GET", ""), "/_synapse/admin/v1/register", "", &Value::Null)?;
    ensure!([403, 404].contains(&admin.status), "{admin:?}");
    Ok(Room { id, event, media })
}

/// Sends a message; the event.
fn send(stage: &Stage<'_>, room: &str, transaction: &str, token: &str) -> Result<String> {
    let path =
        format!("/_matrix/client/v3/rooms/{}/send/m.room.message/{transaction}", percent(room));
    let message = json!({ "msgtype": "m.text", "body": "good day" });
    let way = Way::Outside(stage.host);
    let sent = way.ask(("PUT", stage.name), &path, token, &message)?.ok()?;
    Ok(sent["event_id"].as_str().context("no event")?.to_owned())
}

/// The admin may send as fast as it can.
fn without_limits(stage: &Stage<'_>, session: &Session) -> Result<()> {
    let user = percent(&format!("@admin:{}", stage::DOMAIN));
    let path = format!("/_synapse/admin/v1/users/{user}/override_ratelimit");
    let body = json!({ "messages_per_second": 0, "burst_count": 0 });
    let inside = Way::Process(stage.host, "synapse");
    inside.ask(("POST", ""), &path, &session.token, &body)?.ok().map(drop)
}

/// From the admin API, which only the host itself reaches, and from the public one.
fn figures(stage: &Stage<'_>, session: &Session) -> Result<Figures> {
    let inside = Way::Process(stage.host, "synapse");
    let get = |path: &str| inside.ask(("GET", ""), path, &session.token, &Value::Null)?.ok();
    let mut users = get("/_synapse/admin/v2/users?limit=1000")?;
    for user in users["users"].as_array_mut().context("no users")? {
        // When somebody was last there, which the test itself changes.
        user.as_object_mut().context("no user")?.remove("last_seen_ts");
    }
    let rooms = get("/_synapse/admin/v1/rooms?limit=1000")?;
    let keys = Way::Outside(stage.host).ask(
        ("GET", stage.name),
        "/_matrix/key/v2/server",
        "",
        &Value::Null,
    )?;
    Ok(Figures { users, rooms, verify_keys: keys.ok()?["verify_keys"].clone() })
}

/// The cron entry's own command, while others send messages and files.
fn saved_while_in_use(stage: &Stage<'_>, room: &Room, session: &Session) -> Result<Backup> {
    let (over, count) = (AtomicBool::new(false), AtomicU32::new(0));
    let (status, earlier) = std::thread::scope(|scope| -> Result<_> {
        let writer = scope.spawn(|| -> Result<()> {
            while !over.load(Ordering::Relaxed) {
                let number = count.load(Ordering::Relaxed);
                send(stage, &room.id, &format!("meanwhile{number}"), &session.token)?;
                media(stage.host, stage.name, &session.token)?;
                count.store(number + 1, Ordering::Relaxed);
            }
            Ok(())
        });
        while count.load(Ordering::Relaxed) < 3 && !writer.is_finished() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let earlier = count.load(Ordering::Relaxed);
        let status = cron::backup(stage.host);
        over.store(true, Ordering::Relaxed);
        writer.join().expect("no panic")?;
        Ok((status?, earlier))
    })?;
    ensure!(status == 0, "{status}: {}", cron::log(stage.host)?);
    let written = count.load(Ordering::Relaxed) - earlier;
    ensure!(written > 2, "only {written} files and messages came meanwhile");
    let names = stage.host.run("cd /var/backups/mxprov && ls")?;
    let files = names
        .lines()
        .map(|name| {
            let content = stage.host.read_file(&format!("/var/backups/mxprov/{name}"))?;
            Ok((name.to_owned(), content))
        })
        .collect::<Result<BTreeMap<_, _>>>()?;
    Backup::new(files)
}

/// With the private key, which comes over the connection and stays nowhere.
fn brought_back(stage: &Stage<'_>, backup: &Backup, key: &Recipient) -> Result<()> {
    backup.put(stage.host)?;
    let private = key.private()?;
    stage.write("key.yml", &json!({ "restore_key": private }).to_string())?;
    let archive = format!("restore_archive={}", backup.path());
    let flags = ["--yes", "-vvv", "-e", &archive, "-e", "@key.yml"];
    let said = stage.apply("playbooks/restore.yml", &flags)?.success()?;
    ensure!(said.out.contains("restored mxprov-small-"), "{}", said.out);
    let line = private.lines().nth(3).context("a key has lines")?;
    ensure!(!said.out.contains(line) && !said.err.contains(line), "the run shows the private key");
    let places = "/dev/shm /home /opt/matrix/synapse /root /run /tmp /var/backups /var/lib/mxprov \
                  /var/log /var/tmp";
    let found =
        stage.host.run(&format!("grep -rlsF --devices=skip '{line}' {places} || test $? -le 2"))?;
    ensure!(found.is_empty(), "the private key is in {found}");
    Ok(())
}

/// Traefik looks now and then whether Synapse is back.
fn answers(stage: &Stage<'_>) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let path = "/_matrix/client/versions";
        let answer = Way::Outside(stage.host).ask(("GET", stage.name), path, "", &Value::Null)?;
        if answer.status == 200 {
            return Ok(());
        }
        ensure!(Instant::now() < end, "{answer:?}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Users, rooms and signing key; the message; and every file that the database knows.
fn same(stage: &Stage<'_>, room: &Room, before: &Figures) -> Result<()> {
    answers(stage)?;
    let (way, session) = (Way::Outside(stage.host), log_in(stage)?);
    let now = figures(stage, &session)?;
    ensure!(now == *before, "{now:#?}\nis not\n{before:#?}");
    let path =
        format!("/_matrix/client/v3/rooms/{}/event/{}", percent(&room.id), percent(&room.event));
    let read = way.ask(("GET", stage.name), &path, &session.token, &Value::Null)?.ok()?;
    ensure!(read["content"]["body"] == "good day", "{read}");
    let fetched = way.ask(("GET", stage.name), &room.media, &session.token, &Value::Null)?;
    ensure!(fetched.status == 200, "{fetched:?}");
    let user = percent(&format!("@admin:{}", stage::DOMAIN));
    let path = format!("/_synapse/admin/v1/users/{user}/media?limit=1000");
    let inside = Way::Process(stage.host, "synapse");
    let known = inside.ask(("GET", ""), &path, &session.token, &Value::Null)?.ok()?;
    let known = known["media"].as_array().context("no media")?;
    ensure!(known.len() > 3, "the database knows {} files alone", known.len());
    for file in known {
        let id = file["media_id"].as_str().context("no name")?;
        let path = format!("/_matrix/client/v1/media/download/{}/{id}", stage::DOMAIN);
        let fetched = way.ask(("GET", stage.name), &path, &session.token, &Value::Null)?;
        ensure!(fetched.status == 200, "{id}: {fetched:?}");
    }
    Ok(())
}

/// What a backup says of itself reaches Prometheus, and the rules that are loaded make alerts of it.
pub fn is_watched(host: &Host) -> Result<()> {
    ensure!(cron::backup(host)? == 0, "{}", cron::log(host)?);
    let made = host.run("sed -n 's/^last_success=//p' /var/lib/mxprov/backup/status")?;
    let query = "curl -sSf 'http://127.0.0.1:9090/api/v1/query?query=\
                 mxprov_backup_last_success_timestamp_seconds'";
    let end = Instant::now() + Duration::from_secs(120);
    while !host.run(query)?.contains(&format!("\"{made}\"")) {
        ensure!(Instant::now() < end, "Prometheus does not get to know: {}", host.run(query)?);
        std::thread::sleep(Duration::from_millis(500));
    }
    host.run("mkdir /run/rules && cp /opt/matrix/prometheus/rules.yml /run/rules/")?;
    host.write_file("/run/rules/alerts.yml", include_bytes!("alerts.yml"))?;
    host.run(
        "image=$(docker container inspect -f '{{.Config.Image}}' matrix-prometheus) \
         && docker run --rm --network none --user 0:0 -v /run/rules:/rules:ro \
            --entrypoint promtool \"$image\" test rules /rules/alerts.yml",
    )?;
    Ok(())
}
