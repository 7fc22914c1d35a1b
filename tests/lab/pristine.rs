//! What makes one copy of the base image a host of its own, written before it boots.

use std::fs::{self, Permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::address;
use super::host::{Options, Sudo};
use super::image;
use super::keys;
use super::record::Record;
use super::room::Room;

/// The user id of [`image::ADMIN`], the first that useradd gives.
const ADMIN_ID: u32 = 1000;

/// Writes a host's identity into its mounted root.
pub fn personalise(room: &Room, tree: &Path, record: &Record, options: &Options) -> Result<()> {
    let name = &record.name;
    write(tree, "etc/hostname", &format!("{name}\n"), 0o644)?;
    write(tree, "etc/hosts", &hosts(name), 0o644)?;
    write(tree, "etc/machine-id", &format!("{:032x}\n", rand::random::<u128>()), 0o444)?;
    host_keys(room, tree, record.number)?;
    let key = keys::client_public(room)?;
    authorize(tree, "root", &key, 0)?;
    authorize(tree, &format!("home/{}", image::ADMIN), &key, ADMIN_ID)?;
    // Debian 12's sudo leaves this at its first success; here it was used before.
    let mark = format!("home/{}/.sudo_as_admin_successful", image::ADMIN);
    write(tree, &mark, "", 0o644)?;
    chown(tree.join(&mark), Some(ADMIN_ID), Some(ADMIN_ID)).context("cannot give the mark away")?;
    if options.sudo == Sudo::Passwordless {
        let line = format!("{} ALL=(ALL:ALL) NOPASSWD: ALL\n", image::ADMIN);
        write(tree, "etc/sudoers.d/lab-admin", &line, 0o440)?;
    }
    network(tree, record.number)
}

/// Its own name resolves, else every sudo asks the DNS for it.
fn hosts(name: &str) -> String {
    format!(
        "{}\tlocalhost\n127.0.1.1\t{name}\n\n::1\tlocalhost ip6-localhost ip6-loopback\n\
         ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n",
        Ipv4Addr::LOCALHOST
    )
}

fn host_keys(room: &Room, tree: &Path, number: u16) -> Result<()> {
    for entry in fs::read_dir(keys::host(room, number)?).context("cannot list host keys")? {
        let path = entry?.path();
        let name = path.file_name().context("a host key has a name")?;
        let target = tree.join("etc/ssh").join(name);
        fs::copy(&path, &target).with_context(|| format!("cannot write `{}`", target.display()))?;
    }
    Ok(())
}

fn authorize(tree: &Path, home: &str, key: &str, owner: u32) -> Result<()> {
    let folder = tree.join(home).join(".ssh");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
    write(tree, &format!("{home}/.ssh/authorized_keys"), key, 0o600)?;
    for path in [folder.clone(), folder.join("authorized_keys")] {
        chown(&path, Some(owner), Some(owner))
            .with_context(|| format!("cannot give `{}` away", path.display()))?;
    }
    Ok(())
}

/// A unit in the host sets its addresses, so that they come back after a reboot.
fn network(tree: &Path, number: u16) -> Result<()> {
    let v4 = format!("{}/{}", address::v4(number), address::PREFIX_V4);
    let v6 = format!("{}/{}", address::v6(number), address::PREFIX_V6);
    let gateway = address::CONTROLLER_V4;
    let unit = format!(
        "[Unit]\nDescription=Addresses of this lab host\nDefaultDependencies=no\n\
         Before=network-pre.target network.target\nWants=network-pre.target\n\n\
         [Service]\nType=oneshot\nRemainAfterExit=yes\n\
         ExecStart=ip link set host0 up\n\
         ExecStart=ip address replace {v4} dev host0\n\
         ExecStart=ip -6 address replace {v6} dev host0 nodad\n\
         ExecStart=ip route replace default via {gateway}\n\
         # Inherited from the machine, which forwards for its hosts.\n\
         ExecStart=sysctl -q -w net.ipv4.ip_forward=0\n"
    );
    write(tree, "etc/systemd/system/lab-network.service", &unit, 0o644)?;
    let wants = tree.join("etc/systemd/system/sysinit.target.wants");
    fs::create_dir_all(&wants).with_context(|| format!("cannot make `{}`", wants.display()))?;
    let link = wants.join("lab-network.service");
    std::os::unix::fs::symlink("/etc/systemd/system/lab-network.service", &link)
        .with_context(|| format!("cannot link `{}`", link.display()))
}

fn write(tree: &Path, path: &str, text: &str, mode: u32) -> Result<()> {
    let path = tree.join(path);
    // Removed first: a link in the image must not lead us out of the root.
    if path.symlink_metadata().is_ok() {
        fs::remove_file(&path).with_context(|| format!("cannot remove `{}`", path.display()))?;
    }
    fs::write(&path, text)
        .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(mode)))
        .with_context(|| format!("cannot write `{}`", path.display()))
}
