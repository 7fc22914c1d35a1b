//! A container image made of Debian's busybox, since no registry is in reach.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::deb;
use super::download;
use super::host::Host;
use super::lock::Lock;
use super::release::Release;
use super::room::Room;
use super::tool;

/// The name under which [`import`] gives it to a host's Docker.
pub const NAME: &str = "lab/busybox:1";

/// The root filesystem as a tar file for `docker import`: static, with every applet linked.
pub fn tarball() -> Result<PathBuf> {
    let room = Room::open()?;
    let _lock = Lock::take(&room, "container-image")?;
    let done = room.root().join("busybox.tar");
    if !done.exists() {
        let place = room.root().join("busybox.partial");
        if place.exists() {
            fs::remove_dir_all(&place).context("cannot clear the image's workshop")?;
        }
        fs::create_dir_all(&place).context("cannot make the image's workshop")?;
        build(&room, &place, &done).context("building the container image")?;
        fs::remove_dir_all(&place).context("cannot clear the image's workshop")?;
    }
    Ok(done)
}

/// Gives the image to the Docker of a host, as [`NAME`].
pub fn import(host: &Host) -> Result<()> {
    let tar = fs::read(tarball()?).context("cannot read the container image")?;
    let script = format!("docker import --change 'CMD [\"/bin/sh\"]' - {NAME}");
    host.exec_with_input(&script, &tar)?.ok().context("docker import failed")?;
    Ok(())
}

fn build(room: &Room, place: &Path, done: &Path) -> Result<()> {
    let packages = download::packages(room, Release::Debian13, &["busybox-static"], place)?;
    let (unpacked, tree) = (place.join("unpacked"), place.join("tree"));
    for package in &packages {
        deb::unpack(package, &unpacked)?;
    }
    let busybox = unpacked.join("usr/bin/busybox");
    for folder in ["bin", "etc", "tmp", "proc", "sys", "dev", "www"] {
        fs::create_dir_all(tree.join(folder)).context("cannot make the image's folders")?;
    }
    fs::copy(&busybox, tree.join("bin/busybox")).context("cannot copy busybox")?;
    let applets = tool::run(&busybox.to_string_lossy(), ["--list"])?;
    for applet in applets.lines().filter(|applet| *applet != "busybox") {
        symlink("busybox", tree.join("bin").join(applet)).context("cannot link an applet")?;
    }
    fs::write(tree.join("etc/passwd"), "root:x:0:0:root:/:/bin/sh\n").context("no passwd")?;
    fs::write(tree.join("www/index.html"), "hello from the lab\n").context("no page")?;
    let partial = place.join("image.tar");
    let (tree, file) = (tree.to_string_lossy(), partial.to_string_lossy());
    tool::run("tar", ["--numeric-owner", "-C", &tree, "-cf", &file, "."])?;
    fs::rename(&partial, done).context("cannot name the container image")
}
