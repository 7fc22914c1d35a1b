//! `mxprov vault`: the `$ANSIBLE_VAULT` format, both ways.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::engine::Store as _;
use crate::files::{Disk, Files as _};
use crate::remote::Prompt as _;
use crate::report::Reporter;
use crate::value::Redactor;
use crate::vault::{Passwords, Vault, as_yaml};

use super::exit::Exit;
use super::process::Process;
use super::prompt::Terminal;
use super::setup::{DiskStore, Shows, passwords, reporter};
use super::source::VaultFlags;

/// Flags of `vault`.
#[derive(Debug, Args)]
pub struct VaultCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Encrypt files in place.
    Encrypt(Files),
    /// Decrypt files in place.
    Decrypt(Files),
    /// Show the clear text of a file.
    View(Files),
    /// Change the clear text of files in `$EDITOR`.
    Edit(Files),
    /// Encrypt files anew with another password.
    Rekey(Rekey),
    /// Encrypt one value, for use in a YAML file.
    EncryptString(EncryptString),
}

#[derive(Debug, Args)]
struct Files {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    paths: Vec<PathBuf>,

    /// The id of the password to encrypt with.
    #[arg(long, value_name = "ID")]
    encrypt_vault_id: Option<String>,

    #[command(flatten)]
    passwords: VaultFlags,
}

#[derive(Debug, Args)]
struct Rekey {
    #[command(flatten)]
    files: Files,

    /// File with the new password.
    #[arg(long, value_name = "FILE")]
    new_vault_password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct EncryptString {
    /// The value; read from standard input or asked for if it is not given.
    value: Option<String>,

    /// The variable's name.
    #[arg(short, long)]
    name: Option<String>,

    /// The id of the password to encrypt with.
    #[arg(long, value_name = "ID")]
    encrypt_vault_id: Option<String>,

    #[command(flatten)]
    passwords: VaultFlags,
}

impl VaultCommand {
    /// Runs the command.
    pub fn run(&self, process: &Process) -> Exit {
        let reporter = reporter(process, &Redactor::new(), Shows::default());
        let done = match &self.action {
            Action::Encrypt(files) => files.encrypt(process),
            Action::Decrypt(files) => files.decrypt(process),
            Action::View(files) => files.view(process, &reporter),
            Action::Edit(files) => files.edit(process),
            Action::Rekey(rekey) => rekey.run(process),
            Action::EncryptString(string) => string.run(process, &reporter),
        };
        match done {
            Ok(()) => Exit::Done,
            Err(errors) => {
                errors.0.iter().for_each(|error| reporter.error(error));
                Exit::Usage
            }
        }
    }
}

/// The vault with the passwords of the flags; one is asked for if there is none.
fn vault(process: &Process, flags: &VaultFlags) -> Result<Vault, Diagnostics> {
    let terminal = Terminal { available: process.in_is_terminal };
    with_passwords(process, flags, || {
        let given = terminal.secret("vault password");
        given.ok_or_else(|| nothing_given("vault password", "--vault-password-file"))
    })
}

/// The same for what is encrypted anew: what is typed for that is typed twice, since nobody could
/// read it again after a slip.
fn sealing_vault(process: &Process, flags: &VaultFlags) -> Result<Vault, Diagnostics> {
    with_passwords(process, flags, || {
        typed_twice(process, "vault password", "--vault-password-file")
    })
}

fn with_passwords(
    process: &Process,
    flags: &VaultFlags,
    ask: impl FnOnce() -> Result<SecretString, Diagnostic>,
) -> Result<Vault, Diagnostics> {
    let mut all = passwords(process, flags, &Disk::new(&process.cwd))?;
    if all.is_empty() {
        all.add("default", ask()?);
    }
    // What is decrypted here is shown on purpose.
    Ok(Vault::new(all, Redactor::new()))
}

fn typed_twice(process: &Process, what: &str, flag: &str) -> Result<SecretString, Diagnostic> {
    let terminal = Terminal { available: process.in_is_terminal };
    match (terminal.secret(what), terminal.secret("the same again")) {
        (Some(first), Some(again)) if first.expose_secret() == again.expose_secret() => Ok(first),
        (Some(_), Some(_)) => Err(Diagnostic::new("the two passwords differ")),
        _ => Err(nothing_given(what, flag)),
    }
}

fn nothing_given(what: &str, flag: &str) -> Diagnostic {
    Diagnostic::new(format!("no {what} is given")).hint(format!("give it with `{flag}`"))
}

fn read(process: &Process, path: &Path) -> Result<Vec<u8>, Diagnostic> {
    Disk::new(&process.cwd).read(path).map_err(|error| Diagnostic::new(error.to_string()))
}

fn write(process: &Process, path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    let store = DiskStore::new(&process.cwd);
    store.write(path, bytes).map_err(|error| {
        Diagnostic::new(format!("`{}` cannot be written: {error}", path.display()))
    })
}

fn text_of(path: &Path, bytes: Vec<u8>) -> Result<String, Diagnostic> {
    String::from_utf8(bytes)
        .map_err(|_| Diagnostic::new(format!("`{}` is not a vault", path.display())))
}

fn named(path: &Path, error: crate::vault::VaultError) -> Diagnostic {
    let error = Diagnostic::from(error);
    Diagnostic { message: format!("`{}`: {}", path.display(), error.message), ..error }
}

impl Files {
    fn encrypt(&self, process: &Process) -> Result<(), Diagnostics> {
        let vault = sealing_vault(process, &self.passwords)?;
        for path in &self.paths {
            let clear = read(process, path)?;
            if clear.starts_with(b"$ANSIBLE_VAULT;") {
                return Err(
                    Diagnostic::new(format!("`{}` is encrypted already", path.display())).into()
                );
            }
            let sealed = vault
                .seal(&clear, self.encrypt_vault_id.as_deref())
                .map_err(|error| named(path, error))?;
            write(process, path, sealed.as_bytes())?;
        }
        Ok(())
    }

