//! Hosts, groups, patterns, and the variables that belong to them.

mod address;
mod connection;
mod draft;
mod finish;
mod ini;
mod literal;
mod magic;
mod pattern;
mod show;
mod source;
#[cfg(test)]
mod tests;
mod var_files;
pub mod vars;
mod words;
mod yaml;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use indexmap::{IndexMap, IndexSet};

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::files::Files;
use crate::value::{Map, Value};
use crate::yaml::Unseal;

pub use connection::CONNECTION_VARIABLES;
pub use pattern::{Pattern, Selection};
pub use var_files::{VarFile, variables};
pub use vars::{Layer, LayerKind};

use draft::Draft;
use var_files::VarFiles;

/// Names of the local machine that need no inventory.
pub const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A host.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its name in the inventory.
    pub name: String,
    /// Where it was first named; nowhere for the implicit `localhost`.
    pub span: Option<Span>,
    /// The inventory file that named it first.
    pub file: Option<PathBuf>,
    /// Its groups, `all` among them: by depth, then priority, then name. Later ones win.
    pub groups: Vec<String>,
    /// Its variables in the inventory's own files.
    pub vars: Arc<Map>,
}

/// A group.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Where it was first named.
    pub span: Option<Span>,
    /// Its own hosts, without those of its children.
    pub hosts: Vec<String>,
    /// Its child groups.
    pub children: Vec<String>,
    /// Its variables in the inventory's own files.
    pub vars: Arc<Map>,
    /// `ansible_group_priority`, 1 if not set: among groups of one depth the higher wins.
    pub priority: i64,
    /// The longest way from `all`, which has 0.
    pub depth: usize,
}

/// What reading needs: files, and somebody who opens vaulted ones.
#[derive(Clone)]
pub struct Reader {
    /// The controller's files.
    pub files: Arc<dyn Files>,
    /// Opens files that are vaulted as a whole.
    pub unseal: Arc<dyn Unseal>,
}

/// All hosts and groups of a run.
pub struct Inventory {
    /// The hosts in the order of the sources.
    pub hosts: IndexMap<String, Host>,
    /// The groups; `all` and `ungrouped` are always there.
    pub groups: IndexMap<String, Group>,
    /// What is odd but not wrong.
    pub warnings: Vec<Diagnostic>,
    /// The local machine under its usual names.
    implicit: Vec<Host>,
    /// The magic variable `groups`, once somebody asked.
    groups_value: OnceLock<Value>,
    reader: Reader,
    /// The directories beside which `group_vars/` and `host_vars/` are looked for.
    directories: Vec<PathBuf>,
    var_files: VarFiles,
}

impl Inventory {
    /// Reads all `-i` sources, in their order.
    pub fn load<S: AsRef<str>>(reader: Reader, sources: &[S]) -> Result<Self, Diagnostics> {
        let mut draft = Draft::default();
        let mut problems = Vec::new();
        for given in sources {
            problems.extend(source::read(&reader, given.as_ref(), &mut draft));
        }
        if !problems.is_empty() {
            return Err(Diagnostics(problems));
        }
        draft.warn_of_twins();
        let warnings = std::mem::take(&mut draft.warnings);
        let (groups, hosts) = finish::finish(draft)?;
        let directories = directories(&reader, sources);
        Ok(Self {
            hosts,
            groups,
            warnings,
            implicit: LOCAL.into_iter().map(implicit).collect(),
            groups_value: OnceLock::new(),
            reader,
            directories,
            var_files: VarFiles::default(),
        })
    }

    /// An inventory without hosts; `localhost` is there all the same.
    pub fn empty(reader: Reader) -> Result<Self, Diagnostics> {
        Self::load::<&str>(reader, &[])
    }

    /// The hosts of a group and of all groups below it, in the order of the inventory's tree.
    pub fn hosts_of(&self, group: &str) -> Vec<&str> {
        let mut hosts: IndexSet<&str> = IndexSet::new();
        let mut seen: HashSet<&str> = HashSet::new();
        let mut level = vec![group];
        while !level.is_empty() {
            let mut next = Vec::new();
            for group in level.into_iter().filter_map(|name| self.groups.get(name)) {
                if seen.insert(&group.name) {
                    hosts.extend(group.hosts.iter().map(String::as_str));
                    next.extend(group.children.iter().map(String::as_str));
                }
            }
            level = next;
        }
        hosts.into_iter().collect()
    }

