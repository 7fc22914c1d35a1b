//! What the playbook loader may ask about modules and templates.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::diagnostic::Diagnostic;
use crate::module::{self, Given, Passed};
use crate::playbook::{Args, Known, Vocabulary};
use crate::template::{Contents, Context, Decrypt, Failure, Files, Folder, Kind, Scope, Templar};
use crate::value::{Encrypted, Key, Map, Str, Value};

/// Variables that are known before any host.
struct KnownVars<'a>(&'a Map);

impl Scope for KnownVars<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().map(Key::to_string).collect()
    }
}

/// No files and no vault: what names tasks and files must be plain.
struct NoFiles;

impl Files for NoFiles {
    fn find(&self, _folder: Folder, _name: &str) -> Option<PathBuf> {
        None
    }

    fn read(&self, path: &Path) -> Result<Contents, Diagnostic> {
        Err(Diagnostic::new(format!("`{}` cannot be read before a run", path.display())))
    }

    fn kind(&self, _path: &Path) -> Option<Kind> {
        None
    }

    fn is_link(&self, _path: &Path) -> bool {
        false
    }

    fn list(&self, directory: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
        Err(Diagnostic::new(format!("`{}` cannot be read before a run", directory.display())))
    }

    fn absolute(&self, path: &str) -> PathBuf {
        PathBuf::from(path)
    }

    fn write_private(&self, path: &Path, _text: &str) -> Result<(), Diagnostic> {
        Err(Diagnostic::new(format!("`{}` cannot be written before a run", path.display())))
    }
}

impl Decrypt for NoFiles {
    fn decrypt(&self, _encrypted: &Encrypted) -> Result<Str, Diagnostic> {
        Err(Diagnostic::new("a vaulted value cannot name files or tasks"))
    }
}

/// Our modules and our template engine.
pub struct OurVocabulary {
    /// The environment of the program.
    pub environment: IndexMap<String, String>,
    /// The time at which the run began.
    pub now: jiff::Zoned,
    /// The template engine.
    pub templar: std::sync::Arc<Templar>,
}

/// Modules that steer the run; the loader and the engine know them, no plan does.
const FLOW: [&str; 9] = [
    "include_tasks",
    "include_role",
    "import_tasks",
    "import_role",
    "import_playbook",
    "meta",
    "validate_argument_spec",
    "add_host",
    "group_by",
];

impl Vocabulary for OurVocabulary {
    fn module(&self, name: &str) -> Known {
        if let Some(entry) = module::find(name) {
            return Known::Ours(entry.short_name());
        }
        let short = name.strip_prefix("ansible.builtin.").or(name.strip_prefix("ansible.legacy."));
        let short = short.unwrap_or(name);
        if let Some(flow) = FLOW.iter().find(|flow| **flow == short) {
            return Known::Ours(flow);
        }
        if name.matches('.').count() >= 2 || ANSIBLES.contains(&short) {
            return Known::Ansibles;
        }
        Known::Unknown
    }

    fn takes_free_form(&self, canonical: &str) -> bool {
        module::find(canonical).is_some_and(|entry| entry.free_form.is_some())
            || FLOW.contains(&canonical)
    }

    fn check_args(&self, canonical: &str, args: &Args) -> Vec<Diagnostic> {
        let Some(entry) = module::find(canonical) else { return vec![] };
        let mut passed = Passed::new();
        if let (Some(free), Some(name)) = (&args.free_form, entry.free_form) {
            let given = Given {
                name: Some(free.span.clone()),
                value: Value::Str(free.text.clone()),
                span: Some(free.span.clone()),
            };
            passed.insert(name.into(), given);
        }
        for (name, setting) in &args.named {
            let given = Given {
                name: Some(setting.name.clone()),
                value: setting.value.clone(),
                span: Some(setting.span.clone()),
            };
            passed.insert(name.clone(), given);
        }
        let mut errors = (entry.check)(&passed, None);
        if args.spread.is_some() {
            errors.retain(|error| !error.message.starts_with("required argument"));
        }
        errors
    }

    fn check_template(&self, text: &Str) -> Vec<Diagnostic> {
        self.templar.check(text)
    }

    fn check_expression(&self, text: &Str) -> Vec<Diagnostic> {
        self.templar.check_condition(text)
    }

    fn render(&self, text: &Str, vars: &Map) -> Result<Value, Diagnostic> {
        let scope = KnownVars(vars);
        let files = NoFiles;
        let context = Context {
            files: &files,
            vault: &files,
            environment: &self.environment,
            now: &self.now,
            may_write: false,
        };
        match self.templar.render(&Value::Str(text.clone()), &scope, &context) {
            Ok(value) => Ok(value),
            Err(Failure::Error(error)) => Err(error),
            Err(Failure::Unknown(unknown)) => Err(Diagnostic::new(unknown.to_string())),
        }
    }

    fn has_lookup(&self, name: &str) -> bool {
        crate::template::names().lookups.contains(&name)
    }

    fn names(&self) -> Vec<&'static str> {
        let ours = module::all().iter().flat_map(|entry| [entry.short_name(), entry.name]);
        ours.chain(FLOW).collect()
    }
}

/// Modules of ansible-core that mxprov has not: an error only where a run reaches them.
const ANSIBLES: [&str; 31] = [
    "add_host",
    "apt_key",
    "assemble",
    "async_status",
    "debconf",
    "dnf",
    "dnf5",
    "dpkg_selections",
    "expect",
    "gather_facts",
    "getent",
    "git",
    "group_by",
    "iptables",
    "known_hosts",
    "mount_facts",
    "package_facts",
    "pause",
    "pip",
    "rpm_key",
    "service_facts",
    "set_stats",
    "subversion",
    "systemd_service",
    "sysvinit",
    "tempfile",
    "unarchive",
    "yum",
    "yum_repository",
    "mount",
    "seport",
];
