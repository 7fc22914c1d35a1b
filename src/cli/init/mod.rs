//! `mxprov init`: asks what is to run where, and writes an inventory and a vault with every secret.

mod answers;
mod catalogue;
mod inventory;
mod page;
mod secrets;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::engine::Store as _;
use crate::files::{Disk, Files};
use crate::remote::Prompt as _;
use crate::value::Redactor;
use crate::vault::{Passwords, Vault};

use super::exit::Exit;
use super::process::Process;
use super::prompt::Terminal;
use super::setup::{DiskStore, Shows, reporter};

use answers::{Answers, Given};
use catalogue::Catalogue;

/// Flags of `init`.
#[derive(Debug, Args)]
pub struct Init {
    #[command(flatten)]
    given: Given,

    /// Where the files are written.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    directory: PathBuf,

    /// File with the vault's password; made, with a password in it, if it is not there.
    #[arg(long, value_name = "FILE")]
    vault_password_file: Option<PathBuf>,

    /// Ask nothing: what no flag says has its default.
    #[arg(short, long)]
    yes: bool,
}

/// The files that are written, below the folder.
const INVENTORY: &str = "inventory.yml";
const VAULT: &str = "group_vars/all/vault.yml";

impl Init {
    /// Runs the command.
    pub fn run(&self, process: &Process) -> Exit {
        let reporter = reporter(process, &Redactor::new(), Shows::default());
        match self.write(process) {
            Ok(said) => {
                reporter.message(&said);
                Exit::Done
            }
            Err(errors) => {
                errors.0.iter().for_each(|error| reporter.error(error));
                Exit::Usage
            }
        }
    }

    fn write(&self, process: &Process) -> Result<String, Diagnostics> {
        let disk = Disk::new(&process.cwd);
        let paths = [self.directory.join(INVENTORY), self.directory.join(VAULT)];
        // Before any question: nobody wants to answer them for nothing.
        for path in &paths {
            let path = path.strip_prefix(".").unwrap_or(path);
            nothing_there(&disk, path)?;
        }
        let files = super::embedded::behind(Arc::new(Disk::new(&process.cwd)));
        let catalogue = Catalogue::read(&*files)?;
        let terminal = Terminal { available: process.in_is_terminal && !self.yes };
        let answers = Answers::collect(&self.given, &catalogue, terminal)?;
        let (password, made) = self.password(&disk, terminal)?;
        let mut passwords = Passwords::new();
        passwords.add("default", password.clone());
        let clear = secrets::page(&catalogue.secrets)?;
        let sealed = Vault::new(passwords, Redactor::new())
            .seal(clear.expose_secret().as_bytes(), None)
            .map_err(Diagnostic::from)?;
        let store = DiskStore::new(&process.cwd);
        let write = |path: &Path, bytes: &[u8]| {
            store.write(path, bytes).map_err(|error| {
                Diagnostic::new(format!("`{}` cannot be written: {error}", path.display()))
            })
        };
        if let Some(file) = &made {
            write(file, format!("{}\n", password.expose_secret()).as_bytes())?;
        }
        // The vault first: an inventory without it could be taken for a finished one.
        write(&paths[1], sealed.as_bytes())?;
        write(&paths[0], inventory::page(&answers).as_bytes())?;
        Ok(self.said(&answers, made.as_deref()))
    }

    /// The vault's password, and the file that it must be written to if it was made now.
    fn password(
        &self,
        disk: &Disk,
        terminal: Terminal,
    ) -> Result<(SecretString, Option<PathBuf>), Diagnostic> {
        let Some(file) = &self.vault_password_file else {
            return Ok((asked(terminal)?, None));
        };
        if !disk.exists(file) {
            return Ok((secrets::token(43)?, Some(file.clone())));
        }
        let text = disk.read_text(file).map_err(|error| Diagnostic::new(error.to_string()))?;
        let password = text.trim();
        if password.is_empty() {
            return Err(Diagnostic::new(format!("`{}` is empty", file.display()))
                .hint("put the vault's password into it, or take it away to have one made"));
        }
        Ok((SecretString::from(password), None))
    }

    fn said(&self, answers: &Answers, made: Option<&Path>) -> String {
        let folder = self.directory.strip_prefix(".").unwrap_or(&self.directory);
        let show = |name: &str| folder.join(name).display().to_string();
        let vault = match &self.vault_password_file {
            Some(file) => format!("--vault-password-file {}", file.display()),
            None => "--ask-vault-pass".to_owned(),
        };
        let mut said = format!(
            "wrote {} and {} (encrypted; every secret is in it, the signing key too)\n",
            show(INVENTORY),
            show(VAULT)
        );
        if let Some(file) = made {
            said += &format!(
                "wrote {}: the vault's password; keep a copy elsewhere, and keep it out of version control\n",
                file.display()
            );
        }
        for component in &answers.components {
            if let Some(warning) = catalogue::warning(component) {
                said += &format!("note: {warning}\n");
            }
        }
        said += &format!(
            "next: look through {inventory}, then\n  mxprov dns   -i {inventory} {vault}\n  mxprov apply -i {inventory} {vault} --check",
            inventory = show(INVENTORY)
        );
        said
    }
}

fn nothing_there(disk: &Disk, path: &Path) -> Result<(), Diagnostic> {
    if disk.exists(path) {
        return Err(Diagnostic::new(format!("`{}` is there already", path.display())).hint(
            "it is not written over: edit it (`mxprov vault edit` for a vault), or give another `--directory`",
        ));
    }
    Ok(())
}

/// The vault's password, asked for twice.
fn asked(terminal: Terminal) -> Result<SecretString, Diagnostic> {
    let first = terminal.secret("new vault password");
    let again = first.as_ref().and_then(|_| terminal.secret("the same again"));
    match (first, again) {
        (Some(first), Some(again)) if first.expose_secret() == again.expose_secret() => {
            if first.expose_secret().is_empty() {
                return Err(Diagnostic::new("the vault's password is empty"));
            }
            Ok(first)
        }
        (Some(_), Some(_)) => Err(Diagnostic::new("the two passwords differ")),
        _ => Err(Diagnostic::new("the vault's password cannot be asked for")
            .hint("give `--vault-password-file FILE`; it is made if it is not there")),
    }
}
