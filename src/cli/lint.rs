//! `mxprov lint`: everything that can be known without a host.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::diagnostic::plural;
use crate::value::Redactor;

use super::exit::Exit;
use super::process::Process;
use super::setup::{Setup, Shows, reporter};
use super::source::SourceFlags;

/// Flags of `lint`.
#[derive(Debug, Args)]
pub struct Lint {
    /// Playbooks; `playbooks/site.yml` if none is given.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    source: SourceFlags,
}

impl Lint {
    /// Runs the command.
    pub fn run(&self, process: &Process) -> Exit {
        let redactor = Redactor::new();
        let reporter = reporter(process, &redactor, Shows::default());
        let setup = match Setup::new(process, &self.source, reporter.clone(), redactor, 0) {
            Ok(setup) => setup,
            Err(errors) => {
                errors.0.iter().for_each(|error| reporter.error(error));
                return Exit::Usage;
            }
        };
        let site = [PathBuf::from("playbooks/site.yml")];
        let paths = if self.paths.is_empty() { &site[..] } else { &self.paths };
        let mut errors = 0;
        for path in paths {
            match setup.loader.load(&[path.as_path() as &Path]) {
                Ok(playbook) => {
                    playbook.warnings.iter().for_each(|warning| reporter.warning(warning));
                }
                Err(found) => {
                    errors += found.0.len();
                    found.0.iter().for_each(|error| reporter.error(error));
                }
            }
        }
        if errors > 0 {
            reporter.message(&format!("{} found", plural(errors, "error")));
            return Exit::Usage;
        }
        reporter.result(&format!("{} without an error\n", plural(paths.len(), "playbook")));
        Exit::Done
    }
}
