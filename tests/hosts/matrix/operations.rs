//! The playbooks of operations on a homeserver that runs: looked at, given accounts, upgraded and taken back, kept
//! in order, taken apart.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::lab::{Dns, Host, Options, Release, lab_or_skip};

use super::change::difference;
use super::client::Way;
use super::stage::{self, Said, Stage};
use super::{ids, media, on_a_bare_host, states};

const COMPONENTS: &str = "federation,element,coturn,synapse_admin";
const OLD: &str = "1.157.2";
const NEW: &str = "1.163.2";
const VERIFY: &str = "playbooks/verify.yml";
const HEALTH: &str = "playbooks/health.yml";
const UPGRADE: &str = "playbooks/upgrade.yml";
const REMOVE: &str = "playbooks/remove.yml";
const ACCOUNT: &str = "playbooks/admin-user.yml";

#[test]
fn a_homeserver_is_looked_at_upgraded_kept_in_order_and_taken_apart() -> Result<()> {
    if !lab_or_skip("a_homeserver_is_looked_at_upgraded_kept_in_order_and_taken_apart") {
        return Ok(());
    }
    let host = Host::up(Release::Debian13, &Options::named("kept"))?;
    let stage = Stage::new(&host, &["--components", COMPONENTS])?;
    stage
        .set("size", "matrix_size: 4gb\nmatrix_workers: { generic: 1, federation_sender: 1 }\n")?;
    // The lab's proxy has certificates of the lab's own authority.
    stage.set("tls", "traefik_acme: true\n")?;
    version(&stage, OLD)?;
    on_a_bare_host(&stage)?;
    stage.names(&["", "chat", "element"])?;
    seen_from_inside(&stage).context("health.yml")?;
    seen_from_outside(&stage).context("verify.yml")?;
    what_is_wrong_is_named(&stage).context("a homeserver with faults")?;
    accounts(&stage).context("admin-user.yml")?;
    upgrades_refused(&stage).context("upgrades that are refused")?;
    upgraded_and_taken_back(&stage).context("upgrade.yml")?;
    kept_in_order(&stage).context("maintenance.yml")?;
    taken_apart(&stage).context("remove.yml")?;
    a_bot_with_a_token(&stage).context("the bot of Dimension")
}

fn version(stage: &Stage<'_>, version: &str) -> Result<()> {
    stage.set("synapse", &format!("synapse_version: {version}\n"))
}

fn run(stage: &Stage<'_>, playbook: &str, extra: &[&str]) -> Result<Said> {
    let flags: Vec<&str> =
        ["--yes"].into_iter().chain(extra.iter().flat_map(|set| ["-e", set])).collect();
    stage.apply(playbook, &flags)
}

/// It ends well and changes so many things.
fn changes(stage: &Stage<'_>, playbook: &str, extra: &[&str], count: u32) -> Result<String> {
    let said = run(stage, playbook, extra)?.success()?;
    let changed = said.changed(stage.host)?;
    ensure!(changed == count, "{playbook} {extra:?} changed {changed}, not {count}:\n{}", said.out);
    Ok(said.out)
}

/// What was shown before anything was applied.
fn plan_of(text: &str) -> Result<&str> {
    let (plan, _) = text.split_once(" known after apply, ").context("no plan")?;
    Ok(plan)
}

/// It fails with these words, and every container is the one that it was.
fn refused(stage: &Stage<'_>, playbook: &str, extra: &[&str], words: &[&str]) -> Result<()> {
    let before = ids(stage.host)?;
    let said = run(stage, playbook, extra)?;
    let text = format!("{}{}", said.out, said.err);
    ensure!(said.status == Some(2), "{playbook} {extra:?} was not refused:\n{text}");
    let missing: Vec<_> = words.iter().filter(|word| !text.contains(**word)).collect();
    ensure!(missing.is_empty(), "{playbook} {extra:?} does not say {missing:?}:\n{text}");
    ensure!(ids(stage.host)? == before, "{playbook} {extra:?} touched containers:\n{text}");
    Ok(())
}

