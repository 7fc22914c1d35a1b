//! The write detector: a login is not a write, everything else is.

use anyhow::{Result, ensure};

use crate::lab::{Host, Options, Release, Watch, lab_or_skip};

#[test]
fn a_login_is_not_a_write() -> Result<()> {
    if !lab_or_skip("a_login_is_not_a_write") {
        return Ok(());
    }
    for release in Release::ALL {
        let host = Host::up(release, &Options::named("quiet"))?;
        let watch = Watch::start(&host)?;
        for user in ["root", "admin"] {
            let reads =
                "sudo -n cat /etc/shadow /etc/ssh/sshd_config; systemctl list-units; dpkg -l";
            let output = host.ssh_command(user)?.arg(reads).output()?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let changes: Vec<_> = watch.changes()?.iter().map(ToString::to_string).collect();
        ensure!(changes.is_empty(), "{release}: {changes:?}");
    }
    Ok(())
}

const WRITES: [(&str, &str); 13] = [
    ("echo a > /etc/new", "created /etc/new"),
    ("echo a >> /etc/motd", "changed /etc/motd"),
    ("chmod 600 /etc/issue", "changed /etc/issue"),
    ("rm /etc/issue.net", "removed /etc/issue.net"),
    ("echo a > /opt/gone; rm /opt/gone", "changed /opt"),
    ("touch /dev/shm/a", "created /dev/shm/a"),
    ("touch /tmp/b; rm /tmp/b", "changed /tmp"),
    ("mkdir -p /run/c/d", "created /run/c/d"),
    ("mkdir -p /srv/e/f", "created /srv/e/f"),
    ("touch /var/lib/docker/g", "created /var/lib/docker/g"),
    ("systemctl restart dbus", "changed service dbus.service"),
    ("sysctl -w net.ipv4.conf.all.rp_filter=1", "changed sysctl net.ipv4.conf.all.rp_filter"),
    ("sysctl -w net.ipv4.ip_forward=1", "changed sysctl net.ipv4.ip_forward"),
];

#[test]
fn every_kind_of_write_is_seen() -> Result<()> {
    if !lab_or_skip("every_kind_of_write_is_seen") {
        return Ok(());
    }
    let host = Host::up(Release::Debian13, &Options::named("loud"))?;
    let watch = Watch::start(&host)?;
    for (script, _) in WRITES {
        host.run(script)?;
    }
    let changes: Vec<_> = watch.changes()?.iter().map(ToString::to_string).collect();
    for (script, expected) in WRITES {
        ensure!(changes.iter().any(|c| c == expected), "`{script}` is not in {changes:#?}");
    }
    // What was written before is not reported again, what is put back with new times is.
    let watch = Watch::start(&host)?;
    ensure!(watch.changes()?.is_empty());
    host.run("cp -p /etc/new /etc/copy && mv /etc/copy /etc/new")?;
    ensure!(!watch.changes()?.is_empty());
    Ok(())
}
