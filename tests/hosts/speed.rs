//! How often mxprov and a converged host have to wait for each other. Counts, never times: those
//! depend on the machine, and `tests/bench` measures them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::controller::Controller;
use crate::lab::{self, Host, Options, Relay, Release, lab_or_skip, relay};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench");

/// Of these the login takes 8 or 9.
const MOST_ROUND_TRIPS: u64 = 16;

/// Applies the benchmark's playbook; what was said.
fn apply(inventory: &lab::inventory::Inventory) -> Result<String> {
    let known_hosts = format!("-o UserKnownHostsFile={}", inventory.known_hosts.display());
    let variables = serde_json::json!({ "ansible_ssh_common_args": known_hosts });
    let output = Command::new(env!("CARGO_BIN_EXE_mxprov"))
        .args(["apply", "site.yml", "--yes", "-e", &variables.to_string(), "-i"])
        .arg(&inventory.path)
        .current_dir(Path::new(FOLDER))
        .output()
        .context("mxprov cannot be run")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    Ok(said)
}

#[test]
fn sixty_tasks_on_a_converged_host_take_few_round_trips() -> Result<()> {
    if !lab_or_skip("sixty_tasks_on_a_converged_host_take_few_round_trips") {
        return Ok(());
    }
    let host = Host::up(Release::Debian13, &Options::named("near"))?;
    host.run("apt-get update")?;
    let relay = Relay::start(relay::Options::to(host.ssh()))?;
    let folder = tempfile::tempdir()?;
    let inventory =
        lab::inventory::write_through(folder.path(), &[(&host, relay.address())], "root")?;
    apply(&inventory)?;
    let before = relay.count();
    let said = apply(&inventory)?;
    let after = relay.count();
    ensure!(said.contains("changed=0 unreachable=0 failed=0"), "not converged:\n{said}");
    ensure!(after.connections - before.connections == 1, "{after:?}");
    let round_trips = after.round_trips - before.round_trips;
    ensure!(round_trips <= MOST_ROUND_TRIPS, "{round_trips} round trips:\n{said}");
    Ok(())
}

/// A command that only reads is sent in a second walk over the tasks.
const READS: &str = r#"
- hosts: all
  tasks:
    - name: Write
      ansible.builtin.copy: {dest: /etc/mx-read, content: "x\n", mode: "0644"}
    - name: Read
      ansible.builtin.command: cat /etc/mx-read
      changed_when: false
    - name: Stay
      ansible.builtin.file: {path: /etc/mx-read, state: file, owner: root}
"#;

#[test]
fn what_a_plan_without_changes_has_read_is_not_asked_again() -> Result<()> {
    if !lab_or_skip("what_a_plan_without_changes_has_read_is_not_asked_again") {
        return Ok(());
    }
    let host = Host::up(Release::Debian13, &Options::named("read"))?;
    let controller = Controller::of(&[&host])?;
    controller.write("site.yml", READS)?;
    let asked = || -> Result<(bool, bool)> {
        let run = controller.apply("site.yml", &["-vvv"])?.expect(0)?;
        let (plan, apply) = run.err.split_once("applying on").context("it applied nothing")?;
        Ok((plan.contains(" asked"), apply.contains(" asked")))
    };
    ensure!(asked()? == (true, true), "a host that changes is to be asked again");
    ensure!(asked()? == (true, false), "a converged host is not");
    host.run("rm /etc/mx-read")?;
    ensure!(asked()? == (true, true), "nor is it overlooked that it changed");
    ensure!(host.run("cat /etc/mx-read")? == "x");
    Ok(())
}
