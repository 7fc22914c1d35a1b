//! What a host runs with and no file shows: services, network settings, firewall rules.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::host::Host;

/// Services that come and go with a login.
const LOGIN_SERVICES: [&str; 3] = ["user@", "user-runtime-dir@", "systemd-logind."];
/// Settings that count or age by themselves, or appear when a module is loaded for any host.
const RESTLESS: [&str; 4] =
    ["net.netfilter.", "net.bridge.", ".base_reachable_time", ".stable_secret"];

/// Each with a name such as `service ssh.service`, `sysctl net.ipv4.ip_forward`, `firewall`.
pub fn take(host: &Host) -> Result<BTreeMap<String, String>> {
    let mut state = services(host)?;
    state.extend(settings(host)?);
    state.insert("firewall".to_owned(), firewall(host)?);
    Ok(state)
}

/// The invocation of each running service: a restart is a new one.
fn services(host: &Host) -> Result<BTreeMap<String, String>> {
    let said = host.run("systemctl show --property Id,InvocationID,ActiveState '*.service'")?;
    let mut services = BTreeMap::new();
    for block in said.split("\n\n") {
        let field = |name: &str| {
            let of = |line: &'_ str| line.strip_prefix(name).map(str::to_owned);
            block.lines().find_map(of).unwrap_or_default()
        };
        let (id, active) = (field("Id="), field("ActiveState="));
        let is_login = LOGIN_SERVICES.iter().any(|known| id.starts_with(known));
        if !is_login && matches!(active.as_str(), "active" | "reloading" | "failed") {
            let value = format!("{active} {}", field("InvocationID="));
            services.insert(format!("service {id}"), value);
        }
    }
    Ok(services)
}

/// Only the network's: the others are the machine's, and change with every host.
fn settings(host: &Host) -> Result<BTreeMap<String, String>> {
    let said = host.exec("sysctl -a --pattern '^net\\.'")?.stdout;
    let known = said.lines().filter_map(|line| line.split_once(" = "));
    let steady = known.filter(|(name, _)| !RESTLESS.iter().any(|restless| name.contains(restless)));
    Ok(steady.map(|(name, value)| (format!("sysctl {name}"), value.to_owned())).collect())
}

/// The rules without their counters, listed with the controller's nft: the host may have none.
fn firewall(host: &Host) -> Result<String> {
    let leader = host.leader()?.to_string();
    let output = Command::new("nsenter")
        .args(["--target", &leader, "--net", "nft", "--stateless", "list", "ruleset"])
        .output()
        .context("cannot start nsenter")?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cannot list the firewall of `{}`: {error}", host.name());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
