//! Puts the layers together for a command: files, vault, inventory, templates, connections.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::engine::{
    self, Choices, HostVars, Links, OurVocabulary, Shared, Store, Tally, Vault as _,
};
use crate::files::{Disk, Fallback, Files};
use crate::inventory::{Inventory, Pattern, Reader};
use crate::playbook::{Loader, Location, Paths};
use crate::remote::{Env, Prompt as _};
use crate::report::{Options, Reporter, Style, Verbosity};
use crate::template::{Decrypt, Templar};
use crate::value::{Encrypted, Key, Map, Redactor, Str, Value};
use crate::vault::{Passwords, Vault};
use crate::yaml::{Sealed, Unseal};

use super::process::Process;
use super::prompt::Terminal;
use super::runner::Order;
use super::source::{SourceFlags, VaultFlags, extra_vars};
use super::wire::Shown;

/// The vault behind the traits of those who need it.
pub struct Keeper {
    vault: Vault,
    redactor: Redactor,
}

impl Decrypt for Keeper {
    fn decrypt(&self, encrypted: &Encrypted) -> Result<Str, Diagnostic> {
        self.vault.decrypt(encrypted)
    }
}

impl engine::Vault for Keeper {
    fn open(&self, name: &str, bytes: Vec<u8>) -> Result<(Vec<u8>, bool), Diagnostic> {
        if !bytes.starts_with(b"$ANSIBLE_VAULT;") {
            return Ok((bytes, false));
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let source = Source::new(name, text.as_str());
        let start = crate::diagnostic::Span::new(&source, 0, 14);
        let clear = self.vault.open(&text).map_err(|error| Diagnostic::from(error).at(&start))?;
        Ok((clear.to_vec(), true))
    }

    fn as_decrypt(&self) -> &dyn Decrypt {
        self
    }
}

impl Unseal for Keeper {
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn unseal(&self, source: &Arc<Source>) -> Result<String, Diagnostic> {
        self.vault.unseal(source)
    }
}

/// Writes files of the controller, whole or not at all.
pub struct DiskStore {
    base: PathBuf,
}

impl DiskStore {
    /// Writes below `base`, unless a path is absolute.
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into() }
    }
}

impl Store for DiskStore {
    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.base.join(path);
        let folder = path.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(folder)?;
        let name = format!(
            ".{}.{:016x}",
            path.file_name().unwrap_or_default().display(),
            rand::random::<u64>()
        );
        let beside = folder.join(name);
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        let moved = written.and_then(|()| std::fs::rename(&beside, &path));
        if moved.is_err() {
            drop(std::fs::remove_file(&beside));
        }
        moved
    }
}

/// A command's surroundings, before any playbook.
pub struct Setup {
    /// Prints.
    pub reporter: Arc<Reporter>,
    /// Knows the secrets.
    pub redactor: Redactor,
    /// The controller's files.
    pub files: Arc<dyn Files>,
    /// The vault.
    pub keeper: Arc<Keeper>,
    /// The hosts.
    pub inventory: Arc<Inventory>,
    /// `-e`
    pub extra: Arc<Map>,
    /// Renders.
    pub templar: Arc<Templar>,
    /// Loads playbooks.
    pub loader: Arc<Loader>,
    /// Checks what playbooks say.
    vocabulary: Arc<OurVocabulary>,
    /// The time at which the run began.
    pub now: jiff::Zoned,
    /// How much to show.
    pub verbosity: Verbosity,
}

/// What a reporter shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shows {
    /// How often `-v` was given.
    pub verbosity: u8,
    /// Diffs while applying too.
    pub diffs: bool,
    /// Nothing on standard output, which is for machines.
    pub only_errors: bool,
}

/// A reporter for this process.
pub fn reporter(process: &Process, redactor: &Redactor, shows: Shows) -> Arc<Reporter> {
    let error_style = Style { colour: process.colours(process.err_is_terminal) };
    let style = match shows.only_errors {
        true => error_style,
        false => Style { colour: process.colours(process.out_is_terminal) },
    };
    let options = Options {
        style,
        error_style,
        terminal: process.err_is_terminal && process.variable("TERM") != Some("dumb"),
        verbosity: level(shows.verbosity),
        diffs: shows.diffs,
    };
    let out: Box<dyn std::io::Write + Send> = match shows.only_errors {
        true => Box::new(std::io::stderr()),
        false => Box::new(std::io::stdout()),
    };
    Arc::new(Reporter::new(options, redactor.clone(), out, Box::new(std::io::stderr())))
}

fn level(count: u8) -> Verbosity {
    match count {
        0 => Verbosity::Normal,
        1 => Verbosity::Results,
        2 => Verbosity::Scripts,
        _ => Verbosity::Wire,
    }
}

