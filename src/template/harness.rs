//! What unit tests render with: variables in a map, files in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use indexmap::IndexMap;

use super::{Contents, Context, Decrypt, Failure, Files, Folder, Kind, Scope, Templar};
use crate::diagnostic::{Diagnostic, Source, Span};
use crate::value::{Encrypted, Map, Redactor, Str, Value};

/// Variables in a map.
pub(super) struct Variables(pub Map);

impl Scope for Variables {
    fn get(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().map(ToString::to_string).collect()
    }
}

/// Files in memory; all folders are one.
#[derive(Default)]
pub(super) struct Memory(pub Mutex<BTreeMap<PathBuf, String>>);

impl Files for Memory {
    fn find(&self, _: Folder, name: &str) -> Option<PathBuf> {
        let path = self.absolute(name);
        self.kind(&path).map(|_| path)
    }

    fn read(&self, path: &Path) -> Result<Contents, Diagnostic> {
        let files = self.0.lock().expect("not poisoned");
        let text = files.get(path).ok_or_else(|| Diagnostic::new("no such file"))?;
        Ok(Contents { bytes: text.clone().into_bytes(), secret: false })
    }

    fn kind(&self, path: &Path) -> Option<Kind> {
        let files = self.0.lock().expect("not poisoned");
        if files.contains_key(path) {
            return Some(Kind::File);
        }
        files.keys().any(|file| file.starts_with(path)).then_some(Kind::Directory)
    }

    fn is_link(&self, _: &Path) -> bool {
        false
    }

    fn list(&self, directory: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
        let files = self.0.lock().expect("not poisoned");
        Ok(files.keys().filter(|file| file.parent() == Some(directory)).cloned().collect())
    }

    fn absolute(&self, path: &str) -> PathBuf {
        Path::new("/project").join(path)
    }

    fn write_private(&self, path: &Path, text: &str) -> Result<(), Diagnostic> {
        self.0.lock().expect("not poisoned").insert(path.to_path_buf(), text.to_string());
        Ok(())
    }
}

/// A vault whose envelopes are their own texts.
pub(super) struct OpenVault;

impl Decrypt for OpenVault {
    fn decrypt(&self, encrypted: &Encrypted) -> Result<Str, Diagnostic> {
        Ok(Str::template(encrypted.envelope.as_str(), encrypted.origin.clone()))
    }
}

/// All that a rendering needs.
pub(super) struct Bench {
    pub templar: Templar,
    pub redactor: Redactor,
    pub variables: Variables,
    pub files: Memory,
    pub may_write: bool,
}

impl Bench {
    pub fn new() -> Self {
        let redactor = Redactor::new();
        Self {
            templar: Templar::new(redactor.clone()),
            redactor,
            variables: Variables(Map::new()),
            files: Memory::default(),
            may_write: true,
        }
    }

    /// The same with a variable.
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.variables.0.insert(name.into(), value);
        self
    }

    /// The same with a variable that holds a template.
    pub fn template(self, name: &str, text: &str) -> Self {
        self.with(name, written(text))
    }

    /// The same with a file.
    pub fn file(self, path: &str, text: &str) -> Self {
        let path = self.files.absolute(path);
        self.files.0.lock().expect("not poisoned").insert(path, text.to_string());
        self
    }

    pub fn context<T>(&self, run: impl FnOnce(&Context<'_>) -> T) -> T {
        let mut environment = IndexMap::new();
        environment.insert("HOME".to_string(), "/home/me".to_string());
        let now: jiff::Zoned = "2026-01-02T03:04:05+00:00[UTC]".parse().expect("is a time");
        run(&Context {
            files: &self.files,
            vault: &OpenVault,
            environment: &environment,
            now: &now,
            may_write: self.may_write,
        })
    }

    pub fn render(&self, text: &str) -> Result<Value, Failure> {
        self.value(&written(text))
    }

    pub fn value(&self, value: &Value) -> Result<Value, Failure> {
        self.context(|context| self.templar.render(value, &self.variables, context))
    }

    pub fn when(&self, text: &str) -> Result<bool, Failure> {
        let value = written(text);
        self.context(|context| self.templar.condition(&value, &self.variables, context))
    }

    pub fn message(&self, text: &str) -> String {
        match self.render(text) {
            Ok(value) => format!("value {value:?}"),
            Err(Failure::Unknown(unknown)) => unknown.to_string(),
            Err(Failure::Error(error)) => {
                let mut lines = vec![error.to_string()];
                lines.extend(error.trace);
                lines.extend(error.hints);
                lines.join("; ")
            }
        }
    }
}

/// A string of a YAML file `a.yml` that holds nothing else.
pub(super) fn written(text: &str) -> Value {
    let source: Arc<Source> = Source::new("a.yml", text);
    Value::Str(Str::template(text, Some(Span::new(&source, 0, text.len()))))
}
