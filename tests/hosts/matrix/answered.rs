//! The whole table of requests, asked of the living stack: who gets one must know it.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::client::{Way, curl};
use super::percent;
use super::requests::{Door, Requests, Row};
use super::stage::{self, Stage};

/// Asks all of it with a session of its own, since the last request ends it.
pub fn by_those_who_know(stage: &Stage<'_>) -> Result<()> {
    let way = Way::Outside(stage.host);
    let session = way.log_in("chat", "admin", &stage.secret("matrix_secret_synapse_admin")?)?;
    let body = json!({ "name": "routes" });
    let made =
        way.ask(("POST", "chat"), "/_matrix/client/v3/createRoom", &session.token, &body)?.ok()?;
    let room = made["room_id"].as_str().context("no room")?.to_owned();
    let who = "/_matrix/client/v3/account/whoami";
    let who = way.ask(("GET", "chat"), who, &session.token, &Value::Null)?.ok()?;
    let device = who["device_id"].as_str().context("no device")?;
    let plain = [
        ("{room}", room.clone()),
        ("{user}", format!("@admin:{}", stage::DOMAIN)),
        ("{peer}", format!("@peer:{}", stage::DOMAIN)),
        ("{event}", "$tYpInG_send-0123".to_owned()),
        ("{device}", device.to_owned()),
        ("{alias}", format!("#state/send:{}", stage::DOMAIN)),
    ];
    let encoded = plain
        .clone()
        .map(|(name, value)| (name, percent(&value).replace('#', "%23").replace('/', "%2F")));
    let asked = Asked {
        stage,
        token: session.token,
        encoded: encoded.each_ref().map(|(name, value)| (*name, value.as_str())).to_vec(),
        plain: plain.each_ref().map(|(name, value)| (*name, value.as_str())).to_vec(),
    };
    let mut complaints = Vec::new();
    let table = Requests::read();
    let tiers = table.tiers.get("8gb").context("no such size")?;
    for row in &table.requests {
        let (status, text) = asked.ask(row)?;
        let is_json = text.starts_with(['{', '[']);
        let tier = tiers.get(&row.to);
        let is_right = if tier.is_some() {
            let is_unknown =
                [404, 405].contains(&status) && (text.contains("M_UNRECOGNIZED") || !is_json);
            // 502 in JSON: another server, which Synapse asked and which does not exist.
            let is_failure = status >= 500 && (status != 502 || !is_json);
            !is_failure && (!is_unknown || !row.known)
        } else {
            // The proxy itself says so, in words; Synapse would say it in JSON.
            status == 404 && !is_json
        };
        if !is_right {
            let path = row.path(&asked.encoded);
            let (door, method) = (row.door, &row.method);
            complaints.push(format!("{door:?} {method} {path} by {tier:?}: {status} {text}"));
        }
    }
    ensure!(
        complaints.is_empty(),
        "{} of {}: {complaints:#?}",
        complaints.len(),
        table.requests.len()
    );
    Ok(())
}

struct Asked<'a> {
    stage: &'a Stage<'a>,
    token: String,
    encoded: Vec<(&'a str, &'a str)>,
    plain: Vec<(&'a str, &'a str)>,
}

impl Asked<'_> {
    /// The status and the beginning of what came back.
    fn ask(&self, row: &Row) -> Result<(u16, String)> {
        let (path, body) = (row.path(&self.encoded), row.body(&self.plain));
        let name = format!("chat.{}", stage::DOMAIN);
        let base = match row.door {
            Door::Public => format!("https://{name}"),
            Door::Federation => format!("https://{name}:8448"),
            Door::Admin => "http://127.0.0.1:8081".to_owned(),
        };
        // The whole request is on standard input, the token with it.
        let mut config = format!(
            "url = \"{base}{path}\"\nrequest = \"{}\"\nheader = \"Authorization: Bearer {}\"\n\
             max-time = 30\ninsecure\nsilent\nshow-error\nwrite-out = \"\\n%{{http_code}}\"\n",
            row.method, self.token
        );
        if !body.is_empty() {
            let body = body.replace('\\', "\\\\").replace('"', "\\\"");
            config.push_str(&format!(
                "header = \"Content-Type: application/json\"\ndata = \"{body}\"\n"
            ));
        }
        let said = if row.door == Door::Admin {
            self.stage.host.exec_with_input("curl -K -", config.as_bytes())?.ok()?
        } else {
            for port in [443, 8448] {
                let resolved = format!("resolve = \"{name}:{port}:{}\"\n", self.stage.host.v4());
                config.push_str(&resolved);
            }
            curl(&["-K", "-"], &config)?
        };
        let (text, status) = said.rsplit_once('\n').context("no status")?;
        Ok((status.trim().parse()?, text.chars().take(200).collect()))
    }
}