impl Setup {
    /// Reads the inventory and the variables of the command line.
    pub fn new(
        process: &Process,
        flags: &SourceFlags,
        reporter: Arc<Reporter>,
        redactor: Redactor,
        verbosity: u8,
    ) -> Result<Self, Diagnostics> {
        let files = super::embedded::behind(Arc::new(Disk::new(&process.cwd)));
        let passwords = passwords(process, &flags.vault, &*files)?;
        let keeper = Arc::new(Keeper {
            vault: Vault::new(passwords, redactor.clone()),
            redactor: redactor.clone(),
        });
        let reader = Reader { files: Arc::clone(&files), unseal: keeper.clone() };
        let inventory = Inventory::load(reader, &flags.inventory)?;
        for warning in &inventory.warnings {
            reporter.warning(warning);
        }
        let open = |name: &str, bytes: Vec<u8>| keeper.open(name, bytes).map(|(bytes, _)| bytes);
        let extra = Arc::new(extra_vars(&flags.extra_vars, &*files, &open)?);
        let templar = Arc::new(Templar::new(redactor.clone()));
        let now = jiff::Zoned::now();
        let vocabulary = Arc::new(OurVocabulary {
            templar: Arc::clone(&templar),
            environment: process.environment.clone(),
            now: now.clone(),
        });
        let paths = Paths {
            files: Arc::clone(&files),
            role_roots: role_roots(&files, flags),
            known_vars: Arc::clone(&extra),
            unseal: keeper.clone(),
        };
        let loader = Arc::new(Loader::new(Arc::clone(&vocabulary) as Arc<_>, paths));
        Ok(Self {
            vocabulary,
            reporter,
            redactor,
            files,
            keeper,
            inventory: Arc::new(inventory),
            extra,
            templar,
            loader,
            now,
            verbosity: level(verbosity),
        })
    }

    /// The hosts that `--limit` leaves; none for all.
    pub fn limit(&self, flags: &SourceFlags) -> Result<Option<HashSet<String>>, Diagnostics> {
        let Some(limit) = &flags.limit else { return Ok(None) };
        let reader = Reader { files: Arc::clone(&self.files), unseal: self.keeper.clone() };
        let selection = self.inventory.select(&Pattern::limit(&reader, limit)?);
        for warning in &selection.unmatched {
            self.reporter.warning(warning);
        }
        if selection.hosts.is_empty() {
            let message = format!("the limit `{limit}` leaves no host");
            return Err(Diagnostic::new(message).into());
        }
        Ok(Some(selection.hosts.into_iter().collect()))
    }

    /// The engine's common state for a run.
    pub fn shared(
        &self,
        process: &Process,
        order: &Order,
        choices: Choices,
    ) -> Result<(Arc<Shared>, Arc<Tally>), Diagnostics> {
        let run = self.run_variables(process, &choices, order.check);
        let variables = HostVars::load(
            Arc::clone(&self.inventory),
            order.beside.as_deref(),
            Arc::clone(&self.extra),
            Arc::new(run),
        )?;
        let tally = Tally::new(Arc::clone(&order.sink));
        let shared = Shared {
            templar: Arc::clone(&self.templar),
            variables: Arc::new(variables),
            loader: Arc::clone(&self.loader),
            files: Arc::clone(&self.files),
            store: Arc::new(DiskStore { base: process.cwd.clone() }),
            vault: self.keeper.clone(),
            environment: process.environment.clone(),
            now: self.now.clone(),
            redactor: self.redactor.clone(),
            sink: tally.clone(),
            selects: Arc::clone(&order.selects),
            choices,
            check: order.check,
        };
        Ok((Arc::new(shared), tally))
    }

    /// Variables that are the same for every host and play.
    fn run_variables(&self, process: &Process, choices: &Choices, check: bool) -> Map {
        // Roles choose by it: this is the version whose language is followed.
        let version = Value::map([
            ("full", Value::data("2.19.0")),
            ("string", Value::data("2.19.0")),
            ("major", Value::Int(2)),
            ("minor", Value::Int(19)),
            ("revision", Value::Int(0)),
        ]);
        [
            ("ansible_check_mode", Value::Bool(check)),
            ("ansible_diff_mode", Value::Bool(true)),
            ("ansible_version", version),
            ("ansible_forks", Value::Int(i64::try_from(choices.forks).unwrap_or(0))),
            ("ansible_verbosity", Value::Int(self.verbosity as i64)),
            (
                "ansible_managed",
                Value::data("Managed by mxprov: changes made by hand are overwritten"),
            ),
            ("mxprov_controller", Value::data(process.hostname.as_str())),
        ]
        .into_iter()
        .map(|(name, value)| (Key::from(name), value))
        .collect()
    }

