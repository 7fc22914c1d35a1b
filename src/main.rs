//! The command: collects the process and hands it to the library.

use std::process::ExitCode;

use mxprov::cli::{self, Process};

fn main() -> ExitCode {
    match Process::collect() {
        Ok(process) => ExitCode::from(cli::main(&process)),
        Err(_) => ExitCode::FAILURE,
    }
}
