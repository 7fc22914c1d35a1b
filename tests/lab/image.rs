//! Base images: one unpacked Debian root per release, built once per machine.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::lock::Lock;
use super::mirror::Mirror;
use super::release::Release;
use super::room::Room;
use super::tool;

/// What a bare Debian server has and mxprov may count on, and no Python.
const PACKAGES: &[&str] = &[
    "systemd",
    "systemd-sysv",
    "dbus",
    "libpam-systemd",
    "openssh-server",
    "sudo",
    "ca-certificates",
    "iproute2",
    "procps",
    "kmod",
    "netbase",
    "tzdata",
];

/// The user that may log in with the lab's key and has sudo.
pub const ADMIN: &str = "admin";
/// That user's password, for sudo where it asks for one.
pub const ADMIN_PASSWORD: &str = "lab-admin";

/// Run by mmdebstrap when the packages are in; `$1` is the new root.
fn hooks() -> Vec<String> {
    vec![
        format!(r#"chroot "$1" useradd --create-home --shell /bin/bash --groups sudo {ADMIN}"#),
        format!(r#"echo {ADMIN}:{ADMIN_PASSWORD} | chroot "$1" chpasswd"#),
        r#"rm -f "$1"/etc/ssh/ssh_host_*"#.to_owned(),
        r#"rm -f "$1"/etc/machine-id "$1"/var/lib/dbus/machine-id"#.to_owned(),
    ]
}

/// The image of a release, built now if this machine does not have it.
pub fn ensure(room: &Room, release: Release) -> Result<PathBuf> {
    let mirror = Mirror::of_machine()?;
    let arguments = arguments(&mirror, release);
    let name = format!("{}-{}", release.codename(), digest(&arguments, &mirror.sources(release)));
    let done = room.images().join(&name);
    if done.is_dir() {
        return Ok(done);
    }
    let _lock = Lock::take(room, &format!("image-{}", release.codename()))?;
    if done.is_dir() {
        return Ok(done);
    }
    let partial = room.images().join(format!("{name}.partial"));
    if partial.exists() {
        std::fs::remove_dir_all(&partial)
            .with_context(|| format!("cannot remove `{}`", partial.display()))?;
    }
    build(&mirror, release, &arguments, &partial)
        .with_context(|| format!("building the image of {release}"))?;
    std::fs::rename(&partial, &done)
        .with_context(|| format!("cannot name `{}`", done.display()))?;
    Ok(done)
}

fn arguments(mirror: &Mirror, release: Release) -> Vec<String> {
    let mut arguments = vec![
        "--mode=root".to_owned(),
        "--variant=minbase".to_owned(),
        "--format=directory".to_owned(),
        // The lists stay, so that `apt-get install` works at once and an update is a short answer.
        "--skip=cleanup/apt/lists".to_owned(),
        format!("--include={}", PACKAGES.join(",")),
    ];
    arguments.extend(mirror.options.iter().map(|option| format!("--aptopt={option}")));
    arguments.extend(hooks().into_iter().map(|hook| format!("--customize-hook={hook}")));
    arguments.push(release.codename().to_owned());
    arguments
}

fn build(
    mirror: &Mirror,
    release: Release,
    arguments: &[String],
    target: &std::path::Path,
) -> Result<()> {
    let mut all = arguments.to_vec();
    all.push(target.to_string_lossy().into_owned());
    // A mirror of `-` makes mmdebstrap read sources.list(5) from stdin.
    all.push("-".to_owned());
    let mut sources = mirror.sources(release).join("\n");
    sources.push('\n');
    tool::feed("mmdebstrap", &all, &sources)?;
    Ok(())
}

/// The first 12 hexadecimal digits of SHA-256 over the recipe.
fn digest(arguments: &[String], sources: &[String]) -> String {
    let recipe = [arguments, sources].concat().join("\0");
    let hash = Sha256::digest(recipe.as_bytes());
    let first: [u8; 8] = std::array::from_fn(|at| hash[at]);
    format!("{:016x}", u64::from_be_bytes(first))[..12].to_owned()
}
