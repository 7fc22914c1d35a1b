//! The bridge that joins the hosts and the controller, and the way out.

use std::fs;

use anyhow::{Context as _, Result};

use super::address;
use super::lock::Lock;
use super::room::Room;
use super::tool;

/// systemd takes several inotify instances a host; the usual 128 end at about 24 hosts.
const INOTIFY_INSTANCES: u32 = 4096;
const INOTIFY_WATCHES: u32 = 524_288;

/// Makes the bridge, the NAT and the limits if they are missing. The bridge stays: it is
/// shared by all processes of the machine, and an idle one costs nothing.
pub fn ensure(room: &Room) -> Result<()> {
    let _lock = Lock::take(room, "bridge")?;
    raise("fs/inotify/max_user_instances", INOTIFY_INSTANCES)?;
    raise("fs/inotify/max_user_watches", INOTIFY_WATCHES)?;
    raise("net/ipv4/ip_forward", 1)?;
    let bridge = address::BRIDGE;
    if !fs::exists(format!("/sys/class/net/{bridge}"))? {
        make(bridge)?;
    }
    nat()
}

fn make(bridge: &str) -> Result<()> {
    let v4 = format!("{}/{}", address::CONTROLLER_V4, address::PREFIX_V4);
    let v6 = format!("{}/{}", address::CONTROLLER_V6, address::PREFIX_V6);
    tool::run("ip", ["link", "add", bridge, "type", "bridge"])?;
    tool::run("ip", ["address", "add", &v4, "dev", bridge])?;
    // Without `nodad` the address is of no use for the first second.
    tool::run("ip", ["-6", "address", "add", &v6, "dev", bridge, "nodad"])?;
    tool::run("ip", ["link", "set", bridge, "up"])?;
    Ok(())
}

/// Replaces the lab's own table, in one transaction.
fn nat() -> Result<()> {
    let network = address::network_v4();
    let rules = format!(
        "table ip mxlab\ndelete table ip mxlab\ntable ip mxlab {{\n chain post {{\n  \
         type nat hook postrouting priority srcnat;\n  \
         ip saddr {network} ip daddr != {network} masquerade\n }}\n}}\n"
    );
    tool::feed("nft", ["-f", "-"], &rules)?;
    Ok(())
}

fn raise(sysctl: &str, least: u32) -> Result<()> {
    let path = format!("/proc/sys/{sysctl}");
    let now = fs::read_to_string(&path).with_context(|| format!("cannot read `{path}`"))?;
    if now.trim().parse().unwrap_or(0_u32) < least {
        fs::write(&path, least.to_string()).with_context(|| format!("cannot write `{path}`"))?;
    }
    Ok(())
}
