//! The host as others see it: its sshd, its firewall, its Docker.

use std::net::IpAddr;

use anyhow::{Context as _, Result, ensure};

use crate::lab::scan::{self, Port};
use crate::lab::{Host, container_image};

/// What `sshd -T` must say, on every release.
const SSHD: [&str; 8] = [
    "permitrootlogin without-password",
    "passwordauthentication no",
    "permitemptypasswords no",
    "x11forwarding no",
    "allowtcpforwarding local",
    "maxsessions 20",
    "loglevel VERBOSE",
    "pubkeyauthentication yes",
];

/// sshd has the settings, lets a key in and no password.
pub fn sshd(host: &Host) -> Result<()> {
    let settings = host.run("sshd -T")?;
    for wanted in SSHD {
        ensure!(settings.lines().any(|line| line == wanted), "no `{wanted}` in:\n{settings}");
    }
    ensure!(host.ssh_command("root")?.arg("true").status()?.success(), "a key is not let in");
    let mut password = host.ssh_command("root")?;
    let said = password.args(["-v", "-o", "PubkeyAuthentication=no", "true"]).output()?;
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let offered = said.lines().find(|line| line.contains("Authentications that can continue"));
    ensure!(offered.is_some_and(|line| line.trim_end().ends_with(": publickey")), "{said}");
    Ok(())
}

/// ufw is on with the declared rules and no others, in v4 and v6.
pub fn firewall(host: &Host) -> Result<()> {
    let status = host.run("ufw status verbose")?;
    // Where nothing is forwarded at all, ufw says so instead.
    let is_denied = ["deny", "disabled"].iter().any(|routed| {
        status
            .contains(&format!("\nDefault: deny (incoming), allow (outgoing), {routed} (routed)\n"))
    });
    ensure!(status.starts_with("Status: active\n") && is_denied, "{status}");
    let rules = status.lines().filter(|line| line.contains("ALLOW"));
    let mut open: Vec<&str> = rules.filter_map(|line| line.split("ALLOW").next()).collect();
    open.iter_mut().for_each(|port| *port = port.trim());
    open.sort_unstable();
    let wanted = ["22/tcp", "22/tcp (v6)", "443/tcp", "443/tcp (v6)", "80/tcp", "80/tcp (v6)"];
    ensure!(open == wanted, "{status}");
    Ok(())
}

/// A container runs, with the daemon's settings.
pub fn docker(host: &Host) -> Result<()> {
    container_image::import(host)?;
    let image = container_image::NAME;
    ensure!(host.run(&format!("docker run --rm {image} echo from inside"))? == "from inside");
    let about = host.run("docker info -f '{{.LoggingDriver}} {{.LiveRestoreEnabled}}'")?;
    ensure!(about == "local true", "{about}");
    host.run("docker compose version")?;
    Ok(())
}

const UNDECLARED: u16 = 8080;
const DECLARED: u16 = 80;

/// Of two containers' published ports only the declared one is open, in v4 and v6; also after
/// Docker's restart and the firewall's reload.
pub fn published_ports(host: &Host, stranger: &Host) -> Result<()> {
    let image = container_image::NAME;
    for port in [DECLARED, UNDECLARED] {
        let flags = format!("-d --restart always -p {port}:80 --name web{port}");
        host.run(&format!("docker run {flags} {image} httpd -f -h /www"))?;
    }
    for port in [DECLARED, UNDECLARED] {
        let fetch = format!("docker exec web{port} wget -qO- http://127.0.0.1/");
        ensure!(host.run(&fetch)? == "hello from the lab", "web{port} does not serve");
    }
    only_declared(host, stranger).context("at first")?;
    // That the scan would see it, if it were not for our rules.
    host.run("systemctl stop mxprov-docker-user")?;
    let v4: IpAddr = host.v4().into();
    ensure!(scan::from_host(stranger, v4, &[UNDECLARED])? == [(UNDECLARED, Port::Open)]);
    host.run("systemctl start mxprov-docker-user")?;
    host.run("ufw reload && systemctl restart docker")?;
    only_declared(host, stranger).context("after a restart")
}

fn only_declared(host: &Host, stranger: &Host) -> Result<()> {
    let wanted = [
        (22, Port::Open),
        (DECLARED, Port::Open),
        (443, Port::Closed),
        (2375, Port::Filtered),
        (UNDECLARED, Port::Filtered),
    ];
    let ports = wanted.map(|(port, _)| port);
    for ip in [IpAddr::from(host.v4()), host.v6().into()] {
        let seen = scan::from_host(stranger, ip, &ports)?;
        ensure!(seen == wanted, "{ip}: {seen:?}");
    }
    Ok(())
}
