//! Opens files that are vaulted as a whole.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Source};

/// How a file that starts with `$ANSIBLE_VAULT` begins.
pub const VAULT_HEADER: &str = "$ANSIBLE_VAULT;";

/// Decrypts whole files; `vault/` stands behind it.
pub trait Unlock: Send + Sync {
    /// The plain text of a vaulted one. The error names the file.
    fn unlock(&self, source: &Arc<Source>) -> Result<String, Diagnostic>;
}
