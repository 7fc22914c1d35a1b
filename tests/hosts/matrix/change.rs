//! One variable at a time: the plan names what it concerns, and nothing else is touched.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

use crate::lab::Host;
use crate::lab::scan::{Port, from_controller};

use super::stage::{self, Said, Stage};
use super::{ALL, wait};

/// The four processes of Synapse beside the main one.
const WORKERS: [&str; 4] = ["generic1", "generic2", "media1", "federation-sender1"];

pub fn one_by_one(stage: &Stage<'_>) -> Result<()> {
    upload(stage)?;
    worker(stage)?;
    password(stage)?;
    without_jitsi(stage)
}

fn upload(stage: &Stage<'_>) -> Result<()> {
    stage.set("upload", "synapse_max_upload_size: 20M\n")?;
    let mut processes = vec!["synapse".to_owned()];
    processes.extend(WORKERS.map(|name| format!("synapse-{name}")));
    let expected = Expected {
        files: vec!["synapse/config/homeserver.yaml", "compose.d/synapse.yml"],
        containers: processes,
        commands: vec![],
    };
    expected.after(stage, "playbooks/matrix.yml")?;
    Ok(())
}

fn worker(stage: &Stage<'_>) -> Result<()> {
    stage.set("workers", "matrix_workers: { generic: 3 }\n")?;
    let expected = Expected {
        files: vec![
            "synapse/config/worker-generic3.yaml",
            "synapse/config/log-generic3.yaml",
            "compose.d/synapse.yml",
            "traefik/dynamic/synapse.yml",
            "prometheus/targets/synapse.yml",
        ],
        containers: vec!["synapse-generic3".to_owned()],
        commands: vec![],
    };
    expected.after(stage, "playbooks/matrix.yml")?;
    let log = "/opt/matrix/synapse/logs/generic3.log";
    let ask = format!(
        "curl -sk -o /dev/null --resolve chat.{0}:443:127.0.0.1 \
         https://chat.{0}/_matrix/client/versions",
        stage::DOMAIN
    );
    wait(stage.host, &format!("{ask}; grep -q 'GET /_matrix/client/versions' {log}"))
}

/// Grafana has the old one in its database, and is told the new one without a restart.
fn password(stage: &Stage<'_>) -> Result<()> {
    let old = stage.secret("matrix_secret_grafana_admin")?;
    let new = "another-password-of-grafana";
    ensure!(logs_in(stage.host, &old)? == "200", "the first password is refused");
    // A second vault, which is read after the first.
    stage.seal("vault_later", &format!("matrix_secret_grafana_admin: {new}\n"))?;
    let expected = Expected {
        files: vec!["grafana/admin-password"],
        containers: vec![],
        commands: vec![
            "docker exec -i matrix-grafana grafana cli admin reset-admin-password \
             --password-from-stdin",
        ],
    };
    let said = expected.after(stage, "playbooks/matrix.yml")?;
    ensure!(!said.out.contains(new) && !said.err.contains(new), "the password is shown");
    ensure!(logs_in(stage.host, new)? == "200", "the new password is refused");
    ensure!(logs_in(stage.host, &old)? == "401", "the old password is taken");
    Ok(())
}

/// The status that Grafana answers to its admin.
fn logs_in(host: &Host, password: &str) -> Result<String> {
    let line = "curl -sS -o /dev/null -w '%{http_code}' -K - http://127.0.0.1:3000/api/user";
    host.exec_with_input(line, format!("user = \"admin:{password}\"\n").as_bytes())?.ok()
}

