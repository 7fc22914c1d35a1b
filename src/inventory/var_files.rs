//! `group_vars/` and `host_vars/`: variables in files beside an inventory or a playbook.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Reader;
use super::yaml::variable_name;
use crate::diagnostic::Diagnostic;
use crate::value::{Key, Map};
use crate::yaml::{Content, Node};

/// The endings that a file of variables may have, in the order they are tried.
const ENDINGS: [&str; 4] = ["", ".yml", ".yaml", ".json"];

/// How deep folders of variables may nest; deeper is a loop of links.
const DEPTH: usize = 20;

/// The variables of one file.
#[derive(Debug, Clone)]
pub struct VarFile {
    /// The path as it was found.
    pub path: Arc<str>,
    /// Its variables.
    pub vars: Arc<Map>,
}

type Cache = HashMap<PathBuf, Arc<[VarFile]>>;

/// Reads files of variables when a host needs them, each once.
#[derive(Default)]
pub struct VarFiles {
    cache: Mutex<Cache>,
}

impl VarFiles {
    /// The variables of `NAME` in `directory/folder`: of `NAME`, `NAME.yml`, `NAME.yaml` or `NAME.json`,
    /// the first that exists, or of all files in the directory `NAME`.
    pub fn named(
        &self,
        reader: &Reader,
        folder: &Path,
        name: &str,
    ) -> Result<Arc<[VarFile]>, Diagnostic> {
        let stem = folder.join(name);
        if let Some(known) = self.lock().get(&stem) {
            return Ok(Arc::clone(known));
        }
        let mut paths = Vec::new();
        if !name.contains('/') {
            find(reader, &stem, &mut paths)?;
        }
        let files: Arc<[VarFile]> =
            paths.iter().map(|path| read(reader, path)).collect::<Result<_, _>>()?;
        self.lock().insert(stem, Arc::clone(&files));
        Ok(files)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with_ending(stem: &Path, ending: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_os_string();
    path.push(ending);
    PathBuf::from(path)
}

fn find(reader: &Reader, stem: &Path, out: &mut Vec<PathBuf>) -> Result<(), Diagnostic> {
    let found: Vec<PathBuf> = ENDINGS
        .iter()
        .map(|ending| with_ending(stem, ending))
        .filter(|path| reader.files.exists(path))
        .collect();
    match found.as_slice() {
        [] => Ok(()),
        [first] if reader.files.is_directory(first) => inside(reader, first, out, 0),
        [first] => {
            out.push(first.clone());
            Ok(())
        }
        [first, second, ..] => Err(Diagnostic::new(format!(
            "both `{}` and `{}` exist, and only the first would be read",
            first.display(),
            second.display()
        ))
        .hint("move one into the other, or keep several files in a directory")),
    }
}

/// All files of variables in a directory, by name; hidden ones and backups are left out.
fn inside(
    reader: &Reader,
    path: &Path,
    out: &mut Vec<PathBuf>,
    depth: usize,
) -> Result<(), Diagnostic> {
    if depth > DEPTH {
        return Err(Diagnostic::new(format!("`{}` is nested too deeply", path.display()))
            .hint("is there a symbolic link to a directory above it?"));
    }
    for name in reader.files.list(path)? {
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        let inner = path.join(&name);
        let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
        if reader.files.is_directory(&inner) {
            if ending.is_empty() {
                inside(reader, &inner, out, depth + 1)?;
            }
        } else if ENDINGS.contains(&ending) {
            out.push(inner);
        }
    }
    Ok(())
}

fn read(reader: &Reader, path: &Path) -> Result<VarFile, Diagnostic> {
    let root = crate::yaml::read(&*reader.files, &*reader.unseal, path)?;
    let vars = variables(&root)?;
    Ok(VarFile { path: path.display().to_string().into(), vars: Arc::new(vars) })
}

/// The variables of a document: a mapping with names as keys, or nothing.
pub fn variables(root: &Node) -> Result<Map, Diagnostic> {
    let entries = match &root.content {
        Content::Mapping(entries) => entries.as_slice(),
        _ if root.is_null() => &[],
        _ => {
            return Err(Diagnostic::new("a file of variables must be a mapping")
                .at(&root.span)
                .hint("write `name: value`, one per line"));
        }
    };
    entries
        .iter()
        .map(|(key, value)| Ok((Key::from(variable_name(key)?), value.to_value())))
        .collect()
}
