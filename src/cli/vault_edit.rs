//! `mxprov vault edit`: the clear text goes through the person's editor and back into the vault.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;

use super::process::Process;

/// Memory that is a folder: what lies there never reaches a disk.
const MEMORY: &str = "/dev/shm";

/// A folder for nobody else, which goes away with all that is in it.
struct Private(PathBuf);

impl Private {
    fn new(process: &Process) -> std::io::Result<Self> {
        let base = match Path::new(MEMORY).is_dir() {
            true => MEMORY,
            false => process.variable("TMPDIR").unwrap_or("/tmp"),
        };
        let folder = Path::new(base).join(format!("mxprov-{:016x}", rand::random::<u64>()));
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // Nobody is there any more who could be told.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// What the person makes of `clear` in an editor (`$VISUAL`, `$EDITOR` or `vi`); `path` names it.
pub fn edit(process: &Process, path: &Path, clear: &[u8]) -> Result<Vec<u8>, Diagnostic> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        Diagnostic::new(format!("`{}`: {what}: {error}", path.display()))
    };
    let private = Private::new(process)
        .map_err(|error| failed("a folder for the clear text cannot be made", &error))?;
    let copy = private.0.join(path.file_name().unwrap_or("vault".as_ref()));
    let mut options = std::fs::OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&copy)
        .and_then(|mut file| file.write_all(clear))
        .map_err(|error| failed("the clear text cannot be written", &error))?;
    let editor = process.variable("VISUAL").or(process.variable("EDITOR")).unwrap_or("vi");
    // The variable is a command with arguments, as for other programs.
    let status = std::process::Command::new("sh")
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(&copy)
        .current_dir(&process.cwd)
        .status()
        .map_err(|error| failed("the editor cannot be started", &error))?;
    if !status.success() {
        let message =
            format!("`{}` is as it was: the editor `{editor}` ended with {status}", path.display());
        return Err(Diagnostic::new(message).hint("set `EDITOR` to another one"));
    }
    std::fs::read(&copy).map_err(|error| failed("the clear text cannot be read", &error))
}