    fn decrypt(&self, process: &Process) -> Result<(), Diagnostics> {
        let vault = vault(process, &self.passwords)?;
        for path in &self.paths {
            let text = text_of(path, read(process, path)?)?;
            let clear = vault.open(&text).map_err(|error| named(path, error))?;
            write(process, path, &clear)?;
        }
        Ok(())
    }

    fn edit(&self, process: &Process) -> Result<(), Diagnostics> {
        let vault = vault(process, &self.passwords)?;
        for path in &self.paths {
            let text = text_of(path, read(process, path)?)?;
            let clear = vault.open(&text).map_err(|error| named(path, error))?;
            let edited = super::vault_edit::edit(process, path, &clear)?;
            // What did not change is not sealed anew: the file stays the same to the letter.
            if edited[..] != clear[..] {
                let sealed = vault
                    .seal(&edited, self.encrypt_vault_id.as_deref())
                    .map_err(|error| named(path, error))?;
                write(process, path, sealed.as_bytes())?;
            }
        }
        Ok(())
    }

    fn view(&self, process: &Process, reporter: &Reporter) -> Result<(), Diagnostics> {
        let vault = vault(process, &self.passwords)?;
        for path in &self.paths {
            let text = text_of(path, read(process, path)?)?;
            let clear = vault.open(&text).map_err(|error| named(path, error))?;
            reporter.result(&String::from_utf8_lossy(&clear));
        }
        Ok(())
    }
}

impl Rekey {
    fn run(&self, process: &Process) -> Result<(), Diagnostics> {
        let old = vault(process, &self.files.passwords)?;
        let mut all = Passwords::new();
        match &self.new_vault_password_file {
            Some(file) => {
                let text = text_of(file, read(process, file)?)?;
                all.add_text("default", &text, &file.display().to_string())?;
            }
            None => {
                let flag = "--new-vault-password-file";
                all.add("default", typed_twice(process, "new vault password", flag)?);
            }
        }
        let new = Vault::new(all, Redactor::new());
        for path in &self.files.paths {
            let text = text_of(path, read(process, path)?)?;
            let id = self.files.encrypt_vault_id.as_deref();
            let sealed = old.rekey(&text, &new, id).map_err(|error| named(path, error))?;
            write(process, path, sealed.as_bytes())?;
        }
        Ok(())
    }
}

impl EncryptString {
    fn run(&self, process: &Process, reporter: &Reporter) -> Result<(), Diagnostics> {
        let vault = sealing_vault(process, &self.passwords)?;
        let value = match &self.value {
            Some(value) => value.clone(),
            None if process.in_is_terminal => {
                let terminal = Terminal { available: true };
                terminal
                    .secret("value")
                    .map(|value| value.expose_secret().to_string())
                    .unwrap_or_default()
            }
            None => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text).map_err(|error| {
                    Diagnostic::new(format!("standard input cannot be read: {error}"))
                })?;
                text
            }
        };
        let sealed = vault
            .seal(value.as_bytes(), self.encrypt_vault_id.as_deref())
            .map_err(Diagnostic::from)?;
        reporter.result(&as_yaml(self.name.as_deref(), &sealed));
        Ok(())
    }
}
