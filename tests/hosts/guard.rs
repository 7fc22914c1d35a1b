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
    host.run("! ufw status 2>/dev/null | grep 'Status: active' && ! test -e /etc/ssh/sshd_config.d/00-own.conf")?;
    ensure!(host.run("systemctl list-timers --all --no-legend 'mxprov-guard-*'")?.is_empty());
    wait_for("the guard's end", Duration::from_secs(10), || {
        Ok(host.exec("! ls -d /run/mxprov-guard-* 2>/dev/null")?.success())
    })?;
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
        host.run("! ls -d /run/mxprov-guard-* 2>/dev/null")?;
    }
    Ok(())
}
