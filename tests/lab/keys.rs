//! The client key that every host accepts, and the hosts' own keys.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::lock::Lock;
use super::room::Room;
use super::tool;

const HOST_KEY_TYPES: [&str; 3] = ["ed25519", "ecdsa", "rsa"];

/// The private key that root and the admin user of every host accept; made on first use.
pub fn client(room: &Room) -> Result<PathBuf> {
    let _lock = Lock::take(room, "keys")?;
    let key = room.keys().join("id_ed25519");
    generate(&key, "ed25519", "mxprov-lab")?;
    Ok(key)
}

/// The line for `authorized_keys`.
pub fn client_public(room: &Room) -> Result<String> {
    let path = client(room)?.with_extension("pub");
    fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// The folder with the host keys of host `number`: no two live hosts share one, and a number
/// keeps its keys, since making an RSA key takes longer than a boot.
pub fn host(room: &Room, number: u16) -> Result<PathBuf> {
    let _lock = Lock::take(room, "keys")?;
    let folder = room.keys().join("host").join(number.to_string());
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    for kind in HOST_KEY_TYPES {
        generate(&folder.join(format!("ssh_host_{kind}_key")), kind, "root@lab")?;
    }
    Ok(folder)
}

fn generate(path: &Path, kind: &str, comment: &str) -> Result<()> {
    if path.exists() && path.with_extension("pub").exists() {
        return Ok(());
    }
    // A half-made pair of a killed process would make ssh-keygen ask.
    if path.exists() {
        fs::remove_file(path).with_context(|| format!("cannot remove `{}`", path.display()))?;
    }
    let path = path.to_string_lossy();
    tool::run("ssh-keygen", ["-q", "-t", kind, "-N", "", "-C", comment, "-f", &path])?;
    Ok(())
}
