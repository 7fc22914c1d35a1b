//! `mxprov inventory`: the hosts, groups and variables of an inventory.

use clap::Args;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::value::{Redactor, Value};

use super::exit::Exit;
use super::process::Process;
use super::setup::{Setup, Shows, reporter};
use super::source::SourceFlags;

/// Flags of `inventory`.
#[derive(Debug, Args)]
pub struct InventoryCommand {
    /// All groups, and all variables of all hosts, as JSON.
    #[arg(long, conflicts_with_all = ["graph", "host"])]
    list: bool,

    /// The tree of groups and hosts. The default.
    #[arg(long, conflicts_with = "host")]
    graph: bool,

    /// The variables of one host, as JSON.
    #[arg(long, value_name = "HOST")]
    host: Option<String>,

    #[command(flatten)]
    source: SourceFlags,
}

impl InventoryCommand {
    /// Runs the command.
    pub fn run(&self, process: &Process) -> Exit {
        let redactor = Redactor::new();
        let reporter = reporter(process, &redactor, Shows::default());
        if self.source.inventory.is_empty() {
            let error = Diagnostic::new("no inventory is given").hint("give one with `-i FILE`");
            reporter.error(&error);
            return Exit::Usage;
        }
        let text = Setup::new(process, &self.source, reporter.clone(), redactor, 0)
            .and_then(|setup| self.text(&setup));
        match text {
            Ok(text) => {
                reporter.result(&text);
                Exit::Done
            }
            Err(errors) => {
                errors.0.iter().for_each(|error| reporter.error(error));
                Exit::Usage
            }
        }
    }

    fn text(&self, setup: &Setup) -> Result<String, Diagnostics> {
        if let Some(name) = &self.host {
            let Some(host) = setup.inventory.host(name) else {
                let known = setup.inventory.hosts.keys().map(String::as_str);
                return Err(Diagnostic::new(format!("there is no host `{name}`"))
                    .suggest(name, known)
                    .into());
            };
            let merged = setup.inventory.merged(host, None)?;
            return Ok(format!("{:#}\n", Value::Map(merged.into()).to_masked_json()));
        }
        if self.list {
            return Ok(format!("{:#}\n", setup.inventory.list(None)?));
        }
        Ok(setup.inventory.graph("all").unwrap_or_default())
    }
}
