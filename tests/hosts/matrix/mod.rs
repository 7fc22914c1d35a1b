//! The Matrix stack with real processes: deployed, used, changed, saved, and brought back.

mod answered;
mod backup;
mod bad_backups;
mod bad_values;
mod banned;
mod change;
mod client;
mod operations;
mod post;
mod registered;
#[path = "../../routes/requests.rs"]
mod requests;
mod stage;
mod turn;
mod watched;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::lab::scan::{Port, from_controller};
use crate::lab::{Host, Options, Release, lab_or_skip};

use client::{Session, Way};
use post::Post;
use stage::Stage;

/// Everything that is no legacy.
const ALL: &str =
    "federation,element,synapse_admin,coturn,monitoring,fail2ban,jitsi,pgadmin,dashboard";

#[test]
fn the_stack_is_a_homeserver_and_changes_only_what_it_must() -> Result<()> {
    if !lab_or_skip("the_stack_is_a_homeserver_and_changes_only_what_it_must") {
        return Ok(());
    }
    let host = Host::up(Release::Debian13, &Options::named("matrix"))?;
    let other = stranger()?;
    let (web, mail) = (Post::web()?, Post::mail()?);
    let stage = Stage::new(&host, &["--components", ALL])?;
    stage.set("size", "matrix_size: 8gb\n")?;
    // Clients over IPv6 are told apart, and TURN is there for them too.
    let addresses = format!("dns_addresses: [{}, \"{}\"]\n", host.v4(), host.v6());
    stage.set("addresses", &format!("docker_ipv6: true\n{addresses}"))?;
    stage.set("watched", &watched::settings(&web))?;
    stage.set("turn", &turn::settings(&other))?;
    stage.set("registered", &registered::settings(&web, &mail))?;
    deployed(&stage).context("deploying")?;
    let session = used(&stage).context("using it")?;
    registered::with_proof(&stage, &web, &mail).context("making an account")?;
    turn::relays(&stage, &other, &session).context("calls")?;
    answered::by_those_who_know(&stage).context("all requests")?;
    backup::is_watched(&host).context("its backup watched")?;
    watched::targets(&stage).context("metrics")?;
    watched::panels_and_rules(&stage).context("dashboards and rules")?;
    watched::alerts(&stage, &web, &mail).context("alerts")?;
    banned::guessers(&stage, &other).context("bans")?;
    closed(&stage).context("seen from outside")?;
    change::one_by_one(&stage).context("changing it")
}

/// Another host, with a client of HTTP and of TURN.
fn stranger() -> Result<Host> {
    let host = Host::up(Release::Debian13, &Options::named("stranger"))?;
    host.run(
        "DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends curl coturn",
    )?;
    host.run("systemctl stop coturn")?;
    Ok(host)
}

/// Waits three minutes at most until a command of the host succeeds.
fn wait(host: &Host, command: &str) -> Result<()> {
    let script =
        r#"timeout 180 sh -c 'until eval "$1"; do sleep 0.2; done' sh "$command" >/dev/null 2>&1"#;
    let output = host.exec_with_input(&format!("command=$(cat)\n{script}"), command.as_bytes())?;
    ensure!(output.success(), "not within three minutes: `{command}`: {:?}", host.exec(command)?);
    Ok(())
}

/// Docker, backups and the stack, without the hardening.
fn on_a_bare_host(stage: &Stage<'_>) -> Result<()> {
    for playbook in ["docker", "backup", "matrix"] {
        stage.apply(&format!("playbooks/{playbook}.yml"), &["--yes"])?.success()?;
    }
    Ok(())
}

/// The plan names every container; the deploy ends healthy; a second one changes nothing.
fn deployed(stage: &Stage<'_>) -> Result<()> {
    let plan = stage.apply("playbooks/site.yml", &["--check"])?.success()?;
    for name in containers_of(ALL) {
        ensure!(plan.out.contains(&name), "the plan does not name {name}:\n{}", plan.out);
    }
    stage.apply("playbooks/site.yml", &["--yes"])?.success()?;
    let states = states(stage.host)?;
    let missing: Vec<String> =
        containers_of(ALL).into_iter().filter(|name| !states.contains_key(name)).collect();
    ensure!(missing.is_empty(), "not there: {missing:?}; there are {states:?}");
    let ill: Vec<_> = states.iter().filter(|(_, state)| !state.contains("(healthy)")).collect();
    ensure!(ill.is_empty(), "not healthy: {ill:?}");
    let again = stage.apply("playbooks/site.yml", &["--yes"])?.success()?;
    let count = again.changed(stage.host)?;
    ensure!(count == 0, "a second deploy changed {count}:\n{}", again.out);
    Ok(())
}

/// What is to run for these components with two generic workers.
fn containers_of(_: &str) -> Vec<String> {
    [
        "traefik",
        "well-known",
        "postgres",
        "redis",
        "synapse",
        "synapse-generic1",
        "synapse-generic2",
        "synapse-media1",
        "synapse-federation-sender1",
        "element",
        "synapse-admin",
        "jitsi-web",
        "jitsi-prosody",
        "jitsi-jicofo",
        "jitsi-jvb",
        "coturn",
        "prometheus",
        "alertmanager",
        "grafana",
        "node-exporter",
        "postgres-exporter",
        "redis-exporter",
        "pgadmin",
    ]
    .iter()
    .map(|name| format!("matrix-{name}"))
    .collect()
}

