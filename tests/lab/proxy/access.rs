//! The access log, with Traefik's fields in Traefik's order, and its counters.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;

use crate::proxy::fixed::AccessLog;

/// One request and its answer.
#[derive(Debug, Default, Clone)]
pub struct Line {
    pub entry_point: String,
    pub client: String,
    pub user: String,
    pub authority: String,
    pub method: String,
    /// With the query.
    pub path: String,
    pub protocol: String,
    pub is_tls: bool,
    /// As `name@file`; empty if there is none.
    pub router: String,
    pub service: String,
    pub server: String,
    pub origin_status: u16,
    pub status: u16,
    pub size: u64,
    pub duration: Duration,
}

/// Where entries go.
#[derive(Debug, Default)]
pub struct Log {
    path: Option<PathBuf>,
    is_on: bool,
    is_json: bool,
    file: Mutex<Option<File>>,
    counts: Mutex<BTreeMap<String, u64>>,
}

impl Log {
    pub fn open(settings: Option<&AccessLog>) -> Result<Self, String> {
        let log = Self {
            path: settings.and_then(|settings| settings.file_path.clone()),
            is_on: settings.is_some(),
            is_json: settings.is_some_and(|settings| settings.format.as_deref() == Some("json")),
            ..Self::default()
        };
        log.reopen()?;
        Ok(log)
    }

    /// After the file was renamed.
    pub fn reopen(&self) -> Result<(), String> {
        let Some(path) = &self.path else { return Ok(()) };
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|error| format!("error opening {}: {error}", path.display()))?;
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(())
    }

    pub fn write(&self, entry: &Line) {
        self.count(entry);
        if !self.is_on {
            return;
        }
        let line = if self.is_json { as_json(entry) } else { as_common(entry) };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk does not stop Traefik either.
        match file.as_mut() {
            Some(file) => drop(writeln!(file, "{line}")),
            None => drop(writeln!(std::io::stdout(), "{line}")),
        }
    }

    fn count(&self, entry: &Line) {
        let labels = |kind: &str, name: &str| {
            let (code, method, protocol) = (entry.status, &entry.method, protocol(entry));
            format!(
                "traefik_{kind}_requests_total{{code=\"{code}\",{kind}=\"{name}\",\
                 method=\"{method}\",protocol=\"{protocol}\"}}"
            )
        };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(labels("entrypoint", &entry.entry_point)).or_default() += 1;
        if !entry.router.is_empty() {
            *counts.entry(labels("router", &entry.router)).or_default() += 1;
        }
        if !entry.service.is_empty() {
            *counts.entry(labels("service", &entry.service)).or_default() += 1;
        }
    }

    /// The counters as Prometheus reads them.
    pub fn metrics(&self) -> String {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for kind in ["entrypoint", "router", "service"] {
            let name = format!("traefik_{kind}_requests_total");
            text += &format!("# TYPE {name} counter\n");
            for (series, count) in counts.iter().filter(|(series, _)| series.starts_with(&name)) {
                text += &format!("{series} {count}\n");
            }
        }
        text
    }
}

fn protocol(entry: &Line) -> &'static str {
    if entry.is_tls { "https" } else { "http" }
}

fn as_json(entry: &Line) -> String {
    let (host, port) = entry.client.rsplit_once(':').unwrap_or((&entry.client, ""));
    let (name, asked_port) = entry.authority.rsplit_once(':').unwrap_or((&entry.authority, "-"));
    let now = jiff::Timestamp::now().to_string();
    json!({
        "ClientAddr": entry.client,
        "ClientHost": host.trim_matches(['[', ']']),
        "ClientPort": port,
        "ClientUsername": if entry.user.is_empty() { "-" } else { &entry.user },
        "DownstreamContentSize": entry.size,
        "DownstreamStatus": entry.status,
        "Duration": u64::try_from(entry.duration.as_nanos()).unwrap_or(u64::MAX),
        "OriginStatus": entry.origin_status,
        "RequestAddr": entry.authority,
        "RequestHost": name,
        "RequestMethod": entry.method,
        "RequestPath": entry.path,
        "RequestPort": asked_port,
        "RequestProtocol": entry.protocol,
        "RequestScheme": protocol(entry),
        "RouterName": entry.router,
        "ServiceName": entry.service,
        "ServiceURL": entry.server,
        "StartUTC": now,
        "entryPointName": entry.entry_point,
        "level": "info",
        "msg": "",
        "time": now,
    })
    .to_string()
}

fn as_common(entry: &Line) -> String {
    let host = entry.client.rsplit_once(':').map_or(&*entry.client, |(host, _)| host);
    let user = if entry.user.is_empty() { "-" } else { &entry.user };
    let when = jiff::Zoned::now().strftime("%d/%b/%Y:%H:%M:%S %z").to_string();
    format!(
        "{host} - {user} [{when}] \"{} {} {}\" {} {} \"-\" \"-\" 1 \"{}\" \"{}\" {}ms",
        entry.method,
        entry.path,
        entry.protocol,
        entry.status,
        entry.size,
        entry.router,
        entry.server,
        entry.duration.as_millis()
    )
}