/// Its containers, routes and port go; its data stays; the others that name it follow.
fn without_jitsi(stage: &Stage<'_>) -> Result<()> {
    let rules = "ufw status | grep -c ' 10000/udp\\|^10000/udp' || :";
    ensure!(stage.host.run(rules)? == "2", "the port is not open");
    stage.components(&ALL.replace(",jitsi", ""))?;
    let parts = ["web", "prosody", "jicofo", "jvb"].map(|part| format!("jitsi-{part}"));
    let expected = Expected {
        files: vec![
            "/etc/mxprov/docker-user.v4",
            "/etc/mxprov/docker-user.v6",
            "traefik/certificates/self-signed.cnf",
            "traefik/dynamic/traefik.yml",
            "well_known/html/.well-known/matrix/client",
            "element/config.json",
            "compose.d/element.yml",
            "compose.d/jitsi.yml",
            "traefik/dynamic/jitsi.yml",
            ".env",
        ],
        containers: parts.into_iter().chain(["element".to_owned()]).collect(),
        commands: vec![
            "openssl req -x509",
            "ufw delete allow in proto udp from any to any port 10000",
        ],
    };
    expected.after(stage, "playbooks/site.yml")?;
    ensure!(stage.host.run(rules)? == "0", "the port is still open");
    for family in ["ip", "ip6"] {
        let kept = stage.host.run(&format!("{family}tables -S MXPROV-PUBLISHED"))?;
        ensure!(!kept.contains("10000") && kept.contains("443"), "{kept}");
    }
    ensure!(stage.host.exec("ls /opt/matrix/jitsi/prosody-data")?.success(), "its data is gone");
    let meet = format!(
        "curl -sk -o /dev/null -w '%{{http_code}}' --resolve meet.{0}:443:127.0.0.1 https://meet.{0}/",
        stage::DOMAIN
    );
    ensure!(stage.host.run(&meet)? == "404", "something answers for it");
    for (port, state) in from_controller(stage.host.v4().into(), &[443, 8448]) {
        ensure!(state == Port::Open, "{port} is {state:?}");
    }
    Ok(())
}

/// What a change concerns.
struct Expected {
    /// Below the stack's folder, or whole paths.
    files: Vec<&'static str>,
    /// Without the project's name.
    containers: Vec<String>,
    /// How the lines of the plan that run something begin.
    commands: Vec<&'static str>,
}

impl Expected {
    /// Applies, and compares this with the plan and with what became of the containers.
    fn after(&self, stage: &Stage<'_>, playbook: &str) -> Result<Said> {
        let before = containers(stage.host)?;
        let said = stage.apply(playbook, &["--yes"])?.success()?;
        let plan = said.out.split("\napplying on ").next().unwrap_or_default();
        let files: BTreeSet<String> =
            ["write", "create", "remove"].iter().flat_map(|verb| named(plan, verb)).collect();
        let expected: BTreeSet<String> = self
            .files
            .iter()
            .map(|path| {
                if path.starts_with('/') {
                    (*path).to_owned()
                } else {
                    format!("/opt/matrix/{path}")
                }
            })
            .collect();
        ensure!(files == expected, "the plan has the files {files:?}, not {expected:?}:\n{plan}");
        let expected: BTreeSet<String> =
            self.containers.iter().map(|name| format!("matrix-{name}")).collect();
        let planned: BTreeSet<String> = plan.lines().filter_map(container).collect();
        ensure!(planned == expected, "planned is {planned:?}, not {expected:?}:\n{plan}");
        let touched = difference(&before, &containers(stage.host)?);
        ensure!(touched == expected, "touched are {touched:?}, not {expected:?}:\n{}", said.out);
        let runs = plan.lines().filter_map(|line| {
            let line = line.trim_start();
            line.strip_prefix("run ").or_else(|| line.starts_with("ufw ").then_some(line))
        });
        let (mut commands, mut left) = (self.commands.clone(), Vec::new());
        for run in runs {
            match commands.iter().position(|known| run.starts_with(known)) {
                Some(at) => drop(commands.remove(at)),
                None => left.push(run),
            }
        }
        ensure!(commands.is_empty() && left.is_empty(), "runs {left:?}, not {commands:?}:\n{plan}");
        Ok(said)
    }
}

/// The paths after a word at the beginning of the lines of actions.
fn named(plan: &str, verb: &str) -> Vec<String> {
    let start = format!("    {verb} /");
    let lines = plan.lines().filter_map(|line| line.strip_prefix(&start));
    lines.map(|path| format!("/{path}")).collect()
}

/// The container of a line that says that it comes, goes or is made anew.
fn container(line: &str) -> Option<String> {
    let (name, what) = line.strip_prefix("      ")?.split_once(": ")?;
    let is_one = name.starts_with("matrix-") && !name.contains(' ');
    let is_touched = what.starts_with("created from")
        || what.contains("→ recreated")
        || what.contains("no file names its service");
    (is_one && is_touched).then(|| name.to_owned())
}

/// Each container that runs, with its id and the time of its start.
fn containers(host: &Host) -> Result<BTreeMap<String, String>> {
    let said = host.run(
        "docker ps -q | xargs docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}}'",
    )?;
    let pairs = said.lines().filter_map(|line| line.trim_start_matches('/').split_once(' '));
    Ok(pairs.map(|(name, id)| (name.to_owned(), id.to_owned())).collect())
}

/// Names whose container is another one, was started again, or is gone or new.
pub fn difference(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> BTreeSet<String> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}
