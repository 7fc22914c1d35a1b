//! Commands and flags. The only layer that reads the process's state, asks, and sets exit codes.

mod apply;
mod ask;
mod completions;
mod connection;
mod dns;
mod doc;
mod embedded;
mod exit;
mod interrupt;
mod init;
mod inventory;
mod journal;
mod lint;
mod process;
mod prompt;
mod reference;
mod runner;
mod setup;
mod source;
mod usage;
mod vars_prompt;
mod vault;
mod vault_edit;
mod wire;

pub use process::Process;
pub use reference::reference;

use clap::{Parser, Subcommand};

use exit::Exit;

/// Agentless provisioner over SSH: shows the true diff, applies exactly that, proves the result.
#[derive(Debug, Parser)]
#[command(name = "mxprov", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The table of contents.
#[derive(Debug, Subcommand)]
enum Command {
    /// Plan a playbook, show the diff, ask, apply.
    Apply(Box<apply::Apply>),
    /// Write an inventory and a vault with every secret of the Matrix stack.
    Init(Box<init::Init>),
    /// Check playbooks and roles: everything that can be known without a host.
    Lint(lint::Lint),
    /// Show hosts, groups and variables.
    Inventory(inventory::InventoryCommand),
    /// Log in to every host and say which answer.
    Ping(Box<ask::Ask>),
    /// Show what is known of every host: Ansible's facts, as JSON.
    Facts(Box<ask::Ask>),
    /// Check that the public names lead to the hosts: a table of expected and found.
    Dns(Box<dns::Dns>),
    /// Encrypt and decrypt files and values in the `$ANSIBLE_VAULT` format.
    Vault(Box<vault::VaultCommand>),
    /// Show the modules and their arguments.
    Doc(doc::Doc),
    /// Print completions for a shell.
    Completions(completions::Completions),
}

/// Runs the program; gives its exit code.
pub fn main(process: &Process) -> u8 {
    let cli = match Cli::try_parse_from(&process.args) {
        Ok(cli) => cli,
        Err(error) => {
            usage::explain(&error);
            return if error.use_stderr() { Exit::Usage.code() } else { Exit::Done.code() };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return exit::fatal(process, &format!("the runtime cannot be started: {error}"));
        }
    };
    let code = runtime.block_on(async {
        match cli.command {
            Command::Apply(apply) => apply.run(process).await,
            Command::Init(init) => init.run(process),
            Command::Lint(lint) => lint.run(process),
            Command::Inventory(inventory) => inventory.run(process),
            Command::Ping(ask) => ask.run(process, ask::Question::Ping).await,
            Command::Facts(ask) => ask.run(process, ask::Question::Facts).await,
            Command::Dns(dns) => dns.run(process).await,
            Command::Vault(vault) => vault.run(process),
            Command::Doc(doc) => doc.run(process),
            Command::Completions(completions) => completions.run(process),
        }
    });
    // Background tasks (a blocked prompt) must not keep the program alive.
    runtime.shutdown_background();
    code.code()
}
