//! The real engine in this process: its files are a folder, its host a lab host.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use indexmap::IndexMap;
use mxprov::diagnostic::{Diagnostic, Diagnostics};
use mxprov::engine::{
    self, Choices, Confirm, Counted, Event, HostVars, Inputs, Links, OurVocabulary, Phase,
    RunError, Shared, Sink, Store, Tally, TaskEvent, Vault,
};
use mxprov::files::{Disk, Files};
use mxprov::inventory::{Inventory, Reader};
use mxprov::playbook::{Loader, Paths};
use mxprov::remote::Env;
use mxprov::template::{Decrypt, Templar};
use mxprov::value::{Encrypted, Key, Map, Redactor, Str, Value};
use mxprov::yaml::Sealed;
use tokio::sync::watch;

/// Longer than any case needs, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(240);

/// What a run said.
#[derive(Debug, Default)]
pub struct Said {
    /// Why the playbook could not even be loaded.
    pub refused: Option<String>,
    pub tasks: Vec<TaskEvent>,
    pub warnings: Vec<String>,
    pub unreachable: Option<String>,
}

impl Said {
    /// The end of the task of this title in a phase.
    pub fn end(&self, title: &str, phase: Phase) -> Option<&TaskEvent> {
        let mut ends = self.tasks.iter().filter(|task| &*task.title == title);
        ends.rfind(|task| task.phase == phase && task.item.is_none())
    }
}

/// Whether a run may apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Check,
    Apply,
}

/// Runs `site.yml` of a folder against its `inventory.yml`.
/// `web` is the variable `mxcase_web`.
pub fn run(folder: &Path, web: &str, mode: Mode) -> Result<Said> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ears = Arc::new(Ears::default());
    let inputs = match inputs(folder, web, mode, &ears) {
        Ok(inputs) => inputs,
        Err(errors) => {
            let all: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
            return Ok(Said { refused: Some(all.join("\n")), ..Said::default() });
        }
    };
    let ended =
        runtime.block_on(async { tokio::time::timeout(LIMIT, engine::run(inputs, &Yes)).await });
    let ended = ended.map_err(|_| anyhow!("the run did not end in {} s", LIMIT.as_secs()))?;
    let mut said = std::mem::take(&mut *ears.0.lock().expect("no holder panics"));
    match ended {
        Ok(_) => {}
        Err(RunError::Wrong(errors)) => said.refused = Some(errors.to_string()),
        Err(error) => return Err(error).context("the run"),
    }
    Ok(said)
}

fn inputs(folder: &Path, web: &str, mode: Mode, ears: &Arc<Ears>) -> Result<Inputs, Diagnostics> {
    let files: Arc<dyn Files> = Arc::new(Disk::new(folder));
    let redactor = Redactor::new();
    let reader = Reader { files: Arc::clone(&files), unseal: Arc::new(Sealed::default()) };
    let inventory = Arc::new(Inventory::load(reader, &["inventory.yml".to_owned()])?);
    let templar = Arc::new(Templar::new(redactor.clone()));
    let now = jiff::Zoned::now();
    let vocabulary = Arc::new(OurVocabulary {
        templar: Arc::clone(&templar),
        environment: IndexMap::new(),
        now: now.clone(),
    });
    let extra = Arc::new(extra(folder, web));
    let paths = Paths {
        files: Arc::clone(&files),
        role_roots: vec![],
        known_vars: Arc::clone(&extra),
        unseal: Arc::new(Sealed::default()),
    };
    let loader = Arc::new(Loader::new(vocabulary, paths));
    let playbook = loader.load(&[Path::new("site.yml")])?;
    let run = [("ansible_check_mode", mode == Mode::Check), ("ansible_diff_mode", true)];
    let run = run.into_iter().map(|(name, value)| (Key::from(name), Value::Bool(value))).collect();
    let variables = HostVars::load(inventory, Some(Path::new("")), extra, Arc::new(run))?;
    let tally = Tally::new(ears.clone());
    let shared = Shared {
        templar,
        variables: Arc::new(variables),
        loader,
        files,
        store: Arc::new(Folder(folder.to_owned())),
        vault: Arc::new(NoVault),
        environment: IndexMap::new(),
        now,
        redactor,
        sink: tally.clone(),
        selects: Arc::new(|_| true),
        choices: Choices { who: "tests".to_owned(), ..Choices::default() },
        check: mode == Mode::Check,
    };
    Ok(Inputs {
        shared: Arc::new(shared),
        tally,
        links: Links::new(Env::new("root", folder, folder), 0),
        playbook,
        limit: None,
        prompted: Arc::new([]),
        interrupt: watch::channel(false).1,
    })
}

fn extra(folder: &Path, web: &str) -> Map {
    let known_hosts = folder.join("known_hosts");
    let args = format!("-o UserKnownHostsFile={}", known_hosts.display());
    [("ansible_ssh_common_args", args), ("mxcase_web", web.to_owned())]
        .into_iter()
        .map(|(name, text)| (Key::from(name), Value::data(text)))
        .collect()
}

/// Keeps what is of interest.
#[derive(Default)]
struct Ears(Mutex<Said>);

impl Sink for Ears {
    fn event(&self, event: Event) {
        let mut said = self.0.lock().expect("no holder panics");
        match event {
            Event::Task(task) => said.tasks.push(*task),
            Event::Warning { warning, .. } => said.warnings.push(warning.to_string()),
            Event::Unreachable { message, .. } => said.unreachable = Some(message),
            _ => {}
        }
    }
}

struct Yes;

impl Confirm for Yes {
    fn confirm(&self, _pending: &Counted) -> Result<bool, RunError> {
        Ok(true)
    }
}

/// Writes below a folder.
struct Folder(PathBuf);

impl Store for Folder {
    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(&self.0))?;
        std::fs::write(path, bytes)
    }
}

struct NoVault;

impl Decrypt for NoVault {
    fn decrypt(&self, _encrypted: &Encrypted) -> Result<Str, Diagnostic> {
        Err(Diagnostic::new("cases have no vault"))
    }
}

impl Vault for NoVault {
    fn open(&self, _name: &str, bytes: Vec<u8>) -> Result<(Vec<u8>, bool), Diagnostic> {
        Ok((bytes, false))
    }

    fn as_decrypt(&self) -> &dyn Decrypt {
        self
    }
}
