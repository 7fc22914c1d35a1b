//! Values that are wrong: refused by their names, and what runs goes on as it is.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

use crate::lab::{Host, Options, Release, lab_or_skip};

use super::stage::Stage;
use super::{ids, on_a_bare_host};

/// A role's tag, variables in which something is wrong, and the name that the refusal must have.
type Wrong = (&'static str, &'static str, &'static str);

/// What is judged before anything is sent; `tests/roles` has more of these.
const AT_PLAN: [Wrong; 6] = [
    ("coturn", r#"{"coturn_external_ips": ["here"]}"#, "coturn_external_ips"),
    ("redis", r#"{"redis_keepalive": "often"}"#, "redis_keepalive"),
    ("fail2ban", r#"{"fail2ban_ban": "ever"}"#, "fail2ban_ban"),
    ("traefik", r#"{"traefik_read_timeout": "long"}"#, "traefik_read_timeout"),
    ("monitoring", r#"{"monitoring_interval": "often"}"#, "monitoring_interval"),
    ("matrix", r#"{"matrix_smtp_host": "m:x"}"#, "matrix_smtp_host"),
];

/// What only the program itself can judge: it does, before its file is put in place.
const BY_THE_PROGRAM: [Wrong; 8] = [
    ("coturn", r#"{"coturn_denied_peers": ["300.1.1.1"]}"#, "coturn_denied_peers"),
    ("redis", r#"{"redis_keepalive": 99999999999}"#, "redis_"),
    ("fail2ban", r#"{"fail2ban_action": "nosuch"}"#, "fail2ban_action"),
    (
        "monitoring",
        r#"{"monitoring_extra_rules": [{"alert": "Odd", "expr": "sum(("}]}"#,
        "monitoring_extra_rules",
    ),
    (
        "monitoring",
        r#"{"monitoring_extra_targets": [{"targets": ["a:1"], "labels": {"job": ["b"]}}]}"#,
        "monitoring_extra_targets",
    ),
    (
        "monitoring",
        r#"{"monitoring_telegram_chat": "99999999999999999999"}"#,
        "monitoring_telegram_chat",
    ),
    ("synapse", r#"{"synapse_settings": {"rc_message": "fast"}}"#, "synapse_settings"),
    (
        "postgres",
        r#"{"postgres_settings": {"autovacuum_max_workers": "many"}}"#,
        "postgres_settings",
    ),
];

#[test]
fn a_wrong_value_is_refused_by_its_name_and_the_stack_runs_on() -> Result<()> {
    if !lab_or_skip("a_wrong_value_is_refused_by_its_name_and_the_stack_runs_on") {
        return Ok(());
    }
    let host = Host::up(Release::Debian13, &Options::named("refusing"))?;
    let stage =
        Stage::new(&host, &["--components", "element,coturn,monitoring,fail2ban,dashboard"])?;
    stage.set(
        "size",
        "matrix_size: 4gb\nmatrix_workers: { federation_sender: 0 }\n\
         monitoring_telegram_chat: 1\nmonitoring_telegram_api: http://127.0.0.1:1\n\
         matrix_secret_telegram: 1:a-token-of-the-lab\n",
    )?;
    on_a_bare_host(&stage)?;
    let (containers, files) = (ids(&host)?, files(&host)?);
    for wrong in AT_PLAN.iter().chain(&BY_THE_PROGRAM) {
        refused(&stage, wrong).with_context(|| wrong.1)?;
        ensure!(ids(&host)? == containers, "{}: other containers", wrong.1);
        let now = self::files(&host)?;
        let differ: Vec<_> = now
            .iter()
            .filter(|(path, sum)| files.get(*path) != Some(sum))
            .chain(files.iter().filter(|(path, _)| !now.contains_key(*path)))
            .collect();
        ensure!(differ.is_empty(), "{}: {differ:?}", wrong.1);
    }
    // What failed may have been half done, so the handlers that it notified stay owed until here.
    stage.apply("playbooks/matrix.yml", &["--yes", "--tags", "fail2ban"])?.success()?;
    ensure!(ids(&host)? == containers, "other containers in the end");
    let again = stage.apply("playbooks/matrix.yml", &["--yes"])?.success()?;
    ensure!(again.changed(&host)? == 0, "a deploy without them:\n{}", again.out);
    Ok(())
}

fn refused(stage: &Stage<'_>, (tag, variables, name): &Wrong) -> Result<()> {
    let flags = ["--yes", "--tags", tag, "-e", variables];
    let said = stage.apply("playbooks/matrix.yml", &flags)?;
    let text = format!("{}{}", said.out, said.err);
    ensure!(said.status == Some(2), "status {:?}\n{text}", said.status);
    let mut lines = text.lines().filter(|line| {
        let line = line.trim_start();
        line.starts_with("failed: ") || line.starts_with("wrong is the value of: ")
    });
    ensure!(lines.any(|line| line.contains(name)), "no `{name}` in the refusal:\n{text}");
    Ok(())
}

/// Checksums of what is configured, by path; logs and data are the programs' own.
fn files(host: &Host) -> Result<BTreeMap<String, String>> {
    let said = host.run(
        "find /opt/matrix /etc/fail2ban -type f -not -path '*/data/*' -not -path '*/logs/*' \
         -not -path '*/media/*' -not -path '*/tmp/*' -print0 | xargs -0 sha256sum",
    )?;
    let pairs = said.lines().filter_map(|line| line.split_once("  "));
    Ok(pairs.map(|(sum, path)| (path.to_owned(), sum.to_owned())).collect())
}
