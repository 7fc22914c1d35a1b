//! Building one layer of a container image: what a script writes over the layers below it.
//!
//! An overlay's upper folder is in the form in which Docker's `overlay2` keeps a layer, so nothing
//! is packed and unpacked. All mounts are in a namespace that goes with the build.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::tool;

/// Mounts the layers and the caches and runs the script in them. No process outlives it.
const BUILD: &str = r#"
set -eu
place=$1 lower=$2 cache=$3 context=$4 programs=$5
root=$place/root
mkdir "$place/upper" "$place/work" "$root"
mount -t overlay lab -o "lowerdir=$lower,upperdir=$place/upper,workdir=$place/work,\
volatile,redirect_dir=off,metacopy=off,index=off" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/run"
mount --bind "$cache/lists" "$root/var/lib/apt/lists"
mount --bind "$cache/archives" "$root/var/cache/apt/archives"
: >"$root/etc/resolv.conf"
mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
mkdir -p "$root/run/lock" "$root/run/lab/context" "$root/run/lab/programs" "$root/run/lab/pip"
mount --bind "$context" "$root/run/lab/context"
mount --bind "$programs" "$root/run/lab/programs"
mount --bind "$cache/pip" "$root/run/lab/pip"
cp /etc/ssl/certs/ca-certificates.crt "$root/run/lab/ca.crt"
{
    # Lists of yesterday may name packages that the mirror has replaced.
    if ! find "$cache/lists" -maxdepth 1 -name '*Packages*' -mmin -600 | grep -q .; then
        echo 'apt-get -q update'
    fi
    cat
} >"$root/run/lab/script"
cat >"$root/run/lab/apt.conf" <<'CONF'
APT::Install-Recommends "false";
APT::Get::Assume-Yes "true";
APT::Sandbox::User "root";
Dpkg::Use-Pty "false";
Dpkg::Options { "--force-unsafe-io"; "--path-exclude=/usr/share/doc/*"; "--path-exclude=/usr/share/man/*"; "--path-exclude=/usr/share/locale/*"; };
CONF
# Services are not started by their packages.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    APT_CONFIG=/run/lab/apt.conf PIP_CERT=/run/lab/ca.crt PIP_CACHE_DIR=/run/lab/pip \
    PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 \
    /bin/sh /run/lab/script
rm -f "$root/usr/sbin/policy-rc.d" "$root"/var/cache/apt/*.bin "$root"/var/log/*.log \
    "$root"/var/log/apt/*
"#;

/// What a build has besides the layers below.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Kept between builds: apt's lists and archives, pip's wheels.
    pub cache: &'a Path,
    /// The recipes' folder.
    pub context: &'a Path,
    /// Where this repository's programs are.
    pub programs: &'a Path,
}

/// Where a script finds [`Surroundings::context`].
pub const CONTEXT: &str = "/run/lab/context";
/// Where a script finds [`Surroundings::programs`].
pub const PROGRAMS: &str = "/run/lab/programs";

/// Runs `script` over the layers `below`, the uppermost first, and names what it wrote `done`.
pub fn build(
    script: &str,
    below: &[PathBuf],
    surroundings: &Surroundings,
    done: &Path,
) -> Result<()> {
    for part in ["lists/partial", "archives/partial", "pip"] {
        make(&surroundings.cache.join(part))?;
    }
    let place = done.with_extension("partial");
    if place.exists() {
        fs::remove_dir_all(&place)
            .with_context(|| format!("cannot remove `{}`", place.display()))?;
    }
    make(&place)?;
    let program = place.join("build");
    fs::write(&program, BUILD).context("cannot write the builder")?;
    let lower: Vec<String> = below.iter().map(|path| path.display().to_string()).collect();
    let arguments = [
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "/bin/sh",
        &program.to_string_lossy(),
        &place.to_string_lossy(),
        &lower.join(":"),
        &surroundings.cache.to_string_lossy(),
        &surroundings.context.to_string_lossy(),
        &surroundings.programs.to_string_lossy(),
    ];
    tool::feed("unshare", arguments, script)?;
    fs::rename(place.join("upper"), done)
        .with_context(|| format!("cannot name `{}`", done.display()))?;
    fs::remove_dir_all(&place).with_context(|| format!("cannot remove `{}`", place.display()))
}

fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))
}
