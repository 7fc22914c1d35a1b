//! What the roles of the stack write is looked at before it is put in place, and wrong values are
//! refused by name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::rendered::{plan, yaml};

/// The roles whose files programs of the stack read.
const ROLES: [&str; 14] = [
    "coturn",
    "dimension",
    "element",
    "fail2ban",
    "jitsi",
    "monitoring",
    "pgadmin",
    "postgres",
    "redis",
    "sliding_sync",
    "synapse",
    "synapse_admin",
    "traefik",
    "well_known",
];

/// Tasks that write a file which no program looks at before: role, the task's name, why.
const UNCHECKED: [(&str, &str, &str); 41] = [
    ("coturn", "Describe the container of TURN", COMPOSE),
    ("coturn", "Describe when certificates are taken over", SYSTEMD),
    ("coturn", "Install what takes certificates over", PROGRAM),
    ("dimension", "Configure Dimension", DATA),
    ("dimension", "Install the program that gets Dimension its token", PROGRAM),
    ("dimension", "Say how Dimension logs in", DATA),
    ("dimension", "Write Dimension's part of the stack", COMPOSE),
    ("element", "Configure Element", DATA),
    ("element", "Write Element's part of the stack", COMPOSE),
    ("fail2ban", "Have a log for every jail", SECRET),
    ("jitsi", "Configure Jitsi", COMPOSE),
    ("jitsi", "Describe the containers of Jitsi", COMPOSE),
    ("jitsi", "Let these accounts start conferences", SECRET),
    ("monitoring", "Configure Grafana", FIXED),
    ("monitoring", "Describe the containers of monitoring", COMPOSE),
    ("monitoring", "Give Alertmanager its secrets", SECRET),
    ("monitoring", "Give Grafana its dashboards", DATA),
    ("monitoring", "Give Grafana its password", SECRET),
    ("monitoring", "Give the exporters their passwords", SECRET),
    ("pgadmin", "Configure pgAdmin", FIXED),
    ("pgadmin", "Describe the container of pgAdmin", COMPOSE),
    ("postgres", "Describe PostgreSQL's service", COMPOSE),
    ("postgres", "Install the program that declares roles and databases", PROGRAM),
    ("postgres", "Say who may log in from where", FIXED),
    ("postgres", "Write the superuser's password", SECRET),
    ("redis", "Describe Redis's service", COMPOSE),
    ("redis", "Write the password of Redis", SECRET),
    ("sliding_sync", "Configure the proxy", COMPOSE),
    ("sliding_sync", "Write the proxy's part of the stack", COMPOSE),
    ("synapse", "Configure each process's log", ASSERTED),
    ("synapse", "Describe Synapse's services", COMPOSE),
    ("synapse", "Write Synapse's secrets", SECRET),
    ("synapse", "Write the password of the database", SECRET),
    ("synapse", "Write the signing key", SECRET),
    ("synapse_admin", "Configure the page", DATA),
    ("synapse_admin", "Write the page's part of the stack", COMPOSE),
    ("traefik", "Have the access log", SECRET),
    ("traefik", "Say which names the host signs a certificate for", ASSERTED),
    ("traefik", "Write Traefik's part of the stack", COMPOSE),
    ("well_known", "Write its part of the stack", COMPOSE),
    ("well_known", "Write the files", DATA),
];
const COMPOSE: &str = "`docker compose config` reads it at plan";
const SYSTEMD: &str = "no variable of people is in it";
const PROGRAM: &str = "a program, the same everywhere";
const DATA: &str = "JSON or YAML made of data";
const SECRET: &str = "a secret, or nothing, and no form";
const FIXED: &str = "no variable is in it";
const ASSERTED: &str = "assertions judge each value";

/// The files of tasks of a role.
fn task_files(role: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("roles").join(role).join("tasks");
    let entries = std::fs::read_dir(folder).expect("tasks");
    entries.map(|entry| entry.expect("a file").path()).collect()
}

#[test]
fn no_file_is_forgotten() {
    let mut found = BTreeSet::new();
    for role in ROLES {
        for path in task_files(role) {
            let tasks = yaml(&std::fs::read_to_string(&path).expect("tasks"));
            for task in tasks.as_array().expect("a list of tasks") {
                let writes = ["ansible.builtin.template", "ansible.builtin.copy"];
                let written = writes.iter().filter_map(|module| task.get(*module));
                if written.into_iter().any(|args| args.get("validate").is_none()) {
                    let name = task["name"].as_str().expect("a name").to_owned();
                    found.insert((role.to_owned(), name));
                }
            }
        }
    }
    let known: BTreeSet<(String, String)> =
        UNCHECKED.iter().map(|(role, name, _)| ((*role).to_owned(), (*name).to_owned())).collect();
    let unknown: Vec<_> = found.symmetric_difference(&known).collect();
    assert!(
        unknown.is_empty(),
        "neither checked nor known not to be, or known for nothing: {unknown:#?}"
    );
}

/// Every role has its images before it has files that they are asked about.
#[test]
fn images_come_before_files() {
    let images = |role: &str| -> Vec<Value> {
        let all = task_files(role).into_iter().flat_map(|path| {
            let tasks = yaml(&std::fs::read_to_string(path).expect("tasks"));
            tasks.as_array().cloned().unwrap_or_default()
        });
        all.filter_map(|task| task.get("mxprov_image").cloned()).collect()
    };
    for role in ROLES.iter().filter(|role| **role != "fail2ban") {
        let found = images(role);
        assert!(!found.is_empty(), "{role}");
        for image in found {
            assert_eq!(image["lock"], "{{ matrix_images_lock }}", "{role}");
            assert_eq!(image["pull"], "{{ matrix_pull_policy }}", "{role}");
        }
    }
}

#[test]
fn a_broken_value_is_refused_by_its_name_at_plan() {
    let bad = [
        ("coturn", "coturn_external_ips", json!(["here"])),
        ("coturn", "coturn_denied_peers", json!(["10.0.0.0/8"])),
        ("coturn", "coturn_realm", json!("a b")),
        ("coturn", "coturn_port", json!(70_000)),
        ("coturn", "coturn_version", json!("new")),
        ("coturn", "coturn_memory", json!("much")),
        ("monitoring", "monitoring_interval", json!("often")),
        ("monitoring", "monitoring_retention_size", json!("8 gigabytes")),
        ("monitoring", "monitoring_telegram_chat", json!("people")),
        ("monitoring", "monitoring_extra_rules", json!([{ "expr": "up" }])),
        ("monitoring", "monitoring_extra_targets", json!([{ "targets": ["http://a:1/"] }])),
        ("fail2ban", "fail2ban_ban", json!("ever")),
        ("fail2ban", "fail2ban_ignored", json!(["a b"])),
        ("redis", "redis_keepalive", json!("often")),
        ("matrix", "matrix_smtp_host", json!("m:x")),
        ("postgres", "postgres_work_mem", json!("all")),
    ];
    for (tag, name, value) in bad {
        let variables = json!({
            "mxprov_components": ["synapse", "coturn", "monitoring", "fail2ban"],
            name: value,
        });
        let plan = plan(tag, &variables);
        let refusal = plan.said.lines().find(|line| line.contains("failed: "));
        assert_eq!(plan.code, Some(2), "{name}={value}: {}", plan.said);
        assert!(refusal.is_some_and(|line| line.contains(name)), "{name}={value}: {refusal:?}");
    }
}
