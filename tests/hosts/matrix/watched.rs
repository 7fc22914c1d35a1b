//! Metrics of all that runs, panels with data, rules that can fire, and alerts that reach people.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::lab::Host;

use super::post::Post;
use super::stage::Stage;
use super::{states, wait};

/// Until the next answers of all targets, and until an alert has gone its way.
const PATIENCE: Duration = Duration::from_secs(300);

/// Containers that say nothing about themselves; of two, an exporter does.
const SILENT: [(&str, &str); 11] = [
    ("well-known", "static files"),
    ("postgres", "postgres-exporter"),
    ("redis", "redis-exporter"),
    ("element", "static files"),
    ("synapse-admin", "static files"),
    ("pgadmin", "has no metrics"),
    ("coturn", "its packages are built without metrics"),
    ("jitsi-web", "static files"),
    ("jitsi-prosody", "has no metrics"),
    ("jitsi-jicofo", "JSON, not metrics"),
    ("jitsi-jvb", "JSON, not metrics"),
];

/// Metrics that the lab does not have, and why.
const MISSING: [(&str, &str); 5] = [
    ("synapse_http_matrixfederationclient_responses_total", "no other server answers"),
    ("node_timex_offset_seconds", "containers may not ask for the clock's state"),
    ("node_timex_sync_status", "containers may not ask for the clock's state"),
    ("traefik_tls_certs_not_after", "the lab's proxy has no such metric"),
    ("mxprov_backup_offsite_last_success_timestamp_seconds", "nothing goes off-site here"),
];

/// How often and how soon, for a test that does not wait for minutes.
pub fn settings(telegram: &Post) -> String {
    format!(
        "monitoring_interval: 5s\nmonitoring_down_for: 10s\nmonitoring_group_wait: 1s\n\
         monitoring_group_interval: 5s\nmonitoring_telegram_chat: \"-42\"\n\
         monitoring_telegram_api: http://{}\nmatrix_secret_telegram: \"42:lab\"\n\
         monitoring_email_to: ops@matrix.test\n",
        telegram.address
    )
}

/// Every container that runs is a target that answers, and nothing else is one.
pub fn targets(stage: &Stage<'_>) -> Result<()> {
    let running = states(stage.host)?;
    let silent: BTreeMap<&str, &str> = SILENT.into();
    let expected: BTreeSet<String> = running
        .keys()
        .filter_map(|name| name.strip_prefix("matrix-"))
        .filter(|name| !silent.contains_key(name))
        .map(str::to_owned)
        .collect();
    wait(
        stage.host,
        &format!(
            "test \"$({} --data-urlencode 'query=count(up == 1)' | grep -o '\"[0-9]*\"]' | tr -dc 0-9)\" = {}",
            question("query"),
            expected.len()
        ),
    )
    .with_context(|| format!("not {expected:?}, but {:?}", ask(stage.host, "up")))?;
    let answer = get(stage.host, "targets", &[])?;
    let targets = answer["data"]["activeTargets"].as_array().context("no targets")?;
    let mut found = BTreeSet::new();
    for target in targets {
        let instance = target["labels"]["instance"].as_str().context("no instance")?;
        ensure!(target["health"] == "up", "{instance}: {}", target["lastError"]);
        found.insert(match instance.split(':').next().unwrap_or_default() {
            "localhost" => "prometheus".to_owned(),
            name if name.starts_with(|c: char| c.is_ascii_digit()) => "node-exporter".to_owned(),
            name => name.to_owned(),
        });
    }
    ensure!(found == expected, "targets are {found:?}, and {expected:?} run");
    Ok(())
}

/// Every query of every dashboard has data, and every rule the metrics that it looks at.
pub fn panels_and_rules(stage: &Stage<'_>) -> Result<()> {
    let list = stage.host.run("cat /opt/matrix/grafana/dashboards/*.json | jq -cs '.'")?;
    let boards: Vec<Value> = serde_json::from_str(&list)?;
    ensure!(boards.len() == 4, "{} dashboards", boards.len());
    // Rates need two answers of a target, and the backup was made a moment ago.
    let end = Instant::now() + PATIENCE;
    let mut empty = without_data(stage.host, &boards)?;
    while !empty.is_empty() && Instant::now() < end {
        std::thread::sleep(Duration::from_secs(1));
        empty = without_data(stage.host, &boards)?;
    }
    ensure!(empty.is_empty(), "no data: {empty:#?}");
    rules(stage)
}

