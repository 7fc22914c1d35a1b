//! What templates see of the world: variables, files, secrets, the clock. All of it is given to them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostic::Diagnostic;
use crate::value::{Encrypted, Str, Value};

/// The variables of one host at one task, raw: strings may hold templates, which are rendered when
/// a variable is used.
pub trait Scope: Send + Sync {
    /// A variable.
    fn get(&self, name: &str) -> Option<Value>;

    /// The names of all variables.
    fn names(&self) -> Vec<String>;

    /// The hosts that `hostvars` knows. A variable `hostvars` in the scope itself goes before.
    fn hosts(&self) -> Vec<String> {
        Vec::new()
    }

    /// The variables of another host, for `hostvars`.
    fn host(&self, _name: &str) -> Option<Arc<dyn Scope>> {
        None
    }
}

/// The folder of roles and playbooks in which a relative name is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// `files/`
    Files,
    /// `templates/`
    Templates,
    /// `vars/`
    Vars,
}

/// What stands at a path on the controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Anything else.
    Other,
}

/// The content of a file.
#[derive(Debug, Clone)]
pub struct Contents {
    /// Its bytes, decrypted if it was a vault.
    pub bytes: Vec<u8>,
    /// Whether it was a vault.
    pub secret: bool,
}

/// The controller's files, as seen from the task that is rendered: relative names are searched for
/// in the role's folders and then in the playbook's.
pub trait Files: Send + Sync {
    /// The file that `name` means. `None` if there is none.
    fn find(&self, folder: Folder, name: &str) -> Option<PathBuf>;

    /// The content of a file, decrypted if it is a vault.
    fn read(&self, path: &Path) -> Result<Contents, Diagnostic>;

    /// What stands at a path, links followed. `None` if there is nothing.
    fn kind(&self, path: &Path) -> Option<Kind>;

    /// Whether a path is a symbolic link.
    fn is_link(&self, path: &Path) -> bool;

    /// The entries of a directory, sorted.
    fn list(&self, directory: &Path) -> Result<Vec<PathBuf>, Diagnostic>;

    /// The absolute path of one that is relative to the playbook.
    fn absolute(&self, path: &str) -> PathBuf;

    /// Writes a new file with mode 0600 and makes its folders.
    fn write_private(&self, path: &Path, text: &str) -> Result<(), Diagnostic>;
}

/// Whoever holds the vault's passwords.
pub trait Decrypt: Send + Sync {
    /// The text of a vaulted value. It may be a template: the envelope stands in a file of ours.
    fn decrypt(&self, encrypted: &Encrypted) -> Result<Str, Diagnostic>;
}

/// Where, when and how a template is rendered, apart from its variables.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The controller's files.
    pub files: &'a dyn Files,
    /// The vault.
    pub vault: &'a dyn Decrypt,
    /// The environment of the controller's process, for `lookup('env', …)`.
    pub environment: &'a IndexMap<String, String>,
    /// The time for `now()`, one for the whole run.
    pub now: &'a jiff::Zoned,
    /// Whether lookups may write (`password`); in check mode they may not.
    pub may_write: bool,
}
