//! A change that shuts us out is undone by the host itself, whatever became of the controller.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::controller::{Controller, wait_for};
use crate::lab::{Host, Options, Release, lab_or_skip};

/// How soon the host must take logins again.
const SOON: Duration = Duration::from_secs(60);

/// No rule lets SSH in.
const WALL: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - community.general.ufw: {rule: allow, port: "80", proto: tcp}
    - name: wall
      community.general.ufw: {state: enabled, policy: deny}
"#;

fn sshd(line: &str) -> String {
    format!(
        "- hosts: all\n  gather_facts: false\n  tasks:\n    - copy:\n        \
         dest: /etc/ssh/sshd_config.d/00-own.conf\n        content: \"{line}\\n\"\n      \
         notify: reload\n  handlers:\n    - name: reload\n      \
         service: {{name: ssh, state: reloaded}}\n"
    )
}

const WALLED: &str = "ufw status | grep -q 'Status: active'";
const REFUSING: &str = "journalctl -u ssh -o cat | grep -q 'Received SIGHUP'";

#[test]
fn a_host_that_shut_us_out_heals_itself() -> Result<()> {
    if !lab_or_skip("a_host_that_shut_us_out_heals_itself") {
        return Ok(());
    }
    let elsewhere = sshd("AuthorizedKeysFile /nowhere/%u");
    let refused = sshd("PubkeyAuthentication no");
    std::thread::scope(|scope| {
        let threads = [
            scope.spawn(|| shut_out(Release::Debian13, "wall", WALL, WALLED, false)),
            scope.spawn(|| shut_out(Release::Debian12, "wallkill", WALL, WALLED, true)),
            scope.spawn(|| shut_out(Release::Debian12, "keys", &elsewhere, REFUSING, false)),
            scope.spawn(|| shut_out(Release::Debian13, "keyskill", &refused, REFUSING, true)),
        ];
        threads.into_iter().try_for_each(|thread| thread.join().expect("no panic"))
    })
}

fn logs_in(host: &Host) -> Result<bool> {
    let mut ssh = host.ssh_command("root")?;
    Ok(ssh.args(["-o", "ConnectTimeout=2", "true"]).output()?.status.success())
}

/// `effect` holds on the host once the change has taken effect.
fn shut_out(release: Release, name: &str, play: &str, effect: &str, kill: bool) -> Result<()> {
    let host = Host::up(release, &Options::named(name))?;
    if play == WALL {
        host.run("DEBIAN_FRONTEND=noninteractive apt-get install -y ufw 2>/dev/null || { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y ufw; }")?;
    }
    ensure!(logs_in(&host)?, "{name}: before");
    let controller = Controller::of(&[&host])?;
    controller.write("site.yml", play)?;
    let mut running = controller.start("run", "site.yml", &["--yes"])?;
    wait_for("the change", SOON, || Ok(host.exec(effect)?.success()))?;
    let changed = Instant::now();
    if kill {
        running.child.kill()?;
    }
    ensure!(!logs_in(&host)?, "{name}: the change does not shut us out");
    wait_for("a login", SOON, || {
        std::thread::sleep(Duration::from_secs(1));
        logs_in(&host)
    })?;
    ensure!(changed.elapsed() < SOON, "{name}: {:?}", changed.elapsed());
    let run = running.end()?;
    if kill {
        ensure!(run.code.is_none(), "{name}: {run:#?}");
    } else {
        ensure!(run.code == Some(2) && run.count(name, "failed")? == 1, "{name}: {run:#?}");
        let why = "no new login was possible";
        ensure!(run.out.contains(why) && run.out.contains("put everything back"), "{run:#?}");
    }
    // A login is possible a moment before the host has done all of its healing.
    wait_for("the guard's end", SOON, || Ok(host.exec(DISARMED)?.success()))?;
    host.run("! ufw status 2>/dev/null | grep 'Status: active' && ! test -e /etc/ssh/sshd_config.d/00-own.conf")?;
    ensure!(host.run("systemctl list-timers --all --no-legend 'mxprov-guard-*'")?.is_empty());
    // The host is free for the next run: the same again is seen as a change again.
    let check =
        controller.start("check", "site.yml", &["--check", "--detailed-exitcode"])?.end()?;
    check.expect(3)?;
    Ok(())
}

