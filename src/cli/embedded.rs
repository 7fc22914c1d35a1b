//! The playbooks and roles that are part of the program.

use std::sync::Arc;

use crate::files::{Fallback, Files, Tree};

/// Path and content of each file.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The files on disk first, and behind them those of the program.
pub fn behind(disk: Arc<dyn Files>) -> Arc<dyn Files> {
    Arc::new(Fallback { first: disk, then: tree() })
}

/// The files of the program.
pub fn tree() -> Arc<dyn Files> {
    Arc::new(Tree::new(FILES.iter().map(|(path, content)| (*path, *content))))
}
