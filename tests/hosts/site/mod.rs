//! The whole journey on fresh hosts: a plan that writes nothing, an apply that does what the plan
//! said and nothing else, a second one with nothing to do, and the host as others see it.

mod backup;
mod offsite;
mod outside;
mod said;
mod stage;

use anyhow::{Context as _, Result, ensure};

use crate::lab::{DockerRepository, Host, Options, Release, Watch, lab_or_skip};
use crate::recipient::Recipient;
use said::Counts;
use stage::Stage;

const SITE: &[&str] = &["playbooks/site.yml"];
const BASE_AND_FIREWALL: &[&str] = &["playbooks/base.yml", "playbooks/firewall.yml"];

#[test]
fn site_is_planned_applied_and_done_on_debian_12() -> Result<()> {
    if !lab_or_skip("site_is_planned_applied_and_done_on_debian_12") {
        return Ok(());
    }
    whole_site(Release::Debian12)
}

#[test]
fn site_is_planned_applied_and_done_on_debian_13() -> Result<()> {
    if !lab_or_skip("site_is_planned_applied_and_done_on_debian_13") {
        return Ok(());
    }
    whole_site(Release::Debian13)
}

#[test]
fn base_and_firewall_are_planned_applied_and_done_on_debian_11() -> Result<()> {
    if !lab_or_skip("base_and_firewall_are_planned_applied_and_done_on_debian_11") {
        return Ok(());
    }
    let host = Host::up(Release::Debian11, &Options::named("site"))?;
    let stage = Stage::new(&host, &serde_json::json!({ "mxprov_components": ["web"] }))?;
    converges(&stage, BASE_AND_FIREWALL)?;
    outside::sshd(&host)?;
    outside::firewall(&host)
}

fn whole_site(release: Release) -> Result<()> {
    let repository = DockerRepository::serve()?;
    let key = Recipient::new()?;
    let host = Host::up(release, &Options::named("site"))?;
    let variables = serde_json::json!({
        "mxprov_components": ["web"],
        // The machine's disk is the host's: a few gigabytes less must not decide this test.
        "preflight_disk": [{ "path": "/", "free_mb": 1024 }, { "path": "/var", "free_mb": 1024 }],
        "docker_repository_url": repository.url(),
        "docker_key_fingerprint": repository.fingerprint(),
        "backup_recipients": [{ "fingerprint": key.fingerprint(), "key": key.public()? }],
    });
    let stage = Stage::new(&host, &variables)?;
    converges(&stage, SITE)?;
    outside::sshd(&host).context("sshd")?;
    outside::firewall(&host).context("ufw")?;
    outside::docker(&host).context("docker")?;
    let stranger = Host::up(Release::Debian13, &Options::named("stranger"))?;
    outside::published_ports(&host, &stranger).context("published ports")?;
    backup::runs_as_cron_would(&host, &key).context("backup")
}

/// The plan, the same change, and then nothing left to do.
fn converges(stage: &Stage<'_>, playbooks: &[&str]) -> Result<()> {
    let watch = Watch::start(stage.host)?;
    let check = stage.apply(playbooks, &["--check"])?.success()?;
    let writes: Vec<String> = watch.changes()?.iter().map(ToString::to_string).collect();
    ensure!(writes.is_empty(), "`--check` wrote: {writes:#?}");
    let planned = said::planned(&check.out, stage.host.name())?;
    let counts = Counts::of(&check.out, stage.host.name())?;
    ensure!(counts.failed == 0 && counts.changed > 0, "{counts:?}");
    let foreseen = counts.changed + counts.unknown;
    ensure!(counts.unknown * 10 <= foreseen, "more than one in ten is unknown: {counts:?}");

    let apply = stage.apply(playbooks, &["--yes", "--diff"])?.success()?;
    let done = said::applied(&apply.out, stage.host.name())?;
    let differences = said::differences(&planned, &done);
    ensure!(differences.is_empty(), "not as planned:\n{}", differences.join("\n"));
    ensure!(Counts::of(&apply.out, stage.host.name())?.failed == 0, "{}", apply.out);

    let again = stage.apply(playbooks, &["--yes", "--diff"])?.success()?;
    let counts = Counts::of(&again.out, stage.host.name())?;
    let is_done = counts.changed == 0 && counts.unknown == 0 && counts.failed == 0;
    ensure!(is_done && again.out.contains("nothing to do"), "a second run:\n{}", again.out);
    Ok(())
}
