//! The cases of `tests/modules`, which are data: each is planned, checked, applied and checked
//! again on a lab host by the real engine, over SSH.
//!
//! `MXPROV_CASES=apt,copy` runs only those modules, `MXPROV_CASES=copy/src` one file.

mod arguments;
mod case;
mod judge;
mod run;
mod stage;

use std::path::PathBuf;

/// The folder of the cases: a folder a module, in it files with lists of cases.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/modules")
}