/// A backup that is missing or old, a disk that is full; all well.
fn seen_from_inside(stage: &Stage<'_>) -> Result<()> {
    refused(stage, HEALTH, &[], &["there is no verified backup yet; `mxprov-backup run`"])?;
    // An upgrade is refused while the updates that a young homeserver begins with are under way.
    stage.host.run(
        "for try in $(seq 240); do
             left=$(docker exec -u postgres matrix-postgres psql -XAtq -d synapse \
                 -c 'SELECT count(*) FROM background_updates')
             [ \"$left\" != 0 ] || exit 0
             sleep 0.5
         done
         exit 1",
    )?;
    back_up(stage.host)?;
    changes(stage, HEALTH, &[], 0)?;
    refused(stage, HEALTH, &["matrix_check_full=1"], &["% full", "matrix_check_full is 1"])?;
    age_the_backup(stage)?;
    refused(stage, HEALTH, &[], &["the last verified backup is older than 26 hours"])?;
    changes(stage, HEALTH, &["matrix_check_backup_hours=0"], 0)?;
    Ok(())
}

fn back_up(host: &Host) -> Result<()> {
    let start = "systemctl start mxprov-backup.service";
    host.run(&format!("{start} || {{ journalctl -o cat -u mxprov-backup.service >&2; exit 1; }}"))?;
    Ok(())
}

fn age_the_backup(stage: &Stage<'_>) -> Result<()> {
    let status = "/var/lib/mxprov/backup/status";
    stage.host.run(&format!("sed -i 's/^last_success=.*/last_success=1700000000/' {status}"))?;
    Ok(())
}

fn zone(host: &Host, labels: &[&str]) -> Result<Dns> {
    let records: Vec<String> =
        labels.iter().map(|label| format!("{label} IN A {}\n", host.v4())).collect();
    let origin = format!("{}.", stage::DOMAIN);
    Dns::serve(SocketAddr::from(([127, 0, 0, 1], 0)), &[(&origin, &records.concat())])
}

fn resolver(stage: &Stage<'_>, server: &Dns) -> Result<()> {
    let text = format!("dns_enabled: true\ndns_resolvers: [\"{}\"]\n", server.address());
    stage.set("names", &text)
}

/// Names, certificates, ports, pages, login and TURN: an authority that nobody trusts, then all well.
fn seen_from_outside(stage: &Stage<'_>) -> Result<()> {
    let untrusted = "the certificate of chat.matrix.test:443 is not trusted";
    refused(stage, VERIFY, &[], &[untrusted, "matrix_check_ca names the certificate"])?;
    let copy = "docker cp matrix-traefik:/usr/local/share/lab-ca/ca.pem - | tar -xO";
    let path = stage.write("ca.pem", &stage.host.run(copy)?)?;
    stage.set("trust", &format!("matrix_check_ca: {}\n", path.display()))?;
    // What the timer does within ten minutes.
    stage.host.run(
        "systemctl start mxprov-turn-certificate.service
         for try in $(seq 100); do
             openssl s_client -connect 127.0.0.1:5349 </dev/null 2>/dev/null |
                 openssl x509 -noout -issuer | grep -q 'Lab certificate authority' && exit 0
             sleep 0.2
         done
         exit 1",
    )?;
    let bad = zone(stage.host, &["@", "chat"])?;
    resolver(stage, &bad)?;
    let missing = format!("create `element.matrix.test. A {}`", stage.host.v4());
    refused(stage, VERIFY, &[], &[&missing])?;
    let good = zone(stage.host, &["@", "chat", "element"])?;
    resolver(stage, &good)?;
    changes(stage, VERIFY, &[], 0)?;
    refused(stage, VERIFY, &["matrix_check_user=nobody"], &["nobody cannot log in (status 403)"])?;
    stage.set("names", "dns_enabled: false\n")
}

/// A port that is blocked, a container that is stopped and one that is gone: both looks name them, and what to do.
fn what_is_wrong_is_named(stage: &Stage<'_>) -> Result<()> {
    stage.host.run(
        "iptables -I DOCKER-USER -p tcp --dport 8448 -j DROP
         iptables -I INPUT -p udp --dport 3478 -j DROP
         docker stop matrix-well-known && docker rm -f matrix-element",
    )?;
    refused(
        stage,
        VERIFY,
        &[],
        &[
            "port 8448 of matrix.test (Matrix federation) does not answer",
            "playbooks/firewall.yml",
            "TURN does not answer over UDP on matrix.test:3478",
            "/.well-known/matrix/server): the status is 502, not 200; playbooks/health.yml says whether \
             matrix-well-known runs",
            "Element (https://element.matrix.test/config.json): the status is 502",
        ],
    )?;
    refused(
        stage,
        HEALTH,
        &[],
        &[
            "the container matrix-well-known is not well (Exited",
            "`docker logs matrix-well-known` says why",
            "the service element has no container; playbooks/matrix.yml brings it up again",
        ],
    )?;
    stage.host.run(
        "iptables -D DOCKER-USER -p tcp --dport 8448 -j DROP
         iptables -D INPUT -p udp --dport 3478 -j DROP
         cd /opt/matrix && docker compose up --detach --wait",
    )?;
    Ok(())
}

/// Made once, with rights or without; a password that is typed again counts only where that is said.
fn accounts(stage: &Stage<'_>) -> Result<()> {
    let first = stage.write("first.yml", "account_password: \"Open, sesame 7'\"\n")?;
    let first = format!("@{}", first.display());
    let second = stage.write("second.yml", "account_password: \"Close, sesame 8\"\n")?;
    let second = format!("@{}", second.display());
    let way = Way::Outside(stage.host);
    let plan = changes(stage, ACCOUNT, &["account_name=alice", &first], 1)?;
    ensure!(plan.contains("--password-file") && !plan.contains("sesame"), "{plan}");
    changes(stage, ACCOUNT, &["account_name=alice", &first], 0)?;
    let session = way.log_in("chat", "alice", "Open, sesame 7'")?;
    let kept = changes(stage, ACCOUNT, &["account_name=alice", &second], 0)?;
    ensure!(kept.contains("@alice:matrix.test is there and keeps its password"), "{kept}");

    let reset = ["account_name=alice", &second, "account_reset=true", "account_admin=true"];
    changes(stage, ACCOUNT, &reset, 1)?;
    changes(stage, ACCOUNT, &reset, 0)?;
    ensure!(
        way.log_in("chat", "alice", "Open, sesame 7'").is_err(),
        "the old password still holds"
    );
    let whoami = "/_matrix/client/v3/account/whoami";
    let old = way.ask(("GET", "chat"), whoami, &session.token, &Value::Null)?;
    ensure!(old.status == 401, "a session of the old password: {old:?}");
    let session = way.log_in("chat", "alice", "Close, sesame 8")?;
    let users = "/_synapse/admin/v2/users/@alice:matrix.test";
    let main = Way::Process(stage.host, "synapse");
    let found = main.ask(("GET", ""), users, &session.token, &Value::Null)?.ok()?;
    ensure!(found["admin"] == true, "{found}");

    let own = ["account_name=admin", &second, "account_reset=true"];
    refused(stage, ACCOUNT, &own, &["the password of admin is matrix_secret_synapse_admin"])?;
    let unfit = ["account_name=Alice", &second];
    refused(stage, ACCOUNT, &unfit, &["give account_name (small letters"])?;
    let logs = stage.host.exec("docker logs matrix-synapse 2>&1 | grep sesame")?;
    ensure!(!logs.success(), "a password is in Synapse's log");
    let state = stage.path(".local/state/mxprov/journal");
    for entry in std::fs::read_dir(&state).with_context(|| format!("{}", state.display()))? {
        let path = entry?.path();
        ensure!(!std::fs::read_to_string(&path)?.contains("sesame"), "{}", path.display());
    }
    Ok(())
}

/// Steps that were not read, too little space, a configuration or a schema that does not fit.
fn upgrades_refused(stage: &Stage<'_>) -> Result<()> {
    let untouched = "Nothing was touched";
    version(stage, "1.149.1")?;
    let gates = ["between 1.157.2 and 1.149.1", "1.150 changed the format of the log", untouched];
    refused(stage, UPGRADE, &[], &gates)?;
    version(stage, "1.999.0")?;
    let unknown = ["nothing is known here of versions after", "upgrade_read=true", untouched];
    refused(stage, UPGRADE, &[], &unknown)?;
    let absent = ["synapse:v1.999.0 is not on the host", untouched];
    refused(stage, UPGRADE, &["upgrade_read=true"], &absent)?;
    version(stage, NEW)?;
    let space = ["MiB are free where least is", "99999999", untouched];
    refused(stage, UPGRADE, &["synapse_upgrade_free_mb=99999999"], &space)?;
    // The old version takes it, the new one does not.
    let settings = "synapse_settings: { matrix_rtc: { transports: [{ type: livekit }] } }\n";
    stage.set("settings", settings)?;
    let settings =
        ["Synapse 1.163.2 refuses the configuration", "nothing was touched", "matrix_rtc"];
    refused(stage, UPGRADE, &[], &settings)?;
    stage.set("settings", "synapse_settings: {}\n")?;
    // As a version leaves it behind whose schema no older one can read.
    compat(stage, 9999)?;
    let schema = ["knows the schema 94", "only readable from 9999 on", "playbooks/restore.yml"];
    refused(stage, UPGRADE, &[], &schema)?;
    compat(stage, 84)
}

fn compat(stage: &Stage<'_>, version: u32) -> Result<()> {
    database(stage, &format!("UPDATE schema_compat_version SET compat_version = {version}"))?;
    Ok(())
}

fn database(stage: &Stage<'_>, query: &str) -> Result<String> {
    let command =
        "docker exec -i -u postgres matrix-postgres psql -v ON_ERROR_STOP=1 -XAtq synapse";
    let said = stage.host.exec_with_input(command, query.as_bytes())?.ok()?;
    Ok(said.trim().to_owned())
}

/// Up and down again: only Synapse's part and containers, a backup first, main before the workers.
fn upgraded_and_taken_back(stage: &Stage<'_>) -> Result<()> {
    for (from, to) in [(OLD, NEW), (NEW, OLD)] {
        let (before, backups) = (ids(stage.host)?, last_backup(stage)?);
        version(stage, to)?;
        let said = changes(stage, UPGRADE, &[], 4).with_context(|| format!("{from} to {to}"))?;
        let plan = plan_of(&said)?;
        ensure!(plan.contains(&format!("Synapse {from} → {to}")), "{plan}");
        let order = ["start mxprov-backup.service", "write /opt/matrix/compose.d/synapse.yml"];
        let order = order.iter().map(|word| plan.find(word)).collect::<Option<Vec<_>>>();
        ensure!(order.is_some_and(|places| places.is_sorted()), "not in this order:\n{plan}");
        ensure!(plan.matches("\n    write ").count() == 1, "more is written:\n{plan}");
        let expected = ["synapse", "synapse-federation-sender1", "synapse-generic1"];
        let expected = expected.map(|name| format!("matrix-{name}"));
        let touched = difference(&before, &ids(stage.host)?);
        ensure!(touched.iter().eq(&expected), "{from} to {to} touched {touched:?}");
        for name in &expected {
            ensure!(plan.contains(&format!("{name}: running, healthy → recreated")), "{plan}");
            let image = format!("docker inspect --format '{{{{.Config.Image}}}}' {name}");
            let image = stage.host.run(&image)?;
            ensure!(image.trim().ends_with(&format!(":v{to}")), "{name} is {image}");
        }
        main_came_first(stage.host)?;
        let newer = last_backup(stage)?;
        ensure!(newer != backups, "no backup was made before {to}: {newer}");
        let states = states(stage.host)?;
        ensure!(states.values().all(|state| state.contains("(healthy)")), "{states:?}");
    }
    version(stage, OLD)?;
    changes(stage, UPGRADE, &[], 0)?;
    Ok(())
}

/// The workers started when the main process was there.
fn main_came_first(host: &Host) -> Result<()> {
    let started = "docker inspect --format '{{.State.StartedAt}}' matrix-synapse matrix-synapse-generic1 \
                   matrix-synapse-federation-sender1";
    let times = host.run(started)?;
    let times: Vec<&str> = times.lines().collect();
    ensure!(times[0] < times[1] && times[0] < times[2], "started at {times:?}");
    Ok(())
}

fn last_backup(stage: &Stage<'_>) -> Result<String> {
    stage.host.run("mxprov-backup --list | tail -n 1")
}

/// Media of another server goes, ours stays; images that nothing uses go, and are named before.
fn kept_in_order(stage: &Stage<'_>) -> Result<()> {
    let way = Way::Outside(stage.host);
    let session = way.log_in("chat", "admin", &stage.secret("matrix_secret_synapse_admin")?)?;
    let ours = media(stage.host, "chat", &session.token)?;
    database(stage, "UPDATE local_media_repository SET created_ts = 1, last_access_ts = 1")?;
    // As if it had been fetched long ago.
    database(
        stage,
        "INSERT INTO remote_media_cache (media_origin, media_id, media_type, created_ts, media_length,
             filesystem_id, last_access_ts)
         VALUES ('far.test', 'theirs', 'text/plain', 1, 5, 'aabbcdefg', 1)",
    )?;
    let file = "/opt/matrix/synapse/media/remote_content/far.test/aa/bb/cdefg";
    stage.host.run(&format!("install -D -o 991 -g 991 /dev/null {file}"))?;
    stage.host.run("chown -R 991:991 /opt/matrix/synapse/media/remote_content")?;

    let said = changes(stage, "playbooks/maintenance.yml", &[], 2)?;
    ensure!(said.contains("files of other servers that went: 1"), "{said}");
    let plan = plan_of(&said)?;
    ensure!(plan.contains("item: grafana/grafana:13.0.2"), "{plan}");
    let left = database(stage, "SELECT count(*) FROM remote_media_cache")?;
    ensure!(left == "0" && !stage.host.exec(&format!("test -e {file}"))?.success(), "{left} left");
    let fetched = way.ask(("GET", "chat"), &ours, &session.token, &Value::Null)?;
    ensure!(fetched.status == 200, "our own media: {fetched:?}");
    let images = stage.host.run("docker image ls --format '{{.Repository}}:{{.Tag}}'")?;
    ensure!(!images.contains("grafana") && images.contains("synapse:v1.157.2"), "{images}");
    changes(stage, "playbooks/maintenance.yml", &[], 0)?;
    Ok(())
}

