//! `mxprov completions`: what a shell needs to complete commands and flags.

use clap::{Args, CommandFactory as _};

use crate::value::Redactor;

use super::exit::Exit;
use super::process::Process;
use super::setup::{Shows, reporter};

/// Flags of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    shell: clap_complete::Shell,
}

impl Completions {
    /// Runs the command.
    pub fn run(&self, process: &Process) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Cli::command(), "mxprov", &mut script);
        reporter(process, &Redactor::new(), Shows::default())
            .result(&String::from_utf8_lossy(&script));
        Exit::Done
    }
}