    /// A loader that reads playbooks from another tree.
    pub fn loader_of(&self, files: Arc<dyn Files>) -> Loader {
        let vocabulary = Arc::new(OurVocabulary {
            templar: Arc::clone(&self.templar),
            environment: indexmap::IndexMap::new(),
            now: self.now.clone(),
        });
        let paths = Paths {
            files,
            role_roots: vec![],
            known_vars: Arc::clone(&self.extra),
            unseal: Arc::new(Sealed::default()),
        };
        Loader::new(vocabulary, paths)
    }

    /// A loader that sees the usual files with those of `tree` among them.
    pub fn loader_with(&self, tree: Arc<dyn Files>, flags: &SourceFlags) -> Loader {
        let files: Arc<dyn Files> =
            Arc::new(Fallback { first: Arc::clone(&self.files), then: tree });
        let paths = Paths {
            role_roots: role_roots(&files, flags),
            files,
            known_vars: Arc::clone(&self.extra),
            unseal: self.keeper.clone(),
        };
        Loader::new(Arc::clone(&self.vocabulary) as Arc<_>, paths)
    }

    /// The hosts of a pattern that `--limit` leaves; that there are none is an error.
    pub fn hosts_of(
        &self,
        pattern: &str,
        limit: Option<&HashSet<String>>,
    ) -> Result<Vec<String>, Diagnostics> {
        let selection = self.inventory.select(&Pattern::parse(pattern, None)?);
        let hosts = selection.hosts.into_iter();
        let hosts: Vec<String> =
            hosts.filter(|host| limit.is_none_or(|limit| limit.contains(host))).collect();
        match (hosts.is_empty(), selection.unmatched.is_empty()) {
            (false, _) => Ok(hosts),
            (true, false) => Err(Diagnostics(selection.unmatched)),
            (true, true) => {
                Err(Diagnostic::new(format!("the pattern `{pattern}` leaves no host")).into())
            }
        }
    }

    /// The connections of a run, to at most `forks` hosts at once.
    pub fn links(&self, process: &Process, forks: usize) -> Arc<Links> {
        let mut env = Env::new(&process.user, &process.home, &process.cwd);
        env.hostname.clone_from(&process.hostname);
        env.uid = process.uid;
        env.variables = process.environment.clone().into_iter().collect();
        env.agent_socket = process.variable("SSH_AUTH_SOCK").map(PathBuf::from);
        env.prompt = Arc::new(Terminal { available: process.in_is_terminal });
        if self.verbosity >= Verbosity::Scripts {
            env.wire =
                Arc::new(Shown { reporter: self.reporter.clone(), verbosity: self.verbosity });
        }
        Links::new(env, forks)
    }
}

/// `roles/` beside the inventories, then in the working directory.
fn role_roots(files: &Arc<dyn Files>, flags: &SourceFlags) -> Vec<Location> {
    let mut roots: Vec<PathBuf> = Vec::new();
    for inventory in flags.inventory.iter().filter(|given| !given.contains(',')) {
        let path = Path::new(inventory);
        let folder =
            if files.is_directory(path) { path } else { path.parent().unwrap_or(Path::new("")) };
        roots.push(folder.join("roles"));
    }
    roots.push("roles".into());
    roots.into_iter().map(|root| Location::new(Arc::clone(files), root)).collect()
}

/// The vault's passwords from files and from the person.
pub fn passwords(
    process: &Process,
    flags: &VaultFlags,
    files: &dyn Files,
) -> Result<Passwords, Diagnostics> {
    let mut passwords = Passwords::new();
    let from_environment = process.variable("ANSIBLE_VAULT_PASSWORD_FILE").map(str::to_string);
    for given in flags.vault_password_file.iter().cloned().chain(from_environment) {
        let (id, file) = given.split_once('@').unwrap_or(("default", &given));
        if file == "prompt" {
            ask(process, id, &mut passwords)?;
            continue;
        }
        let path = Path::new(file);
        if files.is_executable(path) {
            return Err(Diagnostic::new(format!("the vault password file `{file}` is executable"))
                .hint(
                    "password scripts are not supported; store the password in a file of mode 0600",
                )
                .into());
        }
        let text = files.read_text(path).map_err(|error| Diagnostic::new(error.to_string()))?;
        passwords.add_text(id, &text, file)?;
    }
    if flags.ask_vault_pass {
        ask(process, "default", &mut passwords)?;
    }
    Ok(passwords)
}

fn ask(process: &Process, id: &str, passwords: &mut Passwords) -> Result<(), Diagnostic> {
    let terminal = Terminal { available: process.in_is_terminal };
    match terminal.secret(&format!("vault password ({id})")) {
        Some(password) => {
            passwords.add(id, password);
            Ok(())
        }
        None => {
            Err(Diagnostic::new("the vault's password cannot be asked for: there is no terminal")
                .hint("give it with `--vault-password-file`"))
        }
    }
}