#[test]
fn sshd_is_not_reloaded_with_what_it_refuses() -> Result<()> {
    if !lab_or_skip("sshd_is_not_reloaded_with_what_it_refuses") {
        return Ok(());
    }
    let host = Host::up(Release::Debian11, &Options::named("typo"))?;
    let controller = Controller::of(&[&host])?;
    for state in ["reloaded", "restarted"] {
        let play = sshd("PermitRootLogni yes").replace("reloaded", state);
        controller.write("site.yml", &play)?;
        let run = controller.apply("site.yml", &[])?.expect(2)?;
        ensure!(run.out.contains("sshd does not accept its configuration"), "{run:#?}");
        // systemd, had it been asked, would have noted sshd's complaint.
        let seen = host.exec("journalctl -u ssh -o cat | grep 'Bad configuration'")?;
        ensure!(seen.stdout.is_empty() && logs_in(&host)?, "{state}: {seen:?}");
        ensure!(host.run("systemctl is-active ssh")? == "active");
        // What would keep sshd from starting at the next boot is gone too.
        host.run("/usr/sbin/sshd -t && ! test -e /etc/ssh/sshd_config.d/00-own.conf")?;
        host.run("! ls -d /var/lib/mxprov-guard-* 2>/dev/null")?;
    }
    Ok(())
}

/// A change of sshd's configuration, something that takes its time, and only then the reload.
const SLOW: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - name: configure
      copy: {dest: /etc/ssh/sshd_config.d/00-own.conf, content: "MaxAuthTries 5\n"}
      notify: reload
    - name: slow
      shell: touch /run/mx-at; exec sleep 60
      args: {creates: /etc/mx-go}
  handlers:
    - name: reload
      service: {name: ssh, state: reloaded}
"#;

/// Nothing of the guard is there any more.
const DISARMED: &str = "! ls -d /var/lib/mxprov-guard-* 2>/dev/null && \
     test -z \"$(systemctl list-units --all --no-legend 'mxprov-guard-*')\"";
const OWN: &str = "test -e /etc/ssh/sshd_config.d/00-own.conf";
const RELOADED: &str =
    "sshd -T | grep -qx 'maxauthtries 5' && journalctl -u ssh -o cat | grep -q 'Received SIGHUP'";

#[test]
fn configuration_is_not_left_behind_unproven() -> Result<()> {
    if !lab_or_skip("configuration_is_not_left_behind_unproven") {
        return Ok(());
    }
    std::thread::scope(|scope| {
        let threads = [
            scope.spawn(|| killed_before_the_effect(Release::Debian12, "late", true)),
            scope.spawn(|| killed_before_the_effect(Release::Debian13, "soon", false)),
            scope.spawn(|| ended_before_the_effect(Release::Debian13, "ended")),
        ];
        threads.into_iter().try_for_each(|thread| thread.join().expect("no panic"))
    })
}

/// The host heals itself; the next run, also one that starts at once, makes the change again.
fn killed_before_the_effect(release: Release, name: &str, healed: bool) -> Result<()> {
    let host = Host::up(release, &Options::named(name))?;
    let controller = Controller::of(&[&host])?;
    controller.write("site.yml", SLOW)?;
    let mut running = controller.start("run", "site.yml", &["--yes"])?;
    wait_for("the slow task", SOON, || Ok(host.exec("test -e /run/mx-at")?.success()))?;
    ensure!(host.exec(OWN)?.success(), "{name}: the configuration is not changed");
    running.child.kill()?;
    running.end()?;
    host.run("touch /etc/mx-go")?;
    if healed {
        wait_for("the healing", SOON, || Ok(!host.exec(OWN)?.success()))?;
        wait_for("the guard's end", SOON, || Ok(host.exec(DISARMED)?.success()))?;
        ensure!(logs_in(&host)?, "{name}: no login");
    }
    let second = controller.apply("site.yml", &[])?.expect(0)?;
    ensure!(second.count(name, "changed")? == 2, "{name}: {second:#?}");
    host.run(OWN)?;
    host.run(RELOADED)?;
    let third = controller.apply("site.yml", &[])?.expect(0)?;
    ensure!(third.count(name, "changed")? == 0, "{name}: {third:#?}");
    wait_for("the guard's end", SOON, || Ok(host.exec(DISARMED)?.success()))
}