fn states(host: &Host) -> Result<BTreeMap<String, String>> {
    let said = host.run("docker ps -a --format '{{.Names}}|{{.Status}}'")?;
    let pairs = said.lines().filter_map(|line| line.split_once('|'));
    Ok(pairs.map(|(name, state)| (name.to_owned(), state.to_owned())).collect())
}

/// The id of each container that runs.
fn ids(host: &Host) -> Result<BTreeMap<String, String>> {
    let said = host.run("docker ps --no-trunc --format '{{.Names}}|{{.ID}}'")?;
    let pairs = said.lines().filter_map(|line| line.split_once('|'));
    Ok(pairs.map(|(name, id)| (name.to_owned(), id.to_owned())).collect())
}

const PNG: &[u8] = b"\x89PNG not really, but bytes are bytes";

fn used(stage: &Stage<'_>) -> Result<Session> {
    let way = Way::Outside(stage.host);
    let session = way.log_in("chat", "admin", &stage.secret("matrix_secret_synapse_admin")?)?;
    let token = session.token.as_str();
    let made = way
        .ask(("POST", "chat"), "/_matrix/client/v3/createRoom", token, &json!({ "name": "lab" }))?
        .ok()?;
    let id = made["room_id"].as_str().context("no room")?.to_owned();
    talks_across_workers(stage.host, &session, &id)?;
    media(stage.host, "chat", token)?;
    let sync = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync";
    let body = json!({ "lists": { "all": { "ranges": [[0, 9]], "timeline_limit": 1, "required_state": [] } } });
    let sliding = way.ask(("POST", "chat"), sync, token, &body)?.ok()?;
    ensure!(sliding["rooms"][&id].is_object(), "{sliding}");
    let user = format!("@admin:{}", stage::DOMAIN);
    let typing = format!("/_matrix/client/v3/rooms/{}/typing/{}", percent(&id), percent(&user));
    way.ask(("PUT", "chat"), &typing, token, &json!({ "typing": true, "timeout": 1000 }))?.ok()?;
    let to_device = "/_matrix/client/v3/sendToDevice/m.dummy/lab1";
    way.ask(("PUT", "chat"), to_device, token, &json!({ "messages": {} }))?.ok()?;
    let found = way.ask(("GET", ""), "/.well-known/matrix/server", "", &Value::Null)?.ok()?;
    ensure!(found["m.server"] == format!("chat.{}:443", stage::DOMAIN), "{found}");
    Ok(session)
}

/// Sent through one worker, read through another.
fn talks_across_workers(host: &Host, session: &Session, room: &str) -> Result<()> {
    let message = json!({ "msgtype": "m.text", "body": "good day" });
    let path = format!("/_matrix/client/v3/rooms/{}/send/m.room.message/lab1", percent(room));
    let sent = Way::Process(host, "synapse-generic1")
        .ask(("PUT", ""), &path, &session.token, &message)?
        .ok()?;
    let event = sent["event_id"].as_str().context("no event")?.to_owned();
    let path = format!("/_matrix/client/v3/rooms/{}/event/{}", percent(room), percent(&event));
    let read = Way::Process(host, "synapse-generic2")
        .ask(("GET", ""), &path, &session.token, &Value::Null)?
        .ok()?;
    ensure!(read["content"]["body"] == "good day", "{read}");
    Ok(())
}

/// Uploaded and fetched through the authenticated endpoint.
fn media(host: &Host, name: &str, token: &str) -> Result<String> {
    let body = Value::String(String::from_utf8_lossy(PNG).into_owned());
    let way = Way::Outside(host);
    let upload =
        way.ask(("POST", name), "/_matrix/media/v3/upload?filename=a.txt", token, &body)?.ok()?;
    let uri = upload["content_uri"].as_str().context("no media")?.to_owned();
    let path = format!("/_matrix/client/v1/media/download/{}", uri.trim_start_matches("mxc://"));
    let fetched = way.ask(("GET", name), &path, token, &Value::Null)?;
    ensure!(fetched.status == 200 && *fetched.text == *body.to_string(), "{fetched:?}");
    let nobody = way.ask(("GET", name), &path, "", &Value::Null)?;
    ensure!(nobody.status == 401, "media without a token: {nobody:?}");
    Ok(path)
}

fn percent(text: &str) -> String {
    text.replace('!', "%21").replace(':', "%3A").replace('$', "%24").replace('@', "%40")
}

/// Only the declared ports answer, and the admin API does not.
fn closed(stage: &Stage<'_>) -> Result<()> {
    let open = [80, 443, 8448, 3478, 5349];
    let shut = [8008, 8081, 9000, 9090, 9093, 9100, 3000, 5050, 5432, 6379];
    let all: Vec<u16> = open.iter().chain(&shut).copied().collect();
    for address in [stage.host.v4().into(), stage.host.v6().into()] {
        for (port, state) in from_controller(address, &all) {
            let should = open.contains(&port);
            ensure!((state == Port::Open) == should, "{address} port {port} is {state:?}");
        }
    }
    let way = Way::Outside(stage.host);
    for path in
        ["/_synapse/admin/v1/register", "/_synapse/admin/v1/server_version", "/_synapse/metrics"]
    {
        for name in ["", "chat"] {
            let answer = way.ask(("GET", name), path, "", &Value::Null)?;
            ensure!([403, 404].contains(&answer.status), "{name} {path}: {answer:?}");
        }
    }
    Ok(())
}
