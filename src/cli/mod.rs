//! Commands and flags. The only layer that reads the process's state, asks, and sets exit codes.

mod apply;
mod connection;
mod exit;
mod process;
mod prompt;
mod setup;
mod source;
mod wire;

pub use process::Process;

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
    Apply(apply::Apply),
}

/// Runs the program; gives its exit code.
pub fn main(process: Process) -> u8 {
    let cli = match Cli::try_parse_from(&process.args) {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be said where even that cannot be printed.
            drop(error.print());
            return if error.use_stderr() { Exit::Usage.code() } else { Exit::Done.code() };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return exit::fatal(&process, &format!("the runtime cannot be started: {error}"));
        }
    };
    let code = runtime.block_on(async {
        match cli.command {
            Command::Apply(apply) => apply.run(&process).await,
        }
    });
    // Background tasks (a blocked prompt) must not keep the program alive.
    runtime.shutdown_background();
    code.code()
}