    /// The host of this name; `localhost`, `127.0.0.1` and `::1` are there without being written.
    pub fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.get(name).or_else(|| self.implicit.iter().find(|host| host.name == name))
    }

    /// The variables that the inventory and the files beside it and beside the playbook give to a host,
    /// as layers in the order in which later ones win.
    pub fn layers(&self, host: &Host, playbook: Option<&Path>) -> Result<Vec<Layer>, Diagnostic> {
        let mut layers = Vec::new();
        let groups: Vec<&Group> =
            host.groups.iter().filter_map(|name| self.groups.get(name)).collect();
        for group in &groups {
            push(&mut layers, LayerKind::InventoryGroups, &group.name, &group.vars);
        }
        let playbook: Vec<&Path> =
            playbook.into_iter().filter(|path| !self.is_beside(path)).collect();
        let inventory: Vec<&Path> = self.directories.iter().map(PathBuf::as_path).collect();
        let (all, other): (Vec<&Group>, Vec<&Group>) =
            groups.iter().partition(|group| group.name == "all");
        self.group_files(&mut layers, LayerKind::InventoryGroupVarsAll, &inventory, &all)?;
        self.group_files(&mut layers, LayerKind::PlaybookGroupVarsAll, &playbook, &all)?;
        self.group_files(&mut layers, LayerKind::InventoryGroupVars, &inventory, &other)?;
        self.group_files(&mut layers, LayerKind::PlaybookGroupVars, &playbook, &other)?;
        push(&mut layers, LayerKind::InventoryHost, &host.name, &host.vars);
        self.host_files(&mut layers, LayerKind::InventoryHostVars, &inventory, &host.name)?;
        self.host_files(&mut layers, LayerKind::PlaybookHostVars, &playbook, &host.name)?;
        Ok(layers)
    }

    /// Whether a playbook's directory is one of the inventory's, whose files are read already.
    fn is_beside(&self, playbook: &Path) -> bool {
        let playbook = self.reader.files.absolute(playbook);
        self.directories.iter().any(|directory| self.reader.files.absolute(directory) == playbook)
    }

    fn group_files(
        &self,
        layers: &mut Vec<Layer>,
        kind: LayerKind,
        directories: &[&Path],
        groups: &[&Group],
    ) -> Result<(), Diagnostic> {
        for directory in directories {
            for group in groups {
                self.files(layers, kind, &directory.join("group_vars"), &group.name)?;
            }
        }
        Ok(())
    }

    fn host_files(
        &self,
        layers: &mut Vec<Layer>,
        kind: LayerKind,
        directories: &[&Path],
        host: &str,
    ) -> Result<(), Diagnostic> {
        directories
            .iter()
            .try_for_each(|directory| self.files(layers, kind, &directory.join("host_vars"), host))
    }

    fn files(
        &self,
        layers: &mut Vec<Layer>,
        kind: LayerKind,
        folder: &Path,
        name: &str,
    ) -> Result<(), Diagnostic> {
        for file in self.var_files.named(&self.reader, folder, name)?.iter() {
            push(layers, kind, &file.path, &file.vars);
        }
        Ok(())
    }
}

/// The local machine, which needs no inventory to be there: no SSH, and no group but `all`.
fn implicit(name: &str) -> Host {
    let vars: Map = [("ansible_connection".into(), Value::data("local"))].into();
    Host {
        name: name.to_string(),
        span: None,
        file: None,
        groups: vec!["all".to_string()],
        vars: Arc::new(vars),
    }
}

fn push(layers: &mut Vec<Layer>, kind: LayerKind, origin: &str, vars: &Arc<Map>) {
    if !vars.is_empty() {
        layers.push(Layer { kind, origin: origin.into(), vars: Arc::clone(vars) });
    }
}

/// The directories of the sources: a directory itself, or where a file lies. Each once.
fn directories<S: AsRef<str>>(reader: &Reader, sources: &[S]) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = Vec::new();
    for given in sources {
        let path = Path::new(given.as_ref());
        let directory = match (reader.files.is_directory(path), reader.files.exists(path)) {
            (true, _) => path.to_path_buf(),
            (_, true) => path.parent().map(Path::to_path_buf).unwrap_or_default(),
            _ => continue,
        };
        if !out.contains(&directory) {
            out.push(directory);
        }
    }
    out
}