/// What the play itself leaves without effect is proven, or put back and said.
fn ended_before_the_effect(release: Release, name: &str) -> Result<()> {
    let host = Host::up(release, &Options::named(name))?;
    let controller = Controller::of(&[&host])?;
    let alone =
        SLOW.split("    - name: slow").next().unwrap_or_default().replace("notify", "vars: {} #");
    let fails = SLOW.replace("touch /run/mx-at; exec sleep 60", "exit 1");
    let (good, bad) = (alone.clone(), alone.replace("MaxAuthTries", "MaxAuthTriez"));
    for (what, play, code, said) in [
        ("a later task fails", fails, 2, "was put back as it was"),
        ("what sshd refuses", bad, 2, "sshd does not accept its configuration"),
        ("what sshd takes", good, 0, "changed configure"),
    ] {
        controller.write("site.yml", &play)?;
        let run = controller.apply("site.yml", &[])?.expect(code)?;
        ensure!(run.said().contains(said), "{what}: {run:#?}");
        ensure!(host.exec(OWN)?.success() == (code == 0), "{what}: {run:#?}");
        wait_for("the guard's end", SOON, || Ok(host.exec(DISARMED)?.success()))?;
    }
    host.run("rm /etc/ssh/sshd_config.d/00-own.conf")?;
    let task = "      meta: reset_connection\n";
    let slow = "      shell: touch /run/mx-at; exec sleep 60\n      args: {creates: /etc/mx-go}\n";
    controller.write("site.yml", &SLOW.replace(slow, task))?;
    let run = controller.apply("site.yml", &[])?.expect(0)?;
    ensure!(run.count(name, "changed")? == 2, "a new connection: {run:#?}");
    host.run(OWN)?;
    host.run(RELOADED)?;
    wait_for("the guard's end", SOON, || Ok(host.exec(DISARMED)?.success()))
}

/// A change of sshd's configuration, and a restart before it takes effect.
const RESTARTED: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - copy: {dest: /etc/ssh/sshd_config.d/00-own.conf, content: "MaxAuthTries 5\n"}
      notify: reload
    - reboot: {reboot_timeout: 120}
  handlers:
    - name: reload
      service: {name: ssh, state: reloaded}
"#;
const BOOT: &str = "cat /proc/sys/kernel/random/boot_id";

#[test]
fn a_boot_does_not_settle_what_was_not_proven() -> Result<()> {
    if !lab_or_skip("a_boot_does_not_settle_what_was_not_proven") {
        return Ok(());
    }
    std::thread::scope(|scope| {
        let cut = scope.spawn(|| power_is_cut(Release::Debian12, "power"));
        let meant = scope.spawn(|| a_restart_is_meant(Release::Debian13, "meant"));
        [cut, meant].into_iter().try_for_each(|thread| thread.join().expect("no panic"))
    })
}

/// Neither the watcher nor the controller sees it: the next boot starts a timer, which heals.
fn power_is_cut(release: Release, name: &str) -> Result<()> {
    let host = Host::up(release, &Options::named(name))?;
    let controller = Controller::of(&[&host])?;
    controller.write("site.yml", SLOW)?;
    let mut running = controller.start("run", "site.yml", &["--yes"])?;
    wait_for("the slow task", SOON, || Ok(host.exec("test -e /run/mx-at")?.success()))?;
    let boot = host.run(BOOT)?;
    // A host of the lab dies process by process, and the watcher might see the run's end.
    host.exec("systemctl kill --signal=STOP 'mxprov-guard-*-watch.service'; systemctl reboot --force --force")?;
    running.child.kill()?;
    running.end()?;
    wait_for("another boot", SOON, || Ok(host.run(BOOT).is_ok_and(|now| now != boot)))?;
    host.wait_until_up()?;
    ensure!(host.exec(OWN)?.success(), "{name}: it was put back before the power was cut");
    let unit = host.run("cd /etc/systemd/system && ls mxprov-guard-*-boot.timer")?;
    wait_for("the timer", SOON, || {
        Ok(host.exec(&format!("systemctl is-active {unit}"))?.success())
    })?;
    // What the timer starts, minutes before its time.
    host.run(&format!("systemctl start {}", unit.replace(".timer", ".service")))?;
    ensure!(!host.exec(OWN)?.success(), "{name}: it was not put back");
    wait_for("the guard's end", SOON, || Ok(host.exec(DISARMED)?.success()))?;
    host.run(
        "! ls /etc/systemd/system/*/mxprov-guard-* /etc/systemd/system/mxprov-guard-* 2>/dev/null",
    )?;
    ensure!(logs_in(&host)?, "{name}: no login");
    Ok(())
}

/// The login after the restart is the proof.
fn a_restart_is_meant(release: Release, name: &str) -> Result<()> {
    let host = Host::up(release, &Options::named(name))?;
    let controller = Controller::of(&[&host])?;
    controller.write("site.yml", RESTARTED)?;
    let boot = host.run(BOOT)?;
    let run = controller.apply("site.yml", &[])?.expect(0)?;
    ensure!(host.run(BOOT)? != boot && host.exec(OWN)?.success(), "{name}: {run:#?}");
    wait_for("the guard's end", SOON, || Ok(host.exec(DISARMED)?.success()))?;
    host.run(
        "! ls /etc/systemd/system/*/mxprov-guard-* /etc/systemd/system/mxprov-guard-* 2>/dev/null",
    )?;
    Ok(())
}