/// The panels' queries that have no value, or none that is a number.
fn without_data(host: &Host, boards: &[Value]) -> Result<Vec<String>> {
    let mut empty = Vec::new();
    for board in boards {
        for panel in board["panels"].as_array().context("no panels")? {
            for query in panel["targets"].as_array().context("no queries")? {
                let expr = query["expr"].as_str().context("no query")?;
                let values = ask(host, expr)?;
                let is_excused = MISSING.iter().any(|(name, _)| expr.contains(name));
                if !is_excused && values.iter().all(|value| value == "NaN") {
                    empty.push(format!("{} {}: {expr}", board["title"], panel["title"]));
                }
            }
        }
    }
    Ok(empty)
}

/// Every rule is one that Prometheus can work out, of metrics that are there.
fn rules(stage: &Stage<'_>) -> Result<()> {
    let missing: BTreeMap<&str, &str> = MISSING.into();
    let names = get(stage.host, "label/__name__/values", &[])?;
    let names: BTreeSet<&str> =
        names["data"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let rules = get(stage.host, "rules", &[])?;
    let rules = rules["data"]["groups"][0]["rules"].as_array().context("no rules")?;
    ensure!(rules.len() > 15, "{} rules", rules.len());
    for rule in rules {
        ensure!(rule["health"] == "ok", "{rule}");
        let expr = rule["query"].as_str().context("no expression")?;
        for metric in metrics(expr) {
            let is_there = names.contains(metric) || missing.contains_key(metric);
            ensure!(is_there, "{} can never fire: there is no {metric}", rule["name"]);
        }
    }
    Ok(())
}

/// The names of metrics in a query: words with an underscore and a known beginning.
fn metrics(expr: &str) -> impl Iterator<Item = &str> {
    const SOURCES: [&str; 7] =
        ["node_", "mxprov_", "traefik_", "synapse_", "pg_", "redis_", "process_"];
    expr.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| SOURCES.iter().any(|source| word.starts_with(source)))
}

/// An exporter stops: both ways to people say so, and say when it is over.
pub fn alerts(stage: &Stage<'_>, telegram: &Post, mail: &Post) -> Result<()> {
    stage.host.run("docker stop matrix-redis-exporter")?;
    let instance = "redis-exporter:9121";
    let fired = telegram.wait_for(&["Alerts Firing", "TargetDown", instance], PATIENCE);
    let posted = mail.wait_for(&["[FIRING:1] TargetDown", instance], PATIENCE);
    stage.host.run("docker start matrix-redis-exporter")?;
    let fired = fired?;
    let is_addressed =
        fired.starts_with("/bot42:lab/sendMessage") && fired.contains(r#""chat_id":"-42""#);
    ensure!(is_addressed, "{fired}");
    // The page it leads to is the one that a tunnel leads to.
    ensure!(fired.contains("http://127.0.0.1:9090/graph"), "{fired}");
    ensure!(posted?.contains("RCPT TO:<ops@matrix.test>"), "the mail goes elsewhere");
    telegram.wait_for(&["Alerts Resolved", "TargetDown", instance], PATIENCE)?;
    mail.wait_for(&["[RESOLVED] TargetDown", instance], PATIENCE)?;
    Ok(())
}

fn question(path: &str) -> String {
    format!("curl -fsS -G http://127.0.0.1:9090/api/v1/{path}")
}

fn get(host: &Host, path: &str, parameters: &[(&str, &str)]) -> Result<Value> {
    let mut line = question(path);
    for (name, value) in parameters {
        line.push_str(&format!(" --data-urlencode '{name}={value}'"));
    }
    Ok(serde_json::from_str(&host.run(&line)?)?)
}

/// The values of a query, now.
fn ask(host: &Host, expr: &str) -> Result<Vec<String>> {
    let answer = get(host, "query", &[("query", expr)])?;
    let result =
        answer["data"]["result"].as_array().with_context(|| format!("{expr}: {answer}"))?;
    let values = result.iter().map(|one| one["value"][1].as_str().map(str::to_owned));
    values.collect::<Option<_>>().context("a value is no text")
}
