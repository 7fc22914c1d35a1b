//! Named locks between the processes that use the lab.

use std::fs::File;

use anyhow::{Context as _, Result};

use super::room::Room;

/// Held until dropped; the kernel frees it if the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until no other process (and no other thread) holds the lock `name`.
    pub fn take(room: &Room, name: &str) -> Result<Self> {
        let path = room.locks().join(name);
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("cannot open the lock `{}`", path.display()))?;
        file.lock().with_context(|| format!("cannot lock `{}`", path.display()))?;
        Ok(Self { _file: file })
    }
}
