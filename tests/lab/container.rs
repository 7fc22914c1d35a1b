//! Booting a root filesystem with systemd as process 1.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

use super::address;
use super::cgroup::Cgroup;
use super::images;
use super::overlay::Overlay;
use super::room::Room;

/// Folders that Docker needs off the overlay.
pub const PLAIN: [&str; 2] = ["/var/lib/docker", "/var/lib/containerd"];

/// Starts systemd-nspawn in the control group named first, and again when the host reboots:
/// with `--keep-unit` it ends then, with status 133. The loop itself stays outside the group,
/// which must hold nothing but groups for its controllers to be handed on. The kernel takes its
/// time to remove the link of a network namespace that has ended, and the name is needed again.
const LOOP: &str = r#"
link=$1
shift
while :; do
    ip link delete "$link" 2>/dev/null
    sh -c 'echo $$ > "$1" && shift && exec "$@"' sh "$@"
    [ $? = 133 ] || break
done"#;

/// What tells one boot from another.
#[derive(Debug)]
pub struct Boot<'a> {
    pub number: u16,
    pub hostname: &'a str,
    pub overlay: &'a Overlay,
    pub room: &'a Room,
    /// Where the console goes.
    pub console: &'a Path,
}

impl Boot<'_> {
    /// Starts it and returns at once. The child stays as long as the host does, over
    /// reboots too.
    pub fn start(&self) -> Result<Child> {
        let machine = address::machine(self.number);
        let cgroup = Cgroup::of(&machine);
        let console = File::create(self.console)
            .with_context(|| format!("cannot make `{}`", self.console.display()))?;
        Command::new("setsid")
            .args(["/bin/sh", "-c", LOOP, "sh"])
            .arg(address::link(self.number))
            .arg(cgroup.procs())
            .args(["systemd-nspawn", "--quiet"])
            .arg(format!("--directory={}", self.overlay.merged().display()))
            .args(["--boot", "--register=no", "--keep-unit", "--console=pipe"])
            .arg(format!("--machine={machine}"))
            .arg(format!("--hostname={}", self.hostname))
            .arg(format!("--network-bridge={}", address::BRIDGE))
            .args(["--capability=all", "--drop-capability=CAP_SYS_TIME"])
            .arg("--system-call-filter=@keyring bpf add_key keyctl")
            .args(["--resolv-conf=copy-host", "--timezone=off", "--link-journal=no"])
            .args(self.binds()?)
            .arg(format!("--bind-ro={}:{}", self.room.images().display(), images::BASES))
            .arg(format!("--bind-ro={}:{}", self.room.layers().display(), images::LAYERS))
            .env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1")
            .env("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "yes")
            .stdin(Stdio::null())
            .stdout(console.try_clone().context("cannot share the console file")?)
            .stderr(console)
            .spawn()
            .context("cannot start systemd-nspawn")
    }

    fn binds(&self) -> Result<Vec<String>> {
        PLAIN
            .iter()
            .map(|inside| {
                let outside = self.overlay.plain(&plain_name(inside))?;
                Ok(format!("--bind={}:{inside}", outside.display()))
            })
            .collect()
    }
}

/// The controller's own resolver is the hosts' too, unless it only listens on loopback: then
/// systemd-resolved knows the ones behind it.
fn resolver_option() -> &'static str {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers = text.lines().filter_map(|line| line.strip_prefix("nameserver ")).map(str::trim);
    let is_reachable = |server: &str| !server.starts_with("127.") && server != "::1";
    if servers.into_iter().any(is_reachable) {
        "--resolv-conf=copy-host"
    } else {
        "--resolv-conf=copy-uplink"
    }
}

/// How the host's folder on the controller names one of [`PLAIN`].
pub fn plain_name(inside: &str) -> String {
    inside.trim_start_matches('/').replace('/', "-")
}
