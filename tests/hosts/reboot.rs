//! A restart in the middle of a play: the host comes back and the play goes on, or it is said
//! that the host did not.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::controller::{Controller, wait_for};
use crate::lab::relay::Options as To;
use crate::lab::{Door, Host, Options, Relay, Release, lab_or_skip};

const PLAY: &str = r#"
- hosts: all
  gather_facts: false
  become: true
  tasks:
    - name: Ask which boot this is
      ansible.builtin.command: cat /proc/sys/kernel/random/boot_id
      register: before
      changed_when: false
    - name: Restart
      ansible.builtin.reboot: {reboot_timeout: 120, test_command: systemctl is-active ssh}
      register: restarted
    - name: Connect
      ansible.builtin.wait_for_connection: {delay: 1, timeout: 60}
      register: connected
    - name: Ask again
      ansible.builtin.command: cat /proc/sys/kernel/random/boot_id
      register: after
      changed_when: false
    - name: It was another boot
      ansible.builtin.assert:
        that:
          - restarted is changed
          - restarted.rebooted is true
          - restarted.elapsed >= 1
          - connected is not changed
          - connected.elapsed >= 1
          - before.stdout != after.stdout
    - name: Go on
      ansible.builtin.copy: {dest: /etc/mx-went-on, content: "{{ after.stdout }}\n", mode: "0644"}
"#;

const SHUT: &str = r"
- hosts: all
  gather_facts: false
  tasks:
    - name: Mark
      ansible.builtin.command: touch /etc/mx-mark
    - name: Restart
      ansible.builtin.reboot: {pre_reboot_delay: 1, reboot_timeout: 4}
    - name: Go on
      ansible.builtin.command: touch /etc/mx-went-on
";

const BOOT: &str = "cat /proc/sys/kernel/random/boot_id";

#[test]
fn a_play_goes_on_after_a_restart() -> Result<()> {
    if !lab_or_skip("a_play_goes_on_after_a_restart") {
        return Ok(());
    }
    for release in Release::ALL {
        goes_on(release).with_context(|| release.to_string())?;
    }
    Ok(())
}

fn goes_on(release: Release) -> Result<()> {
    let host = Host::up(release, &Options::named("again"))?;
    let controller = Controller::through(&[(&host, host.ssh())], "admin")?;
    controller.write("site.yml", PLAY)?;
    let boot = host.run(BOOT)?;

    let check = controller.start("check", "site.yml", &["--check"])?.end()?.expect(0)?;
    ensure!(check.out.contains("running → restarted"), "{check:#?}");
    ensure!(host.run(BOOT)? == boot, "`--check` restarted the host");

    let run = controller.apply("site.yml", &[])?.expect(0)?;
    ensure!(run.count(host.name(), "failed")? == 0, "{run:#?}");
    host.wait_until_up()?;
    let now = host.run(BOOT)?;
    ensure!(now != boot, "the host was not restarted: {run:#?}");
    ensure!(host.run("cat /etc/mx-went-on")? == now, "another boot was seen: {run:#?}");
    Ok(())
}

#[test]
fn a_host_that_does_not_come_back_has_failed() -> Result<()> {
    if !lab_or_skip("a_host_that_does_not_come_back_has_failed") {
        return Ok(());
    }
    let host = Host::up(Release::Debian13, &Options::named("gone"))?;
    let relay = Relay::start(To::to(host.ssh()))?;
    let controller = Controller::through(&[(&host, relay.address())], "root")?;
    controller.write("site.yml", SHUT)?;
    for door in [Door::Refuse, Door::Silent] {
        relay.set_door(Door::Open);
        let boot = host.run(BOOT)?;
        host.run("rm -f /etc/mx-mark")?;
        let running = controller.start("run", "site.yml", &["--yes"])?;
        // The connection that is there stays; no other is let in.
        wait_for("the mark", Duration::from_secs(60), || {
            Ok(host.exec("test -e /etc/mx-mark")?.success())
        })?;
        relay.set_door(door);
        let run = running.end()?.expect(2)?;
        ensure!(run.said().contains("the host is not back after 4 s: "), "{run:#?}");
        ensure!(run.count(host.name(), "failed")? == 1, "{run:#?}");
        host.wait_until_up()?;
        ensure!(host.run(BOOT)? != boot, "the host was not restarted: {run:#?}");
        ensure!(!host.exec("test -e /etc/mx-went-on")?.success(), "the play went on: {run:#?}");
    }
    Ok(())
}
