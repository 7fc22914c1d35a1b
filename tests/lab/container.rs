//! Booting a root filesystem with systemd as process 1.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

use super::address;
use super::cgroup::Cgroup;
use super::overlay::Overlay;

/// Folders that Docker needs off the overlay.
pub const PLAIN: [&str; 2] = ["/var/lib/docker", "/var/lib/containerd"];

/// Moves itself into the control group named first, then becomes the rest of its arguments.
const ENTER: &str = r#"echo $$ > "$1" && shift && exec setsid "$@""#;

/// What tells one boot from another.
#[derive(Debug)]
pub struct Boot<'a> {
    pub number: u16,
    pub hostname: &'a str,
    pub overlay: &'a Overlay,
    /// Where the console goes.
    pub console: &'a Path,
}

impl Boot<'_> {
    /// Starts it and returns at once. The child is systemd-nspawn, which stays as long as the
    /// host does, over reboots too.
    pub fn start(&self) -> Result<Child> {
        let machine = address::machine(self.number);
        let cgroup = Cgroup::of(&machine);
        cgroup.make()?;
        let console = File::create(self.console)
            .with_context(|| format!("cannot make `{}`", self.console.display()))?;
        Command::new("/bin/sh")
            .args(["-c", ENTER, "sh"])
            .arg(cgroup.procs())
            .args(["systemd-nspawn", "--quiet"])
            .arg(format!("--directory={}", self.overlay.merged().display()))
            .args(["--boot", "--register=no", "--keep-unit", "--console=pipe"])
            .arg(format!("--machine={machine}"))
            .arg(format!("--hostname={}", self.hostname))
            .arg(format!("--network-bridge={}", address::BRIDGE))
            .args(["--capability=all", "--drop-capability=CAP_SYS_TIME"])
            .arg("--system-call-filter=@keyring bpf add_key keyctl")
            .args([
                "--resolv-conf=copy-host",
                "--timezone=off",
                "--link-journal=no",
            ])
            .args(self.binds()?)
            .env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1")
            .env("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "yes")
            .stdin(Stdio::null())
            .stdout(
                console
                    .try_clone()
                    .context("cannot share the console file")?,
            )
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

/// How the host's folder on the controller names one of [`PLAIN`].
pub fn plain_name(inside: &str) -> String {
    inside.trim_start_matches('/').replace('/', "-")
}