/// What is needed stays; Element goes with its route, and its data when that is said and a backup has it.
fn taken_apart(stage: &Stage<'_>) -> Result<()> {
    refused(stage, REMOVE, &["component=nothing"], &["component is nothing: give one of"])?;
    let named = ["element is still switched on: mxprov_components names it"];
    refused(stage, REMOVE, &["component=element"], &named)?;
    let needed = ["postgres is still switched on: synapse requires it", "Nothing was touched"];
    refused(stage, REMOVE, &["component=postgres"], &needed)?;

    stage.components(&COMPONENTS.replace(",element,coturn", ""))?;
    let before = ids(stage.host)?;
    let said = run(stage, REMOVE, &["component=coturn"])?.success()?.out;
    let plan = plan_of(&said)?;
    for gone in [
        "remove /opt/matrix/compose.d/coturn.yml",
        "remove /opt/matrix/traefik/dynamic/coturn.yml",
        "stop mxprov-turn-certificate.timer",
        "remove /opt/matrix/compose.d/element.yml",
        "remove matrix-coturn and matrix-element",
    ] {
        ensure!(plan.contains(gone), "the plan does not say `{gone}`:\n{plan}");
    }
    let after = ids(stage.host)?;
    let kept = ["matrix-traefik", "matrix-postgres", "matrix-redis", "matrix-synapse-admin"];
    ensure!(kept.iter().all(|name| before[*name] == after[*name]), "more than Synapse was touched");
    ensure!(
        !after.contains_key("matrix-coturn") && !after.contains_key("matrix-element"),
        "{after:?}"
    );
    let ports = stage.host.run("ss -Hltun '( sport = :3478 or sport = :5349 )'")?;
    ensure!(ports.is_empty(), "TURN still listens: {ports}");
    stage.host.run("test -e /opt/matrix/coturn/turnserver.conf && test -e /opt/matrix/element")?;
    let units =
        stage.host.run("systemctl list-unit-files --all 'mxprov-turn*'; ls /etc/systemd/system")?;
    ensure!(!units.contains("mxprov-turn"), "{units}");
    changes(stage, VERIFY, &[], 0)?;

    let data = ["component=element", "remove_data=true"];
    age_the_backup(stage)?;
    refused(stage, REMOVE, &data, &["there is no verified backup of the last day"])?;
    back_up(stage.host)?;
    let said = changes(stage, REMOVE, &data, 1)?;
    ensure!(said.contains("remove /opt/matrix/element"), "{said}");
    stage.host.run("test ! -e /opt/matrix/element && test -e /opt/matrix/coturn")?;
    Ok(())
}

