//! Base images: one unpacked Debian root per release, built once per machine.

use std::path::{Path, PathBuf};

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
    // The mirror is the machine's and no part of the recipe; asking apt for it takes longer than
    // a boot.
    let recipe = recipe(release);
    let name = format!("{}-{}", release.codename(), digest(&recipe));
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
    build(release, recipe, &partial).with_context(|| format!("building the image of {release}"))?;
    std::fs::rename(&partial, &done)
        .with_context(|| format!("cannot name `{}`", done.display()))?;
    Ok(done)
}

/// The options of mmdebstrap(1) that are the same on every machine.
fn recipe(release: Release) -> Vec<String> {
    let mut options = vec![
        "--mode=root".to_owned(),
        "--variant=minbase".to_owned(),
        "--format=directory".to_owned(),
        // The lists stay, so that `apt-get install` works at once and an update is a short answer.
        "--skip=cleanup/apt/lists".to_owned(),
        format!("--include={}", PACKAGES.join(",")),
    ];
    options.extend(hooks().into_iter().map(|hook| format!("--customize-hook={hook}")));
    options.push(release.codename().to_owned());
    options
}

fn build(release: Release, recipe: Vec<String>, target: &Path) -> Result<()> {
    let mirror = Mirror::of_machine()?;
    let machine = mirror.options.iter().map(|option| format!("--aptopt={option}"));
    let mut arguments: Vec<String> = machine.chain(recipe).collect();
    arguments.push(target.to_string_lossy().into_owned());
    // A mirror of `-` makes mmdebstrap read sources.list(5) from stdin.
    arguments.push("-".to_owned());
    let mut sources = mirror.sources(release).join("\n");
    sources.push('\n');
    tool::feed("mmdebstrap", &arguments, &sources)?;
    Ok(())
}

/// The first 12 hexadecimal digits of SHA-256 over the recipe.
fn digest(recipe: &[String]) -> String {
    let hash = Sha256::digest(recipe.join("\0").as_bytes());
    let first: [u8; 8] = std::array::from_fn(|at| hash[at]);
    format!("{:016x}", u64::from_be_bytes(first))[..12].to_owned()
}
