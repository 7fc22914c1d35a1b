//! What a server runs works on the lab's hosts too: a firewall, fail2ban, cron, sysctl.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::lab::scan::{self, Port};
use crate::lab::{Host, Options, Release, Watch, lab_or_skip};

const INSTALL: &str = "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y \
                       --no-install-recommends";

#[test]
fn ufw_filters_v4_and_v6_as_another_host_sees_it() -> Result<()> {
    if !lab_or_skip("ufw_filters_v4_and_v6_as_another_host_sees_it") {
        return Ok(());
    }
    let stranger = Host::up(Release::Debian13, &Options::named("stranger"))?;
    for release in Release::ALL {
        let host = Host::up(release, &Options::named("walled"))?;
        host.run(&format!("{INSTALL} ufw"))?;
        let seen_from_both = |ip: IpAddr| -> Result<Vec<(u16, Port)>> {
            let near = scan::from_controller(ip, &[22, 81]);
            ensure!(near == scan::from_host(&stranger, ip, &[22, 81])?);
            Ok(near)
        };
        for ip in [host.v4().into(), host.v6().into()] {
            ensure!(
                seen_from_both(ip)? == [(22, Port::Open), (81, Port::Closed)],
                "{release} {ip}"
            );
        }
        let watch = Watch::start(&host)?;
        host.run("ufw allow 22/tcp && ufw --force enable")?;
        let changes: Vec<_> = watch.changes()?.iter().map(ToString::to_string).collect();
        ensure!(changes.iter().any(|change| change == "changed firewall"), "{changes:?}");
        for ip in [host.v4().into(), host.v6().into()] {
            let seen = seen_from_both(ip)?;
            ensure!(seen == [(22, Port::Open), (81, Port::Filtered)], "{release} {ip}: {seen:?}");
        }
    }
    Ok(())
}

#[test]
fn cron_fail2ban_and_sysctl_work() -> Result<()> {
    if !lab_or_skip("cron_fail2ban_and_sysctl_work") {
        return Ok(());
    }
    let host = Host::up(Release::Debian12, &Options::named("busy"))?;
    host.run(&format!("{INSTALL} cron fail2ban python3-systemd nftables"))?;
    host.write_file("/etc/cron.d/mark", b"* * * * * root touch /run/cron-was-here\n")?;
    host.write_file("/etc/fail2ban/jail.local", b"[sshd]\nenabled = true\nbackend = systemd\n")?;
    host.run("systemctl restart fail2ban")?;
    wait_for(&host, "fail2ban-client status sshd")?;
    host.run("sysctl -w net.ipv4.conf.all.rp_filter=1")?;
    ensure!(host.run("cat /proc/sys/net/ipv4/conf/all/rp_filter")? == "1");
    wait_for(&host, "test -e /run/cron-was-here")
}

fn wait_for(host: &Host, script: &str) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(75);
    loop {
        let output = host.exec(script)?;
        if output.success() {
            return Ok(());
        }
        ensure!(Instant::now() < end, "`{script}` does not come true: {output:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn ten_hosts_run_at_once() -> Result<()> {
    if !lab_or_skip("ten_hosts_run_at_once") {
        return Ok(());
    }
    let start = Instant::now();
    let threads: Vec<_> = (0..10)
        .map(|n| {
            let release = Release::ALL[n % 3];
            std::thread::spawn(move || Host::up(release, &Options::named(&format!("h{n}"))))
        })
        .collect();
    let hosts: Vec<Host> =
        threads.into_iter().map(|t| t.join().expect("no panic")).collect::<Result<_>>()?;
    for host in &hosts {
        ensure!(host.run("systemctl is-system-running")? == "running", "{}", host.name());
    }
    ensure!(start.elapsed() < Duration::from_secs(60), "it took {:?}", start.elapsed());
    Ok(())
}

#[test]
fn a_host_comes_back_from_a_reboot_with_its_address() -> Result<()> {
    if !lab_or_skip("a_host_comes_back_from_a_reboot_with_its_address") {
        return Ok(());
    }
    for release in Release::ALL {
        let host = Host::up(release, &Options::named("phoenix"))?;
        let old = host.leader()?;
        host.run("touch /etc/kept /run/lost")?;
        // The answer may be lost on the way down.
        drop(host.exec("systemctl reboot"));
        let end = Instant::now() + Duration::from_secs(60);
        while host.leader().ok().is_none_or(|leader| leader == old) {
            ensure!(Instant::now() < end, "{release} does not come back");
            std::thread::sleep(Duration::from_millis(20));
        }
        host.wait_until_up().with_context(|| format!("{release}"))?;
        host.run("test -e /etc/kept && ! test -e /run/lost")?;
        ensure!(host.ssh_command("root")?.arg("true").status()?.success());
    }
    Ok(())
}
