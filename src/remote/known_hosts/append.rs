//! Adding a key that was accepted on first use.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use base64::Engine as _;
use rand::RngExt as _;
use russh::keys::ssh_key::PublicKey;

use super::pattern::{HostName, hashed};

/// Adds a line for the key to `file`, made with mode 0600 (its directory 0700) if it is not there.
pub fn append(file: &Path, name: &HostName, key: &PublicKey, hash: bool) -> io::Result<()> {
    if let Some(directory) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let mut options = OpenOptions::new();
    let mut handle = options.read(true).append(true).create(true).mode(0o600).open(file)?;
    let hosts = if hash { hash_of(name) } else { name.as_written() };
    let line = format!("{hosts} {}\n", bare(key)?);
    // One write, so that hosts that are added at the same time do not mix their lines.
    let line = if ends_open(&mut handle)? { format!("\n{line}") } else { line };
    handle.write_all(line.as_bytes())
}

/// Whether the last line lacks its end.
fn ends_open(handle: &mut std::fs::File) -> io::Result<bool> {
    if handle.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    handle.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    handle.read_exact(&mut last)?;
    Ok(last[0] != b'\n')
}

fn bare(key: &PublicKey) -> io::Result<String> {
    PublicKey::new(key.key_data().clone(), "").to_openssh().map_err(io::Error::other)
}

fn hash_of(name: &HostName) -> String {
    let mut salt = [0_u8; 20];
    rand::rng().fill(&mut salt);
    let engine = base64::engine::general_purpose::STANDARD;
    let hash = hashed(&salt, &name.as_written());
    format!("|1|{}|{}", engine.encode(salt), engine.encode(hash))
}
