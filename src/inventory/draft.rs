//! An inventory while its sources are being read: groups, hosts and their variables.

use std::path::PathBuf;

use indexmap::{IndexMap, IndexSet};

use crate::diagnostic::{Diagnostic, Span};
use crate::value::{Key, Map, Value};

/// A group as far as it was read.
#[derive(Debug, Clone)]
pub struct DraftGroup {
    /// Where it was first named.
    pub span: Option<Span>,
    /// Its hosts in the order of the files.
    pub hosts: IndexSet<String>,
    /// Its child groups, and where each was named as such.
    pub children: IndexMap<String, Option<Span>>,
    /// Its variables.
    pub vars: Map,
    /// `ansible_group_priority`, 1 if not set: among groups of one depth the higher wins.
    pub priority: i64,
}

impl Default for DraftGroup {
    fn default() -> Self {
        Self {
            span: None,
            hosts: IndexSet::new(),
            children: IndexMap::new(),
            vars: Map::new(),
            priority: 1,
        }
    }
}

/// A host as far as it was read.
#[derive(Debug, Clone, Default)]
pub struct DraftHost {
    /// Where it was first named.
    pub span: Option<Span>,
    /// The source that named it first; none for `-i host,`.
    pub file: Option<PathBuf>,
    /// Its variables.
    pub vars: Map,
}

/// Everything that the sources have said so far. Later sources add to and override earlier ones.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The groups; `all` and `ungrouped` are always there.
    pub groups: IndexMap<String, DraftGroup>,
    /// The hosts.
    pub hosts: IndexMap<String, DraftHost>,
    /// What is odd but not wrong.
    pub warnings: Vec<Diagnostic>,
    /// The file that is being read.
    pub file: Option<PathBuf>,
}

impl Default for Draft {
    fn default() -> Self {
        let mut groups = IndexMap::new();
        let mut all = DraftGroup::default();
        all.children.insert("ungrouped".to_string(), None);
        groups.insert("all".to_string(), all);
        groups.insert("ungrouped".to_string(), DraftGroup::default());
        Self { groups, hosts: IndexMap::new(), warnings: vec![], file: None }
    }
}

impl Draft {
    /// The group of this name, made if it is new.
    pub fn group(
        &mut self,
        name: &str,
        span: Option<&Span>,
    ) -> Result<&mut DraftGroup, Diagnostic> {
        check_name("group", name, span)?;
        let group = self.groups.entry(name.to_string()).or_default();
        if group.span.is_none() {
            group.span = span.cloned();
        }
        Ok(group)
    }

    /// Puts a host into a group; both are made if they are new.
    pub fn add_host(
        &mut self,
        host: &str,
        group: &str,
        span: Option<&Span>,
    ) -> Result<(), Diagnostic> {
        let file = self.file.clone();
        self.hosts.entry(host.to_string()).or_insert_with(|| DraftHost {
            span: span.cloned(),
            file,
            vars: Map::new(),
        });
        let group = self.group(group, span)?;
        group.hosts.insert(host.to_string());
        Ok(())
    }

    /// Makes a group the child of another.
    pub fn add_child(
        &mut self,
        parent: &str,
        child: &str,
        span: Option<&Span>,
    ) -> Result<(), Diagnostic> {
        if child == "all" {
            let problem =
                Diagnostic::new(format!("the group `all` cannot be a child of `{parent}`"));
            return Err(problem.at_maybe(span));
        }
        self.group(child, span)?;
        let parent = self.group(parent, span)?;
        parent.children.entry(child.to_string()).or_insert_with(|| span.cloned());
        Ok(())
    }

    /// Sets a variable of a host.
    pub fn host_var(&mut self, host: &str, key: &str, value: Value) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.vars.insert(Key::from(key), value);
        }
    }

    /// Sets a variable of a group; `ansible_group_priority` is the group's own.
    pub fn group_var(
        &mut self,
        group: &str,
        key: &str,
        value: Value,
        span: &Span,
    ) -> Result<(), Diagnostic> {
        let group = self.group(group, Some(span))?;
        if key != "ansible_group_priority" {
            group.vars.insert(Key::from(key), value);
            return Ok(());
        }
        let text = value.as_str().and_then(|text| text.parse().ok());
        let Some(priority) = (if let Value::Int(number) = value { Some(number) } else { text })
        else {
            return Err(Diagnostic::new("`ansible_group_priority` must be an integer").at(span));
        };
        group.priority = priority;
        Ok(())
    }

    /// Warns of names that are both a group's and a host's.
    pub fn warn_of_twins(&mut self) {
        for (name, host) in self.hosts.iter().filter(|(name, _)| self.groups.contains_key(*name)) {
            self.warnings.push(
                Diagnostic::new(format!("`{name}` is the name of a group and of a host"))
                    .at_maybe(host.span.as_ref())
                    .hint("a pattern with this name means the host alone: rename one"),
            );
        }
    }
}

/// Names that patterns or files could not refer to are refused.
pub fn check_name(kind: &str, name: &str, span: Option<&Span>) -> Result<(), Diagnostic> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || ",:;[]{}()&!*?/\"'`".contains(c);
    if !name.is_empty() && !name.contains(bad) {
        return Ok(());
    }
    Err(Diagnostic::new(format!("`{name}` cannot be the name of a {kind}"))
        .at_maybe(span)
        .hint("use letters, digits and underscores"))
}