/// What Dimension needs before its image is there: an account, a description that Compose takes, a token.
fn a_bot_with_a_token(stage: &Stage<'_>) -> Result<()> {
    stage.components("federation,synapse_admin,dimension")?;
    let digest = "0".repeat(64);
    stage.set(
        "dimension",
        &format!(
            "dimension_image: docker.io/turt2live/matrix-dimension@sha256:{digest}\n\
             dimension_admins: [\"@admin:{}\"]\n",
            stage::DOMAIN
        ),
    )?;
    stage.apply("playbooks/matrix.yml", &["--yes", "--skip-tags", "stack"])?.success()?;
    let rights = database(stage, "SELECT admin FROM users WHERE name = '@dimension:matrix.test'")?;
    ensure!(rights == "0", "the account of Dimension: {rights:?}");
    stage.host.run(
        "cd /opt/matrix
         for file in compose.d/*.yml; do set -- \"$@\" -f \"$file\"; done
         docker compose --project-name matrix \"$@\" config --quiet
         apt-get install -y --no-install-recommends nodejs >/dev/null 2>&1
         mkdir /root/dimension",
    )?;
    let get = "timeout 60 node /opt/matrix/dimension/config/token.js http://127.0.0.1:8081 \
               /opt/matrix/dimension/config /root/dimension && cat /root/dimension/token";
    let token = stage.host.run(get)?;
    ensure!(stage.host.run(get)? == token, "a second start took another token");
    let whoami = "/_matrix/client/v3/account/whoami";
    let way = Way::Outside(stage.host);
    let found = way.ask(("GET", "chat"), whoami, token.trim(), &json!(null))?.ok()?;
    ensure!(found["user_id"] == format!("@dimension:{}", stage::DOMAIN), "{found}");
    let config = stage.host.run("cat /root/dimension/config.yaml; stat -c %a /root/dimension/*")?;
    ensure!(
        config.contains(token.trim()) && config.trim_end().ends_with("600\n600"),
        "no token in it"
    );
    Ok(())
}
