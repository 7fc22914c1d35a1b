//! Calls: credentials from Synapse, allocations over each transport, and peers that are out of reach.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::lab::{Host, Output};

use super::client::{Session, Way};
use super::stage::{self, Stage};

/// Where the other host sends back what it gets.
const PEER_PORT: u16 = 3480;

/// The variables that let relays reach the other host, which has a private address as all have here.
pub fn settings(peer: &Host) -> String {
    format!("coturn_allowed_peers: [{}]\n", peer.v4())
}

/// What Synapse gives a client for its calls.
struct Credentials {
    username: String,
    password: String,
}

/// A client on the other host; the peer is there too.
pub fn relays(stage: &Stage<'_>, other: &Host, session: &Session) -> Result<()> {
    let credentials = credentials(stage, session)?;
    let chain = stage.host.read_file("/opt/matrix/coturn/certs/fullchain.pem")?;
    other.write_file("/root/turn.pem", &chain)?;
    let peer = other.v4().to_string();
    other.run(&format!(
        "systemd-run -q --unit lab-peer turnutils_peer -L {peer} -p {PEER_PORT} && \
         timeout 10 sh -c 'until ss -Hlun sport = :{PEER_PORT} | grep -q .; do sleep 0.1; done'"
    ))?;
    for (what, flags) in
        [("UDP", "-p 3478"), ("TCP", "-t -p 3478"), ("TLS", "-t -S -E /root/turn.pem -p 5349")]
    {
        let said = ask(stage.host, other, &credentials, flags, &peer)?;
        let is_relayed = said.stdout.contains("Total lost packets 0 (0.000000%)");
        ensure!(said.success() && is_relayed, "over {what}: {said:?}");
    }
    let itself = stage.host.v4().to_string();
    for denied in ["127.0.0.1", "172.29.250.1", "10.87.0.1", &itself] {
        let said = ask(stage.host, other, &credentials, "-p 3478", denied)?;
        let is_refused = format!("{said:?}").contains("403 (Forbidden IP)");
        ensure!(!said.success() && is_refused, "the peer {denied}: {said:?}");
    }
    let wrong = Credentials { password: "wrong".to_owned(), ..credentials };
    let said = ask(stage.host, other, &wrong, "-p 3478", &peer)?;
    let is_refused = format!("{said:?}").contains("Cannot complete Allocation");
    ensure!(!said.success() && is_refused, "a wrong password is taken: {said:?}");
    Ok(())
}

fn credentials(stage: &Stage<'_>, session: &Session) -> Result<Credentials> {
    let given = Way::Outside(stage.host)
        .ask(("GET", "chat"), "/_matrix/client/v3/voip/turnServer", &session.token, &Value::Null)?
        .ok()?;
    let name = stage::DOMAIN;
    let expected = [
        format!("turn:{name}:3478?transport=udp"),
        format!("turn:{name}:3478?transport=tcp"),
        format!("turns:{name}:5349?transport=tcp"),
    ];
    let uris: Vec<&str> =
        given["uris"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    ensure!(uris == expected, "{given}");
    let text = |name: &str| Some(given.get(name)?.as_str()?.to_owned());
    Ok(Credentials {
        username: text("username").context("no user name")?,
        password: text("password").context("no password")?,
    })
}

/// Three packets to the peer and back, through one allocation.
fn ask(
    server: &Host,
    client: &Host,
    credentials: &Credentials,
    flags: &str,
    peer: &str,
) -> Result<Output> {
    let Credentials { username, password } = credentials;
    client.exec(&format!(
        "timeout 30 turnutils_uclient -c -n 3 -u '{username}' -w '{password}' {flags} \
         -e {peer} -r {PEER_PORT} {}",
        server.v4()
    ))
}
